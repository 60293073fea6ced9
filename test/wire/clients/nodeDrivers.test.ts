/** pg and postgres.js get the same answers through the proxy as directly, and are governed like any other client. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, startGoverned } from '../../kit/governed.ts';
import { pgParts, readWithPg } from './pgParts.ts';
import { postgresJsParts, readWithPostgresJs } from './postgresJsParts.ts';
import { toolSetup } from './psqlScript.ts';

const drivers = [
  { name: 'pg', parts: pgParts, read: readWithPg },
  { name: 'postgres.js', parts: postgresJsParts, read: readWithPostgresJs },
];

describe('a driver of Node.js', () => {
  let development: Governed;
  let production: Governed;
  beforeAll(async () => {
    development = await startGoverned({ environment: 'development', setup: toolSetup });
    production = await startGoverned();
  });
  afterAll(async () => {
    await development?.stop();
    await production?.stop();
  });

  for (const { name, parts, read } of drivers) {
    for (const [part, run] of Object.entries(parts)) {
      it(`${name} gets the same for ${part}`, async () => {
        const directly = await run(development.direct());
        expect(directly).toBeTruthy();
        expect(await run(development.url())).toEqual(directly);
      });
    }

    it(`${name} sees every e-mail address masked, in every way it reads`, async () => {
      const directly = await read(production.direct());
      const governed = await read(production.url());
      expect(Object.keys(governed)).toEqual(Object.keys(directly));
      for (const [way, addresses] of Object.entries(directly)) {
        expect(addresses, way).toHaveLength(100);
        expect(addresses[0], way).toBe('ada1@secret.example');
        expect(governed[way], way).toHaveLength(100);
        for (const address of governed[way] ?? []) {
          expect(address, way).not.toContain('secret.example');
          expect(address, way).not.toBe('');
        }
      }
    });
  }
});
