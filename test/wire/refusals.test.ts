/** A refusal looks like an error of the server: the session lives on, and the transaction is where an error leaves it. */
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, startGoverned } from '../kit/governed.ts';
import { errorFields, rowValues, transactionStatus, types, WireClient } from '../kit/wireClient.ts';

const { query, parse, bind, describe: ask, execute, flush, sync } = serialize;
const drop = 'DROP TABLE customers';
const statement = (text: string, name = '') => parse({ name, text, types: [] });
const run = (text: string) =>
  Buffer.concat([statement(text), bind(), ask({ type: 'P', name: '' }), execute(), sync()]);

let governed: Governed;
let client: WireClient;

beforeAll(async () => {
  governed = await startGoverned({ environment: 'production' });
});
afterAll(() => governed?.stop());

/** Says something with a fresh session. */
async function session(use: (client: WireClient) => Promise<void>): Promise<void> {
  client = await WireClient.connect(governed.url());
  try {
    await use(client);
  } finally {
    client.close();
  }
}

async function tableStands(): Promise<void> {
  const direct = await WireClient.connect(governed.direct());
  expect(types(await direct.query('SELECT count(*) FROM customers'))).toBe('TDCZ');
  direct.close();
}

describe('a refused statement', () => {
  it('answers 42501 with message, detail and hint, and never reaches the server', () =>
    session(async () => {
      const answer = await client.query(drop);
      expect(types(answer)).toBe('EZ');
      const fields = errorFields(answer[0]);
      expect(fields).toMatchObject({ S: 'ERROR', V: 'ERROR', C: '42501' });
      expect(fields['M']).toContain('customers');
      expect(fields['D']).toBeTruthy();
      expect(fields['H']).toBeTruthy();
      expect(transactionStatus(answer)).toBe('I');
      expect(types(await client.query('SELECT 1'))).toBe('TDCZ');
      await tableStands();
    }));

  it('fails an open transaction, as any error does', () =>
    session(async () => {
      expect(transactionStatus(await client.query('BEGIN; SELECT 1'))).toBe('T');
      const answer = await client.query(drop);
      expect(types(answer)).toBe('EZ');
      expect(transactionStatus(answer)).toBe('E');
      expect(errorFields((await client.query('SELECT 1'))[0])['C']).toBe('25P02');
      expect(transactionStatus(await client.query('ROLLBACK'))).toBe('I');
    }));

  it('can be rolled back to a savepoint', () =>
    session(async () => {
      await client.query('BEGIN; SAVEPOINT s');
      expect(transactionStatus(await client.query(drop))).toBe('E');
      expect(transactionStatus(await client.query('ROLLBACK TO s'))).toBe('T');
      expect(types(await client.query('SELECT 1; COMMIT'))).toBe('TDCCZ');
    }));

  it('keeps the statements before it in the same message from running', () =>
    session(async () => {
      const answer = await client.query(`SELECT 1; COMMIT; ${drop}; SELECT 2`);
      expect(types(answer)).toBe('EZ');
      await tableStands();
    }));

  it('is refused at Parse, and what follows is skipped to the next Sync', () =>
    session(async () => {
      client.send(statement(drop), bind(), execute(), run('SELECT 2'), run('SELECT 3'));
      // The SELECT 2 shares the segment of the refused statement, so only SELECT 3 answers.
      expect(types(await client.until('Z', 2))).toBe('EZ12TDCZ');
      await tableStands();
    }));

  it('is refused in the middle of a pipeline without costing the rest of it', () =>
    session(async () => {
      client.send(run('SELECT 1'), run(drop), run('SELECT 3'));
      const answer = await client.until('Z', 3);
      expect(types(answer)).toBe('12TDCZEZ12TDCZ');
      expect(
        rowValues(answer.filter(({ type }) => type === 'D')[1] ?? { type: '', body: Buffer.alloc(2) }),
      ).toEqual(['3']);
    }));

  it('fails the transaction of a pipeline', () =>
    session(async () => {
      client.send(run('BEGIN'), run(drop), run('SELECT 3'), query('ROLLBACK'));
      const answer = await client.until('Z', 4);
      expect(types(answer)).toBe('12nCZEZEZCZ');
    }));

  it('is told at once to a client that waits after Flush', () =>
    session(async () => {
      client.send(statement(drop), flush());
      expect(types(await client.until('E'))).toBe('E');
      client.send(bind(), execute(), sync());
      expect(types(await client.until('Z'))).toBe('Z');
    }));

  it('leaves names free that its Parse would have taken', () =>
    session(async () => {
      client.send(statement(drop, 'd'), sync());
      await client.until('Z');
      client.send(bind({ statement: 'd' }), execute(), sync());
      const answer = await client.until('Z');
      expect(errorFields(answer[0])['C']).toBe('26000');
      client.send(statement('SELECT 4', 'd'), bind({ statement: 'd' }), execute(), sync());
      expect(types(await client.until('Z'))).toBe('12DCZ');
    }));

  it.each([
    'EXPLAIN ANALYZE DELETE FROM customers WHERE id = 1',
    'PREPARE p AS DELETE FROM customers',
    'DECLARE c CURSOR FOR SELECT pg_read_file($$x$$)',
  ])('is refused where it hides: %s', (text) =>
    session(async () => {
      expect(errorFields((await client.query(text))[0])['C']).toBe('42501');
      expect(errorFields((await client.query('EXECUTE p'))[0])['C']).toBe('26000');
    }),
  );

  it('is refused as a call by the fast path', () =>
    session(async () => {
      const head = Buffer.from('F\0\0\0\x0e\0\0\x08\x30\0\0\0\0\0\0', 'latin1'); // 2096: pg_terminate_backend
      client.send(head);
      const answer = await client.until('Z');
      expect(types(answer)).toBe('EZ');
      expect(errorFields(answer[0])['C']).toBe('42501');
    }));

  it('does not parse: 42601 with the position, and nothing is forwarded', () =>
    session(async () => {
      const answer = await client.query('SELECT 1 FORM orders');
      expect(types(answer)).toBe('EZ');
      expect(errorFields(answer[0])).toMatchObject({ C: '42601', P: '15' });
    }));

  it('is not UTF-8: 22021', () =>
    session(async () => {
      client.send(query('SELECT 1'), Buffer.from("Q\0\0\0\x0fSELECT '\xff'\0", 'latin1'));
      expect(errorFields((await client.until('Z', 2)).find(({ type }) => type === 'E'))['C']).toBe('22021');
    }));

  it('is too long: 54000, without being gathered first', () =>
    session(async () => {
      const text = `SELECT '${'x'.repeat(17 * 1024 * 1024)}'`;
      client.send(query(text), query('SELECT 1'));
      const answer = await client.until('Z', 2);
      expect(types(answer)).toBe('EZTDCZ');
      expect(errorFields(answer[0])['C']).toBe('54000');
    }));
});

