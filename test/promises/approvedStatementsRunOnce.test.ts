/** What needs approval runs exactly once for each approval, and never without one: the state of the database counts. */
import { connect as openSocket } from 'node:net';
import { serialize } from 'pg-protocol';
import postgres from 'postgres';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectUpstream } from '../../proxy/session/opening/upstream.ts';
import { type GovernedWithCollector, pause } from '../kit/governedWithCollector.ts';
import { bump, bumpPrepared, failure, prepare, startWidgets, type Widgets } from '../kit/widgets.ts';
import { errorFields, rowValues, transactionStatus, types } from '../kit/wireClient.ts';

const { query, bind, describe: ask, execute, sync } = serialize;

/** After the approval is on its way: from well before it has an effect to well after. */
const momentsMs = [0, 10, 20, 30, 40, 60, 80, 100, 130, 160, 200, 1_500];

let widgets: Widgets;
let governed: GovernedWithCollector;

beforeAll(async () => {
  widgets = await startWidgets();
  governed = widgets.governed;
});
afterEach(() => widgets.closeClients());
afterAll(() => widgets?.stop());

/** A CancelRequest, as libpq sends it; resolves when the port has closed the connection. */
function cancel(port: number, processId: number, secret: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = openSocket(port, '127.0.0.1', () => socket.end(serialize.cancel(processId, secret)));
    socket.resume().on('close', () => resolve());
  });
}

describe('an approved statement', () => {
  it('runs once as a simple query, and the client is told what it waits for', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connect();
    client.send(query(bump(id)));
    const request = await widgets.held(id);
    const [notice] = await client.until('N');
    expect(errorFields(notice)).toMatchObject({ S: 'NOTICE', C: '01P02' });
    expect(JSON.parse(errorFields(notice)['D'] ?? '')).toEqual({ request: request.id });
    expect(client.pending).toEqual([]);
    await governed.review(request.id, 'approve');
    expect(types(await client.until('Z'))).toBe('CZ');
    expect(await widgets.stock(id)).toBe(1);
    expect(await widgets.stateOf(request.id)).toBe('used');
  });

  it('runs once with bind values, and its request shows them', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connectPg();
    const running = client.query(bumpPrepared(id), [7]);
    const request = await widgets.held(id);
    expect(request.parameters).toEqual(['7']);
    await governed.review(request.id, 'approve');
    expect((await running).rowCount).toBe(1);
    expect(await widgets.stock(id)).toBe(7);
  });

  it('runs once by postgres.js', async () => {
    const id = widgets.newWidget();
    const sql = postgres(governed.url(), { max: 1, onnotice: () => undefined });
    widgets.onClose(() => sql.end({ timeout: 1 }));
    const running =
      sql`UPDATE widgets SET stock = stock + ${3}, label = ${'p.js'} WHERE id = ${id}`.execute();
    const request = await governed.openRequest('label = $2');
    expect(request.parameters).toEqual(['3', 'p.js', String(id)]);
    await governed.review(request.id, 'approve');
    expect((await running).count).toBe(1);
    expect(await widgets.stock(id)).toBe(3);
  });

  it('needs an approval for each run of a named prepared statement', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connectPg();
    const seen: string[] = [];
    for (const run of [1, 2]) {
      const running = client.query({ name: 'bump', text: bumpPrepared(id), values: [1] });
      const request = await governed.openRequest(`id = ${id}`);
      seen.push(request.id);
      expect(await widgets.stock(id)).toBe(run - 1);
      await governed.review(request.id, 'approve');
      await running;
      expect(await widgets.stock(id)).toBe(run);
    }
    expect(new Set(seen).size).toBe(2);
  });

  it('holds up what is behind it in a pipeline, not what is before it, and order is kept', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connect();
    const run = (text: string) =>
      Buffer.concat([prepare(text), bind(), ask({ type: 'P', name: '' }), execute()]);
    client.send(run(`SELECT stock FROM widgets WHERE id = ${id}`), run(bump(id)));
    client.send(run(`SELECT stock AS after FROM widgets WHERE id = ${id}`), sync());
    const request = await widgets.held(id);
    // Before it: answered. Its own Parse is as well, for it runs nothing.
    expect(types(await client.until('N'))).toBe('12TDC1N');
    expect(client.pending).toEqual([]);
    await governed.review(request.id, 'approve');
    const rest = await client.until('Z');
    expect(types(rest)).toBe('2nC12TDCZ');
    expect(rest.filter(({ type }) => type === 'D').map(rowValues)).toEqual([['1']]);
  });

  it('is a text of several statements as one', async () => {
    const [one, two] = [widgets.newWidget(), widgets.newWidget()];
    const client = await widgets.connectPg();
    const running = client.query(`SELECT 1; ${bump(one)}; ${bump(two)}`);
    const request = await widgets.held(two);
    expect(request.text).toContain(bump(one));
    expect(await widgets.stock(one)).toBe(0);
    await governed.review(request.id, 'approve');
    await running;
    expect([await widgets.stock(one), await widgets.stock(two)]).toEqual([1, 1]);
  });

  it('may be COPY FROM STDIN: not a row goes in before', async () => {
    const client = await widgets.connect();
    client.send(query('COPY widgets (id, label) FROM STDIN'));
    const request = await governed.openRequest('COPY widgets');
    expect(types(await client.until('N'))).toBe('N');
    await governed.review(request.id, 'approve');
    await client.until('G');
    client.send(serialize.copyData(Buffer.from('1001\tcopied\n')), serialize.copyDone());
    expect(types(await client.until('Z'))).toBe('CZ');
    expect(await governed.look('SELECT label FROM widgets WHERE id = 1001')).toEqual([{ label: 'copied' }]);
  });

  it('may be EXECUTE of a statement prepared by SQL, whose text the reviewer sees', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connectPg();
    const preparing = client.query(`PREPARE by_sql (int) AS ${bumpPrepared(id)}`);
    const early = await Promise.race([
      preparing.then(() => undefined),
      governed.openRequest('PREPARE by_sql'),
    ]);
    if (early !== undefined) await governed.review(early.id, 'approve');
    await preparing;
    const running = client.query('EXECUTE by_sql(5)');
    const request = await widgets.held(id, 'EXECUTE by_sql(5)');
    expect(request.text).toContain(bumpPrepared(id));
    await governed.review(request.id, 'approve');
    await running;
    expect(await widgets.stock(id)).toBe(5);
  });

  it('names its request and who approved it in the journal', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connectPg();
    const running = client.query(bump(id));
    const request = await widgets.held(id);
    await governed.review(request.id, 'approve');
    await running;
    const intents = (await governed.events()).filter((event) => event.kind === 'intent');
    expect(intents.map(({ decision }) => decision.approval)).toContainEqual({
      request: request.id,
      by: ['reviewer@example.com'],
    });
  });

  it('waits with more than a megabyte sent behind it, and all of that runs after it', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connect();
    const behind = Buffer.concat(
      Array.from({ length: 32 }, () => query(`SELECT 1 /* ${'x'.repeat(40_000)} */`)),
    );
    client.send(query(bump(id)), behind);
    const request = await widgets.held(id);
    await pause(200);
    expect(types(client.pending)).toBe('N');
    await governed.review(request.id, 'approve');
    expect(types(await client.until('Z', 33))).toBe(`NCZ${'TDCZ'.repeat(32)}`);
    expect(await widgets.stock(id)).toBe(1);
  });
});

