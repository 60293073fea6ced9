/** An approval covers what its reviewer saw, for one run, while somebody waits for it or comes back for it. */
import { serialize } from 'pg-protocol';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type GovernedWithCollector, pause } from '../kit/governedWithCollector.ts';
import { bump, bumpPrepared, failure, prepare, startWidgets, type Widgets } from '../kit/widgets.ts';
import { errorFields, types } from '../kit/wireClient.ts';

const { query, bind, execute, sync } = serialize;

let widgets: Widgets;
let governed: GovernedWithCollector;

beforeAll(async () => {
  widgets = await startWidgets();
  governed = widgets.governed;
});
afterEach(() => widgets.closeClients());
afterAll(() => widgets?.stop());

describe('one approval', () => {
  it('serves one run of twenty that wait for it', async () => {
    const id = widgets.newWidget();
    const clients = await Promise.all(Array.from({ length: 20 }, () => widgets.connectPg()));
    const running = Promise.allSettled(clients.map((client) => client.query(bump(id))));
    const request = await widgets.held(id);
    await pause(300);
    expect((await governed.requests()).filter(({ text }) => text.includes(bump(id)))).toHaveLength(1);
    await governed.review(request.id, 'approve');
    const results = await running;
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) {
      if (result.status === 'rejected') expect(result.reason.message).toContain('has been used already');
    }
    expect(await widgets.stock(id)).toBe(1);
  });

  it('serves one run of twenty that come when it is given', async () => {
    const id = widgets.newWidget();
    const first = await widgets.connect();
    first.send(query(bump(id)));
    const request = await widgets.held(id);
    first.close();
    await pause(100);
    await governed.review(request.id, 'approve');
    const clients = await Promise.all(Array.from({ length: 20 }, () => widgets.connectPg()));
    const running = clients.map((client) =>
      client.query(bump(id)).then(
        () => 'ran',
        () => 'refused',
      ),
    );
    await Promise.any(running);
    await pause(500);
    for (const other of (await governed.requests()).filter(
      ({ text, state }) => text === bump(id) && state === 'open',
    ))
      await governed.review(other.id, 'deny');
    expect((await Promise.all(running)).filter((result) => result === 'ran')).toHaveLength(1);
    expect(await widgets.stock(id)).toBe(1);
  });

  it('stays for a client that died waiting: nothing runs for the dead, and at once for who asks again', async () => {
    const id = widgets.newWidget();
    const dead = await widgets.connect();
    dead.send(query(bump(id)));
    const request = await widgets.held(id);
    dead.close();
    await pause(100);
    await governed.review(request.id, 'approve');
    await pause(300);
    expect(await widgets.stock(id)).toBe(0);
    const again = await widgets.connect();
    expect(types(await again.query(bump(id)))).toBe('CZ');
    expect(await widgets.stock(id)).toBe(1);
    expect(await widgets.stateOf(request.id)).toBe('used');
  });

  it('stays for a client that half-closed, also behind another held statement', async () => {
    const [one, two] = [widgets.newWidget(), widgets.newWidget()];
    const client = await widgets.connect();
    client.send(query(bump(one)), query(bump(two)));
    const request = await widgets.held(one);
    client.socket.end();
    const seen = await client.closed();
    expect(types(seen).replaceAll('N', '')).toBe('EZEZ');
    expect(errorFields(seen.find(({ type }) => type === 'E'))['C']).toBe('57014');
    await governed.review(request.id, 'approve');
    for (const other of await governed.requests()) {
      if (other.state === 'open' && other.text === bump(two)) await governed.review(other.id, 'approve');
    }
    await pause(300);
    expect([await widgets.stock(one), await widgets.stock(two)]).toEqual([0, 0]);
  });

  it('is not used by a proxy that stops while it is waited for', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connect();
    client.send(query(bump(id)));
    const request = await widgets.held(id);
    await governed.restartProxy();
    const seen = await client.closed();
    expect(errorFields(seen.find(({ type }) => type === 'E'))).toMatchObject({ S: 'FATAL', C: '57P01' });
    await governed.review(request.id, 'approve');
    await pause(300);
    expect(await widgets.stock(id)).toBe(0);
    expect(types(await (await widgets.connect()).query(bump(id)))).toBe('CZ');
    expect(await widgets.stock(id)).toBe(1);
  });
});

