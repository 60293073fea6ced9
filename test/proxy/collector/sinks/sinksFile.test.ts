/** Promises about the file of --sinks: what is not understood is refused, with its place, and secrets stay out of it. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { afterAll, describe, expect, it } from 'vitest';
import { readSinksFile } from '../../../../proxy/collector/sinks/sinksFile.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-sinks-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const path = join(folder, 'sinks.yaml');
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const env = { SECRET: secret, TOKEN: 'Bearer abc', SHORT: 'whsec_c2hvcnQ=', NEWLINE: 'a\nb' };

function read(text: string) {
  writeFileSync(path, text);
  return readSinksFile(path, env);
}

function refusal(text: string): string {
  try {
    read(text);
  } catch (error) {
    return (error as Error).message;
  }
  throw new Error('it was taken');
}

describe('a file of sinks', () => {
  it('says in one place where events go', async () => {
    const { cert } = await generate([{ name: 'commonName', value: 'ca' }]);
    writeFileSync(join(folder, 'ca.pem'), cert);
    writeFileSync(join(folder, 'secret'), `${secret}\n`);
    const sinks = read(`
sinks:
  - name: siem
    kind: webhook
    url: https://siem.example.com/in?tenant=1
    secret: [{env: SECRET}, {file: ${join(folder, 'secret')}}]
    headers: {Authorization: {env: TOKEN}}
    decisions: [deny, approve]
    environments: [production]
    start: beginning
    batch: 50
    tries: 5
    timeout: 30
  - {name: otel, kind: otlp, url: "http://127.0.0.1:4318"}
  - {name: logs, kind: syslog, host: logs.example.com, ca: ${join(folder, 'ca.pem')}}
  - {name: plain, kind: syslog, host: 10.0.0.1, tls: false}
  - {name: file, kind: jsonLines, path: /var/log/portcullis/events.jsonl}
`);
    const bytes = Buffer.from(secret.slice('whsec_'.length), 'base64');
    expect(sinks).toEqual([
      {
        name: 'siem',
        decisions: ['deny', 'approve'],
        environments: ['production'],
        start: 'beginning',
        batchEvents: 50,
        tries: 5,
        timeoutMs: 30_000,
        target: {
          kind: 'webhook',
          url: 'https://siem.example.com/in?tenant=1',
          secrets: [bytes, bytes],
          headers: { authorization: 'Bearer abc' },
        },
      },
      expect.objectContaining({
        name: 'otel',
        start: 'now',
        batchEvents: 100,
        target: { kind: 'otlp', url: 'http://127.0.0.1:4318/v1/logs', headers: {} },
      }),
      expect.objectContaining({
        target: { kind: 'syslog', host: 'logs.example.com', port: 6514, tls: true, ca: cert },
      }),
      expect.objectContaining({ target: { kind: 'syslog', host: '10.0.0.1', port: 601, tls: false } }),
      expect.objectContaining({ target: { kind: 'jsonLines', path: '/var/log/portcullis/events.jsonl' } }),
    ]);
  });

  const webhook = (fields: string) =>
    `sinks:\n  - name: one\n    kind: webhook\n    url: https://a.example\n    secret: {env: SECRET}\n${fields}`;

  it.each([
    ['no list', 'sinks: yes', ':1:8: "sinks" is a list'],
    ['another key', 'sinks: []\nsink: []', ':2:1: the file has no "sink"'],
    ['nothing at all', '', 'the file is written as'],
    ['no kind', 'sinks:\n  - name: one', ':2:5: a sink needs "kind"'],
    [
      'an unknown kind',
      'sinks:\n  - {name: one, kind: kafka}',
      '"kind" is one of webhook, otlp, syslog, jsonLines',
    ],
    ['a misspelt key', webhook('    decision: [deny]'), ':6:5: a sink of kind webhook has no "decision"'],
    ['a field of another kind', webhook('    path: /a'), 'has no "path"'],
    [
      'a decision that there is not',
      webhook('    decisions: [refuse]'),
      '"decisions" holds allow, deny, approve',
    ],
    ['a filter that lets nothing through', webhook('    decisions: []'), 'lets nothing through'],
    ['an unknown environment', webhook('    environments: [prod]'), 'not "prod"'],
    ['a number that is none', webhook('    batch: many'), '"batch" is a number from 1 to 1000'],
    ['too long a time', webhook('    timeout: 3600'), '"timeout" is a number from 1 to 60'],
    [
      'a header that we say ourselves',
      webhook('    headers: {Content-Type: {env: TOKEN}}'),
      'no header that may be set',
    ],
    ['a header that breaks the line', webhook('    headers: {X-Key: {env: NEWLINE}}'), 'no header may have'],
    ['no secret', 'sinks:\n  - {name: one, kind: webhook, url: "https://a.example"}', 'needs "secret"'],
    ['a secret that is not set', webhook('').replace('SECRET', 'MISSING'), 'variable MISSING is not set'],
    ['a secret that is too short', webhook('').replace('SECRET', 'SHORT'), '24 to 64 random bytes'],
    [
      'a secret from two places',
      webhook('').replace('env: SECRET', 'env: SECRET, file: /x'),
      'either an environment',
    ],
    ['a secret file that is not there', webhook('').replace('env: SECRET', 'file: /no/such'), 'ENOENT'],
    [
      'plain http to elsewhere',
      webhook('').replace('https', 'http'),
      'plain http is taken to this machine only',
    ],
    ['a password in the address', webhook('').replace('//a', '//u:pw@a'), 'holds no user and password'],
    ['a relative path', 'sinks:\n  - {name: one, kind: jsonLines, path: events}', 'begins at the root'],
    ['a host with a port', 'sinks:\n  - {name: one, kind: syslog, host: "a/b"}', '"host" is the name'],
    ['no certificate', `sinks:\n  - {name: one, kind: syslog, host: a, ca: ${path}}`, 'holds no certificate'],
    ['a name with spaces', 'sinks:\n  - {name: "A b", kind: syslog, host: a}', 'small letters'],
    [
      'one name twice',
      'sinks:\n  - &a {name: one, kind: syslog, host: a}\n  - *a',
      'an earlier sink is named "one"',
    ],
    ['a key twice', 'sinks: []\nsinks: []', 'unique'],
    ['no YAML', 'sinks: [', ':1:'],
  ])('is refused for %s', (_, text, words) => {
    const message = refusal(text);
    expect(message).toContain(`--sinks ${path} cannot be used`);
    expect(message).toContain(words);
    expect(message).not.toContain(secret);
  });

  it('is refused, and not repeated, where a secret stands in it', () => {
    const message = refusal(webhook('').replace('{env: SECRET}', `"${secret}"`));
    expect(message).toContain('"secret" is named here, not written here');
    expect(message).not.toContain(secret);
  });

  it('is named where it is not there', () => {
    expect(() => readSinksFile('/no/such/file.yaml', {})).toThrow(
      '--sinks /no/such/file.yaml cannot be read',
    );
  });
});
