/** What a client may ask for at the start of a session. */
import { describe, expect, it } from 'vitest';
import { parseOptions, readStartupParameters } from '../../../proxy/session/opening/startupParameters.ts';
import { encodeOptions } from '../../../proxy/session/opening/upstream.ts';

describe('startup parameters', () => {
  it('take settings out of options as the server does', () => {
    expect(parseOptions('-c a=1 -cb=2  --search-path=x\\ y -c  d.e=')).toEqual([
      ['a', '1'],
      ['b', '2'],
      ['search_path', 'x y'],
      ['d.e', ''],
    ]);
  });

  it.each(['-S 64', '-c', '-c a', 'a=b', '-F', '--'])('refuse the option %s', (text) => {
    expect(() => parseOptions(text)).toThrow(/not allowed at the start/);
  });

  it('survive being written for the server and read again', () => {
    const settings: [string, string][] = [
      ['search_path', '"a b", c\\d'],
      ['datestyle', 'ISO, DMY'],
      ['x.y', '\t\n '],
    ];
    expect(parseOptions(encodeOptions(settings))).toEqual(settings);
  });

  it.each(['true', 'database', '1', 'on', 'yes', 't', ''])('refuse replication=%s', (value) => {
    const parameters = new Map([
      ['user', 'u'],
      ['replication', value],
    ]);
    expect(() => readStartupParameters(parameters)).toThrow(/replication/);
  });

  it('let replication=false pass, as libpq may send it', () => {
    const request = readStartupParameters(new Map(Object.entries({ user: 'u', replication: 'false' })));
    expect(request.settings.size).toBe(0);
  });

  it.each([
    ['SQL_ASCII', undefined],
    ["'sql-ascii'", undefined],
    ['UTF8', 'UTF8'],
    ['LATIN1', 'LATIN1'],
    ['SQL_ASCII\u00e9', 'SQL_ASCII\u00e9'],
  ])('take the encoding %s for what it says', (given, kept) => {
    const request = readStartupParameters(new Map(Object.entries({ user: 'u', client_encoding: given })));
    expect(request.settings.get('client_encoding')).toBe(kept);
    const { settings } = readStartupParameters(
      new Map(Object.entries({ user: 'u', options: `-c client_encoding=${given}` })),
    );
    expect(settings.get('client_encoding')).toBe(kept);
  });

  it('name the connection after the user where no database is given', () => {
    expect(readStartupParameters(new Map([['user', 'u']])).database).toBe('u');
  });
});
