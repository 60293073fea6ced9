/** Requests for the tests of approvals. */
import type { ApprovalRequest, SignedInIdentity } from '../../../proxy/control/messages.ts';

export const now = new Date('2026-03-04T15:06:00Z');

export const dora: SignedInIdentity = { subject: 'dora', email: 'dora@example.com', groups: ['dba'] };
export const ana: SignedInIdentity = { subject: 'ana', email: 'ana@example.com', groups: ['developers'] };

const text = `-- all of them\nUPDATE shop.customers\n\tSET note = 'x'\nRETURNING email`;

/** Ana asks Dora to let her update every customer. */
export function makeRequest(changes: Partial<ApprovalRequest> = {}): ApprovalRequest {
  return {
    id: 'r1',
    state: 'open',
    connection: 'shop',
    environment: 'production',
    text,
    digest: '00',
    findings: [
      {
        policy: 'portcullis.update-without-where',
        code: 'approve.update.absent',
        message: 'UPDATE of shop.customers without WHERE needs approval on shop (production)',
        detail: 'It changes every row.',
        start: text.indexOf('shop.customers'),
        end: text.indexOf('shop.customers') + 'shop.customers'.length,
      },
    ],
    relations: [{ name: 'shop.customers', classifications: ['pii.email', 'pii.name'] }],
    application: 'psql',
    approvers: ['dba'],
    reason: 'Ticket 4711',
    requester: { subject: 'ana', email: 'ana@example.com', groups: ['developers'] },
    createdAt: '2026-03-04T15:01:00Z',
    expiresAt: '2026-03-04T19:01:00Z',
    reviews: [],
    mayReview: true,
    ...changes,
  };
}
