/** Promises of `portcullis verify` for a journal: what is whole passes, and each thing that is wrong is named. */
import { once } from 'node:events';
import { appendFileSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { canonicalJson } from '../../../proxy/audit/canonicalJson.ts';
import { JournalTree, type TreeHead } from '../../../proxy/audit/journal/journalTree.ts';
import { leafHash, rootOf } from '../../../proxy/audit/log/merkleTree.ts';
import { OpenEnds } from '../../../proxy/audit/verify/openEnds.ts';
import { Findings } from '../../../proxy/audit/verify/verdicts.ts';
import { verifyJournal } from '../../../proxy/audit/verify/verifyJournal.ts';
import { bytesOf, makeFolder, open, readAll, segmentsOf, startChild } from './fixtures.ts';
import { runSession, smallPieces, writeWholeJournal } from './wholeJournal.ts';

async function verdictsOf(folder: string) {
  const { integrity, completeness, notes } = await verifyJournal(folder);
  return {
    integrity: integrity.problems,
    completeness: completeness.problems,
    notes,
    holds: integrity.holds && completeness.holds,
  };
}

async function makeWhole(runs = 2): Promise<string> {
  const folder = makeFolder();
  await writeWholeJournal(folder, { runs });
  return folder;
}

/** Changes the lines of all segments, kept in their files. */
function changeLines(folder: string, change: (lines: string[], name: string) => string[]): void {
  for (const name of segmentsOf(folder)) {
    const lines = readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1);
    writeFileSync(
      join(folder, name),
      change(lines, name)
        .map((line) => `${line}\n`)
        .join(''),
    );
  }
}

test('a journal of several runs and files holds, and says what it does not prove', async () => {
  const folder = await makeWhole(3);
  expect(segmentsOf(folder).length).toBeGreaterThan(2);
  const { integrity, completeness, notProven, notes, subject } = await verifyJournal(folder);
  expect({ integrity, completeness, notes }).toEqual({
    integrity: { holds: true, problems: [], found: 0 },
    completeness: { holds: true, problems: [], found: 0 },
    notes: [],
  });
  expect(subject).toMatch(/^\d+ events \(up to number \d+\) in \d+ files, from 20/);
  expect(notProven.join(' ')).toContain('could have been written anew');
  expect((await readAll(folder)).some(({ kind }) => kind === 'heartbeat')).toBe(true);
});

test('the commitments are roots of RFC 6962 over the lines before them', async () => {
  const folder = await makeWhole();
  const leaves: Buffer[] = [];
  let stretch = '';
  let commitments = 0;
  for (const line of bytesOf(folder).split('\n').slice(0, -1)) {
    const { tree } = JSON.parse(line) as { tree?: TreeHead };
    if (tree !== undefined) {
      if (stretch !== '') leaves.push(leafHash(stretch));
      stretch = '';
      commitments += 1;
      expect(tree.root).toBe(Buffer.from(rootOf(leaves)).toString('hex'));
      expect(tree.size).toBe(leaves.length);
    }
    stretch += `${line}\n`;
  }
  expect(commitments).toBeGreaterThan(6);
});

test('a tree that goes on from its peaks is the tree that never stopped', () => {
  let resumed = new JournalTree();
  const whole = new JournalTree();
  for (let i = 0; i < 70; i += 1) {
    for (const tree of [resumed, whole]) tree.add(Buffer.from(`line ${i}\n`));
    const head = resumed.close();
    expect(head).toEqual(whole.close());
    resumed = new JournalTree(head);
  }
});

test('a changed value is found though the line is well formed, and the stretch is named', async () => {
  const folder = await makeWhole();
  changeLines(folder, (lines) => lines.map((line) => line.replace('"rows":4', '"rows":5')));
  const { integrity, completeness } = await verdictsOf(folder);
  expect(completeness).toEqual([]);
  expect(integrity.length).toBeGreaterThan(0);
  expect(integrity[0]?.message).toMatch(/is not what event \d+ commits to/);
  expect(integrity[0]).toMatchObject({ file: expect.stringMatching(/jsonl$/), byte: expect.any(Number) });
});

