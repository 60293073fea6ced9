/** What the policy forbids from now on does not run from now on: however long ago it was prepared, bound, or approved (G09). */
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { serialize } from 'pg-protocol';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { followPolicy } from '../../proxy/policy/live/followPolicy.ts';
import type { LivePolicy } from '../../proxy/policy/live/livePolicy.ts';
import { type Governed, startGoverned } from '../kit/governed.ts';
import { bump, prepare, startWidgets, type Widgets } from '../kit/widgets.ts';
import { errorFields, transactionStatus, types, WireClient } from '../kit/wireClient.ts';

const { query, bind, execute, sync } = serialize;
const pack = join(import.meta.dirname, '../../proxy/policy/pack');
const insert = "INSERT INTO orders (id, status) VALUES (5000, 'new')";
const noInserts = `@id("freeze") @message("Nothing is added today.")
forbid (principal, action in [Action::"insert", Action::"update"], resource);\n`;

/** A copy of the default policy that is followed, as `--policy DIR` is; answers how to change it. */
function followCopy(policy: LivePolicy) {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-policy-'));
  cpSync(pack, folder, { recursive: true });
  const stop = followPolicy({
    directory: folder,
    version: policy.version,
    take: (texts) => policy.take(texts),
    onProblem: () => undefined,
  });
  const until = async (isChanged: (version: string) => boolean) => {
    const start = Date.now();
    while (!isChanged(policy.version)) {
      if (Date.now() - start > 2_000) throw new Error('it did not take effect within two seconds');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const original = policy.version;
  return {
    tighten: () => {
      writeFileSync(join(folder, 'freeze.cedar'), noInserts);
      return until((version) => version !== original);
    },
    loosen: () => {
      rmSync(join(folder, 'freeze.cedar'), { force: true });
      return until((version) => version === original);
    },
    stop: async () => {
      await stop();
      rmSync(folder, { recursive: true });
    },
  };
}

describe('a statement that is forbidden after it was prepared', () => {
  let governed: Governed;
  let policy: ReturnType<typeof followCopy>;
  let client: WireClient;
  let direct: Client;

  beforeAll(async () => {
    governed = await startGoverned({ environment: 'development' });
    policy = followCopy(governed.proxy.policy);
    direct = new Client(governed.direct());
    await direct.connect();
  });
  afterAll(async () => {
    await direct?.end();
    await policy?.stop();
    await governed?.stop();
  });
  beforeEach(async () => {
    client = await WireClient.connect(governed.url());
  });
  afterEach(async () => {
    client.close();
    await policy.loosen();
    await direct.query('DELETE FROM orders WHERE id = 5000');
  });

  const rows = async () => (await direct.query('SELECT * FROM orders WHERE id = 5000')).rows.length;

  async function expectRefused(): Promise<void> {
    const seen = await client.until('Z');
    const error = errorFields(seen.find(({ type }) => type === 'E'));
    expect(error).toMatchObject({ C: '42501' });
    expect(error['D']).toContain('Nothing is added today. Policy: freeze.');
    expect(await rows()).toBe(0);
  }

  it('is refused at Execute, between whose Parse and Bind and it the policy changed', async () => {
    client.send(prepare(insert, 's'), bind({ portal: 'p', statement: 's' }), serialize.flush());
    expect(types(await client.until('2'))).toBe('12');
    await policy.tighten();
    client.send(execute({ portal: 'p' }), sync());
    await expectRefused();
  });

  it('is refused at the next Bind and Execute of a statement that has run before', async () => {
    client.send(prepare(insert, 's'), bind({ statement: 's' }), execute({}), sync());
    expect(types(await client.until('Z'))).toBe('12CZ');
    await direct.query('DELETE FROM orders WHERE id = 5000');
    await policy.tighten();
    client.send(bind({ statement: 's' }), execute({}), sync());
    await expectRefused();
  });

  it('is refused as a text that was judged before', async () => {
    expect(types(await client.query(insert))).toBe('CZ');
    await direct.query('DELETE FROM orders WHERE id = 5000');
    await policy.tighten();
    client.send(query(insert));
    await expectRefused();
  });

  it('is refused at EXECUTE of what SQL has prepared', async () => {
    expect(types(await client.query(`PREPARE add AS ${insert}`))).toBe('CZ');
    await policy.tighten();
    client.send(query('EXECUTE add'));
    await expectRefused();
  });

  it('is refused within a transaction, which then is as after any error', async () => {
    expect(types(await client.query('BEGIN'))).toBe('CZ');
    await policy.tighten();
    client.send(query(insert));
    const seen = await client.until('Z');
    expect([types(seen), transactionStatus(seen)]).toEqual(['EZ', 'E']);
    await client.query('COMMIT');
    expect(await rows()).toBe(0);
  });

  it('runs again in the same session once the policy allows it again', async () => {
    client.send(prepare(insert, 's'), sync());
    await client.until('Z');
    await policy.tighten();
    client.send(bind({ statement: 's' }), execute({}), sync());
    await expectRefused();
    await policy.loosen();
    client.send(bind({ statement: 's' }), execute({}), sync());
    expect(types(await client.until('Z'))).toBe('2CZ');
    expect(await rows()).toBe(1);
  });

  it('is recorded with the version of the policy that refused, or let it run', async () => {
    const before = governed.proxy.policy.version;
    await client.query(insert);
    await policy.tighten();
    const now = governed.proxy.policy.version;
    await client.query('SELECT 1 AS after_the_change');
    const versions = (await governed.events()).flatMap((event) =>
      event.kind === 'intent' ? [[event.statement.text, event.decision.version]] : [],
    );
    expect(versions.slice(-2)).toEqual([
      [expect.stringContaining('INSERT INTO orders'), before],
      [expect.stringContaining('after_the_change'), now],
    ]);
  });
});

describe('a statement that is forbidden while it waits for a reviewer', () => {
  let widgets: Widgets;
  let policy: ReturnType<typeof followCopy>;

  beforeAll(async () => {
    widgets = await startWidgets();
    policy = followCopy(widgets.governed.proxy.policy);
  });
  afterAll(async () => {
    await policy?.stop();
    await widgets?.stop();
  });

  it('is judged again, and does not run although it was approved', async () => {
    const id = widgets.newWidget();
    const client = await widgets.connect();
    client.send(query(bump(id)));
    const request = await widgets.held(id);
    await policy.tighten();
    await widgets.governed.review(request.id, 'approve');
    const seen = await client.until('Z');
    expect(errorFields(seen.find(({ type }) => type === 'E'))).toMatchObject({
      C: '42501',
      D: expect.stringContaining('Nothing is added today.'),
    });
    expect(await widgets.stock(id)).toBe(0);
  });
});
