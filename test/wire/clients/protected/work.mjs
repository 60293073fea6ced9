// A program over protected data through node-postgres: `work.mjs URL`, one line per result.
import { strict as assert } from 'node:assert';
import pg from 'pg';

const client = new pg.Client({ connectionString: process.argv[2] });
await client.connect();
const ask = async (text, values) => (await client.query(text, values)).rows;
const say = (name, value) => console.log(name, JSON.stringify(value));
const failure = async (text, values) => {
  try {
    await client.query(text, values);
    return 'no error';
  } catch (error) {
    return [error.code, error.constraint];
  }
};

// A join on a protected key, as text, as a named statement, and with the address asked for too.
const join = 'SELECT c.id, n.topic FROM customers c JOIN newsletter n ON n.email = c.email ORDER BY c.id';
say('join', await ask(join));
say('joinNamed', (await client.query({ name: 'join', text: join, rowMode: 'array' })).rows.length);
const left = await ask(
  'SELECT c.id, c.email, n.email AS subscribed FROM customers c LEFT JOIN newsletter n USING (email) ORDER BY c.id',
);
say(
  'leftJoin',
  left.map(({ id, subscribed }) => [id, subscribed !== null]),
);

// Exact lookups.
say('lookup', await ask('SELECT id, city FROM customers WHERE email = $1', ['ada7@secret.example']));
say(
  'lookupMany',
  await ask('SELECT id FROM customers WHERE email = ANY($1) ORDER BY id', [
    ['ada3@secret.example', 'ada9@secret.example', 'nobody@example.org'],
  ]),
);
say('unknown', await ask('SELECT id FROM customers WHERE email = $1', ['nobody@example.org']));

// Grouping.
const grouped = await ask('SELECT email, count(*)::int AS n FROM visits GROUP BY email');
say('groups', [grouped.length, grouped.map(({ n }) => n).sort((a, b) => a - b)]);
say(
  'frequent',
  await ask('SELECT count(*)::int AS n FROM (SELECT email FROM visits GROUP BY email HAVING count(*) > 2) s'),
);

// Its own test suite: rows of its own, found again by what it has put in.
await client.query('BEGIN');
const [{ id }] = await ask(
  'INSERT INTO customers (id, name, email, phone, city) VALUES ($1, $2, $3, $4, $5) RETURNING id',
  [5001, 'Node Program', 'node@suite.example', '+44 20 7946 0999', 'Ulm'],
);
assert.equal(id, 5001);
const [mine] = await ask('SELECT id, name, email, phone, city FROM customers WHERE email = $1', [
  'node@suite.example',
]);
assert.equal(mine.id, 5001);
assert.equal(mine.city, 'Ulm');
assert.ok(mine.email);
assert.equal(
  (await ask("UPDATE customers SET city = 'Bonn' WHERE email = $1 RETURNING id", ['node@suite.example']))
    .length,
  1,
);
assert.deepEqual(
  await ask('SELECT city FROM customers WHERE email = $1 AND name = $2', [
    'node@suite.example',
    'Node Program',
  ]),
  [{ city: 'Bonn' }],
);
await client.query('SAVEPOINT s');
say(
  'duplicate',
  await failure('INSERT INTO customers (id, name, email) VALUES (5002, $1, $2)', ['x', 'node@suite.example']),
);
await client.query('ROLLBACK TO s');
for (let i = 0; i < 20; i++)
  await client.query('INSERT INTO visits VALUES ($1, $2)', ['node@suite.example', i]);
say(
  'own',
  await ask(
    'SELECT count(*)::int AS n, count(DISTINCT v.email)::int AS people FROM visits v JOIN customers c USING (email) WHERE c.id = $1',
    [5001],
  ),
);
say('gone', (await client.query('DELETE FROM visits WHERE email = $1', ['node@suite.example'])).rowCount);
await client.query('COMMIT');
say(
  'cleaned',
  (await client.query('DELETE FROM customers WHERE email = $1', ['node@suite.example'])).rowCount,
);
// What the program prints of a protected column: masked through the proxy.
say('shown', (await ask('SELECT email FROM customers ORDER BY id LIMIT 1'))[0].email);
await client.end();
