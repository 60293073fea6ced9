/** What a policy says of rows, clients, times and approvals holds in sessions that are open, from when it is saved on. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { followPolicy } from '../../proxy/policy/live/followPolicy.ts';
import type { LivePolicy } from '../../proxy/policy/live/livePolicy.ts';
import { policyTextsOf } from '../../proxy/policy/policyFiles.ts';
import { type Governed, shopSetup, startGoverned } from '../kit/governed.ts';
import { bump, bumpPrepared, startWidgets, type Widgets } from '../kit/widgets.ts';

const permitAll = '@id("all") permit (principal, action, resource);\n';

/** A folder of one policy file that is followed, as `--policy DIR` is; answers how to save another text there. */
function followFile(policy: LivePolicy) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-context-'));
  let saved: string | undefined;
  const save = (text: string) => {
    saved = text;
    writeFileSync(join(folder, 'rules.cedar'), permitAll + text);
  };
  save('');
  const stop = followPolicy({
    directory: folder,
    version: '',
    take: (texts) => policy.take(texts),
    onProblem: (problem) => {
      if (problem !== undefined) throw problem;
    },
  });
  return {
    inForce: async (text: string) => {
      if (text === saved) return;
      const before = policy.version;
      save(text);
      await vi.waitFor(() => expect(policy.version).not.toBe(before), { timeout: 5_000, interval: 10 });
    },
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true });
    },
  };
}