test('a removed event is a gap, two that changed places and one that stands twice are out of place', async () => {
  const removed = await makeWhole();
  changeLines(removed, (lines, name) => (name.startsWith('00000002') ? lines.toSpliced(1, 1) : lines));
  expect((await verdictsOf(removed)).completeness.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/^event \d+ is missing before this one$/),
  );
  const swapped = await makeWhole();
  changeLines(swapped, (lines) => [lines[1] ?? '', lines[0] ?? '', ...lines.slice(2)]);
  expect((await verdictsOf(swapped)).integrity.length).toBeGreaterThan(0);
  const doubled = await makeWhole();
  changeLines(doubled, (lines) => lines.flatMap((line, i) => (i === 1 ? [line, line] : [line])));
  expect((await verdictsOf(doubled)).integrity.map(({ message }) => message)).toContainEqual(
    expect.stringMatching(/should stand here/),
  );
});

test('events removed and the rest numbered anew do not fit the commitments', async () => {
  const folder = await makeWhole(1);
  let shift = 0;
  changeLines(folder, (lines) =>
    lines.flatMap((line) => {
      const event = JSON.parse(line);
      if (event.kind === 'refusal' && shift === 0) {
        shift = 1;
        return [];
      }
      return [
        canonicalJson({ ...event, seq: event.seq - shift, ...(event.for && { for: event.for - shift }) }),
      ];
    }),
  );
  const { integrity } = await verdictsOf(folder);
  expect(integrity[0]?.message).toMatch(/commits to/);
});

test('wherever the end is cut off, it shows', async () => {
  const folder = await makeWhole(1);
  const last = segmentsOf(folder).at(-1) ?? '';
  const bytes = readFileSync(join(folder, last));
  for (let cut = 0; cut < bytes.length; cut += 97) {
    writeFileSync(join(folder, last), bytes.subarray(0, cut));
    expect((await verdictsOf(folder)).holds).toBe(false);
  }
  rmSync(join(folder, last));
  expect((await verdictsOf(folder)).completeness.map(({ message }) => message).join('\n')).toContain(
    'journal.head',
  );
});

