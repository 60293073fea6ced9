"""A program over protected data through psycopg 3: `work.py URL`, one line per result."""

import json
import sys

import psycopg


def say(name, value):
    print(name, json.dumps(value, ensure_ascii=False), flush=True)


conn = psycopg.connect(sys.argv[1], autocommit=True)

for binary in (False, True):
    cursor = conn.cursor(binary=binary)

    def ask(text, values=None):
        return cursor.execute(text, values).fetchall()

    say(f"join {binary}", ask("SELECT c.id, n.topic FROM customers c JOIN newsletter n ON n.email = c.email ORDER BY c.id"))
    rows = ask("SELECT c.id, c.email, n.email FROM customers c LEFT JOIN newsletter n USING (email) ORDER BY c.id")
    say(f"left join {binary}", [[row[0], row[2] is not None] for row in rows])
    say(f"lookup {binary}", ask("SELECT id, city FROM customers WHERE email = %s", ("ada7@secret.example",)))
    say(f"many {binary}", ask("SELECT id FROM customers WHERE email = ANY(%s) ORDER BY id", (["ada3@secret.example", "ada9@secret.example"],)))
    grouped = ask("SELECT email, count(*) FROM visits GROUP BY email")
    say(f"groups {binary}", [len(grouped), sorted(row[1] for row in grouped)])

with conn.transaction():
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO customers (id, name, email, city) VALUES (%s, %s, %s, %s)",
            [(6000 + i, "Python Program", f"python{i}@suite.example", "Ulm") for i in range(25)],
        )
        with cursor.copy("COPY visits (email, page) FROM STDIN") as copy:
            for i in range(50):
                copy.write_row((f"python{i % 25}@suite.example", i))
        cursor.execute("SELECT id, email, city FROM customers WHERE email = %s", ("python3@suite.example",))
        found = cursor.fetchone()
        assert found[0] == 6003 and found[1] and found[2] == "Ulm", found
        cursor.execute("SELECT count(*), count(DISTINCT v.email) FROM visits v JOIN customers c USING (email) WHERE c.id >= 6000")
        say("own", cursor.fetchone())
        try:
            with conn.transaction():
                cursor.execute("INSERT INTO customers (id, name, email) VALUES (7000, 'x', %s)", ("python3@suite.example",))
        except psycopg.errors.UniqueViolation as error:
            say("duplicate", [error.sqlstate, error.diag.constraint_name])
        cursor.execute("UPDATE customers SET city = 'Bonn' WHERE email = %s RETURNING id", ("python3@suite.example",))
        assert cursor.fetchone() == (6003,)
        cursor.execute("DELETE FROM visits WHERE page < 50 AND email IN (SELECT email FROM customers WHERE id >= 6000)")
        say("gone", cursor.rowcount)

with conn.pipeline():
    cursors = [conn.execute("SELECT id FROM customers WHERE email = %s", (f"python{i}@suite.example",)) for i in range(10)]
    say("pipeline", [cursor.fetchall() for cursor in cursors])

with conn.transaction(), conn.cursor("mine") as cursor:
    cursor.execute("SELECT id, email FROM customers WHERE id >= 6000 ORDER BY id")
    say("cursor", [row[0] for row in cursor.fetchmany(5)])

say("cleaned", conn.execute("DELETE FROM customers WHERE id >= 6000").rowcount)
say("shown", conn.execute("SELECT email FROM customers ORDER BY id LIMIT 1").fetchone()[0])
conn.close()
