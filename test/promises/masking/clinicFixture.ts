/** The second database: a clinic, in several languages, with the types and kinds of relations that the shop lacks. */
import { personCount, rows, type Secrets } from './secrets.ts';

export function clinicFixture(secrets: Secrets): string {
  const s = secrets;
  const address = (i: number) => `ROW('${s.street(i)}', 'Bremen')`;
  return `
  CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
  CREATE SCHEMA "Praxis Süd"; CREATE SCHEMA archiv; CREATE SCHEMA "select";
  CREATE DOMAIN mail_address AS citext CHECK (VALUE LIKE '%@%');
  CREATE DOMAIN plain_text AS text;
  CREATE DOMAIN mails AS text[];
  CREATE TYPE blood AS ENUM ('A+', 'B+', '0-');
  CREATE TYPE place AS (street text, city text);
  CREATE TYPE person_card AS (full_name text, email text, home place);
  CREATE TYPE money_range AS RANGE (subtype = numeric);
  CREATE TABLE "Praxis Süd"."Patienten" ("Nr" int PRIMARY KEY, "Nachname" text, "Geburtsdatum" date, "E-Mail" mail_address, "Telefon" varchar(30),
    "Diagnose" text, "Blutgruppe" blood, "Allergien" text[], "Anschrift" place, "Größe" int, "Krankenversicherungsnummer" text, "Aufnahme" date);
  INSERT INTO "Praxis Süd"."Patienten" VALUES
    ${rows(personCount, (i) => [i, s.name(i), s.birthDate(i), s.email(i), s.phone(i), s.illness(i), (i + (s.digits('blood', i, 1) > '5' ? 1 : 0)) % 2 ? 'A+' : 'B+', `ARRAY['${s.illness(100 + i)}', '${s.illness(200 + i)}']`, address(i), 150 + i, s.ssn(i), '2026-02-03'])};
  CREATE TABLE besuche (id int NOT NULL, tag date NOT NULL, patient int, arzt text, patient_email text, dauer int4range) PARTITION BY RANGE (tag);
  CREATE TABLE besuche_2025 PARTITION OF besuche FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE besuche_2026 PARTITION OF besuche FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY LIST (id);
  CREATE TABLE besuche_rest PARTITION OF besuche_2026 DEFAULT;
  INSERT INTO besuche VALUES ${rows(personCount, (i) => [i, i % 2 ? '2025-06-07' : '2026-06-07', i, 'Dr. A', s.email(i), `[${i},${i + 3})`])};
  CREATE TABLE personal (id int PRIMARY KEY, email text, gehalt numeric(12,2), gehalt_spanne money_range);
  CREATE TABLE aerzte (fach text) INHERITS (personal);
  INSERT INTO personal VALUES ${rows(12, (i) => [i, s.email(500 + i), s.salary(500 + i), `[${s.salary(520 + i)},4999999]`])};
  INSERT INTO aerzte VALUES ${rows(12, (i) => [100 + i, s.email(540 + i), s.salary(540 + i), null, 'Chirurgie'])};
  CREATE TABLE t_17 (c1 int PRIMARY KEY, c2 text, c3 text, c4 text, c5 text, c6 text, c7 numeric(12,2));
  INSERT INTO t_17 VALUES ${rows(personCount, (i) => [i, s.email(600 + i), s.iban(600 + i), s.card(600 + i), s.ssn(600 + i), s.token(600 + i), i])};
  CREATE TABLE verlauf (id int PRIMARY KEY, eintrag text);
  INSERT INTO verlauf VALUES ${rows(12, (i) => [i, i % 3 ? `Patient ruhig, ${s.email(700 + i)} informiert.` : 'Keine Auffälligkeit.'])};
  CREATE TABLE dossier (id int PRIMARY KEY, attrs hstore, doc jsonb, list jsonb, x xml, scan bytea, mails text[], matrix text[][], cards person_card[]);
  INSERT INTO dossier VALUES ${rows(12, (i) => [
    i,
    `email=>${s.email(800 + i)}, ward=>w${i}`,
    JSON.stringify({
      patient: { kontakt: [{ typ: 'mail', wert: s.email(820 + i) }] },
      iban: s.iban(820 + i),
    }),
    JSON.stringify([s.email(840 + i), s.phone(840 + i), i]),
    `<p><mail>${s.email(860 + i)}</mail></p>`,
    `\\x${Buffer.from(s.email(880 + i)).toString('hex')}`,
    `{${s.email(900 + i)},${s.email(920 + i)}}`,
    `{{${s.email(940 + i)},${s.phone(940 + i)}},{a,b}}`,
    `ARRAY[ROW('${s.name(960 + i)}', '${s.email(960 + i)}', ROW('${s.street(960 + i)}', 'Bremen')::place)::person_card]`,
  ])};
  CREATE TABLE archiv.patienten_alt (LIKE "Praxis Süd"."Patienten"); INSERT INTO archiv.patienten_alt SELECT * FROM "Praxis Süd"."Patienten";
  CREATE TABLE "select"."from" ("where" text, "group" int); INSERT INTO "select"."from" VALUES ${rows(12, (i) => [s.email(1000 + i), i])};
  CREATE TABLE pacientes (id int PRIMARY KEY, "nome_completo" text, "data_nascimento" date, "correo electrónico" text, "телефон" text, "住所" text);
  INSERT INTO pacientes VALUES ${rows(12, (i) => [i, s.name(1100 + i), s.birthDate(1100 + i), s.email(1100 + i), s.phone(1100 + i), s.street(1100 + i)])};
  COMMENT ON COLUMN pacientes."住所" IS 'home address';
  CREATE TABLE versand (id int PRIMARY KEY, ziel plain_text, mehr mails, letzte_ip inet, pfad ltree); COMMENT ON COLUMN versand.ziel IS 'e-mail address';
  INSERT INTO versand VALUES ${rows(12, (i) => [i, s.email(1200 + i), `{${s.email(1220 + i)}}`, s.ip(1200 + i), 'a.b'])};
  CREATE TABLE notiz (id serial PRIMARY KEY, a text, b text, n numeric, arr text[], h hstore, j jsonb, d date, p place);
  CREATE TABLE schluessel ("E-Mail" mail_address PRIMARY KEY, k int); INSERT INTO schluessel SELECT "E-Mail", "Nr" FROM "Praxis Süd"."Patienten";
  CREATE TABLE termine (id int PRIMARY KEY, wer mail_address REFERENCES schluessel, wann date);
  INSERT INTO termine SELECT k, "E-Mail", '2026-03-04' FROM schluessel;

  CREATE VIEW "Praxis Süd".liste AS SELECT "Nr" AS a, "Nachname" AS b, "E-Mail" AS c, "Diagnose" AS d FROM "Praxis Süd"."Patienten";
  CREATE VIEW v2 AS SELECT a, c AS x, d AS y FROM "Praxis Süd".liste; CREATE VIEW v3 AS SELECT * FROM v2 WHERE a > 2; CREATE VIEW v4(p, q, r) AS TABLE v3;
  CREATE VIEW haus AS SELECT "Nr", ("Anschrift").street AS wo FROM "Praxis Süd"."Patienten";
  CREATE VIEW flach AS SELECT d.id, k.value ->> 'wert' AS wert FROM dossier d, jsonb_array_elements(d.doc -> 'patient' -> 'kontakt') k;
  CREATE VIEW einzeln AS SELECT id, unnest(mails) AS m FROM dossier;
  CREATE VIEW paare AS SELECT p."E-Mail" AS e, b.arzt FROM "Praxis Süd"."Patienten" p LEFT JOIN besuche b ON b.patient = p."Nr";
  CREATE VIEW rekursiv AS WITH RECURSIVE r(i, m) AS (SELECT 1, (SELECT "E-Mail"::text FROM "Praxis Süd"."Patienten" WHERE "Nr" = 1) UNION ALL SELECT i + 1, m FROM r WHERE i < 3) SELECT * FROM r;
  CREATE MATERIALIZED VIEW mv AS SELECT * FROM v4; CREATE VIEW ueber_mv AS SELECT q AS z FROM mv;
  CREATE MATERIALIZED VIEW mv_text AS SELECT "Nr" AS id, concat_ws('/', "Nachname", "E-Mail") AS t FROM "Praxis Süd"."Patienten";
  CREATE VIEW aktualisierbar WITH (security_barrier) AS SELECT "Nr", "E-Mail", "Größe" FROM "Praxis Süd"."Patienten";

  CREATE FUNCTION "Praxis Süd".kontakt(int) RETURNS mail_address LANGUAGE sql STABLE AS 'SELECT "E-Mail" FROM "Praxis Süd"."Patienten" WHERE "Nr" = $1';
  CREATE FUNCTION diagnose_von(p "Praxis Süd"."Patienten") RETURNS text LANGUAGE sql STABLE AS 'SELECT p."Diagnose"';
  CREATE FUNCTION alle() RETURNS SETOF "Praxis Süd"."Patienten" LANGUAGE plpgsql SECURITY DEFINER AS 'BEGIN RETURN QUERY SELECT * FROM "Praxis Süd"."Patienten"; END';
  CREATE FUNCTION als_record() RETURNS SETOF record LANGUAGE sql AS 'SELECT "Nr", "E-Mail"::text FROM "Praxis Süd"."Patienten"';
  CREATE FUNCTION variadisch(VARIADIC text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT array_to_string($1, '|') $$;
  CREATE FUNCTION zahl(text) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN length($1); END $$;
  CREATE FUNCTION zeige(mail_address, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
  CREATE OPERATOR "Praxis Süd".= (LEFTARG = mail_address, RIGHTARG = text, FUNCTION = zeige);
  CREATE OPERATOR "Praxis Süd".~~~ (LEFTARG = mail_address, RIGHTARG = text, FUNCTION = zeige);
  CREATE FUNCTION place_text(place) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.street'; CREATE CAST (place AS text) WITH FUNCTION place_text(place);
  CREATE FUNCTION melde() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '% %', OLD."E-Mail", TG_OP; PERFORM pg_notify('klinik', OLD."E-Mail"::text); RETURN NEW; END $$;
  CREATE TRIGGER melde AFTER UPDATE ON "Praxis Süd"."Patienten" FOR EACH ROW EXECUTE FUNCTION melde();
  CREATE TABLE protokoll (wer text, was text);
  CREATE RULE merke AS ON DELETE TO termine DO ALSO INSERT INTO protokoll VALUES (OLD.wer::text, 'weg');
  ANALYZE;
`;
}