describe('an approval is bound to the values', () => {
  it('NULL, the empty string, a text and its binary form each ask anew', async () => {
    const text = 'UPDATE widgets SET label = $1, stock = stock + 1 WHERE id = 150';
    // The last one is text that looks as the binary value before it is shown.
    const values = [null, '', 'NULL', 'x', Buffer.from('x'), '\\x78'];
    const shown: unknown[] = [];
    for (const value of values) {
      const client = await widgets.connectPg();
      const running = client.query(text, [value]);
      const request = await governed.openRequest('id = 150');
      shown.push(request.parameters?.[0]);
      await governed.review(request.id, 'approve');
      await running;
    }
    expect(shown).toEqual([null, '', 'NULL', 'x', '\\x78', '\\\\x78']);
    expect(await widgets.stock(150)).toBe(values.length);
  });

  it('an approval of one value does not serve another', async () => {
    const id = widgets.newWidget();
    const gone = await widgets.connectPg();
    void gone.query(bumpPrepared(id), [1]).catch(() => undefined);
    const approved = await widgets.held(id);
    await widgets.closeClients();
    await governed.review(approved.id, 'approve');
    const client = await widgets.connectPg();
    const running = failure(client.query(bumpPrepared(id), [1000]));
    const other = await widgets.held(id);
    expect(other.id).not.toBe(approved.id);
    expect(other.parameters).toEqual(['1000']);
    await governed.review(other.id, 'deny');
    await running;
    expect(await widgets.stock(id)).toBe(0);
  });
});

describe('what has changed since it was asked for', () => {
  /** A table of its own with a row, a statement that waits on it, what changes meanwhile; then it is approved. */
  async function approvedAfter(
    change: (table: string) => string,
  ): Promise<{ error: Error & { code?: string }; table: string }> {
    const table = `things_${widgets.newWidget()}`;
    await governed.look(
      `CREATE TABLE ${table} (id int PRIMARY KEY, stock int); INSERT INTO ${table} VALUES (1, 0)`,
    );
    const client = await widgets.connectPg();
    const running = failure(client.query(`UPDATE ${table} SET stock = stock + 1 WHERE id = 1`));
    const request = await governed.openRequest(`UPDATE ${table} `);
    await governed.look(change(table));
    await governed.review(request.id, 'approve');
    return { error: await running, table };
  }

  it('a table that has got a classified column: refused', async () => {
    const { error, table } = await approvedAfter(
      (name) => `ALTER TABLE ${name} ADD COLUMN email text DEFAULT 'a@secret.example'`,
    );
    expect(error).toMatchObject({ code: '42501', message: expect.stringContaining('has changed since') });
    expect(await governed.look(`SELECT stock FROM ${table}`)).toEqual([{ stock: 0 }]);
  });

  it('a table that is a view of another now: refused', async () => {
    const id = widgets.newWidget();
    const { error } = await approvedAfter(
      (
        name,
      ) => `DROP TABLE ${name}; CREATE VIEW ${name} AS SELECT 1 AS id, stock FROM widgets WHERE widgets.id = ${id};
        CREATE RULE r AS ON UPDATE TO ${name} DO INSTEAD UPDATE widgets SET stock = 99 WHERE id = ${id}`,
    );
    expect(error.code).toBe('42501');
    expect(await widgets.stock(id)).toBe(0);
  });

  it('a table whose columns have changed names: refused', async () => {
    const { error, table } = await approvedAfter(
      (name) => `ALTER TABLE ${name} RENAME stock TO old; ALTER TABLE ${name} ADD COLUMN stock int DEFAULT 0`,
    );
    expect(error.message).toContain('has changed since');
    expect(await governed.look(`SELECT * FROM ${table}`)).toEqual([{ id: 1, old: 0, stock: 0 }]);
  });

  it('a table that is gone: refused', async () => {
    const { error } = await approvedAfter((name) => `DROP TABLE ${name}`);
    expect(['42P01', '42501']).toContain(error.code);
  });

  it('while nobody waited: who comes back asks anew', async () => {
    await governed.look(
      'CREATE TABLE left_alone (id int PRIMARY KEY, stock int); INSERT INTO left_alone VALUES (1, 0)',
    );
    const text = 'UPDATE left_alone SET stock = stock + 1 WHERE id = 1';
    const gone = await widgets.connect();
    gone.send(query(text));
    const before = await governed.openRequest('left_alone');
    gone.close();
    await governed.review(before.id, 'approve');
    await governed.look('ALTER TABLE left_alone ADD COLUMN email text');
    await governed.proxy.connections.get('shop')?.refresh();
    const running = (await widgets.connectPg()).query(text);
    const now = await governed.openRequest('left_alone');
    expect(now.id).not.toBe(before.id);
    expect(now.relations).not.toEqual(before.relations);
    expect(await governed.look('SELECT stock FROM left_alone')).toEqual([{ stock: 0 }]);
    await governed.review(now.id, 'approve');
    await running;
  });

  it('a name of EXECUTE that stands for another text by the time the portal runs: refused', async () => {
    const [seen, unseen] = [widgets.newWidget(), widgets.newWidget()];
    const client = await widgets.connect();
    await client.query('BEGIN');
    client.send(
      prepare(bump(seen), 'p'),
      prepare('EXECUTE p', 'run'),
      bind({ statement: 'run', portal: 'x' }),
      sync(),
    );
    const request = await widgets.held(seen, 'EXECUTE p');
    await governed.review(request.id, 'approve');
    await client.until('Z');
    client.send(serialize.close({ type: 'S', name: 'p' }), prepare(bump(unseen), 'p'), sync());
    await client.until('Z');
    client.send(execute({ portal: 'x' }), sync());
    const answer = await client.until('Z');
    expect(errorFields(answer.find(({ type }) => type === 'E'))['C']).toBe('42501');
    await client.query('COMMIT');
    expect([await widgets.stock(seen), await widgets.stock(unseen)]).toEqual([0, 0]);
  });
});

