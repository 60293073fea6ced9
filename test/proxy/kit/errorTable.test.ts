/** The table of errors in proxy/README.md says what the table in the code says. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { errorTable, PortcullisError } from '../../../proxy/kit/errors.ts';

describe('the table of errors', () => {
  it('is the same in proxy/README.md', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../../proxy/README.md'), 'utf8');
    const listed = [...readme.matchAll(/^\| ([A-Z_0-9]+) +\| (\w{5}) +\| (.*?) +\|$/gm)].map(
      ([, code, sqlState, message]) => ({ code, sqlState, message }),
    );
    const known = Object.entries(errorTable).map(([code, { sqlState, message }]) => ({
      code,
      sqlState,
      message,
    }));
    expect(listed).toEqual(known);
  });

  it('fills in what is given, and leaves the rest readable', () => {
    const error = new PortcullisError('STATEMENT_TOO_LONG', { size: 5 });
    expect(error.message).toBe('the statement is 5 bytes long; at most {limit} bytes can be judged');
    expect(error.hint).toContain('COPY FROM STDIN');
  });
});