describe('what is not approved', () => {
  it('does not run when denied: the error says by whom and why, and the refusal is recorded', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connectPg();
    const running = failure(client.query(bump(id)));
    const request = await widgets.held(id);
    await governed.review(request.id, 'deny', 'Not on a Friday.');
    const error = await running;
    expect(error).toMatchObject({ code: '42501', severity: 'ERROR' });
    expect(error.message).toContain('reviewer@example.com');
    expect(error.detail).toContain('Not on a Friday.');
    expect(await widgets.stock(id)).toBe(0);
    const refusals = (await governed.events()).filter((event) => event.kind === 'refusal');
    expect(refusals.at(-1)?.reason).toMatchObject({ code: 'APPROVAL_DENIED', sqlState: '42501' });
  });

  it.each(['simple', 'extended'])('leaves the transaction aborted when denied (%s)', async (protocol) => {
    const [id, other] = [widgets.newWidget(), widgets.newWidget()];
    const client = await widgets.connect();
    await client.query('BEGIN');
    if (protocol === 'simple') client.send(query(bump(id)));
    else client.send(prepare(bump(id)), bind(), execute(), prepare(bump(other)), bind(), execute(), sync());
    const request = await widgets.held(id);
    await governed.review(request.id, 'deny');
    const answer = await client.until('Z');
    expect(types(answer)).toBe(protocol === 'simple' ? 'NEZ' : '1NEZ');
    expect(transactionStatus(answer)).toBe('E');
    expect(errorFields((await client.query('SELECT 1'))[0])['C']).toBe('25P02');
    expect(transactionStatus(await client.query('ROLLBACK'))).toBe('I');
    expect([await widgets.stock(id), await widgets.stock(other)]).toEqual([0, 0]);
    expect((await governed.requests()).filter(({ text }) => text.includes(`id = ${other}`))).toEqual([]);
  });

  it('does not run when withdrawn, nor when its request expires', async () => {
    const [withdrawn, expired] = [widgets.newWidget(), widgets.newWidget()];
    const [one, two] = [await widgets.connectPg(), await widgets.connectPg()];
    const running = [failure(one.query(bump(withdrawn))), failure(two.query(bump(expired)))];
    const late = await widgets.held(expired);
    await governed.look(`UPDATE portcullis.requests SET expires_at = now() WHERE id = '${late.id}'`, 'store');
    await governed.withdraw((await widgets.held(withdrawn)).id);
    for (const error of await Promise.all(running)) expect(error.code).toBe('42501');
    expect((await running[0])?.message).toContain('was withdrawn');
    expect((await running[1])?.message).toContain('expired');
    expect([await widgets.stock(withdrawn), await widgets.stock(expired)]).toEqual([0, 0]);
  });

  it('does not run when cancelled by CancelRequest: 57014, and its request is withdrawn', async () => {
    const id = widgets.newWidget();
    const upstream = await connectUpstream({ url: governed.url(), settings: new Map(), timeoutMs: 10_000 });
    widgets.onClose(() => upstream.socket.destroy());
    let answer = '';
    upstream.socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    upstream.socket.resume();
    upstream.socket.write(query(bump(id)));
    const request = await widgets.held(id);
    const { port, processId, secret } = upstream.key;
    await cancel(port, processId, secret as never);
    await expect.poll(() => answer).toContain('57014');
    expect(await widgets.stateOf(request.id)).toBe('withdrawn');
    upstream.socket.write(query('SELECT 4711'));
    await expect.poll(() => answer).toContain('4711');
    expect(await widgets.stock(id)).toBe(0);
  });

  it('runs once or not at all, as its client is told, where it is cancelled while it is approved', async () => {
    const told: string[] = [];
    for (const ms of momentsMs) {
      const id = widgets.newWidget();
      const client = await widgets.connectPg();
      const running = client.query(bump(id)).then(
        () => 1,
        () => 0,
      );
      const request = await widgets.held(id);
      const { processID, secretKey } = client as unknown as { processID: number; secretKey: number };
      const approving = governed.review(request.id, 'approve').catch(() => undefined);
      await pause(ms);
      await cancel(Number(new URL(governed.url()).port), processID, secretKey);
      const answer = await running;
      await approving;
      expect(await widgets.stock(id)).toBe(answer);
      told.push(answer === 1 ? 'ran' : 'cancelled');
    }
    expect(new Set(told)).toEqual(new Set(['cancelled', 'ran']));
  });

  it('runs once or not at all where its client dies while it is approved', async () => {
    for (const ms of momentsMs) {
      const id = widgets.newWidget();
      const client = await widgets.connect();
      client.send(query(bump(id)));
      const request = await widgets.held(id);
      const approving = governed.review(request.id, 'approve');
      await pause(ms);
      client.close();
      await approving;
      await pause(150);
      const ran = await widgets.stock(id);
      expect([0, 1]).toContain(ran);
      if (ran === 1) expect(await widgets.stateOf(request.id)).toBe('used');
    }
  });

  it('does not wait with more behind it than is kept: its client could leave unnoticed', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connect();
    client.send(query(bump(id)));
    const request = await widgets.held(id);
    const megabyte = query(`SELECT 1 /* ${'x'.repeat(1024 * 1024)} */`);
    client.send(...Array.from({ length: 17 }, () => megabyte));
    const answer = await client.until('Z', 18, 20_000);
    expect(types(answer)).toBe(`NEZ${'TDCZ'.repeat(17)}`);
    expect(errorFields(answer[1])).toMatchObject({
      C: '57014',
      M: expect.stringContaining('too much was sent'),
    });
    client.close();
    await governed.review(request.id, 'approve');
    await pause(200);
    expect(await widgets.stock(id)).toBe(0);
  });

  it('is the first of its pipeline to fail: what waits behind a failed statement waits for nobody', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connect();
    client.send(prepare('SELECT 1 / (stock - stock) FROM widgets'), bind(), execute());
    client.send(prepare(bump(id)), bind(), execute(), sync());
    const answer = await client.until('Z', 1, 5_000);
    expect(types(answer).replace('N', '')).toMatch(/^12E(1?)Z$|^121?EZ$/);
    await pause(200);
    const open = (await governed.requests()).filter(
      ({ state, text }) => state === 'open' && text.includes(`id = ${id}`),
    );
    expect(open).toEqual([]);
    expect(await widgets.stock(id)).toBe(0);
  });

  it('is a function called by the fast path: nobody can review it, and it is refused', async () => {
    const client = await widgets.connect();
    const [row] = await governed.look<{ oid: number }>("SELECT 'pg_sleep'::regproc::oid::int AS oid");
    const call = Buffer.alloc(1 + 4 + 4 + 2 + 2 + 4 + 8 + 2);
    call.write('F');
    call.writeInt32BE(call.length - 1, 1);
    call.writeInt32BE(row?.oid ?? 0, 5);
    call.writeInt16BE(0, 9);
    call.writeInt16BE(1, 11);
    call.writeInt32BE(8, 13);
    call.write('00000.01', 17);
    client.send(call);
    const answer = await client.until('Z');
    expect(types(answer)).toBe('EZ');
    expect(errorFields(answer[0])['C']).toBe('42501');
  });
});
