/** The rows of the demo database: SQL that computes them from row numbers and md5 alone, so that they never differ. */
import {
  countries,
  datasetNames,
  departments,
  familyNames,
  featureFlags,
  givenNames,
  mailDomains,
  modelNames,
  productKinds,
  productStyles,
} from './demoNames.ts';

/** How many rows each larger table gets. */
export const demoCounts = {
  customers: 5_000,
  orders: 16_000,
  employees: 240,
  documents: 1_500,
  apiKeys: 300,
  datasets: 60,
  models: 48,
  trainingRuns: 800,
} as const;

/** A text as an SQL literal (standard_conforming_strings is on). */
function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

function textArray(words: readonly string[]): string {
  return `ARRAY[${words.map(quote).join(', ')}]`;
}

/**
 * Helper functions of the session. `pick(salt, i, n)` is the one source of variety: a number from 0 to n-1 that depends on
 * nothing but its arguments. `check_digit` is Luhn's (ISO/IEC 7812-1 annex B), `make_iban` computes the two check digits
 * of ISO 13616 for account numbers without letters.
 */
export const demoHelpers = `
CREATE FUNCTION pg_temp.pick(salt text, i integer, n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS
  $$ SELECT ('x' || substr(md5(salt || i::text), 1, 7))::bit(28)::integer % n $$;
CREATE FUNCTION pg_temp.one_of(words text[], salt text, i integer) RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT words[1 + pg_temp.pick(salt, i, cardinality(words))] $$;
CREATE FUNCTION pg_temp.digits(salt text, i integer, n integer) RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT substr(translate(md5(salt || i::text), 'abcdef', '135790'), 1, n) $$;
CREATE FUNCTION pg_temp.check_digit(number text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT ((10 - sum(d / 10 + d % 10) % 10) % 10)::text
  FROM (SELECT substr(reverse(number), p, 1)::integer * (1 + p % 2) AS d FROM generate_series(1, length(number)) p) s $$;
CREATE FUNCTION pg_temp.make_iban(country text, account text) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT country || lpad((98 - (account || (ascii(left(country, 1)) - 55) || (ascii(right(country, 1)) - 55) || '00')::numeric
    % 97)::text, 2, '0') || account $$;
CREATE FUNCTION pg_temp.mail_name(name text) RETURNS text IMMUTABLE LANGUAGE sql AS
  $$ SELECT translate(replace(lower(name), ' ', '.'), 'éèëíóöøüúñłŁ', 'eeeiooouunll') $$;
`;

/** The countries, one row for each of the ten slots, and the products' names, as tables of the session. */
export const demoLists = `
CREATE TEMP TABLE demo_country (slot, code, currency, cities, streets, phones, phone_digits) AS VALUES
${countries
  .flatMap((country) => Array.from({ length: country.weight }, () => country))
  .map(({ code, currency, cities, streets, phones, phoneDigits }, slot) => {
    const lists = [cities, streets, phones].map(textArray).join(', ');
    return `  (${slot}, ${quote(code)}, ${quote(currency)}, ${lists}, ${phoneDigits})`;
  })
  .join(',\n')};
CREATE TEMP TABLE demo_kind (category, kinds) AS VALUES
${productKinds.map(({ category, kinds }) => `  (${quote(category)}, ${textArray(kinds)})`).join(',\n')};
CREATE TEMP TABLE demo_flag (n, key, description) AS VALUES
${featureFlags
  .map((flag, index) => `  (${index + 1}, ${flag.split(': ').map(quote).join(', ')})`)
  .join(',\n')};
`;

