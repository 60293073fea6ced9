/** Schemas of what several kinds of events are made of: who, from where, what was run and what was decided. */
import type { EffectKind, Predicate } from '../../sql/facts.ts';
import { count, fields, flag, hexHash, list, range, text, words } from './jsonSchema.ts';

export const identity = fields(
  { subject: text(), groups: list(text()) },
  { email: text(), agent: fields({ name: text() }, {}, 'What acts for the subject.') },
);

export const client = fields(
  { address: text('Address and port as the socket tells them.') },
  { application: text('The startup parameter application_name, or what an HTTP client calls itself.') },
);

export const relation = fields({ name: text() }, { schema: text() });

export const statement = fields(
  {
    text: text('With literals of classified columns already masked: never the raw text.'),
    commitment: text(
      'Hex HMAC over the exact text with a secret salt: proves later what was run without storing it.',
    ),
  },
  { fingerprint: text('Absent where the text could not be parsed.'), node: text() },
);

const effectKind = words<EffectKind>({
  read: true,
  session: true,
  transaction: true,
  insert: true,
  update: true,
  delete: true,
  merge: true,
  copyIn: true,
  call: true,
  sequence: true,
  create: true,
  alterAdditive: true,
  comment: true,
  refresh: true,
  drop: true,
  truncate: true,
  alter: true,
  privilege: true,
  procedural: true,
  serverAccess: true,
  lock: true,
  notify: true,
  maintenance: true,
  delay: true,
  unknown: true,
});

/** As recorded: without values that a statement carries and without positions in its text. */
export const effect = fields(
  { kind: effectKind },
  {
    relation,
    predicate: words<Predicate>({ none: true, absent: true, alwaysTrue: true, real: true }),
    object: text('Object kind in lower case for DDL and privileges.'),
    functionName: text(),
    setting: text(),
    temporary: flag(),
    lockMode: count('1 to 8.'),
  },
);

export const decision = fields(
  {
    outcome: words<'allow' | 'deny' | 'approve'>({ allow: true, deny: true, approve: true }),
    policies: list(text(), 'Ids of the policies that determined it.'),
    version: text('Version of the policy set.'),
  },
  {
    observed: fields(
      {
        outcome: words<'approve' | 'deny'>({ approve: true, deny: true }),
        policies: list(text()),
      },
      {},
      'What it would have been if the policies that only watch were in force, and which ones.',
    ),
    approval: fields(
      { request: text(), by: list(text()) },
      {},
      'Where it ran by an approval: the request, and who approved it.',
    ),
  },
);

export const maskedColumn = fields({
  column: text("The column's name in the result."),
  classification: text('For instance pii.email.'),
});

export const unmaskedColumn = fields(
  {
    column: text('schema.table.column'),
    classification: text(),
    policy: text('Id of the policy that permits it.'),
  },
  {
    request: text('The approved request, where the policy wants one.'),
    reason: text('Why that was made, in the words of who asked.'),
  },
);

export const reason = fields({
  code: text('As in the table of errors.'),
  message: text('As sent to the client; free of classified values.'),
  sqlState: text(),
});

export const tornTail = fields({
  bytes: count(),
  file: text('Name of the file in the journal folder that keeps them.'),
  sha256: hexHash(),
});

export const treeHead = fields(
  {
    size: count('How many stretches.'),
    root: text(),
    peaks: list(text(), 'Roots of the perfect subtrees that make up the tree, the largest first.'),
  },
  {},
  'Commits to all lines of the journal before it (RFC 6962).',
);

export const removedRange = fields({
  proxy: text(),
  events: count('How many: a mark for withdrawn statements is one with several numbers.'),
  ranges: list(range(), 'Numbers of the events, from and through, in order.'),
});
