/** The database that the guardrail cases run against: something of everything that a statement could spoil. */
export const fixture = `
  CREATE TABLE widgets (id int PRIMARY KEY, label text NOT NULL, stock int NOT NULL DEFAULT 0, active bool NOT NULL DEFAULT true,
    tags text[], data jsonb, note text);
  INSERT INTO widgets SELECT i, 'widget ' || i, i % 7, i % 3 > 0, ARRAY['a', 'b'], jsonb_build_object('n', i), NULL
    FROM generate_series(1, 20) i;
  CREATE TABLE parts (id int PRIMARY KEY, widget_id int REFERENCES widgets ON DELETE CASCADE, kind text, price numeric(10,2));
  INSERT INTO parts SELECT i, 1 + i % 20, 'kind ' || i % 3, i * 1.5 FROM generate_series(1, 60) i;
  CREATE TABLE loose (id int PRIMARY KEY, label text);
  INSERT INTO loose SELECT i, 'loose ' || i FROM generate_series(1, 10) i;
  CREATE TABLE readings (id int, taken date NOT NULL, value numeric) PARTITION BY RANGE (taken);
  CREATE TABLE readings_2024 PARTITION OF readings FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
  CREATE TABLE readings_2025 PARTITION OF readings FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  INSERT INTO readings SELECT i, date '2024-01-01' + i * 30, i FROM generate_series(1, 20) i;
  CREATE TABLE app_settings (key text PRIMARY KEY, value text);
  INSERT INTO app_settings VALUES ('limit', '10'), ('mode', 'fast');
  CREATE TABLE feature_flags (flag text PRIMARY KEY, enabled bool);
  INSERT INTO feature_flags VALUES ('beta', false);
  CREATE TABLE inbox (id int PRIMARY KEY, line text);
  CREATE TABLE "drop table" ("delete" int, "update" text, "truncate" text, "grant" text);
  INSERT INTO "drop table" VALUES (1, 'u', 't', 'g');
  CREATE VIEW shelf AS SELECT id, label, stock FROM widgets WHERE active;
  CREATE VIEW kinds AS SELECT kind, count(*) AS n, sum(price) AS total FROM parts GROUP BY kind;
  CREATE MATERIALIZED VIEW totals AS SELECT kind, sum(price) AS total FROM parts GROUP BY kind;
  CREATE INDEX parts_kind ON parts (kind);
  CREATE SEQUENCE tickets;
  CREATE TYPE mood AS ENUM ('calm', 'cross');
  CREATE TYPE pair AS (a int, b int);
  CREATE DOMAIN positive AS int CHECK (VALUE > 0);
  CREATE SCHEMA app;
  CREATE TABLE app.notes (id int PRIMARY KEY, line text);
  INSERT INTO app.notes VALUES (1, 'one');
  CREATE FUNCTION add_up(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 + $2';
  CREATE FUNCTION stock_of(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT stock FROM widgets WHERE id = $1';
  CREATE FUNCTION wipe() RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM parts; RETURN 1; END';
  CREATE FUNCTION wipe_sql() RETURNS int LANGUAGE sql AS 'DELETE FROM parts; SELECT 1';
  CREATE FUNCTION wipe_of(anyelement) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM parts; RETURN 1; END';
  CREATE FUNCTION wipe_rows() RETURNS SETOF int LANGUAGE sql AS 'DELETE FROM parts RETURNING id';
  CREATE FUNCTION wipe_definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM parts; SELECT 1';
  CREATE FUNCTION app.wipe_hidden() RETURNS bool LANGUAGE plpgsql AS 'BEGIN DELETE FROM public.parts; RETURN true; END';
  CREATE FUNCTION wipe_trigger() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN DELETE FROM parts; RETURN NEW; END';
  CREATE FUNCTION wipe_state(int, int) RETURNS int LANGUAGE plpgsql AS 'BEGIN DELETE FROM parts; RETURN 1; END';
  CREATE PROCEDURE wipe_all() LANGUAGE plpgsql AS 'BEGIN DELETE FROM parts; COMMIT; END';
  CREATE ROLE clerk LOGIN;
  CREATE ROLE owner_of_things;
  GRANT SELECT ON widgets TO clerk;
  ANALYZE;
`;

/** Roles that the fixture brings: whatever else there is, a case has made. */
export const fixtureRoles = ['clerk', 'owner_of_things'];
