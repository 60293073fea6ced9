/** G10: the messages below SQL: function calls by OID, lengths, the opening of a connection. */
import { serialize } from 'pg-protocol';
import { cases, type GuardCase, twins } from '../guardCase.ts';

const { sync, flush, query } = serialize;
const all = (...parts: Buffer[]) => Buffer.concat(parts);

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};
const message = (type: string, ...body: Buffer[]) =>
  all(Buffer.from(type), int32(4 + body.reduce((sum, { length }) => sum + length, 0)), ...body);
/** FunctionCall with one text argument. */
const functionCall = (oid: number, argument: string) =>
  message(
    'F',
    int32(oid),
    Buffer.from([0, 0, 0, 1]),
    int32(argument.length),
    Buffer.from(argument),
    Buffer.from([0, 0]),
  );
const functionCallWithout = (oid: number) => message('F', int32(oid), Buffer.from([0, 0, 0, 0, 0, 0]));
const startup = (version: number, ...words: string[]) => {
  const body = Buffer.from(`${words.map((word) => `${word}\0`).join('')}\0`);
  return all(int32(8 + body.length), int32(version), body);
};
const version30 = 196_608;

export const belowSql: readonly GuardCase[] = [
  ...cases('G10', 'a', 'refuse', [
    [[functionCall(1574, '16384')], { unproven: 'nextval by OID; the argument is in binary' }],
    [[functionCallWithout(2621)], { unproven: 'pg_reload_conf' }],
    [[functionCallWithout(2622)], { unproven: 'pg_rotate_logfile' }],
    [[functionCall(2624, 'PG_VERSION')], { unproven: 'pg_read_file' }],
    [[functionCall(2626, '1')], { unproven: 'pg_sleep' }],
    [[functionCallWithout(2848)], { unproven: 'pg_switch_wal' }],
    [[functionCall(715, '0')], { unproven: 'lo_create' }],
    [[functionCallWithout(999_999)], { unproven: 'no function at all' }],
    [['BEGIN', functionCallWithout(2621), 'COMMIT'], { unproven: 'pg_reload_conf' }],
    [[all(query('SELECT 1'), functionCallWithout(2621)), 'SELECT 1'], { unproven: 'pg_reload_conf' }],
  ]),
  ...cases(
    'G10',
    'b',
    'closed',
    [
      [[{ bytes: all(Buffer.from('Q'), int32(3)), ends: 'closed' }]],
      [[{ bytes: all(Buffer.from('Q'), int32(0)), ends: 'closed' }]],
      [[{ bytes: all(Buffer.from('Q'), int32(-1)), ends: 'closed' }]],
      [[{ bytes: all(Buffer.from('Q'), int32(0x7fffffff)), ends: 'closed' }]],
      [[{ bytes: all(Buffer.from('x'), int32(4)), ends: 'closed' }]],
      [[{ bytes: message('Q', Buffer.from('SELECT 1')), ends: 'closed' }]],
      [[{ bytes: message('Q', Buffer.from('SELECT 1\0DROP TABLE loose\0')), ends: 'closed' }]],
      [[{ bytes: message('P', Buffer.from('p\0SELECT 1\0\0')), ends: 'closed' }]],
      [[{ bytes: message('B', Buffer.from('\0')), ends: 'closed' }]],
      [[{ bytes: message('X'), ends: 'closed' }], {}],
      [
        '',
        { opening: startup(version30, 'user', 'dev', 'database', 'production', 'replication', 'database') },
      ],
      ['', { opening: startup(version30, 'user', 'dev', 'database', 'production', 'replication', 'true') }],
      ['', { opening: startup(131_072, 'user', 'dev') }],
      ['', { opening: startup(version30, 'database', 'production') }],
      ['', { opening: all(int32(16), int32(80_877_102), int32(1), int32(1)) }],
      ['', { opening: all(int32(7), int32(version30)) }],
      ['', { opening: all(int32(0x7fffffff), int32(version30)) }],
      ['', { opening: query('DROP TABLE loose') }],
      [
        '',
        {
          opening: all(
            startup(version30, 'user', 'dev', 'database', 'production'),
            query('DROP TABLE loose'),
          ),
        },
      ],
      ['', { opening: Buffer.from('GET / HTTP/1.1\r\n\r\n') }],
    ],
    { unproven: 'what is below SQL is compared with nothing' },
  ),
  ...twins('G10', 't', [
    [[all(query('SELECT 1'), query('SELECT 2')), 'SELECT 3']],
    [[all(sync())]],
    [[all(flush(), sync())]],
    [[functionCall(1598, '')], {}],
    [[query(`SELECT '${'x'.repeat(100_000)}'`)]],
    [[query('SELECT 1'), query(''), query('SELECT $$Q$$')]],
    [[Buffer.concat([message('d', Buffer.from('x')), message('c'), query('SELECT 1')])]],
  ]),
];
