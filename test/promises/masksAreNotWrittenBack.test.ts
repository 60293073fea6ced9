/** A grid that saves what it shows must not put masks in place of the values that they stand for. */
import { serialize } from 'pg-protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, startGoverned } from '../kit/governed.ts';
import { errorFields, rowValues, types, WireClient } from '../kit/wireClient.ts';

let governed: Governed;
let client: WireClient;
beforeAll(async () => {
  governed = await startGoverned({ environment: 'development' });
  client = await WireClient.connect(governed.url());
});
afterAll(async () => {
  client?.close();
  await governed?.stop();
});

async function storedEmail(): Promise<string | null | undefined> {
  const direct = await WireClient.connect(governed.direct());
  const heard = await direct.query('SELECT email FROM customers WHERE id = 1');
  direct.close();
  return heard[1] && rowValues(heard[1])[0];
}

describe('a mask', () => {
  it.each([
    "UPDATE customers SET email = 'a•••@s•••' WHERE id = 1",
    "UPDATE customers SET city = 'Leeds', name = 'A••• 1•••' WHERE id = 1",
    "UPDATE customers SET email = 'tok_abcdefghijklmnop@masked.invalid' WHERE id = 1",
    "INSERT INTO customers VALUES (500, '•••', 'new@secret.example', NULL, 'York')",
    "INSERT INTO customers (id, name, email) VALUES (1, 'x', 'y') ON CONFLICT (id) DO UPDATE SET email = '•••'",
    "MERGE INTO customers c USING orders o ON c.id = o.id WHEN MATCHED THEN UPDATE SET phone = '•••01'",
  ])('is not written as a constant: %s', async (text) => {
    const heard = await client.query(text);
    expect(types(heard)).toBe('EZ');
    expect(errorFields(heard[0])['M']).toContain('a mask would be written');
    expect(await storedEmail()).toBe('ada1@secret.example');
  });

  it.each([false, true])('is not written as a parameter (binary: %s)', async (binary) => {
    const { parse, bind, execute, sync } = serialize;
    for (const value of ['a•••@s•••', 'tok_abcdefghijklmnop']) {
      client.send(
        parse({ text: 'UPDATE customers SET email = $1 WHERE id = 1', types: [25] }),
        bind({ values: [binary ? Buffer.from(value) : value], binary }),
        execute(),
        sync(),
      );
      const heard = await client.until('Z');
      expect(types(heard)).toMatch(/^1?EZ$/);
      expect(errorFields(heard.at(-2))['M']).toContain('a mask would be written');
    }
    expect(await storedEmail()).toBe('ada1@secret.example');
  });

  it('may be written where nothing is protected, and looked for', async () => {
    expect(types(await client.query("UPDATE orders SET status = '•••' WHERE id = 1"))).toBe('CZ');
    expect(types(await client.query("UPDATE customers SET city = '•••' WHERE id = 1"))).toBe('CZ');
    expect(types(await client.query("SELECT id FROM customers WHERE email = 'a•••@s•••'"))).toBe('TCZ');
    expect(types(await client.query("UPDATE customers SET email = 'ada1@secret.example' WHERE id = 1"))).toBe(
      'CZ',
    );
  });
});
