/** The schema of each kind of event: the one source of the TypeScript types, and of what GET /v1/schemas/event shows. */
import {
  client,
  decision,
  effect,
  identity,
  maskedColumn,
  reason,
  relation,
  removedRange,
  statement,
  tornTail,
  treeHead,
  unmaskedColumn,
} from './eventParts.ts';
import {
  constant,
  count,
  fields,
  flag,
  hexHash,
  list,
  record,
  type Schema,
  text,
  time,
  words,
} from './jsonSchema.ts';

type Fields = Readonly<Record<string, Schema<unknown>>>;

/** What every event carries, and what its kind does. */
function event<const Kind extends string, R extends Fields, O extends Fields = Record<never, never>>(
  kind: Kind,
  description: string,
  required: R,
  optional?: O,
) {
  return fields(
    {
      at: time('When it was recorded: UTC, milliseconds.'),
      seq: count('Position among the events of its proxy: 1, 2, 3, … without gaps, over restarts too.'),
      kind: constant(kind),
      ...required,
    },
    optional,
    description,
  );
}

/** What is known of a statement. */
const statementFields = {
  client,
  connection: text(),
  decision,
  effects: list(effect),
  environment: text(),
  identity,
  relations: list(relation),
  session: text(),
  statement,
};
const { client: _client, ...maybeOfStatement } = statementFields;

/** What the collector adds to events of its own: which of the collectors over one store, as host and process. */
const collector = text('Which of the collectors over one store: host and process.');

export const eventSchemas = {
  intent: event('intent', 'A statement that is about to be forwarded.', statementFields),
  outcome: event(
    'outcome',
    'What came of the intent `for`.',
    {
      for: count('Number of the intent.'),
      status: words<'ok' | 'error' | 'cancelled' | 'unknown' | 'notRun'>(
        { ok: true, error: true, cancelled: true, unknown: true, notRun: true },
        'unknown: the server was lost in between, or the proxy itself (then the next run records it). notRun: recorded, then not forwarded after all.',
      ),
      rows: count(),
      micros: count('From forwarding to the end of the answer, microseconds.'),
    },
    {
      bytes: count('Of the answer sent to the client.'),
      tag: text('Of CommandComplete.'),
      sqlState: text(),
      maskedColumns: list(maskedColumn),
      unmaskedColumns: list(
        unmaskedColumn,
        'Protected columns shown or used in clear, for a policy permits it.',
      ),
    },
  ),
  refusal: event(
    'refusal',
    'Something that was not let through: a statement, a startup parameter, a sign-in.',
    { client, reason },
    maybeOfStatement,
  ),
  sessionOpened: event('sessionOpened', 'Somebody has connected.', {
    client,
    connection: text(),
    environment: text(),
    identity,
    session: text(),
  }),
  sessionClosed: event('sessionClosed', 'A session has ended.', {
    session: text(),
    reason: words<
      'clientClosed' | 'clientLost' | 'serverLost' | 'refused' | 'stopping' | 'failed' | 'crashed'
    >(
      {
        clientClosed: true,
        clientLost: true,
        serverLost: true,
        refused: true,
        stopping: true,
        failed: true,
        crashed: true,
      },
      'crashed: recorded by the next run, because the proxy itself came to an end before.',
    ),
    statements: count('How many were forwarded.'),
  }),
  started: event(
    'started',
    'The proxy has started.',
    { pid: count() },
    {
      torn: tornTail,
      lost: fields(
        { from: count(), through: count() },
        {},
        "Events that had been on the disk, and were gone from the journal's end when it was opened.",
      ),
      tree: treeHead,
    },
  ),
  stopped: event('stopped', 'The proxy stops.', {}, { awake: count(), tree: treeHead }),
  heartbeat: event(
    'heartbeat',
    'That the proxy lives: every minute (every ten while nothing else is recorded), and after every 4 MiB of lines.',
    {
      awake: count(
        'Milliseconds since the last heartbeat or start by a clock that is never set and stands still while the machine sleeps.',
      ),
    },
    { tree: treeHead },
  ),
  withdrawn: event(
    'withdrawn',
    'Statements that were refused because they could not be recorded; takes the places `seq` to `through`.',
    { reason: text(), through: count() },
  ),
  signIn: event(
    'signIn',
    'Somebody has presented an access token to the collector: a new one that was accepted, or tokens that were not.',
    {
      client,
      collector,
      status: words<'ok' | 'refused'>({ ok: true, refused: true }),
      attempts: count(
        'How many were refused for this reason and from this address within a minute; 1 where accepted.',
      ),
    },
    {
      identity,
      expiresAt: time('When the token does.'),
      reason: fields({ message: text() }, {}, 'Why it was refused.'),
    },
  ),
  policyChanged: event(
    'policyChanged',
    'From here on another policy is handed out, or kept to.',
    {
      collector,
      identity,
      what: words<'access' | 'retention'>({ access: true, retention: true }),
      to: text('Version: made of a hash of all of it.'),
      files: list(
        fields(
          {
            name: text(),
            change: words<'added' | 'changed' | 'removed'>({ added: true, changed: true, removed: true }),
          },
          { before: hexHash('SHA-256 of its text before.'), after: hexHash('SHA-256 of its text now.') },
        ),
        'The files that differ.',
      ),
    },
    { from: text('Version before. Absent where there was none.') },
  ),
  classificationChanged: event(
    'classificationChanged',
    'A column, or all that a pattern names, is classified in another way from here on.',
    {
      collector,
      identity,
      column: text('schema.table.column, or a pattern of it.'),
      why: text(),
    },
    {
      policy: text('Version of the policy that says so. Absent where a proxy has found it.'),
      proxy: text('The proxy that has found it, by values or by where they were copied to.'),
      connection: text('Absent where it is so for all connections.'),
      from: text('Classification before. Absent where nothing was said of it.'),
      to: text(
        'Classification now; `none` where the policy says that it is none. Absent where nothing is said any more.',
      ),
    },
  ),
  recordsRead: event(
    'recordsRead',
    'Somebody has read records of what others, or they, did.',
    {
      client,
      collector,
      identity,
      how: words<'search' | 'export' | 'entries' | 'verify'>(
        { search: true, export: true, entries: true, verify: true },
        'search: GET /v1/events. export: an evidence bundle. entries: entries of the log. verify: a bundle or journal was checked.',
      ),
      filter: record(text(), 'What was asked for; nothing where it was everything.'),
      results: count('How many events were handed out.'),
      requests: count(
        'How many requests this stands for: the same asked again within five minutes is told of once.',
      ),
    },
    { format: text(), ownOnly: flag('Only events about themselves were looked at.') },
  ),
  eventsRemoved: event(
    'eventsRemoved',
    'Events whose time to be kept was over are gone from the store. Their leaves stay in the log, so that all proofs do.',
    {
      collector,
      policy: fields({ name: text(), version: hexHash('SHA-256 of its canonical JSON.') }),
      rule: text('Which of its rules, in words.'),
      takenBefore: time('Events that the collector took before this moment.'),
      events: count(),
      removed: list(removedRange),
    },
  ),
} as const;

/** All kinds in one schema, as it is published. Nothing but what this version writes. */
export const eventSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  $id: 'urn:portcullis:event:1',
  title: 'An event of Portcullis',
  description:
    'As proxies write them to their journals, as the collector keeps them, and as leaves of its log commit to them (in canonical JSON, RFC 8785).',
  oneOf: Object.values(eventSchemas),
} as const;