describe('who is asking', () => {
  it('decides: a member of no known group may do nothing', async () => {
    await expect(WireClient.connect(governed.url('stranger'))).rejects.toMatchObject({ code: '42501' });
  });

  it('decides: an auditor reads no data', async () => {
    const auditor = await WireClient.connect(governed.url('auditor'));
    expect(errorFields((await auditor.query('SELECT id FROM orders'))[0])['C']).toBe('42501');
    auditor.close();
  });
});

describe('the record', () => {
  it('has an intent and an outcome for what ran, and a refusal for what did not', async () => {
    await session(async () => {
      await client.query("SELECT count(*) FROM orders WHERE status = 'open'");
      await client.query(drop);
    });
    const events = await governed.events();
    const intent = events.findLast(({ kind }) => kind === 'intent');
    if (intent?.kind !== 'intent') throw new Error('no intent');
    expect(intent.statement.text).toContain('FROM orders');
    expect(intent.identity.email).toBe('dev@example.com');
    const outcome = events.find((event) => event.kind === 'outcome' && event.for === intent.seq);
    expect(outcome).toMatchObject({ status: 'ok', rows: 1, tag: 'SELECT 1' });
    const refusal = events.findLast(({ kind }) => kind === 'refusal');
    expect(refusal).toMatchObject({ reason: { sqlState: '42501' }, relations: [{ name: 'customers' }] });
  });

  it('has no literal that is compared with a classified column', async () => {
    await session(async () => {
      await client.query("SELECT id FROM customers WHERE email = 'ada7@secret.example'");
      await client.query("SELECT nothing WHERE x = 'ada8@secret.example' /* ada9@secret.example");
    });
    const text = JSON.stringify(await governed.events());
    expect(text).toContain('FROM customers');
    expect(text).not.toMatch(/ada\d@secret/);
  });
});
