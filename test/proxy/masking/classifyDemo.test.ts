/** What is classified in the demo database: the exact list, which is also what people see first. */
import { Client } from 'pg';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDemoDatabase } from '../../../proxy/local/demo/demoDatabase.ts';
import { classifyCatalog } from '../../../proxy/masking/classifyCatalog.ts';
import { loadCatalog } from '../../../proxy/schema/loadCatalog.ts';
import { startTestPostgres, type TestPostgres } from '../../kit/postgres.ts';

let server: TestPostgres;
let client: Client;

beforeAll(async () => {
  server = await startTestPostgres();
  client = new Client({ connectionString: server.url() });
  await client.connect();
  await createDemoDatabase(client, { rolePassword: 'demo' });
}, 120_000);

afterAll(async () => {
  await client?.end();
  await server?.stop();
});

it('classifies the personal data and secrets of the demo database, in its views too, and nothing else', async () => {
  const notices: string[] = [];
  const catalog = await loadCatalog(client, 0);
  const classifications = await classifyCatalog(client, catalog, undefined, (text) => notices.push(text));
  const found = [...catalog.relations.values()]
    .filter(({ schema }) => schema === 'public')
    .flatMap((relation) =>
      relation.columns.flatMap((column) => {
        const classification = classifications.of(relation.oid, column.number);
        return classification === undefined
          ? []
          : [`${relation.name}.${column.name} ${classification.kind} ${classification.use}`];
      }),
    );
  expect(found.sort()).toEqual([
    'active_customers.email pii.email equality',
    'active_customers.name pii.name order',
    'active_customers.phone pii.phone equality',
    'api_keys.token secret.token none',
    'customer_orders.email pii.email equality',
    'customer_orders.name pii.name order',
    'customers.address pii.address equality',
    'customers.birth_date pii.birthDate equality',
    'customers.email pii.email equality',
    'customers.name pii.name order',
    'customers.notes pii.freeText equality',
    'customers.phone pii.phone equality',
    'documents.body pii.freeText equality',
    'employees.email pii.email equality',
    'employees.name pii.name order',
    'employees.salary pii.salary equality',
    'employees.ssn pii.nationalId equality',
    'payments.card_number pii.paymentCard equality',
    'payments.iban pii.bankAccount equality',
  ]);
  expect(notices).toEqual([]);
  const again = await classifyCatalog(client, catalog, classifications, (text) => notices.push(text));
  expect(again.version).toBe(classifications.version);
});
