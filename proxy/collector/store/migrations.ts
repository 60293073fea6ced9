/** The store's tables, as numbered steps that are never changed once released; plain SQL of PostgreSQL 13 to 18. */

import { enterEarlierEvents } from './log.ts';
import { attachEarlierEvents } from './partitions.ts';
import type { Queries } from './store.ts';

export interface Migration {
  readonly number: number;
  readonly name: string;
  readonly sql: string;
  /** What SQL cannot do, after it, in the same transaction. */
  readonly fill?: (queries: Queries) => Promise<void>;
}

export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'events',
    sql: `
      CREATE TABLE portcullis.proxies (
        id text PRIMARY KEY,
        subject text NOT NULL,
        acknowledged bigint NOT NULL DEFAULT 0,
        first_seen timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE portcullis.events (
        proxy text NOT NULL REFERENCES portcullis.proxies (id),
        seq bigint NOT NULL,
        at timestamptz(3) NOT NULL,
        received_at timestamptz(3) NOT NULL DEFAULT now(),
        kind text NOT NULL,
        subject text NOT NULL,
        email text,
        connection text,
        decision text,
        -- each relation twice: as schema.name where the schema is known, and as name alone
        relations text[] NOT NULL DEFAULT '{}',
        session text,
        outcome_of bigint,
        changes_schema boolean NOT NULL DEFAULT false,
        -- SHA-256 of the event's canonical JSON (RFC 8785)
        digest bytea NOT NULL,
        event jsonb NOT NULL,
        PRIMARY KEY (proxy, seq)
      );
      CREATE INDEX events_newest ON portcullis.events (at DESC, proxy DESC, seq DESC);
      CREATE INDEX events_of_subject ON portcullis.events (subject, at DESC, proxy DESC, seq DESC);
      CREATE INDEX events_of_email ON portcullis.events (email, at DESC, proxy DESC, seq DESC);
      CREATE INDEX events_of_connection ON portcullis.events (connection, at DESC, proxy DESC, seq DESC);
      CREATE INDEX events_not_allowed ON portcullis.events (decision, at DESC, proxy DESC, seq DESC)
        WHERE decision <> 'allow';
      CREATE INDEX events_of_relation ON portcullis.events USING gin (relations);
      CREATE INDEX events_outcomes ON portcullis.events (proxy, outcome_of) WHERE outcome_of IS NOT NULL;
      CREATE INDEX events_sessions ON portcullis.events (proxy, session) WHERE kind = 'sessionOpened';
      CREATE INDEX events_schema_changes ON portcullis.events (connection, at DESC) WHERE changes_schema;
    `,
  },
  {
    number: 2,
    name: 'requests',
    sql: `
      CREATE TABLE portcullis.requests (
        id text PRIMARY KEY,
        subject text NOT NULL,
        email text NOT NULL,
        groups text[] NOT NULL,
        connection text NOT NULL,
        digest text NOT NULL,
        approvers text[] NOT NULL,
        -- 'expired' is never written: it is what an open or approved one becomes by time
        state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'approved', 'denied', 'withdrawn', 'used')),
        created_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL,
        used_at timestamptz(3),
        request jsonb NOT NULL
      );
      CREATE INDEX requests_same ON portcullis.requests (subject, connection, digest);
      CREATE INDEX requests_of_subject ON portcullis.requests (subject, created_at DESC);
      CREATE INDEX requests_of_approvers ON portcullis.requests USING gin (approvers);
      CREATE TABLE portcullis.reviews (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        request text NOT NULL REFERENCES portcullis.requests (id),
        subject text NOT NULL,
        email text NOT NULL,
        groups text[] NOT NULL,
        decision text NOT NULL CHECK (decision IN ('approve', 'deny', 'changes')),
        comment text NOT NULL,
        at timestamptz(3) NOT NULL DEFAULT now()
      );
      CREATE INDEX reviews_of_request ON portcullis.reviews (request, id);
    `,
  },
  {
    number: 3,
    name: 'leases',
    sql: `
      CREATE TABLE portcullis.leases (
        id text PRIMARY KEY,
        connection text NOT NULL,
        subject text NOT NULL,
        email text NOT NULL,
        agent text,
        issued_at timestamptz(3) NOT NULL DEFAULT now(),
        expires_at timestamptz(3) NOT NULL
      );
      CREATE INDEX leases_of_subject ON portcullis.leases (subject, issued_at DESC);
    `,
  },
  {
    number: 4,
    name: 'snapshots',
    sql: `
      CREATE TABLE portcullis.snapshots (
        connection text PRIMARY KEY,
        at timestamptz(3) NOT NULL,
        subject text NOT NULL,
        email text NOT NULL,
        -- SHA-256 of the canonical JSON of its tables: tells whether anything but the time is new
        digest bytea NOT NULL,
        snapshot jsonb NOT NULL
      );
      CREATE TABLE portcullis.baselines (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        connection text NOT NULL,
        accepted_at timestamptz(3) NOT NULL DEFAULT now(),
        subject text NOT NULL,
        email text NOT NULL,
        snapshot jsonb NOT NULL
      );
      CREATE INDEX baselines_newest ON portcullis.baselines (connection, id DESC);
    `,
  },
  {
    number: 5,
    name: 'log',
    fill: enterEarlierEvents,
    sql: `
      -- One row: locking it gives the leaves their one order. Peaks: the roots of the largest complete subtrees, joined.
      CREATE TABLE portcullis.log (
        is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only),
        origin text,
        size bigint NOT NULL DEFAULT 0,
        peaks bytea NOT NULL DEFAULT ''
      );
      INSERT INTO portcullis.log DEFAULT VALUES;
      -- No reference to the events: leaves stay when what they cover is no longer kept.
      CREATE TABLE portcullis.log_leaves (
        index bigint PRIMARY KEY,
        proxy text NOT NULL,
        seq bigint NOT NULL,
        hash bytea NOT NULL
      );
      CREATE UNIQUE INDEX log_leaves_of_event ON portcullis.log_leaves (proxy, seq);
      -- The hashes of tiles above level 0 (C2SP tlog-tiles).
      CREATE TABLE portcullis.log_nodes (
        level smallint NOT NULL,
        index bigint NOT NULL,
        hash bytea NOT NULL,
        PRIMARY KEY (level, index)
      );
      CREATE TABLE portcullis.log_keys (
        key text PRIMARY KEY,
        since timestamptz(3) NOT NULL DEFAULT now(),
        -- when a collector started that no longer signs with it
        until timestamptz(3)
      );
      -- Those that a witness has cosigned, with its lines.
      CREATE TABLE portcullis.log_checkpoints (
        size bigint PRIMARY KEY,
        made_at timestamptz(3) NOT NULL DEFAULT now(),
        note text NOT NULL
      );
    `,
  },
  {
    number: 6,
    name: 'policies',
    sql: `
      -- Each policy that was handed out, from when on: one row per change.
      CREATE TABLE portcullis.policies (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        -- as proxies record it with each decision
        version text NOT NULL,
        since timestamptz(3) NOT NULL DEFAULT now(),
        files jsonb NOT NULL
      );
    `,
  },
  {
    number: 7,
    name: 'search',
    sql: `
      -- Columns of an outcome that came masked, or in clear by a permit, and what they are.
      CREATE INDEX events_masked ON portcullis.events USING gin ((event -> 'maskedColumns') jsonb_path_ops)
        WHERE kind = 'outcome';
      CREATE INDEX events_unmasked ON portcullis.events USING gin ((event -> 'unmaskedColumns') jsonb_path_ops)
        WHERE kind = 'outcome';
      CREATE INDEX events_of_agent ON portcullis.events ((event #>> '{identity,agent,name}'), at DESC)
        WHERE event #>> '{identity,agent,name}' IS NOT NULL;
      -- Words of the recorded text, which holds no values of protected columns.
      CREATE INDEX events_words ON portcullis.events USING gin (to_tsvector('simple', event #>> '{statement,text}'))
        WHERE event #>> '{statement,text}' IS NOT NULL;
    `,
  },
  {
    number: 8,
    name: 'sinks',
    sql: `
      CREATE TABLE portcullis.sinks (
        name text PRIMARY KEY,
        kind text NOT NULL,
        -- index of the first leaf of the log that is neither taken, nor refused for good, nor filtered out
        position bigint NOT NULL,
        sent bigint NOT NULL DEFAULT 0,
        gone bigint NOT NULL DEFAULT 0,
        -- failures in a row of what comes next
        tries integer NOT NULL DEFAULT 0,
        -- those among them that say something about what comes next, and not that the receiver is away
        strikes integer NOT NULL DEFAULT 0,
        problem text,
        failed_at timestamptz(3),
        retry_at timestamptz(3),
        sent_at timestamptz(3),
        -- the run of a collector that sends, and until when no other may
        holder text,
        held_until timestamptz
      );
      CREATE TABLE portcullis.sink_dead_letters (
        sink text NOT NULL REFERENCES portcullis.sinks (name),
        index bigint NOT NULL,
        problem text NOT NULL,
        at timestamptz(3) NOT NULL DEFAULT now(),
        -- since when somebody wants it to be sent again
        wanted_at timestamptz(3),
        PRIMARY KEY (sink, index)
      );
      CREATE INDEX sink_dead_letters_wanted ON portcullis.sink_dead_letters (sink, index) WHERE wanted_at IS NOT NULL;
    `,
  },
  {
    number: 9,
    name: 'own',
    sql: `
      -- What the collectors over this store record once, whichever of them hears of it, until it cannot come again.
      CREATE TABLE portcullis.recorded_once (key text PRIMARY KEY, until timestamptz NOT NULL);
      CREATE INDEX recorded_once_until ON portcullis.recorded_once (until);
    `,
  },
  {
    number: 10,
    name: 'partitions',
    fill: attachEarlierEvents,
    sql: `
      -- One part per month by when the collector took an event. That a number is taken once is kept by log_leaves.
      ALTER TABLE portcullis.events RENAME TO events_earlier;
      ALTER TABLE portcullis.events_earlier DROP CONSTRAINT events_pkey, DROP CONSTRAINT events_proxy_fkey;
      ALTER INDEX portcullis.events_newest RENAME TO events_earlier_newest;
      ALTER INDEX portcullis.events_of_subject RENAME TO events_earlier_of_subject;
      ALTER INDEX portcullis.events_of_email RENAME TO events_earlier_of_email;
      ALTER INDEX portcullis.events_of_connection RENAME TO events_earlier_of_connection;
      ALTER INDEX portcullis.events_not_allowed RENAME TO events_earlier_not_allowed;
      ALTER INDEX portcullis.events_of_relation RENAME TO events_earlier_of_relation;
      ALTER INDEX portcullis.events_outcomes RENAME TO events_earlier_outcomes;
      ALTER INDEX portcullis.events_sessions RENAME TO events_earlier_sessions;
      ALTER INDEX portcullis.events_schema_changes RENAME TO events_earlier_schema_changes;
      ALTER INDEX portcullis.events_masked RENAME TO events_earlier_masked;
      ALTER INDEX portcullis.events_unmasked RENAME TO events_earlier_unmasked;
      ALTER INDEX portcullis.events_of_agent RENAME TO events_earlier_of_agent;
      ALTER INDEX portcullis.events_words RENAME TO events_earlier_words;
      CREATE TABLE portcullis.events (LIKE portcullis.events_earlier INCLUDING DEFAULTS)
        PARTITION BY RANGE (received_at);
      ALTER TABLE portcullis.events ADD PRIMARY KEY (proxy, seq, received_at);
      CREATE INDEX events_newest ON portcullis.events (at DESC, proxy DESC, seq DESC);
      CREATE INDEX events_of_subject ON portcullis.events (subject, at DESC, proxy DESC, seq DESC);
      CREATE INDEX events_of_email ON portcullis.events (email, at DESC, proxy DESC, seq DESC);
      CREATE INDEX events_of_connection ON portcullis.events (connection, at DESC, proxy DESC, seq DESC);
      CREATE INDEX events_not_allowed ON portcullis.events (decision, at DESC, proxy DESC, seq DESC)
        WHERE decision <> 'allow';
      CREATE INDEX events_of_relation ON portcullis.events USING gin (relations);
      CREATE INDEX events_outcomes ON portcullis.events (proxy, outcome_of) WHERE outcome_of IS NOT NULL;
      CREATE INDEX events_sessions ON portcullis.events (proxy, session) WHERE kind = 'sessionOpened';
      CREATE INDEX events_schema_changes ON portcullis.events (connection, at DESC) WHERE changes_schema;
      CREATE INDEX events_masked ON portcullis.events USING gin ((event -> 'maskedColumns') jsonb_path_ops)
        WHERE kind = 'outcome';
      CREATE INDEX events_unmasked ON portcullis.events USING gin ((event -> 'unmaskedColumns') jsonb_path_ops)
        WHERE kind = 'outcome';
      CREATE INDEX events_of_agent ON portcullis.events ((event #>> '{identity,agent,name}'), at DESC)
        WHERE event #>> '{identity,agent,name}' IS NOT NULL;
      CREATE INDEX events_words ON portcullis.events USING gin (to_tsvector('simple', event #>> '{statement,text}'))
        WHERE event #>> '{statement,text}' IS NOT NULL;
      CREATE INDEX events_removals ON portcullis.events (proxy, seq) WHERE kind = 'eventsRemoved';
      CREATE TABLE portcullis.event_partitions (
        name text PRIMARY KEY,
        -- null: everything before
        since timestamptz,
        until timestamptz NOT NULL
      );
      -- How long events are kept: one row per change.
      CREATE TABLE portcullis.retention_policies (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        version text NOT NULL,
        since timestamptz(3) NOT NULL DEFAULT now(),
        policy jsonb
      );
    `,
  },
  {
    number: 11,
    name: 'kinds',
    sql: `
      -- All but statements: what is rare is found at once.
      CREATE INDEX events_of_kind ON portcullis.events (kind, at DESC, proxy DESC, seq DESC)
        WHERE kind NOT IN ('intent', 'outcome');
    `,
  },
  {
    number: 12,
    name: 'classifications',
    sql: `
      -- What proxies have found on columns beside what their names and types tell. Rows are never changed.
      CREATE TABLE portcullis.classifications (
        -- given under the lock of the collector's own events: in the order in which they are committed
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        -- SHA-256 of connection, database, relation, column, and whether it is derived
        key bytea NOT NULL UNIQUE,
        connection text NOT NULL,
        database text NOT NULL,
        relation_oid bigint NOT NULL,
        schema_name text NOT NULL,
        relation_name text NOT NULL,
        attribute integer NOT NULL,
        column_name text NOT NULL,
        kind text NOT NULL,
        use_right text NOT NULL,
        why text NOT NULL,
        confidence double precision NOT NULL,
        is_derived boolean NOT NULL,
        origin_oid bigint,
        origin_attribute integer,
        since timestamptz(3) NOT NULL,
        -- whom the proxy works for that found it
        subject text NOT NULL,
        email text NOT NULL,
        proxy text NOT NULL,
        taken_at timestamptz(3) NOT NULL DEFAULT now()
      );
      CREATE INDEX classifications_of_connection ON portcullis.classifications (connection, id);
    `,
  },
];
