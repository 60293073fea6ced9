/** A minute of hostile bytes, the same each time: no crash, no hang, no growth, and the neighbour notices nothing. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Governed, startGoverned } from '../../kit/governed.ts';
import { fuzz } from './fuzz.ts';

const millis = 60_000;
let governed: Governed;

beforeAll(async () => {
  governed = await startGoverned({ environment: 'production' });
});
afterAll(() => governed?.stop());

describe('hostile bytes', () => {
  it(
    'cost nobody else anything',
    async () => {
      await fuzz({ url: governed.url(), seed: 1, millis: 2_000 }); // warm: caches and buffers have their size
      globalThis.gc?.();
      const before = process.memoryUsage().rss;
      const { rounds, attacks } = await fuzz({ url: governed.url(), seed: 1000, millis });
      globalThis.gc?.();
      const grown = (process.memoryUsage().rss - before) / 1024 / 1024;
      expect(rounds).toBeGreaterThan(100);
      expect(Object.keys(attacks).length).toBe(7);
      expect(grown).toBeLessThan(150);
      // Every event is whole, and every intent has found its outcome.
      const events = await governed.events();
      const open = new Set(events.filter(({ kind }) => kind === 'intent').map(({ seq }) => seq));
      for (const event of events) if (event.kind === 'outcome') open.delete(event.for);
      expect(open.size).toBe(0);
    },
    millis + 60_000,
  );
});
