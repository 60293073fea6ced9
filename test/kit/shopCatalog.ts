/** The shop that column-use tests speak of: customers with protected columns, orders and others beside them. */
import { type BuiltTable, buildCatalog, table } from './catalog.ts';

const name = { kind: 'pii.name', use: 'order' } as const;
const email = { kind: 'pii.email', use: 'equality' } as const;
const phone = { kind: 'pii.phone', use: 'equality' } as const;
const salary = { kind: 'pii.salary', use: 'equality' } as const;
const secret = { kind: 'secret.token', use: 'none' } as const;
const freeText = { kind: 'pii.freeText', use: 'equality' } as const;
const statistics = { kind: 'secret.statistics', use: 'none' } as const;

export const shopTables: readonly BuiltTable[] = [
  table(
    'public.customers',
    `id integer, name character varying(80), email character varying(120), phone text, status text,
     country text, birth_date date, api_token text, notes text, tags text[], meta jsonb, is_vip boolean,
     created_at timestamp with time zone`,
    {
      name,
      email,
      phone,
      birth_date: { kind: 'pii.birthDate', use: 'equality' },
      api_token: secret,
      is_vip: { kind: 'pii.health', use: 'equality' },
    },
  ),
  table('public.u', 'id integer, email text, note text, n integer', { email }),
  table('public.leads', 'id integer, email text, source text', { email }),
  table('public.newsletter', 'email text, subscribed boolean', {}),
  table(
    'public.employees',
    'id integer, name text, email text, manager_id integer, salary numeric(10,2), team text',
    {
      name,
      email,
      salary,
    },
  ),
  table(
    'public.orders',
    'id integer, customer_id integer, status text, amount numeric(10,2), note text, created_at timestamp with time zone',
  ),
  table(
    'public.order_items',
    'id integer, order_id integer, sku text, quantity integer, price numeric(10,2)',
  ),
  table('public.products', 'id integer, sku text, title text, price numeric(10,2), data jsonb'),
  table('public.documents', 'id integer, owner_id integer, body jsonb, kind text', { body: freeText }),
  table('public.customer_view', 'id integer, email text, status text', { email }, 'view'),
  table('public.archive', 'id integer, email text, status text'),
  table('crm.contacts', 'id integer, email text, region text', { email: { kind: 'pii.email', use: 'open' } }),
  table('public.t', 'id integer, label text, amount integer'),
  table(
    'pg_catalog.pg_stats',
    'schemaname name, tablename name, attname name, most_common_vals anyarray',
    {
      most_common_vals: statistics,
    },
    'view',
  ),
  table(
    'pg_catalog.pg_stat_activity',
    'pid integer, usename name, state text, query text',
    { query: statistics },
    'view',
  ),
];

export const shop = buildCatalog(shopTables, ['full_name', 'notify_all']);