/** One more customer every nine hours, with a contact address that nobody can own and a number kept for fiction. */
const customers = `
INSERT INTO customers (id, name, email, phone, birth_date, address, city, country, created_at, notes, loyalty_points)
SELECT i, name, mail || i || '@' || pg_temp.one_of(${textArray(mailDomains)}, 'domain', i),
  CASE WHEN pg_temp.pick('phone?', i, 25) > 0 THEN phone END,
  CASE WHEN pg_temp.pick('birth?', i, 10) > 0 THEN date '1945-01-01' + pg_temp.pick('birth', i, 22000) END,
  CASE c.code WHEN 'DE' THEN street || ' ' || house ELSE house || ' ' || street END,
  pg_temp.one_of(c.cities, 'city', i), c.code,
  timestamptz '2021-01-04 08:00+00' + i * interval '9 hours' + pg_temp.pick('minute', i, 500) * interval '1 minute',
  CASE pg_temp.pick('notes', i, 24)
    WHEN 0 THEN 'Prefers a call in the evening: ' || phone
    WHEN 1 THEN 'Second address for invoices: ' || mail || '@example.org'
    WHEN 2 THEN 'Leave parcels with the neighbour at number ' || house || '.'
    WHEN 3 THEN 'Buys for a company; pays within 30 days.'
    WHEN 4 THEN 'Allergic to wool.'
    WHEN 5 THEN 'Complained about a late delivery, got a voucher.'
  END,
  pg_temp.pick('points', i, 50) * pg_temp.pick('more points', i, 40)
FROM generate_series(1, ${demoCounts.customers}) i
JOIN demo_country c ON c.slot = pg_temp.pick('country', i, 10)
CROSS JOIN LATERAL (
  SELECT pg_temp.one_of(${textArray(givenNames)}, 'given', i) || ' ' || pg_temp.one_of(${textArray(familyNames)}, 'family', i) AS name,
    pg_temp.one_of(c.phones, 'area', i) || pg_temp.digits('phone', i, c.phone_digits) AS phone,
    pg_temp.one_of(c.streets, 'street', i) AS street, 1 + pg_temp.pick('house', i, 180) AS house
) person
CROSS JOIN LATERAL (SELECT pg_temp.mail_name(name) AS mail) m
ORDER BY i;
`;

/** Every style of every kind. */
const products = `
INSERT INTO products (id, sku, name, category, price, stock, weight_grams, tags, discontinued, created_at)
SELECT i, upper(left(kind, 3) || '-' || left(style, 3)) || '-' || lpad(i::text, 4, '0'), style || ' ' || kind, category,
  9 + pg_temp.pick('price of ' || kind, 0, 140) + pg_temp.pick('price', i, 25) + 0.90, pg_temp.pick('stock', i, 400), 50 + pg_temp.pick('weight', i, 3000),
  ARRAY[category, lower(style)], pg_temp.pick('discontinued', i, 12) = 0,
  timestamptz '2020-11-02 09:00+00' + i * interval '3 hours'
FROM (
  SELECT row_number() OVER (ORDER BY category, kind, style)::integer AS i, category, kind, style
  FROM demo_kind, unnest(kinds) kind, unnest(${textArray(productStyles)}) style
) p ORDER BY i;
`;

