/** What is kept of each connection: asked once, asked again after a change, forgotten with the person. */
import { describe, expect, it } from 'vitest';
import { readDdlAddress, writeDdlAddress } from '../../../extension/drift/ddlAddress.ts';
import { SchemaStates } from '../../../extension/drift/schemaStates.ts';
import { type ProxyLink, ProxyProblem } from '../../../extension/kit/proxyLink.ts';
import type { SchemaState } from '../../../proxy/control/messages.ts';

interface Asked {
  readonly params: { readonly connection: string; readonly refresh: boolean };
  readonly answer: (state: SchemaState) => void;
  readonly refuse: (error: Error) => void;
}

function stateAt(at: string): SchemaState {
  return {
    live: { form: 1, at, tables: [] },
    drift: { connection: 'shop', items: [] },
    classifications: {},
  };
}

function listen() {
  const asked: Asked[] = [];
  let changes = 0;
  const request = (_method: string, params: Asked['params']) =>
    new Promise<SchemaState>((answer, refuse) => asked.push({ params, answer, refuse }));
  const states = new SchemaStates({ request: request as unknown as ProxyLink['request'] }, () => changes++);
  const settle = () => new Promise((done) => setTimeout(done));
  return { states, asked, settle, changes: () => changes };
}

describe('what is known of schemas', () => {
  it('is asked for once, however many want it', async () => {
    const { states, asked, settle } = listen();
    const both = Promise.all([states.ensure('shop'), states.ensure('shop')]);
    await settle();
    expect(asked.map(({ params }) => params)).toEqual([{ connection: 'shop', refresh: false }]);
    asked[0]?.answer(stateAt('first'));
    expect((await both).map(({ state }) => state?.live.at)).toEqual(['first', 'first']);
    await states.ensure('shop');
    expect(asked).toHaveLength(1);
  });

  it('is read again after a change that came while it was read', async () => {
    const { states, asked, settle, changes } = listen();
    void states.load('shop', false);
    const second = states.load('shop', true);
    await settle();
    expect(asked).toHaveLength(1);
    asked[0]?.answer(stateAt('old'));
    await settle();
    asked[1]?.answer(stateAt('new'));
    await second;
    expect(states.get('shop').state?.live.at).toBe('new');
    expect(changes()).toBe(2);
  });

  it('keeps what was read when a later reading fails, with the reason, and does not repeat that by itself', async () => {
    const { states, asked, settle } = listen();
    const failing = states.ensure('books');
    await settle();
    asked[0]?.refuse(new ProxyProblem('It cannot be reached.', 'Try again later.'));
    expect(await failing).toEqual({ problem: 'It cannot be reached. Try again later.' });
    await states.ensure('books');
    expect(asked).toHaveLength(1);

    const again = states.load('books', true);
    await settle();
    asked[1]?.answer(stateAt('good'));
    await again;
    const worse = states.load('books', true);
    await settle();
    asked[2]?.refuse(new Error('gone'));
    await worse;
    expect(states.get('books')).toMatchObject({ problem: 'gone.', state: { live: { at: 'good' } } });
  });

  it('takes no answer that was meant for another person', async () => {
    const { states, asked, settle, changes } = listen();
    const reading = states.load('shop', false);
    await settle();
    states.forgetAll();
    asked[0]?.answer(stateAt('theirs'));
    await reading;
    expect(states.get('shop')).toEqual({});
    expect(changes()).toBe(0);
  });
});

describe('the address of a DDL document', () => {
  it('finds its table again, whatever the names hold', () => {
    const address = { connection: 'a b', schema: 'x"y', table: 'a/b\\c?#', side: 'live' } as const;
    const { path, query } = writeDdlAddress(address);
    expect(path).toBe('/a_b_c?#.sql');
    expect(readDdlAddress(query)).toEqual(address);
  });

  it('is nothing where somebody made it up', () => {
    for (const query of ['', '{', '[]', '[1,2,3,"live"]', '["a","b","c","both"]', 'null'])
      expect(readDdlAddress(query)).toBeUndefined();
  });
});
