/** The first database of the leak corpus: a shop as the demo's, with one of everything that could carry a value out. */
import { personCount, rows, type Secrets } from './secrets.ts';

export function shopFixture(secrets: Secrets): string {
  const s = secrets;
  return `
  CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, email text UNIQUE NOT NULL, phone text, birth_date date, ssn text,
    card_number text, iban text, street text, api_token text, password_hash text, last_ip inet, latitude numeric(9,6),
    city text, status text NOT NULL DEFAULT 'active', notes text, visits int NOT NULL DEFAULT 0, created_at timestamptz);
  INSERT INTO customers VALUES
    ${rows(personCount, (i) => [i, s.name(i), s.email(i), s.phone(i), s.birthDate(i), s.ssn(i), s.card(i), s.iban(i), s.street(i), s.token(i), s.passwordHash(i), s.ip(i), s.degrees('latitude', i), i % 2 ? 'London' : 'Leeds', i % 3 ? 'active' : 'closed', s.prose(i), i, '2026-01-01'])};
  CREATE TABLE orders (id int PRIMARY KEY, customer_id int REFERENCES customers, status text NOT NULL, total numeric(10,2), note text);
  INSERT INTO orders SELECT i, 1 + i % ${personCount}, CASE i % 3 WHEN 0 THEN 'open' ELSE 'paid' END, i * 1.5, NULL FROM generate_series(1, 96) i;
  CREATE TABLE leads (id int PRIMARY KEY, email text, source text);
  INSERT INTO leads VALUES ${rows(12, (i) => [i, s.email(2 * i), i % 2 ? 'fair' : 'web'])};
  CREATE TABLE employees (id int PRIMARY KEY, name text, salary int, team text, manager_id int REFERENCES employees);
  INSERT INTO employees VALUES ${rows(12, (i) => [i, s.name(100 + i), Number(s.salary(i)), i % 2 ? 'north' : 'south', i > 1 ? 1 : null])};
  CREATE TABLE documents (id int PRIMARY KEY, kind text, body jsonb, raw json);
  INSERT INTO documents VALUES ${rows(12, (i) => {
    const text = JSON.stringify({
      n: i,
      contact: { email: s.email(200 + i), phone: s.phone(200 + i) },
      seen: [s.email(220 + i)],
    });
    return [i, 'form', text, text];
  })};
  CREATE TABLE tickets (id int PRIMARY KEY, subject text, message text);
  INSERT INTO tickets VALUES ${rows(12, (i) => [i, `Ticket ${i}`, s.prose(300 + i)])};
  CREATE TABLE follows (email text REFERENCES customers (email), topic text, PRIMARY KEY (email, topic));
  INSERT INTO follows SELECT email, 'news' FROM customers;
  CREATE TABLE u (id int PRIMARY KEY, email text, note text, n int DEFAULT 0);
  INSERT INTO u VALUES ${rows(12, (i) => [i, s.email(400 + i), `note ${i}`, i])};
  CREATE TABLE scratch (id serial PRIMARY KEY, a text, b text, n bigint, j jsonb, at date);
  CREATE TABLE checked (id int PRIMARY KEY, a text CHECK (length(a) < 5), b varchar(4), c text NOT NULL DEFAULT 'c', n int UNIQUE);
  CREATE TABLE customers_old (LIKE customers); INSERT INTO customers_old SELECT * FROM customers;
  CREATE TABLE log (id serial PRIMARY KEY, line text);

  CREATE VIEW customer_view AS SELECT id, name, email AS reach_at, status FROM customers;
  CREATE VIEW redefined AS SELECT id AS number, reach_at AS way FROM customer_view;
  CREATE VIEW contacts AS SELECT id AS number, reach_at AS way FROM customer_view WHERE status = 'active';
  CREATE VIEW shouting AS SELECT id, upper(email) AS loud, left(email, 3) AS head, length(email) AS size FROM customers;
  CREATE VIEW everyone AS SELECT email AS x FROM customers UNION ALL SELECT email FROM leads UNION ALL SELECT source FROM leads;
  CREATE VIEW as_json AS SELECT id, to_jsonb(c) AS doc FROM customers c;
  CREATE VIEW rows_of AS SELECT id, c AS whole FROM customers c;
  CREATE VIEW letters AS SELECT id, n, ascii(substr(email, n, 1)) AS code FROM customers, generate_series(1, 40) n;
  CREATE VIEW early AS SELECT id FROM customers WHERE email < 'qm';
  CREATE VIEW ordered AS SELECT id, row_number() OVER (ORDER BY email) AS place FROM customers;
  CREATE MATERIALIZED VIEW reach AS SELECT id, email AS a, md5(email) AS b FROM customers;
  CREATE MATERIALIZED VIEW lengths AS SELECT id, length(email) AS a FROM customers;

  CREATE FUNCTION mail_of(int) RETURNS text LANGUAGE sql STABLE AS 'SELECT email FROM customers WHERE id = $1';
  CREATE FUNCTION mail_new(int) RETURNS text LANGUAGE sql STABLE BEGIN ATOMIC SELECT email FROM customers WHERE id = $1; END;
  CREATE FUNCTION mail_plain(int) RETURNS text LANGUAGE plpgsql STABLE AS 'DECLARE x text; BEGIN SELECT email INTO x FROM customers WHERE id = $1; RETURN x; END';
  CREATE FUNCTION mail_definer(int) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT email FROM customers WHERE id = $1';
  CREATE FUNCTION mails() RETURNS SETOF text LANGUAGE sql STABLE AS 'SELECT email FROM customers ORDER BY id';
  CREATE FUNCTION mail_rows() RETURNS TABLE (a int, b text) LANGUAGE sql STABLE AS 'SELECT id, email FROM customers';
  CREATE FUNCTION mail_set() RETURNS SETOF customers LANGUAGE sql STABLE AS 'SELECT * FROM customers';
  CREATE FUNCTION mail_out(IN int, OUT a text, OUT b text) LANGUAGE sql STABLE AS 'SELECT email, name FROM customers WHERE id = $1';
  CREATE FUNCTION mail_length(int) RETURNS int LANGUAGE sql STABLE AS 'SELECT length(email) FROM customers WHERE id = $1';
  CREATE FUNCTION mail_code(int, int) RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN (SELECT ascii(substr(email, $2, 1)) FROM customers WHERE id = $1); END';
  CREATE FUNCTION mail_is_early(int) RETURNS bool LANGUAGE plpgsql STABLE AS $$ BEGIN RETURN (SELECT email < 'qm' FROM customers WHERE id = $1); END $$;
  CREATE FUNCTION mail_dynamic(text) RETURNS text LANGUAGE plpgsql AS $$ DECLARE x text; BEGIN EXECUTE 'SELECT ' || $1 || ' FROM customers WHERE id = 1' INTO x; RETURN x; END $$;
  CREATE FUNCTION mail_cursor() RETURNS refcursor LANGUAGE plpgsql AS $$ DECLARE c refcursor := 'mine'; BEGIN OPEN c FOR SELECT email FROM customers; RETURN c; END $$;
  CREATE FUNCTION raise_mail(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it is %', (SELECT email FROM customers WHERE id = $1); END $$;
  CREATE FUNCTION notice_mail(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'it is %', (SELECT email FROM customers WHERE id = $1); RETURN 1; END $$;
  CREATE FUNCTION detail_mail(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING MESSAGE = 'x', DETAIL = (SELECT email FROM customers WHERE id = $1), ERRCODE = '23505', CONSTRAINT = (SELECT email FROM customers WHERE id = $1); END $$;
  CREATE FUNCTION state_mail(int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'Q' || upper(translate(substr((SELECT email FROM customers WHERE id = $1), 2, 4), '@.', 'AB')); END $$;
  CREATE FUNCTION identity(anyelement) RETURNS anyelement LANGUAGE sql IMMUTABLE AS 'SELECT $1';
  CREATE FUNCTION shout(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', $1; RETURN 'ok'; END $$;
  CREATE FUNCTION same_mail(text, text) RETURNS bool LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;
  CREATE OPERATOR === (LEFTARG = text, RIGHTARG = text, FUNCTION = same_mail);
  CREATE FUNCTION label(customers) RETURNS text LANGUAGE sql STABLE AS 'SELECT $1.name || $1.email';
  CREATE PROCEDURE say_mail() LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING '%', (SELECT email FROM customers WHERE id = 1); END $$;
  CREATE PROCEDURE give_mail(INOUT x text) LANGUAGE plpgsql AS $$ BEGIN SELECT email INTO x FROM customers WHERE id = 1; END $$;
  CREATE FUNCTION tell_on_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'was %', (SELECT email FROM customers WHERE id = 2); RETURN NEW; END $$;
  CREATE TRIGGER tell BEFORE INSERT ON log FOR EACH ROW EXECUTE FUNCTION tell_on_write();
  CREATE FUNCTION copy_on_write() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.line := (SELECT email FROM customers WHERE id = 3); RETURN NEW; END $$;
  CREATE TRIGGER copies BEFORE UPDATE ON log FOR EACH ROW EXECUTE FUNCTION copy_on_write();
  CREATE AGGREGATE joined (text) (SFUNC = textcat, STYPE = text, INITCOND = '');
  CREATE EXTENSION hstore; CREATE EXTENSION pg_trgm; CREATE EXTENSION pgcrypto; CREATE EXTENSION fuzzystrmatch; CREATE EXTENSION tablefunc;
  CREATE EXTENSION dblink; CREATE EXTENSION pageinspect; CREATE EXTENSION citext; CREATE EXTENSION xml2;
  CREATE INDEX customers_lower ON customers (lower(email)); CREATE INDEX u_email ON u (email);
  CREATE STATISTICS customers_pair (mcv) ON email, city FROM customers;
  ANALYZE;
`;
}