test('a missing or changed head is named', async () => {
  const folder = await makeWhole(1);
  const head = readFileSync(join(folder, 'journal.head'), 'utf8');
  writeFileSync(join(folder, 'journal.head'), head.replace(/"sha256":"./, '"sha256":"x'));
  expect((await verdictsOf(folder)).integrity).toEqual([
    { file: 'journal.head', message: 'the file does not name a commitment' },
  ]);
  rmSync(join(folder, 'journal.head'));
  expect((await verdictsOf(folder)).completeness[0]).toMatchObject({ file: 'journal.head' });
});

test('an empty folder, an empty file and a missing file are no journal that holds', async () => {
  const folder = makeFolder();
  const empty = await verdictsOf(folder);
  expect([empty.completeness.length, empty.integrity.length]).toEqual([1, 1]);
  writeFileSync(join(folder, '00000001.jsonl'), '');
  expect((await verdictsOf(folder)).holds).toBe(false);
  const whole = await makeWhole();
  rmSync(join(whole, '00000002.jsonl'));
  expect((await verdictsOf(whole)).completeness).toContainEqual({
    file: '00000002.jsonl',
    message: 'the file is missing',
  });
});

test('while the proxy runs, open sessions are no problem; when it was killed they are, until its next start', async () => {
  const folder = makeFolder();
  const child = startChild('sessionChild.ts', folder);
  await once(child.stdout, 'data');
  const running = await verdictsOf(folder);
  expect(running.notes.join(' ')).toContain('still under way');
  expect({ integrity: running.integrity, completeness: running.completeness }).toEqual({
    integrity: [],
    completeness: [],
  });
  child.kill('SIGKILL');
  await once(child, 'close');
  const killed = await verdictsOf(folder);
  expect(killed.integrity).toEqual([]);
  const words = killed.completeness.map(({ message }) => message).join('\n');
  expect(words).toContain('has no end');
  expect(words).toContain('the last run of the proxy has no end');

  const journal = await open(folder);
  await journal.close();
  const after = await verdictsOf(folder);
  expect({ integrity: after.integrity, completeness: after.completeness }).toEqual({
    integrity: [],
    completeness: [],
  });
  const events = await readAll(folder);
  const session = events.find(({ kind }) => kind === 'sessionOpened');
  expect(after.notes.join(' ')).toMatch(
    /was cut off .* closed 1 session \((\w+)\) and \d+ statements? whose end/,
  );
  expect(after.notes.join(' ')).toContain(session?.kind === 'sessionOpened' ? session.session : '?');
  expect(events.filter((event) => event.kind === 'sessionClosed' && event.reason === 'crashed')).toHaveLength(
    1,
  );
  const intents = events.filter(({ kind }) => kind === 'intent').map(({ seq }) => seq);
  const ended = events.flatMap((event) => (event.kind === 'outcome' ? [event.for] : []));
  expect(ended.sort((a, b) => a - b)).toEqual(intents);
});

test('a torn tail that was kept is checked too', async () => {
  const folder = await makeWhole(1);
  const last = join(folder, segmentsOf(folder).at(-1) ?? '');
  appendFileSync(last, '{"at":"2026');
  expect((await verdictsOf(folder)).completeness[0]?.message).toContain('the last line is cut off');
  await (await open(folder)).close();
  const whole = await verdictsOf(folder);
  expect(whole.holds).toBe(true);
  expect(whole.notes.join(' ')).toContain('11 bytes of unfinished lines');
  const [, torn = ''] = /kept in (\S+\.torn)/.exec(whole.notes.join(' ')) ?? [];
  writeFileSync(join(folder, torn), '{"at":"2025');
  expect((await verdictsOf(folder)).integrity[0]).toMatchObject({ file: torn });
  rmSync(join(folder, torn));
  expect((await verdictsOf(folder)).completeness[0]).toMatchObject({ file: torn });
});

test('events that were on the disk and are gone when the proxy starts stay missing for good', async () => {
  const folder = await makeWhole(1);
  const last = join(folder, segmentsOf(folder).at(-1) ?? '');
  const lines = readFileSync(last, 'utf8').split('\n');
  writeFileSync(last, `${lines.slice(0, -3).join('\n')}\n`);
  await (await open(folder)).close();
  expect((await verdictsOf(folder)).completeness.map(({ message }) => message).join('\n')).toMatch(
    /events \d+ to \d+ had been on the disk and were gone when the proxy started/,
  );
});

test('a journal from before there were commitments opens, is told apart, and is covered from then on', async () => {
  const folder = makeFolder();
  // Numbered as the version without heartbeats did.
  const numbers = new Map<number, number>();
  let seq = 0;
  const events = (await readAll(await makeWhole())).filter(({ kind }) => kind !== 'heartbeat');
  const text = events
    .map((event) => {
      seq += 1;
      numbers.set(event.seq, seq);
      const { tree: _tree, awake: _awake, ...older } = event as { tree?: unknown; awake?: unknown };
      const of = 'for' in older ? { for: numbers.get(older.for as number) } : {};
      return `${canonicalJson({ ...older, ...of, seq })}\n`;
    })
    .join('');
  writeFileSync(join(folder, '00000001.jsonl'), text);
  expect((await verdictsOf(folder)).integrity[0]?.message).toContain('of an older version');
  await (await open(folder)).close();
  expect((await verdictsOf(folder)).holds).toBe(true);
  writeFileSync(
    join(folder, '00000001.jsonl'),
    readFileSync(join(folder, '00000001.jsonl'), 'utf8').replace('"rows":1', '"rows":2'),
  );
  expect((await verdictsOf(folder)).integrity).toHaveLength(1);
});

test('a heartbeat follows what was recorded, and an idle proxy lives on with fewer', async () => {
  const folder = makeFolder();
  const journal = await open(folder, { heartbeatMs: 10 });
  const beats = async () => (await readAll(folder)).filter((event) => event.kind === 'heartbeat');
  for (let i = 0; i < 4; i += 1) {
    const before = (await beats()).length;
    await runSession(journal, `session${i}`, 1);
    await expect.poll(async () => (await beats()).length).toBeGreaterThan(before);
  }
  const idleFrom = (await beats()).length;
  await expect.poll(async () => (await beats()).length, { timeout: 5_000 }).toBeGreaterThan(idleFrom + 1);
  await journal.close();
  const [last, before] = (await beats()).reverse();
  expect(last?.seq).toBe((before?.seq ?? 0) + 1);
  expect(last?.awake).toBeGreaterThanOrEqual(80);
  expect((await verdictsOf(folder)).holds).toBe(true);
});

test('silence while the proxy was awake is a problem, a machine that slept is not', async () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 10, 3, 9, minute)).toISOString();
  const problemsOf = (awake: number) => {
    const findings = new Findings();
    const ends = new OpenEnds(findings);
    ends.take({ kind: 'started', at: at(0), seq: 1, pid: 1 }, { event: 1 });
    ends.take({ kind: 'heartbeat', at: at(45), seq: 2, awake }, { event: 2 });
    ends.take({ kind: 'stopped', at: at(46), seq: 3, awake: 60_000 }, { event: 3 });
    ends.end(undefined);
    const { completeness, notes } = findings.verdicts();
    return { problems: completeness.problems, notes };
  };
  expect(problemsOf(45 * 60_000)).toEqual({
    problems: [{ event: 2, message: expect.stringContaining('no heartbeat for 45 min') }],
    notes: [],
  });
  expect(problemsOf(60_000)).toEqual({
    problems: [],
    notes: [expect.stringContaining('The machine slept, or its clock was set, for 44 min')],
  });
});

