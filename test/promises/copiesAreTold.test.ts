/** What copies protected values into a column that nothing protects runs when everybody's proxy can be told, and not before. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { shopSetup } from '../kit/governed.ts';
import { type Neighbour, type Neighbours, startNeighbours } from '../kit/neighbours.ts';

const setup = `${shopSetup}
  CREATE TABLE one (id int PRIMARY KEY, v text);
  CREATE TABLE two (id int PRIMARY KEY, v text);
  INSERT INTO two VALUES (-1, 'plain');
`;

let neighbours: Neighbours;
let ada: Neighbour;
let ben: Neighbour;
beforeAll(async () => {
  neighbours = await startNeighbours(setup);
  ({ ada, ben } = neighbours);
}, 120_000);
afterAll(() => neighbours?.stop());

const copyInto = (table: string) => `INSERT INTO ${table} (id, v) SELECT id, name FROM customers`;

it('the collector has it before the first row is there', async () => {
  const writer = await ada.connect();
  await writer.query('BEGIN');
  await writer.query(copyInto('one'));
  await ben.knows('one', 'v');
  await writer.query('COMMIT');
  await writer.end();
  expect(JSON.stringify(await ben.ask('SELECT v FROM one ORDER BY id LIMIT 3'))).not.toContain('Lovelace');
  await expect(ben.ask("SELECT id FROM one WHERE right(v, 1) = '1'")).rejects.toMatchObject({
    code: '42501',
  });
});

it('without the collector nothing is copied, and with it again it is', async () => {
  await neighbours.stopCollector();
  for (let attempt = 0; attempt < 2; attempt++) {
    await expect(ada.ask(copyInto('two'))).rejects.toMatchObject({
      code: '57P03',
      message: expect.stringContaining('the collector cannot be told'),
    });
  }
  expect(await neighbours.look('SELECT v FROM two')).toEqual([{ v: 'plain' }]);
  expect(await ben.ask('SELECT v FROM two')).toEqual([['plain']]);
  await neighbours.startCollector();
  await expect
    .poll(
      () =>
        ada.ask(copyInto('two')).then(
          () => 'done',
          () => 'refused',
        ),
      { timeout: 60_000 },
    )
    .toBe('done');
  await ben.knows('two', 'v');
  expect(JSON.stringify(await ben.ask('SELECT v FROM two ORDER BY id DESC LIMIT 3'))).not.toContain(
    'Lovelace',
  );
});