/** Orders come every 135 minutes, from someone who was a customer by then; every fourth has a second line. */
const orders = `
INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
SELECT o, line, p.id, 1 + pg_temp.pick('quantity' || line, o, 3), p.price
FROM generate_series(1, ${demoCounts.orders}) o
CROSS JOIN LATERAL generate_series(1, CASE WHEN pg_temp.pick('lines', o, 4) = 0 THEN 2 ELSE 1 END) line
JOIN products p ON p.id = 1 + pg_temp.pick('product' || line, o, (SELECT count(*)::integer FROM products))
ORDER BY o, line;

INSERT INTO orders (id, customer_id, status, total, currency, created_at, shipped_at)
SELECT o, c.id, status, total, CASE c.country WHEN 'US' THEN 'USD' WHEN 'GB' THEN 'GBP' ELSE 'EUR' END, placed,
  CASE WHEN status IN ('shipped', 'delivered', 'returned') THEN placed + (20 + pg_temp.pick('shipped', o, 90)) * interval '1 hour' END
FROM generate_series(1, ${demoCounts.orders}) o
CROSS JOIN LATERAL (
  SELECT timestamptz '2022-01-03 00:00+00' + o * interval '135 minutes' + pg_temp.pick('placed', o, 130) * interval '1 minute' AS placed,
    CASE WHEN o > ${demoCounts.orders} - 40 THEN 'pending' WHEN o > ${demoCounts.orders} - 120 THEN 'paid'
      WHEN o > ${demoCounts.orders} - 260 THEN 'shipped' WHEN pg_temp.pick('status', o, 100) < 4 THEN 'cancelled'
      WHEN pg_temp.pick('status', o, 100) < 9 THEN 'returned' ELSE 'delivered' END AS status
) s
JOIN (SELECT order_id, sum(quantity * unit_price) AS total FROM order_items GROUP BY order_id) i ON i.order_id = o
JOIN customers c ON c.id = 1 + pg_temp.pick('customer', o, least((8720 + o * 9 / 4) / 9, ${demoCounts.customers}))
ORDER BY o;

INSERT INTO payments (id, order_id, card_number, iban, amount, currency, status, paid_at)
SELECT row_number() OVER (ORDER BY o.id), o.id, CASE WHEN by_card THEN card || pg_temp.check_digit(card) END,
  CASE WHEN by_card THEN NULL WHEN c.country = 'FR' THEN pg_temp.make_iban('FR', pg_temp.digits('account', o.id, 23))
    ELSE pg_temp.make_iban('DE', pg_temp.digits('account', o.id, 18)) END,
  o.total, o.currency,
  CASE o.status WHEN 'cancelled' THEN 'failed' WHEN 'returned' THEN 'refunded' WHEN 'paid' THEN 'authorized' ELSE 'captured' END,
  CASE WHEN o.status <> 'cancelled' THEN o.created_at + (1 + pg_temp.pick('paid', o.id, 600)) * interval '1 minute' END
FROM orders o JOIN customers c ON c.id = o.customer_id
CROSS JOIN LATERAL (
  SELECT pg_temp.pick('method', o.id, 5) > 0 AS by_card,
    pg_temp.one_of(ARRAY['424242', '555555', '400005', '510510'], 'card', o.id) || pg_temp.digits('card', o.id, 9) AS card
) method
WHERE o.status <> 'pending' ORDER BY o.id;
`;

/** Number 1 leads, 2 to 8 lead a department each. Social security numbers begin with 9: none was ever issued so. */
const employees = `
INSERT INTO employees (id, name, email, department, title, salary, ssn, hired_at, manager_id)
SELECT i, name, pg_temp.mail_name(name) || i || '@shop.example', (${textArray(departments)})[1 + (i - 1) % 8],
  CASE WHEN i = 1 THEN 'Chief Executive' WHEN i <= 8 THEN 'Head of Department'
    ELSE pg_temp.one_of(ARRAY['Specialist', 'Senior Specialist', 'Analyst', 'Lead', 'Associate'], 'title', i) END,
  CASE WHEN i = 1 THEN 240000 WHEN i <= 8 THEN 140000 ELSE 42000 END + pg_temp.pick('salary', i, 500) * 100,
  '9' || pg_temp.digits('area', i, 2) || '-' || pg_temp.digits('group', i, 2) || '-' || lpad((1000 + i * 7)::text, 4, '0'),
  date '2016-03-01' + i * 15, CASE WHEN i = 1 THEN NULL WHEN i <= 8 THEN 1 ELSE greatest(1 + (i - 1) % 8, 1) END
FROM generate_series(1, ${demoCounts.employees}) i
CROSS JOIN LATERAL (
  SELECT pg_temp.one_of(${textArray(givenNames)}, 'employee', i) || ' ' || pg_temp.one_of(${textArray(familyNames)}, 'employed', i) AS name
) person ORDER BY i;

INSERT INTO api_keys (id, owner_id, name, token, created_at, revoked_at)
SELECT i, 1 + pg_temp.pick('key owner', i, ${demoCounts.employees}),
  pg_temp.one_of(ARRAY['ci', 'notebook', 'dashboard', 'etl', 'mobile', 'partner'], 'key', i) || '-' || i,
  'shop_live_' || md5('token' || i) || left(md5('second' || i), 8), made,
  CASE WHEN pg_temp.pick('revoked', i, 6) = 0 THEN made + pg_temp.pick('revoked', i, 200) * interval '1 day' END
FROM generate_series(1, ${demoCounts.apiKeys}) i
CROSS JOIN LATERAL (SELECT timestamptz '2023-02-06 10:00+00' + i * interval '83 hours' AS made) m ORDER BY i;
`;