test('a clock that was set back is told', () => {
  const findings = new Findings();
  const ends = new OpenEnds(findings);
  ends.take({ kind: 'started', at: '2026-11-03T09:00:00.000Z', seq: 1, pid: 1 }, {});
  ends.take({ kind: 'stopped', at: '2026-11-03T08:00:00.000Z', seq: 2, awake: 1 }, {});
  expect(findings.verdicts().notes).toEqual([
    expect.stringContaining('clock was set back by 60 min before event 2'),
  ]);
});

test('what the collector has acknowledged and the journal does not hold is missing', async () => {
  const data = makeFolder();
  const folder = join(data, 'journal');
  mkdirSync(folder);
  await writeWholeJournal(folder, { runs: 1 });
  const { length } = await readAll(folder);
  writeFileSync(join(data, 'sync.json'), JSON.stringify({ acknowledged: length }));
  expect((await verdictsOf(folder)).holds).toBe(true);
  writeFileSync(join(data, 'sync.json'), JSON.stringify({ acknowledged: length + 1 }));
  expect((await verdictsOf(folder)).completeness[0]?.message).toContain('the collector has acknowledged');
});

test('commitments go on over restarts without reading what is sealed', async () => {
  const folder = await makeWhole(1);
  const before = segmentsOf(folder);
  const copy = makeFolder();
  cpSync(folder, copy, { recursive: true });
  const journal = await open(copy, smallPieces);
  await runSession(journal, 'later', 3);
  await journal.close();
  expect((await verdictsOf(copy)).holds).toBe(true);
  for (const name of before.slice(0, -1)) {
    expect(statSync(join(copy, name)).size).toBe(statSync(join(folder, name)).size);
  }
});
