/** A believable statement's event. */
import type { IntentFields } from '../../../proxy/audit/events.ts';
import { type IntentTemplate, renderIntent } from '../../../proxy/audit/eventTemplate.ts';

export const intentFields: IntentFields = {
  client: { address: '127.0.0.1:51234', application: 'psql' },
  connection: 'demo',
  decision: { outcome: 'allow', policies: ['reads-are-allowed'], version: '1' },
  effects: [{ kind: 'read', predicate: 'none' }],
  environment: 'production',
  identity: { subject: 'u-1', email: 'dev@example.com', groups: ['developers'] },
  relations: [{ schema: 'public', name: 'customers' }],
  session: 'abcdefghijklmnopqrstuvwxya',
  statement: {
    commitment: '0'.repeat(64),
    fingerprint: '0123456789abcdef',
    node: 'SelectStmt',
    text: 'SELECT "name" FROM customers WHERE email = \'***\' -- é😀\n',
  },
};

export function makeIntent(text = intentFields.statement.text): IntentTemplate {
  return renderIntent({ ...intentFields, statement: { ...intentFields.statement, text } });
}
