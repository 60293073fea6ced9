"""Everyday work through psycopg2: `everydayPsycopg2.py URL everyday|guarded`, one line per result."""

import hashlib
import io
import json
import select
import sys
import threading
import time

import psycopg2
import psycopg2.extras

url, mode = sys.argv[1:]


def say(name, value):
    print(name, json.dumps(value, ensure_ascii=False, default=lambda v: repr(bytes(v)) if isinstance(v, memoryview) else repr(v)), flush=True)


def digest(data):
    return [len(data), hashlib.sha256(data).hexdigest()[:16]]


def failure(work):
    """What the server says to work that fails."""
    try:
        work()
    except psycopg2.Error as error:
        return [error.pgcode, error.diag.severity, error.diag.message_primary, error.diag.statement_position]
    return "no error"


def rows(conn, text, values=None):
    with conn.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.fetchall()


def run(conn, text, values=None):
    with conn.cursor() as cursor:
        cursor.execute(text, values)
        return cursor.statusmessage


def queries(conn):
    say("simple", rows(conn, "SELECT id, label FROM measures ORDER BY id LIMIT 3"))
    say("parameters", rows(conn, "SELECT id, value FROM measures WHERE id = ANY(%s) AND label <> %s", ([2, 5], "it's")))
    say("every type", rows(conn, "SELECT * FROM measures WHERE id >= 985 ORDER BY id LIMIT 20"))
    say("nulls", rows(conn, "SELECT %s, NULL::jsonb, %s::text[]", (None, [None, "a,b", '"'])))
    say("jsonb", rows(conn, "SELECT %s::jsonb || '{\"b\": [1, null]}'", (psycopg2.extras.Json({"a": "ü"}),)))
    say("bytes", rows(conn, "SELECT %s::bytea", (bytes(range(256)),)))
    say("1 MB", digest(rows(conn, "SELECT %s", ("é" * 524288,))[0][0].encode()))
    say("several statements", rows(conn, "SELECT 1; SELECT 2; SELECT 3"))
    say("PREPARE", run(conn, "PREPARE pick (int) AS SELECT label FROM measures WHERE id = $1"))
    say("EXECUTE", [rows(conn, "EXECUTE pick (%s)", (i,)) for i in range(1, 8)])
    say("DEALLOCATE", run(conn, "DEALLOCATE pick"))
    many = rows(conn, "SELECT i, 'row ' || i FROM generate_series(1, 100000) i")
    say("100k rows", [len(many), sum(r[0] for r in many), many[-1]])
    with conn.cursor() as cursor:
        psycopg2.extras.execute_values(cursor, "INSERT INTO incoming VALUES %s", [(i, "x") for i in range(500)])
        say("execute_values", run(conn, "DELETE FROM incoming WHERE id >= 0"))


def transactions(conn):
    conn.autocommit = False
    say("update", run(conn, "UPDATE measures SET label = 'changed' WHERE id = 1"))
    say("division", failure(lambda: run(conn, "SELECT 1 / 0")))
    say("aborted", failure(lambda: run(conn, "SELECT 1")))
    conn.rollback()
    say("recovered", rows(conn, "SELECT label FROM measures WHERE id = 1"))
    run(conn, "SAVEPOINT here")
    say("unknown column", failure(lambda: run(conn, "SELECT nothing FROM measures")))
    run(conn, "ROLLBACK TO SAVEPOINT here")
    say("after savepoint", rows(conn, "SELECT 5"))
    conn.commit()
    conn.set_session(isolation_level="SERIALIZABLE", readonly=True)
    say("read only", failure(lambda: run(conn, "UPDATE measures SET label = 'x' WHERE id = 1")))
    conn.rollback()
    conn.set_session(isolation_level="DEFAULT", readonly=False)
    run(conn, "SET statement_timeout = '7s'")
    conn.reset()
    say("reset", rows(conn, "SHOW statement_timeout"))
    conn.rollback()
    conn.autocommit = True


def copies(conn):
    run(conn, "DELETE FROM incoming WHERE id >= 0")
    with conn.cursor() as cursor:
        text = "".join(f"{i},\"label \"\"{i}\"\"\"\n" for i in range(5000))
        cursor.copy_expert("COPY incoming (id, label) FROM STDIN (FORMAT csv)", io.StringIO(text))
        say("copied in", cursor.rowcount)
        out = io.BytesIO()
        cursor.copy_expert("COPY (SELECT * FROM incoming ORDER BY id) TO STDOUT (FORMAT csv, HEADER)", out)
        say("copied out", digest(out.getvalue()))
        out = io.BytesIO()
        cursor.copy_expert("COPY measures TO STDOUT", out)
        say("copied table", digest(out.getvalue()))
        say("bad copy", failure(lambda: cursor.copy_expert("COPY incoming FROM STDIN", io.StringIO("one\ttwo\n"))))
    say("deleted", run(conn, "DELETE FROM incoming WHERE id >= 0"))


def cursors(conn):
    conn.autocommit = False
    with conn.cursor("walk", scrollable=True) as cursor:
        cursor.itersize = 10
        cursor.execute("SELECT id FROM measures WHERE id <= %s ORDER BY id", (35,))
        say("named cursor", [row[0] for row in cursor])
        cursor.scroll(5, mode="absolute")
        say("scrolled", cursor.fetchmany(2))
    conn.commit()
    with conn.cursor("held", withhold=True) as cursor:
        cursor.execute("SELECT id FROM measures ORDER BY id LIMIT 5")
        conn.commit()
        say("held cursor", cursor.fetchall())
    conn.commit()
    conn.autocommit = True


def signals(conn):
    run(conn, "DROP TABLE IF EXISTS nowhere_to_be_found")
    say("notices", conn.notices[-1:])
    run(conn, "LISTEN bell")
    with psycopg2.connect(url) as other:
        run(other, "NOTIFY bell, 'ring'")
    other.close()
    select.select([conn], [], [], 5)
    conn.poll()
    say("notified", [[n.channel, n.payload] for n in conn.notifies])
    threading.Timer(0.4, conn.cancel).start()
    started = time.monotonic()
    said = failure(lambda: run(conn, "SELECT pg_sleep(20)"))
    say("cancelled", [said, time.monotonic() - started < 10])
    say("after cancel", rows(conn, "SELECT 1"))


def guarded(conn):
    say("email", rows(conn, "SELECT email FROM customers WHERE id = 1"))
    say("email, by parameter", rows(conn, "SELECT email FROM customers WHERE id = %s", (1,)))
    say("drop", failure(lambda: run(conn, "DROP TABLE customers"))[0])
    say("after", rows(conn, "SELECT count(*) FROM orders WHERE id <= %s", (10,)))


connection = psycopg2.connect(url)
connection.autocommit = True
for part in [guarded] if mode == "guarded" else [queries, transactions, copies, cursors, signals]:
    part(connection)
connection.close()