describe.each([15, 18] as const)('PostgreSQL %i', (version) => {
  let governed: Governed;
  let rules: ReturnType<typeof followFile>;
  let open: Client[] = [];

  beforeAll(async () => {
    const setup = `${shopSetup}
      CREATE TABLE parts (id int, region int, PRIMARY KEY (region, id)) PARTITION BY LIST (region);
      CREATE TABLE parts_1 PARTITION OF parts FOR VALUES IN (1);
      CREATE TABLE parts_2 PARTITION OF parts FOR VALUES IN (2);
      INSERT INTO parts SELECT i, 1 + i % 2 FROM generate_series(1, 900) i;
      CREATE TABLE base (id int PRIMARY KEY);
      CREATE TABLE derived () INHERITS (base);
      INSERT INTO derived SELECT 1 FROM generate_series(1, 900);
      CREATE TABLE partial (id int);
      CREATE UNIQUE INDEX ON partial (id) WHERE id > 10;
      INSERT INTO partial SELECT 1 FROM generate_series(1, 900);
      ANALYZE;
      CREATE TABLE uncounted (id int PRIMARY KEY);`;
    governed = await startGoverned({ version, setup });
    rules = followFile(governed.proxy.policy);
  });
  afterEach(async () => {
    vi.useRealTimers();
    for (const client of open) await client.end().catch(() => undefined);
    open = [];
  });
  afterAll(async () => {
    await rules?.stop();
    await governed?.stop();
  });

  async function connect(more: object = {}): Promise<Client> {
    const client = new Client({ connectionString: governed.url(), ...more });
    open.push(client);
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }
  const refusal = (running: Promise<unknown>) =>
    running.then(
      () => 'runs',
      (error: { detail?: string; message: string }) => `${error.message} ${error.detail ?? ''}`,
    );

  it('tells how many rows a statement may read or change', async () => {
    const client = await connect();
    expect(await refusal(client.query('SELECT id FROM orders'))).toBe('runs');
    await rules.inForce(`@id("large") @message("Too many rows.")
      forbid (principal, action in [Action::"read", Action::"update", Action::"delete"], resource)
      when { context has relation } unless { context has estimatedRows && context.estimatedRows <= 500 };`);
    const tried = async (sql: string, values: unknown[] = []) => {
      await client.query('BEGIN');
      const seen = await refusal(client.query(sql, values));
      await client.query('ROLLBACK');
      return seen === 'runs';
    };
    const small = [
      'SELECT id FROM orders WHERE id = 7',
      'SELECT id FROM orders LIMIT 500',
      'UPDATE orders SET total = 1 WHERE id IN (1, 2, 3)',
      'DELETE FROM parts WHERE region = 1 AND id = 4',
      'SELECT region FROM parts_1',
      'SELECT id FROM uncounted WHERE id = 3',
      'SELECT id FROM base WHERE id = 2 LIMIT 3',
    ];
    const large = [
      'SELECT id FROM orders',
      'SELECT id FROM orders WHERE id > 998',
      'SELECT id FROM orders LIMIT 501',
      'UPDATE orders SET total = 1',
      'DELETE FROM orders WHERE id = 1 OR id = 2',
      'SELECT region FROM parts',
      'DELETE FROM parts WHERE id = 4',
      // The key of the parent is none of those that inherit from it, and a partial index is none of the rest.
      'DELETE FROM base WHERE id = 1',
      'DELETE FROM partial WHERE id = 1',
      'SELECT id FROM uncounted',
    ];
    expect(await Promise.resolve(small).then((all) => sequence(all, tried))).toEqual(small.map(() => true));
    expect(await sequence(large, tried)).toEqual(large.map(() => false));
    expect(await tried('SELECT id FROM orders WHERE id = $1', [7])).toBe(true);
    expect(await tried('SELECT id FROM orders WHERE id > $1', [7])).toBe(false);
    // What is prepared by SQL is looked at as what it is.
    await client.query('PREPARE one AS SELECT id FROM orders WHERE id = $1');
    expect((await client.query('EXECUTE one (3)')).rows).toEqual([{ id: 3 }]);
    expect(await refusal(client.query('PREPARE many AS SELECT id FROM orders'))).toContain('Too many rows.');
    await rules.inForce('');
    expect(await refusal(client.query('SELECT id FROM orders'))).toBe('runs');
  });

  it('tells what a table holds, whichever of its columns is named, and whatever is made of it since', async () => {
    const direct = new Client(governed.direct());
    await direct.connect();
    open.push(direct);
    await direct.query(
      `CREATE TABLE people${version} (id int, email text); CREATE TABLE plain${version} (id int, note text)`,
    );
    await rules.inForce(`@id("people") forbid (principal, action == Action::"read", resource)
      when { context has relation } unless { context has classifications && !context.classifications.contains("pii.email") };`);
    const client = await connect();
    expect(await refusal(client.query(`SELECT id FROM people${version}`))).toContain('people');
    expect(await refusal(client.query(`SELECT count(*) FROM people${version}`))).toContain('people');
    expect(await refusal(client.query(`SELECT id FROM plain${version}`))).toBe('runs');
    await direct.query(`ALTER TABLE plain${version} ADD COLUMN email text`);
    await expect
      .poll(() => refusal(client.query(`SELECT id FROM plain${version}`)), { timeout: 30_000 })
      .toContain('people');
    await rules.inForce('');
    expect(await refusal(client.query(`SELECT id FROM people${version}`))).toBe('runs');
  });

  it('knows a table that has come into being since', async () => {
    await rules.inForce(`@id("large") forbid (principal, action == Action::"read", resource)
      when { context has relation } unless { context has estimatedRows && context.estimatedRows <= 500 };`);
    const direct = new Client(governed.direct());
    await direct.connect();
    open.push(direct);
    await direct.query(
      `CREATE TABLE later${version} AS SELECT 1 AS id FROM generate_series(1, 600); ANALYZE later${version}`,
    );
    await direct.query(`CREATE TABLE little${version} AS SELECT 1 AS id; ANALYZE little${version}`);
    const client = await connect();
    expect(await refusal(client.query(`SELECT id FROM little${version}`))).toBe('runs');
    expect(await refusal(client.query(`SELECT id FROM later${version}`))).toContain('large');
  });

  it('tells how the client calls itself and where it calls from, from the start of the session on', async () => {
    await rules.inForce('');
    const bulk = await connect({ application_name: 'bulk' });
    const psql = await connect({ application_name: 'psql' });
    const read = 'SELECT count(*) FROM orders';
    expect(await sequence([bulk, psql], (client) => refusal(client.query(read)))).toEqual(['runs', 'runs']);
    await rules.inForce(`@id("no-bulk") forbid (principal, action == Action::"read", resource)
      when { context.client has application && context.client.application == "bulk" };
      @id("near") forbid (principal, action, resource)
      unless { context.client has address && context.client.address.isLoopback() };`);
    expect(await refusal(bulk.query(read))).toContain('no-bulk');
    expect(await refusal(psql.query(read))).toBe('runs');
    await bulk.query("SET application_name = 'psql'");
    await psql.query("SET application_name = 'bulk'");
    expect(await refusal(bulk.query(read))).toContain('no-bulk');
    expect(await refusal(psql.query(read))).toBe('runs');
    await rules.inForce(`@id("far") forbid (principal, action, resource)
      when { context.client has address && context.client.address.isLoopback() };`);
    expect(await refusal(connect())).toContain('far');
  });

  it('tells the time: what was decided in one minute does not hold in the next', async () => {
    await rules.inForce(`@id("office-hours") forbid (principal, action == Action::"read", resource)
      unless { context.time.utc.hour >= 8 && context.time.utc.hour < 18 };`);
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2026-11-20T17:59:59Z') });
    const client = await connect();
    const read = () => refusal(client.query('SELECT count(*) FROM orders'));
    const prepared = () =>
      refusal(client.query({ name: 'again', text: 'SELECT id FROM orders WHERE id = $1', values: [1] }));
    await client.query('PREPARE by_name AS SELECT 1');
    const byName = () => refusal(client.query('EXECUTE by_name'));
    const all = () => sequence([read, prepared, byName], (run) => run());
    expect(await all()).toEqual(['runs', 'runs', 'runs']);
    vi.setSystemTime(new Date('2026-11-20T18:00:00Z'));
    for (const seen of await all()) expect(seen).toContain('office-hours');
    vi.setSystemTime(new Date('2026-11-23T08:00:00Z'));
    expect(await all()).toEqual(['runs', 'runs', 'runs']);
  });
});

