/** DDL of a snapshot's table: golden texts, and that a server takes them for the same table. */
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareSnapshots } from '../../../proxy/schema/compareSnapshots.ts';
import { describeDdl } from '../../../proxy/schema/describeDdl.ts';
import { readSnapshot } from '../../../proxy/schema/readSnapshot.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';

const schema = `
  CREATE SCHEMA "Odd Shop";
  CREATE TABLE "Odd Shop"."order" (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    "user" text NOT NULL DEFAULT 'it''s',
    "say ""hi""" numeric(10,2),
    half numeric GENERATED ALWAYS AS ("say ""hi""" / 2) STORED,
    twice numeric GENERATED ALWAYS AS ("say ""hi""" * 2) VIRTUAL,
    CHECK ("say ""hi""" > 0)
  );
  CREATE UNIQUE INDEX "By User" ON "Odd Shop"."order" (lower("user"));
  GRANT SELECT, INSERT ON "Odd Shop"."order" TO PUBLIC;
  GRANT UPDATE ("user") ON "Odd Shop"."order" TO "Data Team" WITH GRANT OPTION;
  CREATE TABLE "Odd Shop".nothing ();
  CREATE VIEW "Odd Shop".names AS SELECT "user" AS name FROM "Odd Shop"."order";
  ALTER VIEW "Odd Shop".names OWNER TO "Data Team";
  CREATE MATERIALIZED VIEW "Odd Shop".kept AS SELECT 1 AS x;
  CREATE INDEX kept_x ON "Odd Shop".kept (x);`;

const golden = `CREATE TABLE "Odd Shop"."order" (
  id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
  "user" text DEFAULT 'it''s'::text NOT NULL,
  "say ""hi""" numeric(10,2),
  half numeric GENERATED ALWAYS AS (("say ""hi""" / (2)::numeric)) STORED,
  twice numeric GENERATED ALWAYS AS (("say ""hi""" * (2)::numeric)) VIRTUAL,
  CONSTRAINT order_pkey PRIMARY KEY (id),
  CONSTRAINT "order_say ""hi""_check" CHECK (("say ""hi""" > (0)::numeric))
);

CREATE UNIQUE INDEX "By User" ON "Odd Shop"."order" USING btree (lower("user"));

ALTER TABLE "Odd Shop"."order" OWNER TO postgres;

GRANT UPDATE ("user") ON "Odd Shop"."order" TO "Data Team" WITH GRANT OPTION;
GRANT INSERT, SELECT ON "Odd Shop"."order" TO PUBLIC;
`;

const goldenView = `CREATE VIEW "Odd Shop".names AS
 SELECT "user" AS name
   FROM "Odd Shop"."order";

ALTER VIEW "Odd Shop".names OWNER TO "Data Team";
`;

describe('the DDL of a table', () => {
  let server: TestPostgres;
  let client: Client;

  beforeAll(async () => {
    server = await startTestPostgres();
    client = new Client({ connectionString: server.url() });
    await client.connect();
    await client.query(`CREATE ROLE "Data Team"; ${schema}`);
  }, 120_000);

  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  it('is empty where there is no table', () => {
    expect(describeDdl(undefined)).toBe('');
  });

  it('reads as people write it, with names quoted where they must be', async () => {
    const { tables } = await readSnapshot(client);
    const text = (name: string) => describeDdl(tables.find((table) => table.name === name));
    expect(text('order')).toBe(golden);
    expect(text('names')).toBe(goldenView);
    expect(text('nothing')).toBe(
      'CREATE TABLE "Odd Shop".nothing ();\n\nALTER TABLE "Odd Shop".nothing OWNER TO postgres;\n',
    );
  });

  it('makes the same tables again on a server', async () => {
    const before = await readSnapshot(client);
    await client.query('DROP SCHEMA "Odd Shop" CASCADE; CREATE SCHEMA "Odd Shop"');
    const order = ['order', 'nothing', 'names', 'kept'];
    for (const name of order)
      await client.query(describeDdl(before.tables.find((table) => table.name === name)));
    const after = await readSnapshot(client);
    expect(after.tables).toHaveLength(order.length);
    expect(compareSnapshots(before, after)).toEqual([]);
  });
});
