/** What column use accepts, a real server shows: no secret leaves but in a column that is masked by origin or by lineage. */
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PortcullisError } from '../../../../proxy/kit/errors.ts';
import { planMasks } from '../../../../proxy/masking/maskPlan.ts';
import { derivedUses, everydayDerived } from '../../../kit/derivedUses.ts';
import { everydayUses } from '../../../kit/everydayUses.ts';
import { judgeUse } from '../../../kit/judgeUse.ts';
import { hasPostgres15, startTestPostgres, type TestPostgres } from '../../../kit/postgres.ts';
import { QueryGenerator } from '../../../kit/queryGenerator.ts';
import { Random } from '../../../kit/random.ts';
import { readServerCatalog } from '../../../kit/serverCatalog.ts';
import { shopTables } from '../../../kit/shopCatalog.ts';

/** Secrets consist of these characters alone, so that any piece of one gives itself away. They have no case. */
const secretCharacters = /[秘密箱鍵]/;

const generatedSchema = `
  CREATE TABLE a (id int, e text, p varchar(40), s text);
  CREATE TABLE b (id int, e text, q varchar(20), s text);
  CREATE TABLE d (s text, e varchar(40), id int);
  CREATE TABLE part (id int, e text, s text) PARTITION BY LIST (id);
  CREATE TABLE part_one PARTITION OF part FOR VALUES IN (1);
  CREATE TABLE part_rest PARTITION OF part DEFAULT;
  INSERT INTO a VALUES (1, '秘密箱', '鍵秘', 'one'), (2, '箱鍵', '秘', 'two');
  INSERT INTO b VALUES (1, '秘密箱', '鍵秘', 'one'), (3, '密密', '箱', 'three');
  INSERT INTO d VALUES ('one', '秘密箱', 1), ('four', '鍵鍵鍵', 4);
  INSERT INTO part VALUES (1, '秘密箱', 'one'), (2, '密', 'two');
  CREATE VIEW va AS SELECT id, e, s FROM a;`;

const generatedSecrets = new Set([
  'a.e',
  'a.p',
  'b.e',
  'b.q',
  'd.e',
  'va.e',
  'part.e',
  'part_one.e',
  'part_rest.e',
]);

type ServerCatalog = Awaited<ReturnType<typeof readServerCatalog>>;

