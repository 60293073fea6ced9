/** Promises of the journal after a crash: every whole line stays, the torn rest is kept aside, damage is refused. */
import { once } from 'node:events';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { makeIntent } from '../events.ts';
import {
  bytesOf,
  collect,
  makeFolder,
  makeRandom,
  open,
  readAll,
  segmentsOf,
  startChild,
} from '../fixtures.ts';

const first = '00000001.jsonl';

/** A folder with a closed journal; answers its path and the bytes of its last segment. */
async function makeJournal(
  statements: number,
  segmentBytes?: number,
): Promise<{ folder: string; last: string }> {
  const folder = makeFolder();
  const journal = await open(folder, segmentBytes === undefined ? {} : { segmentBytes });
  for (let i = 0; i < statements; i += 1) {
    journal.intent(makeIntent(`SELECT ${i} -- ${'é'.repeat(i % 40)}`));
    if (segmentBytes !== undefined) await journal.sync();
  }
  await journal.close();
  return { folder, last: join(folder, segmentsOf(folder).at(-1) ?? '') };
}

const tornFiles = (folder: string): string[] => readdirSync(folder).filter((name) => name.endsWith('.torn'));

test('wherever the last segment is cut, every whole line is recovered, the rest is kept aside and numbers go on', async () => {
  const { folder, last } = await makeJournal(12, 3000);
  const bytes = readFileSync(last);
  const earlier = bytesOf(folder).split('\n').length - 1 - bytes.toString().split('\n').length + 1;
  const seed = Date.now() % 100_000;
  const random = makeRandom(seed);
  const cuts = [
    0,
    1,
    bytes.length - 1,
    bytes.length,
    ...Array.from({ length: 40 }, () => random() * bytes.length),
  ];
  for (const cut of cuts.map(Math.floor)) {
    const copy = makeFolder();
    for (const name of segmentsOf(folder)) copyFileSync(join(folder, name), join(copy, name));
    writeFileSync(last.replace(folder, copy), bytes.subarray(0, cut));
    const wholeLines = bytes.subarray(0, cut).toString('latin1').split('\n').length - 1;
    const restLength = cut - (bytes.subarray(0, cut).lastIndexOf(10) + 1);
    // Of a run that was cut off, what came of each statement is recorded as unknown.
    const left = bytesOf(copy).slice(0, bytesOf(copy).lastIndexOf('\n') + 1);
    const unended = left.includes('"kind":"stopped"') ? 0 : left.split('"kind":"intent"').length - 1;
    const journal = await open(copy);
    const lastSeq = earlier + wholeLines + 1 + unended;
    expect({ seed, cut, lastSeq: journal.lastSeq }).toEqual({ seed, cut, lastSeq });
    await journal.close();
    const events = await readAll(copy);
    expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
    const torn = tornFiles(copy);
    expect(torn).toHaveLength(restLength > 0 ? 1 : 0);
    if (restLength === 0) continue;
    expect(readFileSync(join(copy, torn[0] ?? ''))).toEqual(bytes.subarray(cut - restLength, cut));
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: 'started',
        torn: expect.objectContaining({ bytes: restLength, file: torn[0] }),
      }),
    );
  }
});

test('zeros, garbage and a broken last line at the end are a torn tail', async () => {
  const tails = [
    Buffer.alloc(5000),
    Buffer.from('\n\n'),
    Buffer.from('{"at":\n'),
    Buffer.from([0xff, 0xfe, 10, 10, 0x80]),
  ];
  for (const tail of tails) {
    const { folder, last } = await makeJournal(3);
    const whole = readFileSync(last);
    writeFileSync(last, tail, { flag: 'a' });
    const journal = await open(folder);
    expect(journal.lastSeq).toBe(6);
    await journal.close();
    expect(readFileSync(last).subarray(0, whole.length)).toEqual(whole);
    expect(readFileSync(join(folder, tornFiles(folder)[0] ?? ''))).toEqual(tail);
  }
});

test('two crashes in the same place keep both torn tails', async () => {
  const { folder, last } = await makeJournal(1);
  const whole = readFileSync(last);
  for (const tail of ['one', 'two']) {
    writeFileSync(last, Buffer.concat([whole, Buffer.from(tail)]));
    await (await open(folder)).close();
  }
  expect(
    tornFiles(folder)
      .map((name) => readFileSync(join(folder, name), 'utf8'))
      .sort(),
  ).toEqual(['one', 'two']);
});

test('a next segment that a crash left empty or torn from its start is no obstacle', async () => {
  for (const content of ['', '{"at"']) {
    const { folder } = await makeJournal(2);
    writeFileSync(join(folder, '00000002.jsonl'), content);
    writeFileSync(join(folder, '00000003.jsonl.new'), 'unfinished');
    const journal = await open(folder);
    expect(journal.lastSeq).toBe(5);
    await journal.close();
    expect(segmentsOf(folder)).toEqual([first]);
    expect(tornFiles(folder)).toHaveLength(content === '' ? 1 : 2);
  }
});

