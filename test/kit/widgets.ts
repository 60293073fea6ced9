/** A governed table of widgets whose `stock` counts what ran, and clients that run things: for tests of approvals. */
import { Client, type ClientConfig } from 'pg';
import { serialize } from 'pg-protocol';
import { expect } from 'vitest';
import type { ApprovalRequest, RequestState } from '../../proxy/approvals/request.ts';
import { type GovernedWithCollector, pause, startGovernedWithCollector } from './governedWithCollector.ts';
import { WireClient } from './wireClient.ts';

const setup = `
  CREATE TABLE widgets (id int PRIMARY KEY, label text, stock int NOT NULL DEFAULT 0, data bytea);
  INSERT INTO widgets (id, label) SELECT i, 'widget ' || i FROM generate_series(1, 200) i;
  CREATE TABLE customers (id int PRIMARY KEY, email text, city text);
  INSERT INTO customers SELECT i, 'ada' || i || '@secret.example', 'London' FROM generate_series(1, 20) i;
  ANALYZE;
`;

export interface Widgets {
  readonly governed: GovernedWithCollector;
  /** The id of a widget that no other test uses, with a stock of 0. */
  newWidget(): number;
  stock(id: number): Promise<number>;
  /** The open request about a widget, once it is there; nothing may have run by then. */
  held(id: number, part?: string): Promise<ApprovalRequest>;
  stateOf(request: string): Promise<RequestState | undefined>;
  connect(): Promise<WireClient>;
  connectPg(more?: ClientConfig): Promise<Client>;
  /** Done by `closeClients`. */
  onClose(close: () => unknown): void;
  closeClients(): Promise<void>;
  stop(): Promise<void>;
}

export const bump = (id: number) => `UPDATE widgets SET stock = stock + 1 WHERE id = ${id}`;
export const bumpPrepared = (id: number) => `UPDATE widgets SET stock = stock + $1 WHERE id = ${id}`;
export const prepare = (text: string, name = '') => serialize.parse({ name, text, types: [] });

export async function startWidgets(): Promise<Widgets> {
  const governed = await startGovernedWithCollector(setup);
  const closing: (() => unknown)[] = [];
  let lastId = 0;
  const stock = async (id: number) => {
    const rows = await governed.look<{ stock: number }>(`SELECT stock FROM widgets WHERE id = ${id}`);
    return rows[0]?.stock ?? -1;
  };
  const closeClients = async () => {
    for (const close of closing.splice(0)) await close();
  };
  return {
    governed,
    newWidget: () => ++lastId,
    stock,
    held: async (id, part = `id = ${id}`) => {
      const request = await governed.openRequest(part);
      await pause(50);
      expect(await stock(id)).toBe(0);
      return request;
    },
    stateOf: async (wanted) => (await governed.requests()).find(({ id }) => id === wanted)?.state,
    connect: async () => {
      const client = await WireClient.connect(governed.url());
      closing.push(() => client.close());
      return client;
    },
    connectPg: async (more = {}) => {
      const client = new Client({ connectionString: governed.url(), ...more });
      client.on('error', () => undefined);
      await client.connect();
      closing.push(() => client.end());
      return client;
    },
    onClose: (close) => closing.push(close),
    closeClients,
    stop: async () => {
      await closeClients();
      await governed.stop();
    },
  };
}

/** Resolves with the error that work must end in. */
export async function failure(work: Promise<unknown>): Promise<Error & { code?: string; detail?: string }> {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('it did not fail');
}