/** Columns of the result that hold a secret though masking would not see them; what the server said otherwise. */
async function findLeaks(
  client: pg.Client,
  server: ServerCatalog,
  text: string,
): Promise<{ leaks: string[]; hadSecrets: boolean; hadDerived: boolean; failed: boolean }> {
  const parameters = Math.max(0, ...[...text.matchAll(/\$(\d+)/g)].map((match) => Number(match[1])));
  const leaks: string[] = [];
  const ground = 'now';
  const { output } = judgeUse(text, server, { ground });
  let hadSecrets = false;
  let hadDerived = false;
  await client.query('BEGIN; SET LOCAL statement_timeout = 2000');
  try {
    const result = await client.query({ text, values: Array(parameters).fill(null), rowMode: 'array' });
    const description = encodeFields(result.fields ?? []);
    // Throws where lineage and RowDescription contradict each other.
    const { plan } = planMasks(description, server.catalog, server.classifications, {
      outputs: output === undefined ? [] : [output],
      ground,
    });
    result.fields?.forEach((field, index) => {
      if (!result.rows.some((row: unknown[]) => secretCharacters.test(JSON.stringify(row[index]) ?? '')))
        return;
      hadSecrets = true;
      if (plan?.columns[index] === undefined) leaks.push(field.name);
      else if (field.tableID === 0) hadDerived = true;
    });
    return { leaks, hadSecrets, hadDerived, failed: false };
  } catch (error) {
    if (PortcullisError.is(error)) leaks.push(`${error.code}: ${error.message}`);
    const fields =
      error instanceof pg.DatabaseError ? `${error.message} ${error.detail} ${error.where}` : String(error);
    if (secretCharacters.test(fields)) leaks.push(`error: ${fields}`);
    return { leaks, hadSecrets, hadDerived, failed: true };
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Other secrets, as equal to each other as the first are, but shorter or longer, and in another order. */
const otherSecrets: ReadonlyMap<string, string> = new Map([
  ['秘密箱', '箱'],
  ['鍵秘', '密鍵鍵鍵秘秘'],
  ['箱鍵', '秘秘秘秘秘'],
  ['秘', '箱密'],
  ['密密', '鍵'],
  ['箱', '密密密密'],
  ['鍵鍵鍵', '秘秘'],
  ['密', '鍵箱'],
]);

/**
 * What a client learns of an answer that is masked: its rows in any order, with `#` for what is masked, or the error's code.
 * Rows that a LIMIT has chosen by chance are not compared.
 */
async function observe(client: pg.Client, server: ServerCatalog, text: string): Promise<string> {
  await client.query('BEGIN; SET LOCAL statement_timeout = 2000');
  try {
    const { fields, rows } = await client.query({ text, rowMode: 'array' });
    const { output } = judgeUse(text, server);
    const outputs = output === undefined ? [] : [output];
    const { plan } = planMasks(encodeFields(fields), server.catalog, server.classifications, { outputs });
    const seen = rows.map((row: unknown[]) =>
      JSON.stringify(row.map((value, i) => (value !== null && plan?.columns[i] !== undefined ? '#' : value))),
    );
    return seen.sort().join('\n');
  } catch (error) {
    return `error ${error instanceof pg.DatabaseError ? error.code : String(error)}`;
  } finally {
    await client.query('ROLLBACK');
  }
}

/** The RowDescription that `pg` has read, as bytes again (manual 55.7). */
function encodeFields(fields: readonly pg.FieldDef[]): Buffer {
  const parts = fields.map(({ name, tableID, columnID, dataTypeID, dataTypeSize, dataTypeModifier }) => {
    const rest = Buffer.alloc(18);
    rest.writeUInt32BE(tableID, 0);
    rest.writeInt16BE(columnID, 4);
    rest.writeUInt32BE(dataTypeID, 6);
    rest.writeInt16BE(dataTypeSize, 10);
    rest.writeInt32BE(dataTypeModifier, 12);
    return Buffer.concat([Buffer.from(`${name}\0`), rest]);
  });
  const body = Buffer.concat(parts);
  const head = Buffer.from('T\0\0\0\0\0\0', 'latin1');
  head.writeInt32BE(body.length + 6, 1);
  head.writeInt16BE(fields.length, 5);
  return Buffer.concat([head, body]);
}

/** The shop's tables, where every protected text holds a secret. */
async function createShop(client: pg.Client): Promise<void> {
  await client.query('CREATE SCHEMA crm');
  for (const { schema, name, columns, marks, kind } of shopTables) {
    if (kind === 'view') continue;
    const path = `${schema}.${name}`;
    await client.query(`CREATE TABLE ${path} (${columns.map((c) => `${c.name} ${c.typeName}`).join(', ')})`);
    const texts = columns.filter((c) => /text$|character/.test(c.typeName) && !c.typeName.endsWith('[]'));
    const values = texts.map((c) =>
      marks[c.name] === undefined || marks[c.name]?.use === 'open' ? "'plain'" : "'秘密箱'",
    );
    const row = columns.some((c) => c.name === 'id')
      ? { names: ['id'], values: ['1'] }
      : { names: [], values: [] };
    const all = [...row.names, ...texts.map((c) => c.name)];
    await client.query(
      `INSERT INTO ${path} (${all.join(', ')}) VALUES (${[...row.values, ...values].join(', ')})`,
    );
  }
  await client.query('CREATE VIEW customer_view AS SELECT id, email, status FROM customers');
}

const versions: readonly (15 | 18)[] = hasPostgres15() ? [18, 15] : [18];

describe.each(versions)('against PostgreSQL %i', (version) => {
  let server: TestPostgres;
  let client: pg.Client;

  beforeAll(async () => {
    server = await startTestPostgres({ version });
    client = new pg.Client({ connectionString: server.url() });
    await client.connect();
    await client.query('CREATE DATABASE shop');
    await client.query(generatedSchema);
  });

  afterAll(async () => {
    await client?.end();
    await server?.stop();
  });

  it('no generated query that is accepted lets a secret out', async () => {
    const known = await readServerCatalog(client, (relation, column) =>
      generatedSecrets.has(`${relation}.${column}`) ? 'equality' : undefined,
    );
    const count = { accepted: 0, ran: 0, withSecrets: 0, derived: 0, refused: 0 };
    for (let seed = 1; seed <= Number(process.env['COLUMN_USE_SEEDS'] ?? 2000); seed += 1) {
      const { text } = new QueryGenerator(new Random(seed)).makeQuery();
      if (judgeUse(text, known).violations.length > 0) {
        count.refused += 1;
        continue;
      }
      count.accepted += 1;
      const { leaks, hadSecrets, hadDerived, failed } = await findLeaks(client, known, text);
      expect({ seed, text, leaks }).toEqual({ seed, text, leaks: [] });
      if (!failed) count.ran += 1;
      if (hadSecrets) count.withSecrets += 1;
      if (hadDerived) count.derived += 1;
    }
    if (process.env['COLUMN_USE_SEEDS'] !== undefined) console.info(JSON.stringify(count));
    // The generator must keep making queries that matter.
    expect(count.ran).toBeGreaterThan(200);
    expect(count.withSecrets).toBeGreaterThan(50);
    expect(count.derived).toBeGreaterThan(50);
    expect(count.refused).toBeGreaterThan(200);
  }, 300_000);

  it('no generated query that is accepted answers otherwise for other secrets', async () => {
    await client.query('CREATE DATABASE mirror');
    const mirror = new pg.Client({ connectionString: server.url('mirror') });
    await mirror.connect();
    try {
      const others = generatedSchema.replace(/'([秘密箱鍵]+)'/g, (_, secret: string) => {
        const other = otherSecrets.get(secret);
        if (other === undefined) throw new Error(`no other for ${secret}`);
        return `'${other}'`;
      });
      await mirror.query(others);
      const rightOf = (relation: string, column: string) =>
        generatedSecrets.has(`${relation}.${column}`) ? 'equality' : undefined;
      const known = await readServerCatalog(client, rightOf);
      const mirrored = await readServerCatalog(mirror, rightOf);
      let compared = 0;
      for (let seed = 1; seed <= Number(process.env['COLUMN_USE_SEEDS'] ?? 2000); seed += 1) {
        const { text } = new QueryGenerator(new Random(seed)).makeQuery();
        if (text.includes('LIMIT') || judgeUse(text, known).violations.length > 0) continue;
        const [one, other] = [await observe(client, known, text), await observe(mirror, mirrored, text)];
        expect({ seed, text, seen: other }).toEqual({ seed, text, seen: one });
        if (!one.startsWith('error')) compared += 1;
      }
      expect(compared).toBeGreaterThan(150);
    } finally {
      await mirror.end();
    }
  }, 300_000);

  it('no everyday statement, nor what is made of protected columns, lets a secret out', async () => {
    const shop = new pg.Client({ connectionString: server.url('shop') });
    await shop.connect();
    try {
      await createShop(shop);
      const known = await readServerCatalog(shop, (relation, column) => {
        const built = shopTables.find(({ name }) => name === relation);
        return built?.marks[column]?.use === 'open' ? undefined : built?.marks[column]?.use;
      });
      let withSecrets = 0;
      const derived = [...Object.values(derivedUses).flat(), ...everydayDerived];
      for (const text of [...Object.values(everydayUses).flat(), ...derived]) {
        if (/^(BEGIN|COPY|VACUUM|.*CONCURRENTLY)/.test(text)) continue;
        const { leaks, hadSecrets } = await findLeaks(shop, known, text);
        expect({ text, leaks }).toEqual({ text, leaks: [] });
        if (hadSecrets) withSecrets += 1;
      }
      expect(withSecrets).toBeGreaterThan(30);
    } finally {
      await shop.end();
    }
  });
});
