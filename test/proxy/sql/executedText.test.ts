/** Texts that code puts together and executes: which are understood before they run, and which may be any. */
import { beforeAll, describe, expect, it } from 'vitest';
import { loadParser, type SqlParser } from '../../../proxy/sql/parser.ts';

describe('what EXECUTE runs', () => {
  let parser: SqlParser;
  beforeAll(async () => {
    parser = await loadParser();
  });

  const read = (executed: string) => {
    const [statement] = parser.parse(`DO $do$ BEGIN EXECUTE ${executed}; END $do$`).statements;
    const body = statement?.bodies[0];
    return body && { runsAnything: body.runsAnything, hasHoles: body.hasHoles, isDynamic: body.isDynamic };
  };

  it.each([
    "'DROP TABLE a'",
    "'DROP ' || 'TABLE ' || 'a'",
    "('DROP TABLE'::text) || ' a'",
    "format('DROP TABLE a')",
    "format('SELECT 5 %% 2')",
  ])('%s is a constant', (executed) => {
    expect(read(executed)).toEqual({ runsAnything: false, hasHoles: false, isDynamic: false });
  });

  it.each([
    "format('DROP TABLE %I', x)",
    "'DROP TABLE ' || quote_ident(x)",
    "'TRUNCATE ' || x::regclass",
    "format('COMMENT ON TABLE %s IS %L', x::regclass, y)",
    "format('GRANT SELECT ON %I TO %I; REVOKE ALL ON %I FROM PUBLIC', a, b, a)",
    "format('CREATE TABLE %I (id uuid DEFAULT gen_random_uuid(), at timestamptz DEFAULT now(), j jsonb DEFAULT ''{}''::jsonb)', x)",
    "format('CREATE TABLE %I PARTITION OF t FOR VALUES FROM (%L) TO (%L)', x, y, z)",
    "format('ALTER TABLE %I ADD COLUMN %I text, ALTER COLUMN %I SET NOT NULL', x, y, z)",
    "format('CREATE UNIQUE INDEX ON %I (%I)', x, y)",
    "format('SELECT count(*) FROM %I', x)",
    "format('SET search_path = %I', x)",
    "format('SET statement_timeout = %L', x)",
  ])('%s is known but for names', (executed) => {
    expect(read(executed)).toEqual({ runsAnything: false, hasHoles: true, isDynamic: true });
  });

  it.each([
    'x',
    "'DROP TABLE ' || x",
    "format('DROP TABLE %s', x)",
    "format('DROP TABLE %2$I', x, y)",
    "format('DROP TABLE %-10I', x)",
    'format(x, y)',
    "public.format('DROP TABLE %I', x)",
    "concat('DROP TABLE ', quote_ident(x))",
    "format('SELECT %I FROM t', x)",
    "format('SELECT count(*) FROM %I WHERE a = %L', x, y)",
    "format('SELECT count(%I) FROM t', x)",
    "format('UPDATE %I SET a = %L', x, y)",
    "format('DELETE FROM t WHERE a = %L', x)",
    "format('INSERT INTO %I SELECT * FROM t', x)",
    "format('COPY %I TO STDOUT', x)",
    "format('ALTER TABLE %I ALTER COLUMN a TYPE int USING a::int', x)",
    "format('ALTER TABLE %I ADD CHECK (a < %L)', x, y)",
    "format('ALTER TABLE %I ADD COLUMN b int GENERATED ALWAYS AS (length(a)) STORED', x)",
    "format('ALTER TABLE %I ADD COLUMN b int DEFAULT f()', x)",
    "format('CREATE TABLE %I AS SELECT * FROM t', x)",
    "format('CREATE TABLE %I (a int DEFAULT (SELECT 1))', x)",
    "format('CREATE INDEX ON %I ((a::int))', x)",
    "format('CREATE INDEX ON %I (a) WHERE a < %L', x, y)",
    "format('CREATE VIEW %I AS SELECT 1', x)",
    "format('CREATE SCHEMA %I CREATE VIEW v AS SELECT 1', x)",
    "format('CREATE FUNCTION %I() RETURNS int LANGUAGE sql AS %L', x, y)",
    "format('CREATE TRIGGER %I BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()', x)",
    "format('CALL %I()', x)",
    "format('DO %L', x)",
    "format('EXECUTE %I', x)",
    "format('SET %I = off', x)",
    "format('SET enable_sort = %L', x)",
    "format('ALTER ROLE %I SET enable_sort = off', x)",
    "format('ALTER DOMAIN %I ADD CHECK (VALUE < %L)', x, y)",
    "format('CLUSTER %I USING i', x)",
    "format('this is no %I', x)",
  ])('%s may be anything', (executed) => {
    expect(read(executed)).toMatchObject({ runsAnything: true });
  });
});