/** A third are support tickets with contact details inside; product reviews hold none. */
const documents = `
INSERT INTO documents (id, owner_id, kind, body, created_at)
SELECT i, c.id, kind, CASE kind
  WHEN 'support_ticket' THEN jsonb_build_object('subject', pg_temp.one_of(ARRAY['Parcel is late', 'Wrong colour',
      'Refund please', 'Change my address'], 'subject', i),
    'contact', jsonb_build_object('name', c.name, 'email', c.email, 'phone', c.phone),
    'messages', jsonb_build_array(jsonb_build_object('from', c.email, 'text', 'Please answer to ' || c.email || '.')))
  WHEN 'invoice' THEN jsonb_build_object('number', 'INV-' || lpad(i::text, 6, '0'), 'billing',
    jsonb_build_object('name', c.name, 'street', c.address, 'city', c.city, 'country', c.country), 'total', 20 + i % 300)
  WHEN 'contract' THEN jsonb_build_object('party', c.name, 'signed_on', to_char(date '2022-01-10' + i, 'YYYY-MM-DD'),
    'bank', jsonb_build_object('iban', pg_temp.make_iban('DE', pg_temp.digits('contract', i, 18))), 'months', 12)
  ELSE jsonb_build_object('stars', 1 + pg_temp.pick('stars', i, 5), 'product_id', 1 + pg_temp.pick('reviewed', i, 300),
    'text', pg_temp.one_of(ARRAY['Exactly as described.', 'Broke after a week.', 'Would buy again.', 'Too small.'], 'review', i))
  END, timestamptz '2022-02-01 12:00+00' + i * interval '1 day'
FROM generate_series(1, ${demoCounts.documents}) i
JOIN customers c ON c.id = 1 + pg_temp.pick('document', i, ${demoCounts.customers})
CROSS JOIN LATERAL (
  SELECT pg_temp.one_of(ARRAY['support_ticket', 'support_ticket', 'invoice', 'contract', 'product_review', 'product_review'], 'kind', i) AS kind
) k ORDER BY i;
`;