describe('an approval', () => {
  let widgets: Widgets;

  beforeAll(async () => {
    widgets = await startWidgets();
    const text = `${permitAll}@id("reasoned") @approval("reviewers") @message("Say why.")
      forbid (principal, action == Action::"update", resource)
      unless { context has approval && context.approval.reason != "" };
      @id("not-by-admins") forbid (principal, action == Action::"update", resource)
      when { context has approval && context.approval.reviewers.contains("admin@example.com") };`;
    await widgets.governed.proxy.policy.take(await policyTextsOf('test', [{ name: 'a.cedar', text }]));
  });
  afterEach(() => widgets.closeClients());
  afterAll(() => widgets?.stop());

  const said = (running: Promise<unknown>) =>
    running.then(
      () => 'ran',
      (error: { detail?: string }) => error.detail ?? '',
    );

  it('is seen by the policy that asked for it, with the reason that a comment gives', async () => {
    const { governed } = widgets;
    const [silent, reasoned] = [widgets.newWidget(), widgets.newWidget()];
    const client = await widgets.connectPg();
    const running = said(client.query(bump(silent)));
    const first = await widgets.held(silent);
    expect(first.reason).toBe('');
    await governed.review(first.id, 'approve');
    expect(await running).toContain('Say why.');
    expect(await widgets.stock(silent)).toBe(0);

    const again = said(client.query(`/* reason: ticket 4711,\n stock was wrong */ ${bump(reasoned)}`));
    const second = await widgets.held(reasoned);
    expect(second.reason).toBe('ticket 4711, stock was wrong');
    await governed.review(second.id, 'approve');
    expect(await again).toBe('ran');
    expect(await widgets.stock(reasoned)).toBe(1);
  });

  it('serves one run: the next of the same prepared statement is held again', async () => {
    const { governed } = widgets;
    const id = widgets.newWidget();
    const client = await widgets.connectPg();
    const text = `-- reason: monthly count\n${bumpPrepared(id)}`;
    for (const run of [1, 2]) {
      const running = client.query({ name: 'count', text, values: [1] });
      const request = await governed.openRequest(`id = ${id}`);
      expect(await widgets.stock(id)).toBe(run - 1);
      await governed.review(request.id, 'approve');
      await running;
      expect(await widgets.stock(id)).toBe(run);
    }
  });
});

/** One after the other, as one session takes them. */
async function sequence<Item, Result>(
  items: readonly Item[],
  run: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items) results.push(await run(item));
  return results;
}
