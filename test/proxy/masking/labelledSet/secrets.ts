/** Secrets in the forms that vendors, standards and frameworks give them. */
import { createHash } from 'node:crypto';
import type { Random } from '../../../kit/random.ts';

const upperLower = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const mixed = `${upperLower}0123456789`;
const url = `${mixed}-_`;
const base64 = `${mixed}+/`;
const hex = '0123456789abcdef';

export function draw(random: Random, alphabet: string, count: number): string {
  return Array.from({ length: count }, () => alphabet[random.below(alphabet.length)]).join('');
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

export function makeJwt(random: Random): string {
  const header = random.pick<object>([
    { alg: 'HS256', typ: 'JWT' },
    { typ: 'JWT', alg: 'RS256', kid: draw(random, hex, 16) },
    { alg: 'ES256' },
    { alg: 'EdDSA', kid: 'key-1' },
  ]);
  const payload = {
    sub: String(random.below(1_000_000)),
    iat: 1_700_000_000 + random.below(1e7),
    scope: 'read write',
  };
  return `${encode(header)}.${encode(payload)}.${random.bytes(random.pick([32, 64, 256])).toString('base64url')}`;
}

const keys: readonly ((random: Random) => string)[] = [
  (r) => `AKIA${draw(r, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
  (r) => `ASIA${draw(r, 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', 16)}`,
  (r) => `AIza${draw(r, url, 35)}`,
  (r) => `ghp_${draw(r, mixed, 36)}`,
  (r) => `gho_${draw(r, mixed, 36)}`,
  (r) => `ghs_${draw(r, mixed, 36)}`,
  (r) => `github_pat_${draw(r, mixed, 22)}_${draw(r, mixed, 59)}`,
  (r) => `glpat-${draw(r, url, 20)}`,
  (r) => `xoxb-${draw(r, '123456789', 12)}-${draw(r, '123456789', 13)}-${draw(r, mixed, 24)}`,
  (r) =>
    `xoxp-${draw(r, '123456789', 12)}-${draw(r, '123456789', 12)}-${draw(r, '123456789', 12)}-${draw(r, hex, 32)}`,
  (r) => `sk_live_${draw(r, mixed, 24)}`,
  (r) => `sk_test_51${draw(r, mixed, 97)}`,
  (r) => `rk_live_${draw(r, mixed, 24)}`,
  (r) => `whsec_${draw(r, mixed, 32)}`,
  (r) => `SG.${draw(r, url, 22)}.${draw(r, url, 43)}`,
  (r) => `sk-ant-api03-${draw(r, url, 93)}AA`,
  (r) => `sk-proj-${draw(r, url, 48)}`,
  (r) => `sk-${draw(r, mixed, 20)}T3BlbkFJ${draw(r, mixed, 20)}`,
  (r) => `hf_${draw(r, upperLower, 34)}`,
  (r) => `npm_${draw(r, mixed, 36)}`,
  (r) => `dop_v1_${draw(r, hex, 64)}`,
  (r) => `shpat_${draw(r, hex, 32)}`,
  (r) => `hvs.${draw(r, url, 90)}`,
  (r) => `dckr_pat_${draw(r, url, 27)}`,
  (r) => `pypi-AgEIcHlwaS5vcmc${draw(r, url, 120)}`,
  (r) => `GOCSPX-${draw(r, url, 28)}`,
  (r) => `ya29.${draw(r, url, 120)}`,
];

export function makeKey(random: Random): string {
  return random.pick(keys)(random);
}

export function makePem(random: Random): string {
  const label = random.pick([
    'RSA PRIVATE KEY',
    'PRIVATE KEY',
    'EC PRIVATE KEY',
    'OPENSSH PRIVATE KEY',
    'ENCRYPTED PRIVATE KEY',
  ]);
  const body = (
    random
      .bytes(300)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n');
  return `-----BEGIN ${label}-----\n${body}\n-----END ${label}-----`;
}

export function makeConnectionString(random: Random): string {
  const scheme = random.pick([
    'postgres',
    'postgresql',
    'mysql',
    'mongodb+srv',
    'redis',
    'amqp',
    'https',
    'mssql',
    'sftp',
    'jdbc:postgresql',
  ]);
  const user = random.pick(['app', 'admin', 'svc_orders', 'root', 'deploy', '']);
  const password = random.pick([
    draw(random, mixed, 16),
    `${draw(random, upperLower, 6)}!${random.below(1000)}`,
    `p%40ss${random.below(1000)}`,
    `S3cure-${draw(random, mixed, 6)}`,
  ]);
  const host = random.pick([
    'db.internal',
    'localhost',
    '10.1.2.3',
    'cluster0.x1y2z.mongodb.net',
    'db-1.eu-west-1.rds.amazonaws.com',
  ]);
  return `${scheme}://${user}:${password}@${host}${random.pick(['', ':5432', ':5432/shop', '/app?sslmode=require'])}`;
}

const crypt = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export function makePasswordHash(random: Random): string {
  return random.pick<() => string>([
    () => `$2${random.pick(['a', 'b', 'y'])}$${random.pick(['10', '12'])}$${draw(random, crypt, 53)}`,
    () =>
      `$argon2id$v=19$m=65536,t=3,p=4$${random.bytes(16).toString('base64').replace(/=+$/, '')}$${random.bytes(32).toString('base64').replace(/=+$/, '')}`,
    () => `$6$${draw(random, crypt, 16)}$${draw(random, crypt, 86)}`,
    () => `$5$rounds=5000$${draw(random, crypt, 16)}$${draw(random, crypt, 43)}`,
    () => `pbkdf2_sha256$600000$${draw(random, mixed, 22)}$${random.bytes(32).toString('base64')}`,
    () => `scrypt:32768:8:1$${draw(random, mixed, 16)}$${draw(random, hex, 128)}`,
    () => `md5${createHash('md5').update(random.bytes(8)).digest('hex')}`,
    () =>
      `SCRAM-SHA-256$4096:${random.bytes(16).toString('base64')}$${random.bytes(32).toString('base64')}:${random.bytes(32).toString('base64')}`,
  ])();
}

/** A secret that only its name tells, in a line of its own: the text, and the secret in it. */
export function makeNamedSecret(random: Random): readonly [string, string] {
  const key = draw(random, base64, 40).replace(/^[^a-zA-Z]/, 'k');
  const word = `${draw(random, upperLower, 5)}${10 + random.below(90)}!${draw(random, upperLower, 3)}`;
  return random.pick<readonly [string, string]>(
    [
      [`aws_secret_access_key = ${key}`, key],
      [`AWS_SECRET_ACCESS_KEY=${key}`, key],
      [`{"apiKey":"${key}"}`, key],
      [`{"api_key": "${key}", "region": "eu"}`, key],
      [`client_secret=${key.replace(/[+/]/g, 'x')}&grant_type=client_credentials`, key.replace(/[+/]/g, 'x')],
      [`{"password":"${word}","user":"ann"}`, word],
      [`Server=db.internal;Database=shop;User Id=sa;Password=${word};Encrypt=true`, word],
      [`host=db.internal user=app password=${word} dbname=shop`, word],
      [`Authorization: Bearer ${draw(random, url, 40).replace(/^./, 'a')}9`, ''],
      [`{"refresh_token": "${draw(random, url, 44).replace(/^./, 'r')}7"}`, ''],
      [
        `DefaultEndpointsProtocol=https;AccountName=shop;AccountKey=${random.bytes(64).toString('base64')};EndpointSuffix=core.windows.net`,
        '',
      ],
    ].map(
      ([text = '', part = '']) =>
        [
          text,
          part === '' ? (/(?:Bearer |token": "|AccountKey=)([^";]+)/.exec(text)?.[1] ?? '') : part,
        ] as const,
    ),
  );
}