const machineLearning = `
INSERT INTO datasets (id, name, uri, rows, format, checksum, owner_id, created_at)
SELECT i, name, 's3://shop-datasets/' || replace(name, '-', '/') || '/', 10000 + pg_temp.pick('rows', i, 90000000),
  pg_temp.one_of(ARRAY['parquet', 'csv', 'jsonl'], 'format', i), md5('dataset' || i), 3 + 8 * pg_temp.pick('dataset', i, 29),
  timestamptz '2023-01-09 06:00+00' + i * interval '19 days'
FROM generate_series(1, ${demoCounts.datasets}) i
CROSS JOIN LATERAL (SELECT (${textArray(datasetNames)})[1 + (i - 1) % 12] || '-' || 2022 + (i - 1) / 12 AS name) n ORDER BY i;

INSERT INTO models (id, name, version, task, stage, metrics, owner_id, created_at)
SELECT i, (${textArray(modelNames)})[family], version,
  (ARRAY['classification', 'regression', 'classification', 'embedding', 'ranking', 'ranking', 'classification', 'regression'])[family],
  CASE version WHEN 6 THEN 'experiment' WHEN 5 THEN 'staging' WHEN 4 THEN 'production' ELSE 'archived' END,
  jsonb_build_object('auc', 0.70 + version * 0.03 + pg_temp.pick('auc', i, 100) * 0.0005, 'latency_ms', 4 + pg_temp.pick('latency', i, 60)),
  3 + 8 * pg_temp.pick('model', i, 29), timestamptz '2023-03-01 09:00+00' + version * interval '170 days' + family * interval '3 days'
FROM generate_series(1, ${demoCounts.models}) i
CROSS JOIN LATERAL (SELECT 1 + (i - 1) % 8 AS family, 1 + (i - 1) / 8 AS version) v ORDER BY i;

INSERT INTO training_runs (id, model_id, dataset_id, status, parameters, loss, accuracy, started_at, finished_at)
SELECT i, 1 + pg_temp.pick('trained', i, ${demoCounts.models}), 1 + pg_temp.pick('trained on', i, ${demoCounts.datasets}), status,
  jsonb_build_object('learning_rate', (1 + pg_temp.pick('rate', i, 50)) * 0.0001, 'epochs', 5 + pg_temp.pick('epochs', i, 40),
    'batch_size', 32 << pg_temp.pick('batch', i, 4), 'seed', i),
  CASE status WHEN 'succeeded' THEN (100 + pg_temp.pick('loss', i, 900)) / 1000.0 END,
  CASE status WHEN 'succeeded' THEN (700 + pg_temp.pick('accuracy', i, 280)) / 1000.0 END, started,
  CASE WHEN status IN ('succeeded', 'failed') THEN started + (4 + pg_temp.pick('took', i, 400)) * interval '1 minute' END
FROM generate_series(1, ${demoCounts.trainingRuns}) i
CROSS JOIN LATERAL (
  SELECT timestamptz '2023-06-01 02:00+00' + i * interval '29 hours' AS started,
    CASE WHEN i > ${demoCounts.trainingRuns} - 4 THEN 'queued' WHEN i > ${demoCounts.trainingRuns} - 8 THEN 'running'
      WHEN pg_temp.pick('run', i, 9) = 0 THEN 'failed' ELSE 'succeeded' END AS status
) r ORDER BY i;
`;

const configuration = `
INSERT INTO model_settings (key, value, updated_at)
SELECT model || '.' || setting, CASE setting
    WHEN 'threshold' THEN to_jsonb(round((50 + pg_temp.pick('threshold', i, 45)) / 100.0, 2))
    WHEN 'max_batch' THEN to_jsonb(16 << pg_temp.pick('max batch', i, 5))
    WHEN 'learning_rate' THEN to_jsonb((1 + pg_temp.pick('learning rate', i, 20)) * 0.0005)
    ELSE jsonb_build_object('model', model, 'version', 1 + pg_temp.pick('fallback', i, 4)) END,
  timestamptz '2025-05-05 07:30+00' + i * interval '5 days'
FROM (
  SELECT row_number() OVER (ORDER BY model, setting)::integer AS i, model, setting
  FROM unnest(${textArray(modelNames)}) model, unnest(ARRAY['threshold', 'max_batch', 'learning_rate', 'fallback']) setting
) s ORDER BY i;

INSERT INTO feature_flags (key, enabled, rollout_percent, description, updated_at)
SELECT key, pg_temp.pick('enabled', n, 3) > 0, 5 * pg_temp.pick('rollout', n, 21), description,
  timestamptz '2025-08-18 14:00+00' + n * interval '9 days'
FROM demo_flag ORDER BY n;
`;

/** All rows, in an order that lets later ones look at earlier ones. */
export const demoRows = [
  customers,
  products,
  orders,
  employees,
  documents,
  machineLearning,
  configuration,
].join('');
