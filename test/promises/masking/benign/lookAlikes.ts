/** Data that is nobody's and looks as if: what must come through untouched, beside the shop's own tables. */

export const lookAlikes = `
  CREATE TABLE products (id int PRIMARY KEY, sku text, title text, ean bigint, ean_text text, isbn text, price numeric(10,2), weight float8, dims int[],
    attributes jsonb, released date, changed timestamptz, color text, image bytea, tags text[], ref uuid, note varchar(200), span int4range, kind "char");
  INSERT INTO products SELECT i, 'SKU-' || lpad(i::text, 8, '0') || '-' || chr(65 + i % 26), 'Ada chair no. ' || i,
    4006381000000 + i * 7919, (4006381000000 + i * 7919)::text, '978-3-16-148410-' || i % 10, i * 3.25, i / 7.0, ARRAY[i, i * 2, NULL],
    jsonb_build_object('size', i, 'unit', 'cm', 'list', jsonb_build_array(1, null, 'x'), 'deep', jsonb_build_object('a', jsonb_build_object('b', i))),
    date '2024-01-01' + i, timestamptz '2024-02-29 12:34:56.789+00' + i * interval '1 hour', '#' || lpad(to_hex(i * 4099), 6, '0'),
    decode('89504e470d0a1a0a' || lpad(to_hex(i), 8, '0'), 'hex'), ARRAY['a,b', 'ü', NULL, '"'], md5(i::text)::uuid,
    CASE i % 4 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN 'naïve – 東京 🦊' ELSE 'line' || E'\\n\\ttab' END, int4range(i, i + 5), 'k'
    FROM generate_series(1, 60) i;
  CREATE TABLE builds (id bigint PRIMARY KEY, version text, sha text, artifact text, started bigint, took interval, host_port text, cron text, semver text,
    asset text, package text, machine uuid, digest text, grid text, level smallint, ok bool, ratio real, big numeric);
  INSERT INTO builds SELECT i, i % 9 || '.' || i % 7 || '.' || i % 5 || '.' || i % 30, md5(i::text) || substr(md5((i + 1)::text), 1, 8), 'build-' || i || '.tar.gz',
    1700000000000 + i::bigint * 86400123, i * interval '1 second 5 ms', 'db-' || i || ':5432', '*/' || i % 60 || ' * * * *', 'v' || i || '.0.0-rc.' || i,
    'icon-' || i || '@2x', '@types/node@' || i % 20 || '.1.0', md5((i * 3)::text)::uuid, 'sha256:' || md5(i::text) || md5((i + 7)::text),
    i || 'x' || i * 2, i, i % 2 = 0, i / 3.0, 12345678901234567890123456789 * i::numeric FROM generate_series(1, 60) i;
  CREATE TABLE shipments (id int PRIMARY KEY, order_number text, tracking text, invoice text, quantity int, batch text, part_number text, lot bigint, created timestamp, due date, slot time, zone timetz);
  INSERT INTO shipments SELECT i, 'ORD-2024-' || lpad(i::text, 6, '0'), '1Z999AA1' || lpad((i * 7)::text, 10, '0'), 'INV/' || 2024 || '/' || i, i, 'B' || i || '-' || md5(i::text),
    lpad(i::text, 3, '0') || '-0' || i % 9 + 1 || '-' || i, 100000000000 + i * 977, timestamp '2024-03-04 05:06:07.000008' + i * interval '1 day', date '2024-03-04' + i, '05:06:07', '05:06:07+02'
    FROM generate_series(1, 60) i;
  CREATE TABLE settings (key text PRIMARY KEY, value text, data json);
  INSERT INTO settings VALUES ('limit', '10', '{"a": [1, 2, {"b": null}]}'), ('mode', 'fast', '"x"'), ('regex', '^[a-z]+@', 'null'), ('empty', '', '{}'), ('url', 'https://example.com/a?b=1@2', '[]'), ('range', '10.0.0.0/8 is private', '1.50');
  CREATE TABLE metrics (at timestamptz NOT NULL, series int NOT NULL, value float8, PRIMARY KEY (at, series)) PARTITION BY RANGE (at);
  CREATE TABLE metrics_1 PARTITION OF metrics FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
  CREATE TABLE metrics_2 PARTITION OF metrics FOR VALUES FROM ('2024-02-01') TO ('2025-01-01');
  INSERT INTO metrics SELECT timestamptz '2024-01-01 00:00+00' + i * interval '6 hours', i % 3, i * 1.1 FROM generate_series(1, 200) i;
  CREATE VIEW sold AS SELECT p.id, p.sku, s.quantity, p.price * s.quantity AS total FROM products p JOIN shipments s USING (id);
  CREATE MATERIALIZED VIEW monthly AS SELECT date_trunc('month', due) AS m, sum(quantity) AS n FROM shipments GROUP BY 1;
  CREATE FUNCTION discount(numeric, int DEFAULT 10) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT round($1 * (100 - $2) / 100, 2)';
  CREATE FUNCTION stock_of(text) RETURNS int LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT quantity FROM shipments WHERE order_number = $1); END $$;
  CREATE TABLE empty_one (a int, b text, c jsonb);
  CREATE TABLE items (id serial PRIMARY KEY, title text NOT NULL, done bool NOT NULL DEFAULT false, parent int REFERENCES items, at timestamptz DEFAULT '2024-05-06 07:08:09+00');
  INSERT INTO items (title, parent) SELECT 'item ' || i, CASE WHEN i > 5 THEN i - 5 END FROM generate_series(1, 20) i;
  ANALYZE;
`;