interface Damage {
  readonly what: string;
  readonly change: (folder: string) => void;
  readonly says: string;
}

function editLines(folder: string, name: string, edit: (lines: string[]) => void): void {
  const lines = readFileSync(join(folder, name), 'utf8').split('\n');
  edit(lines);
  writeFileSync(join(folder, name), lines.join('\n'));
}

const third = '00000003.jsonl';

const damages: readonly Damage[] = [
  {
    what: 'a garbled line with events after it',
    change: (folder) => editLines(folder, third, (lines) => lines.splice(0, 1, '{garbled')),
    says: `${third}, line 1: this is not an event, and events follow it`,
  },
  {
    what: 'a removed line',
    change: (folder) => editLines(folder, third, (lines) => lines.splice(1, 1)),
    says: `${third}, line 2: event`,
  },
  {
    what: 'two lines that changed places',
    change: (folder) =>
      editLines(folder, third, (lines) => lines.splice(0, 2, lines[1] ?? '', lines[0] ?? '')),
    says: `${third}, line 2: event`,
  },
  {
    what: 'a line that stands twice',
    change: (folder) => editLines(folder, third, (lines) => lines.splice(1, 0, lines[0] ?? '')),
    says: `${third}, line 2: event`,
  },
  {
    what: 'a missing segment in the middle',
    change: (folder) => rmSync(join(folder, '00000002.jsonl')),
    says: '00000002.jsonl, line 1: the file is missing',
  },
  {
    what: 'a missing first segment',
    change: (folder) => rmSync(join(folder, first)),
    says: `${first}, line 1: the file is missing`,
  },
  {
    what: 'an earlier segment without its last line',
    change: (folder) => editLines(folder, '00000002.jsonl', (lines) => lines.splice(-2, 1)),
    says: `${third}, line 1: event`,
  },
  {
    what: 'an earlier segment that is cut within a line',
    change: (folder) => {
      const path = join(folder, '00000002.jsonl');
      writeFileSync(path, readFileSync(path).subarray(0, -5));
    },
    says: '00000002.jsonl, line',
  },
  {
    what: 'an earlier segment that was emptied',
    change: (folder) => writeFileSync(join(folder, first), ''),
    says: `${first}, line 1: this is not an event`,
  },
  {
    what: 'a journal whose first events were removed',
    change: (folder) => editLines(folder, first, (lines) => lines.splice(0, 2)),
    says: `${first}, line 1: event 1 should stand here, not 3`,
  },
];

test.each(damages)(
  '$what is refused at the start and by the reader, and nothing is changed',
  async ({ change, says }) => {
    const { folder } = await makeJournal(14, 2500);
    expect(segmentsOf(folder).length).toBeGreaterThanOrEqual(3);
    for (const name of segmentsOf(folder).slice(3)) rmSync(join(folder, name));
    expect((await readAll(folder)).length).toBeGreaterThan(8);
    change(folder);
    const before = bytesOf(folder);
    await expect(open(folder)).rejects.toMatchObject({
      code: 'JOURNAL_DAMAGED',
      message: expect.stringContaining(says),
    });
    await expect(readAll(folder)).rejects.toMatchObject({ code: 'JOURNAL_DAMAGED' });
    expect(bytesOf(folder)).toBe(before);
    expect(readdirSync(folder)).not.toContain('journal.lock');
  },
);

test('a line changed in an earlier segment is found by the reader, which reads every line', async () => {
  const { folder } = await makeJournal(14, 2500);
  editLines(folder, '00000002.jsonl', (lines) => lines.splice(1, 1, '{}'));
  await expect(readAll(folder)).rejects.toThrow('00000002.jsonl, line 2: this is not an event');
});

test('after kill -9 at any moment, twenty times, every statement that was let through is in the journal', async () => {
  const folder = makeFolder();
  const random = makeRandom(7);
  const printed: number[] = [];
  for (let kill = 0; kill < 20; kill += 1) {
    const child = startChild('recordingChild.ts', folder);
    const output = collect(child);
    await once(child.stdout, 'data');
    await sleep(random() * 120);
    child.kill('SIGKILL');
    const seqs = (await output).split('\n').slice(0, -1).map(Number);
    expect(seqs.length).toBeGreaterThan(0);
    expect(seqs[0]).toBeGreaterThan(printed.at(-1) ?? 0);
    printed.push(...seqs);
  }
  const journal = await open(folder);
  await journal.close();
  const events = await readAll(folder);
  expect(events.map((event) => event.seq)).toEqual(events.map((_, index) => index + 1));
  const intents = new Set(events.flatMap((event) => (event.kind === 'intent' ? event.seq : [])));
  expect(printed.filter((seq) => !intents.has(seq))).toEqual([]);
  expect(events.filter((event) => event.kind === 'started')).toHaveLength(21);
  expect(segmentsOf(folder).length).toBeGreaterThan(1);
}, 120_000);
