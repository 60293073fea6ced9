/** A schema `depot` with one object of nearly every kind, so that every question of a tool has an answer. */

/** Run as the superuser; everything but what only a superuser may make belongs to `role`. */
export const oneOfEverything = (role: string): string => `
  SET ROLE ${role};
  CREATE SCHEMA depot;
  CREATE TYPE depot.mood AS ENUM ('calm', 'busy');
  CREATE TYPE depot.place AS (x float8, y float8);
  CREATE TYPE depot.width_range AS RANGE (subtype = float8);
  CREATE DOMAIN depot.percent AS int DEFAULT 0 CHECK (VALUE BETWEEN 0 AND 100);
  CREATE SEQUENCE depot.tickets START 10 CACHE 2;
  CREATE COLLATION depot.plain (locale = 'C');
  CREATE TABLE depot.shelves (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood depot.mood NOT NULL DEFAULT 'calm', filled depot.percent,
    width numeric(6,2) CHECK (width > 0), square numeric GENERATED ALWAYS AS (width * width) STORED,
    label varchar(40) COLLATE "C" UNIQUE, during tstzrange, parts text[] NOT NULL DEFAULT '{}', place depot.place,
    ticket int DEFAULT nextval('depot.tickets'), EXCLUDE USING gist (during WITH &&));
  INSERT INTO depot.shelves (label, width, filled) SELECT 'shelf ' || i, i, i FROM generate_series(1, 5) i;
  CREATE TABLE depot.moves (id bigint, at date NOT NULL, shelf int REFERENCES depot.shelves ON DELETE SET NULL, PRIMARY KEY (id, at))
    PARTITION BY RANGE (at);
  CREATE TABLE depot.moves_2026 PARTITION OF depot.moves FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  INSERT INTO depot.moves VALUES (1, '2026-05-01', 1), (2, '2026-05-02', 2);
  CREATE INDEX moves_at ON depot.moves (at DESC) INCLUDE (shelf) WHERE shelf IS NOT NULL;
  CREATE INDEX shelves_lower ON depot.shelves (lower(label), width NULLS FIRST);
  CREATE TABLE depot.parent (id int, what text);
  CREATE TABLE depot.child (more int) INHERITS (depot.parent);
  CREATE UNLOGGED TABLE depot.fleeting (id int PRIMARY KEY);
  CREATE FUNCTION depot.area(width numeric, height numeric DEFAULT 1) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT width * height';
  CREATE FUNCTION depot.labels() RETURNS TABLE (id int, label text) LANGUAGE sql STABLE AS 'SELECT id, label FROM depot.shelves';
  CREATE FUNCTION depot.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.label := trim(NEW.label); RETURN NEW; END';
  CREATE PROCEDURE depot.tidy(keep int) LANGUAGE plpgsql AS 'BEGIN DELETE FROM depot.moves WHERE id > keep; END';
  CREATE AGGREGATE depot.total(int) (sfunc = int4pl, stype = int, initcond = '0');
  CREATE OPERATOR depot.=== (leftarg = int, rightarg = int, function = int4eq, commutator = OPERATOR(depot.===));
  CREATE TRIGGER touch BEFORE UPDATE ON depot.shelves FOR EACH ROW EXECUTE FUNCTION depot.touch();
  CREATE VIEW depot.calm AS SELECT id, label FROM depot.shelves WHERE mood = 'calm' WITH CHECK OPTION;
  CREATE MATERIALIZED VIEW depot.counts AS SELECT mood, count(*) AS shelves FROM depot.shelves GROUP BY mood;
  CREATE RULE silent AS ON DELETE TO depot.calm DO INSTEAD NOTHING;
  CREATE POLICY everybody ON depot.parent USING (id > 0);
  ALTER TABLE depot.parent ENABLE ROW LEVEL SECURITY;
  CREATE STATISTICS depot.shelf_statistics (dependencies) ON mood, filled FROM depot.shelves;
  CREATE TEXT SEARCH CONFIGURATION depot.words (COPY = simple);
  GRANT SELECT (id, label), UPDATE (label) ON depot.shelves TO PUBLIC;
  GRANT USAGE ON SCHEMA depot TO PUBLIC;
  COMMENT ON SCHEMA depot IS 'Where things are kept.';
  COMMENT ON TABLE depot.shelves IS 'What things lie on.';
  COMMENT ON COLUMN depot.shelves.width IS 'In metres.';
  COMMENT ON FUNCTION depot.area IS 'Width by height.';
  COMMENT ON CONSTRAINT shelves_pkey ON depot.shelves IS 'Its number.';
  COMMENT ON INDEX depot.shelves_lower IS 'For lists.';
  COMMENT ON TYPE depot.mood IS 'How it goes there.';
  RESET ROLE;
  CREATE PUBLICATION news FOR TABLE depot.shelves (id, mood);
  CREATE FOREIGN DATA WRAPPER nothing;
  CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
  CREATE CAST (depot.mood AS int) WITH INOUT;
  ANALYZE depot.shelves, depot.moves;
`;