describe('without the collector', () => {
  it('what is asked for is refused at once, and what waits goes on waiting', async () => {
    const [waiting, asked] = [widgets.newWidget(), widgets.newWidget()];
    const client = await widgets.connectPg();
    const running = client.query(bump(waiting));
    const request = await widgets.held(waiting);
    await governed.stopCollector();
    const since = Date.now();
    const error = await failure((await widgets.connectPg()).query(bump(asked)));
    expect(Date.now() - since).toBeLessThan(2_000);
    expect(error).toMatchObject({ code: '42501', message: expect.stringContaining('cannot be reached') });
    await pause(6_000); // longer than the desk waits before it looks by itself
    await governed.startCollector();
    await governed.review(request.id, 'approve');
    expect((await running).rowCount).toBe(1);
    expect([await widgets.stock(waiting), await widgets.stock(asked)]).toEqual([1, 0]);
  }, 60_000);
});

describe('portcullis.notices', () => {
  const rows = 'SELECT id, email FROM customers ORDER BY id LIMIT 1';

  it.each(['simple', 'extended'])(
    'tells which columns are masked, before their rows (%s)',
    async (protocol) => {
      const client = await widgets.connectPg({ options: '-c portcullis.notices=on' });
      const seen: { code?: string | undefined; detail?: string | undefined }[] = [];
      client.on('notice', (notice) => seen.push(notice));
      const { rows: answer } = await (protocol === 'simple'
        ? client.query(rows)
        : client.query(rows.replace('1', '$1'), [1]));
      expect(answer[0].email).not.toContain('ada1@');
      expect(seen.map(({ code }) => code)).toEqual(['01P01']);
      const notice = JSON.parse(seen[0]?.detail ?? '');
      expect(notice).toEqual({
        columns: [
          {
            index: 1,
            name: 'email',
            classification: 'pii.email',
            method: 'partial',
            source: 'public.customers.email',
            why: expect.stringContaining('the column is named email'),
          },
        ],
        clear: [{ index: 0, source: 'public.customers.id', why: expect.stringContaining('Not masked') }],
      });
    },
  );

  it('says nothing where it was not asked to, and about rows without masks', async () => {
    const [silent, told] = [
      await widgets.connectPg(),
      await widgets.connectPg({ options: '-c portcullis.notices=on' }),
    ];
    const seen: unknown[] = [];
    for (const client of [silent, told]) client.on('notice', (notice) => seen.push(notice));
    await silent.query(rows);
    await told.query('SELECT id, city FROM customers');
    expect(seen).toEqual([]);
  });

  it('has no other settings, and says so', async () => {
    const error = await failure(widgets.connectPg({ options: '-c portcullis.other=1' }));
    expect(error.message).toContain('no setting "portcullis.other"');
  });
});
