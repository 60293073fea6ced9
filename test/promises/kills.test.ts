/**
 * Events at the collector equal statements at the server plus refusals, whatever is killed and when: proxies, collectors,
 * their store and the governed database, in random order, under load. 40 times here, 1,000 times by `npm run test:kills`.
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../proxy/audit/events.ts';
import { Random } from '../kit/random.ts';
import { compare, type Held } from './kills/compare.ts';
import { checkRoot, exportBundles, findDifferences, readBooks, verify } from './kills/evidence.ts';
import { type Ground, startGround } from './kills/ground.ts';
import { Load } from './kills/load.ts';
import { readServerLog } from './kills/serverLog.ts';

const kills = Number(process.env['PORTCULLIS_KILLS'] ?? 40);
const seed = Number(process.env['PORTCULLIS_SEED'] ?? 1);
const clientsPerProxy = 3;

let ground: Ground;

beforeAll(async () => {
  ground = await startGround();
}, 120_000);
afterAll(() => ground?.stop());

describe('kill -9 of everything, under load', () => {
  it(
    `loses no event and doubles none, ${kills} times`,
    async () => {
      const random = new Random(seed);
      const load = new Load(random);
      await ground.serving();
      for (const proxy of ground.proxies) {
        for (let i = 0; i < clientsPerProxy; i++) {
          load.addClient(`${proxy.name.replace(' ', '')}-${i}`, () => proxy.url('under load'));
        }
      }
      const begun = Date.now();
      for (let kill = 0; kill < kills; kill++) {
        // Most after some work, so that there is something to lose; the others on the heels of the one before.
        if (random.below(5) > 0) await load.more(1 + random.below(20));
        await random.pick(ground.parts).kill();
        if (kills > 100 && kill % 50 === 0) progress(kill, begun, load);
      }
      const took = Date.now() - begun;
      await ground.serving();
      await load.stop();
      await ground.settled();

      const { stored, machines } = await readBooks(ground);
      const held: Held[] = machines.map((machine) => {
        const events = stored.proxies.get(machine.id) ?? [];
        expect(findDifferences(machine, events)).toEqual([]);
        return { events, commit: machine.commit };
      });
      expect(stored.proxies.size).toBe(ground.proxies.length);
      const { figures, problems } = compare(held, load.sent, readServerLog(ground.target.log()));
      report({
        kills: tally(ground.parts.map(({ kind, kills: count }) => [kind, count])),
        whileStarting: tally(ground.parts.map(({ kind, killsWhileStarting }) => [kind, killsWhileStarting])),
        seconds: Math.round(took / 1000),
        sessions: load.sessions,
        events: stored.count,
        ...figures,
      });
      expect(problems).toEqual([]);
      // Nothing is held that was not compared.
      const kept = held.flatMap(({ events }) => events);
      expect(kept.filter(({ kind }) => kind === 'intent')).toHaveLength(figures.intents);
      const ofStatement = (event: JournalEvent) => event.kind === 'refusal' && event.statement !== undefined;
      expect(kept.filter(ofStatement)).toHaveLength(figures.refusals);
      expect(load.problems).toEqual([]);
      expect(ground.parts.flatMap(({ unexpected }) => unexpected)).toEqual([]);
      expect(figures.atServer).toBeGreaterThan(kills);

      await checkRoot(ground);
      const cutOff = kept.flatMap((event) =>
        event.kind === 'sessionClosed' && event.reason === 'crashed' ? [event.session] : [],
      );
      const notes: string[] = [];
      for (const verification of await exportBundles(ground, stored)) {
        expect(verification).toMatchObject({ integrity: { problems: [] }, completeness: { problems: [] } });
        notes.push(...verification.notes);
      }
      expect(cutOff.filter((session) => !notes.join('\n').includes(session))).toEqual([]);
    },
    90_000 + kills * 10_000,
  );

  it('of the store alone keeps nobody from working: events wait on the machine, and health says so', async () => {
    const release = await ground.store.part.hold();
    const [proxy] = ground.proxies;
    const [collector] = ground.collectors;
    const load = new Load(new Random(seed));
    load.addClient('on', () => proxy?.url('under load'));
    await load.more(100);
    await load.stop();
    const health = await fetch(`${collector?.url}/healthz`);
    expect([health.status, await health.json()]).toMatchObject([
      503,
      { detail: expect.stringContaining('store cannot be reached') },
    ]);
    proxy?.nudge();
    await until(() => {
      const { problem, waiting = 0 } = proxy?.status?.sync ?? {};
      return problem?.message.includes('store cannot be reached') === true && waiting > 100;
    });
    expect(load.problems).toEqual([]);
    release();
    await ground.settled();
    expect((await fetch(`${collector?.url}/healthz`)).status).toBe(200);
    const { stored, machines } = await readBooks(ground);
    for (const machine of machines) {
      expect(findDifferences(machine, stored.proxies.get(machine.id) ?? [])).toEqual([]);
    }
  }, 120_000);

  it('leaves journals of which everything holds', async () => {
    for (const { home, part } of ground.proxies) {
      await part.stop();
      expect(await verify(home)).toMatchObject({ ok: true, completeness: { problems: [] } });
    }
  }, 60_000);
});

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(50);
}

function tally(counts: readonly (readonly [string, number])[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const [kind, count] of counts) sums[kind] = (sums[kind] ?? 0) + count;
  return sums;
}

function progress(kill: number, begun: number, { answers, sessions }: Load): void {
  report({ kill, seconds: Math.round((Date.now() - begun) / 1000), answers, sessions });
}

/** Figures for whoever runs the long form: on the terminal, past what vitest gathers. */
function report(figures: object): void {
  if (process.env['PORTCULLIS_KILLS'] === undefined) return;
  process.stderr.write(`${JSON.stringify(figures)}\n`);
  const file = process.env['PORTCULLIS_KILLS_REPORT'];
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(figures, null, 1)}\n`);
}
