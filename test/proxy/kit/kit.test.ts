/** Promises of the small tools in proxy/kit: clock, ids, log. */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { isoNow, monotonicMicros } from '../../../proxy/kit/clock.ts';
import { isSessionId, newSessionId } from '../../../proxy/kit/ids.ts';
import { createLog, type LogLevel, logLevels } from '../../../proxy/kit/log.ts';

test('isoNow is the wall clock in RFC 3339, UTC, milliseconds, and moves on', async () => {
  const before = Date.now();
  const text = isoNow();
  const after = Date.now();
  expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(Date.parse(text)).toBeGreaterThanOrEqual(before);
  expect(Date.parse(text)).toBeLessThanOrEqual(after);
  await sleep(5);
  expect(isoNow() > text).toBe(true);
});

test('monotonicMicros counts whole microseconds', async () => {
  const before = monotonicMicros();
  await sleep(20);
  const passed = monotonicMicros() - before;
  expect(Number.isInteger(before)).toBe(true);
  expect(passed).toBeGreaterThan(15_000);
  expect(passed).toBeLessThan(5_000_000);
});

test('session ids carry 128 random bits and are recognised by their form', () => {
  const ids = new Set(Array.from({ length: 10_000 }, newSessionId));
  expect(ids.size).toBe(10_000);
  for (const id of ids) expect(isSessionId(id)).toBe(true);
  // Every one of the 26 places varies: no part of an id is constant.
  for (let place = 0; place < 26; place += 1) {
    expect(new Set([...ids].map((id) => id[place])).size).toBe(place === 25 ? 8 : 32);
  }
  expect(isSessionId('')).toBe(false);
  expect(isSessionId('A'.repeat(26))).toBe(false);
  expect(isSessionId('b'.repeat(26))).toBe(false);
});

function linesAt(level: LogLevel): string[] {
  const lines: string[] = [];
  const log = createLog(level, (line) => lines.push(line));
  log.debug('one');
  log.info('two');
  log.warn('three', new Error('because'));
  log.error('four');
  return lines.map((line) => line.replace(/^\S+ /, ''));
}

test('a log writes its level and what is worse', () => {
  expect(linesAt('info')).toEqual(['info  two\n', 'warn  three: because\n', 'error four\n']);
  expect(linesAt('silent')).toEqual([]);
  expect(linesAt('debug')).toHaveLength(4);
  expect(logLevels).toContain('silent');
});

test('a message cannot forge a second line or move the cursor', () => {
  const lines: string[] = [];
  createLog('info', (line) => lines.push(line))
    .named('session')
    .named('a')
    .info('x\n2026 error\u001b[2J\r\u0085');
  expect(lines[0]?.replace(/^\S+ /, '')).toBe('info  session: a: x\\n2026 error\\u001b[2J\\u000d\\u0085\n');
});

test('a log goes to standard error, and a closed standard error does not stop the process', () => {
  const url = new URL('../../../proxy/kit/log.ts', import.meta.url).href;
  const script = `import { createLog } from '${url}'; createLog('info').info('hello'); process.stdout.write('alive');`;
  const run = (command: string): { stdout: string; stderr: string } =>
    spawnSync('sh', ['-c', command], { encoding: 'utf8', env: { ...process.env, SCRIPT: script } });
  const node = `"${process.execPath}" --import tsx --input-type=module -e "$SCRIPT"`;
  const open = run(node);
  expect(open.stderr).toMatch(/^\S+ info {2}hello\n$/);
  expect(open.stdout).toBe('alive');
  expect(run(`${node} 2>&-`).stdout).toBe('alive');
});
