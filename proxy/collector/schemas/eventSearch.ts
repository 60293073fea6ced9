/** What events and statements are searched by, and how a found one is answered. */
import { text, time } from './common.ts';

export const foundEvent = {
  type: 'object',
  required: ['proxy', 'receivedAt', 'subject', 'event'],
  properties: {
    proxy: { type: 'string' },
    receivedAt: time,
    subject: { type: 'string' },
    email: { type: 'string' },
    event: { type: 'object', description: 'As GET /v1/schemas/event describes it.' },
  },
} as const;

export const eventQuery = {
  identity: text(500, 'Subject or e-mail address.'),
  connection: text(200),
  relation: text(300, '`schema.name`, or a name in any schema.'),
  decision: { type: 'string', enum: ['allow', 'deny', 'approve'] },
  column: text(200, 'A column of a result that came masked, or in clear by a permit.'),
  classification: text(100, 'What such a column is, for instance `pii.email`.'),
  agent: text(200, 'Name of the agent that asked.'),
  text: text(500, 'Words of the recorded text of the statement, all of them.'),
  since: { ...time, description: 'This moment or later.' },
  until: { ...time, description: 'Before this moment.' },
} as const;
