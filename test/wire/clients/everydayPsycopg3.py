"""Everyday work through psycopg 3: `everydayPsycopg3.py URL everyday|cursors|guarded`, one line per result."""

import hashlib
import json
import sys
import threading
import time

import psycopg
from psycopg.types.json import Jsonb

url, mode = sys.argv[1:]


def say(name, value):
    print(name, json.dumps(value, ensure_ascii=False, default=repr), flush=True)


def digest(data):
    return [len(data), hashlib.sha256(data).hexdigest()[:16]]


def failure(work):
    """What the server says to work that fails."""
    try:
        work()
    except psycopg.Error as error:
        return [error.sqlstate, error.diag.severity, error.diag.message_primary, error.diag.statement_position]
    return "no error"


def queries(conn):
    say("simple", conn.execute("SELECT id, label FROM measures ORDER BY id LIMIT 3").fetchall())
    say("parameters", conn.execute("SELECT id, label, value, at FROM measures WHERE id = ANY(%s) ORDER BY id", ([2, 5],)).fetchall())
    say("every type", conn.execute("SELECT * FROM measures WHERE id <= 3 ORDER BY id").fetchall())
    for binary in (False, True):
        cursor = conn.cursor(binary=binary)
        cursor.execute("SELECT * FROM measures WHERE id >= %s ORDER BY id LIMIT 20", (980,))
        say("columns", [[c.name, c.type_code, c.internal_size, c.precision] for c in cursor.description])
        say(f"binary {binary}", cursor.fetchall())
    say("nulls", conn.execute("SELECT %s::text, %s::int, NULL::jsonb, %s::text[]", (None, None, [None, "a,b", '"']), binary=True).fetchall())
    say("jsonb", conn.execute("SELECT %s::jsonb || '{\"b\": [1, null]}'", (Jsonb({"a": "ü"}),)).fetchone())
    say("bytes", conn.execute("SELECT %b::bytea", (bytes(range(256)),), binary=True).fetchone())
    big = "é" * 524288
    say("1 MB", digest(conn.execute("SELECT %s::text", (big,)).fetchone()[0].encode()))
    say("no rows", [conn.execute("SELECT 1 WHERE false").fetchall(), conn.execute("").statusmessage])
    # From the fifth time on (prepare_threshold) the driver prepares it on the server.
    say("prepared", [conn.execute("SELECT label FROM measures WHERE id = %s", (i,)).fetchone() for i in range(1, 13)])
    say("prepared at once", [conn.execute("SELECT value * %s FROM measures WHERE id = 3", (i,), prepare=True).fetchone() for i in range(3)])
    client = psycopg.ClientCursor(conn)
    client.execute("SELECT 1 AS one; SELECT 2 AS two; SELECT 3 AS three")
    results = [client.fetchall()]
    while client.nextset():
        results.append(client.fetchall())
    say("several statements", results)
    rows = conn.execute("SELECT i, 'row ' || i FROM generate_series(1, 100000) i").fetchall()
    say("100k rows", [len(rows), sum(r[0] for r in rows), rows[-1]])


def evictions(conn):
    """More prepared statements than the driver keeps: it drops the oldest on the server."""
    conn.prepared_max = 2
    for _ in range(2):
        say("evicted", [conn.execute(f"SELECT %s + {n}", (1,), prepare=True).fetchone()[0] for n in range(6)])
    say("left", conn.execute("SELECT count(*) FROM pg_prepared_statements").fetchone())
    conn.prepared_max = 100
    conn.execute("PREPARE pick (int) AS SELECT label FROM measures WHERE id = $1")
    say("EXECUTE", conn.execute("EXECUTE pick (3)").fetchone())
    conn.execute("DEALLOCATE ALL")


def transactions(conn):
    conn.execute("BEGIN")
    conn.execute("UPDATE measures SET label = 'changed' WHERE id = 1")
    say("division", failure(lambda: conn.execute("SELECT %s / 0", (1,))))
    say("aborted", failure(lambda: conn.execute("SELECT 1")))
    conn.execute("ROLLBACK")
    say("recovered", conn.execute("SELECT label FROM measures WHERE id = 1").fetchone())
    with conn.transaction(force_rollback=True):
        conn.execute("UPDATE measures SET label = 'outer' WHERE id = 1")

        def inner():
            with conn.transaction():
                conn.execute("UPDATE measures SET label = 'inner' WHERE id = 1")
                conn.execute("SELECT nothing FROM measures")

        say("savepoint", failure(inner))
        say("after savepoint", conn.execute("SELECT label FROM measures WHERE id = 1").fetchone())
    say("constraint", failure(lambda: conn.execute("INSERT INTO incoming VALUES (NULL, 'x')")))
    say("status", conn.info.transaction_status.name)


def copies(conn):
    conn.execute("DELETE FROM incoming WHERE id >= 0")
    cursor = conn.cursor()
    with cursor.copy("COPY incoming (id, label) FROM STDIN") as copy:
        for i in range(5000):
            copy.write_row((i, None if i % 7 == 0 else f"tab\t{i}\n"))
    say("copied in", cursor.rowcount)
    with cursor.copy("COPY incoming (id, label) FROM STDIN (FORMAT binary)") as copy:
        copy.set_types(["int4", "text"])
        for i in range(5000, 5100):
            copy.write_row((i, "ü" * i))
    say("copied in, binary", cursor.rowcount)
    with cursor.copy("COPY (SELECT * FROM incoming ORDER BY id) TO STDOUT") as copy:
        say("copied out", digest(b"".join(bytes(piece) for piece in copy)))
    with cursor.copy("COPY (SELECT id, label FROM incoming ORDER BY id) TO STDOUT (FORMAT binary)") as copy:
        say("copied out, binary", digest(b"".join(bytes(piece) for piece in copy)))

    def bad():
        with cursor.copy("COPY incoming (id, label) FROM STDIN") as copy:
            copy.write("1\tone\nnot a number\ttwo\n")

    say("bad copy", failure(bad))

    def given_up():
        with cursor.copy("COPY incoming (id, label) FROM STDIN") as copy:
            copy.write("1\tone\n")
            raise psycopg.DataError("given up")

    say("copy given up", failure(given_up))
    say("rows", conn.execute("SELECT count(*) FROM incoming").fetchone())
    conn.execute("DELETE FROM incoming WHERE id >= 0")


def cursors(conn):
    with conn.transaction():
        with conn.cursor("walk", scrollable=True) as cursor:
            cursor.itersize = 10
            cursor.execute("SELECT id, label FROM measures WHERE id <= %s ORDER BY id", (35,))
            say("named cursor", [row[0] for row in cursor])
            cursor.scroll(5, mode="absolute")
            say("scrolled", cursor.fetchmany(2))
    hold = conn.cursor("held", withhold=True)
    with conn.transaction():
        hold.execute("SELECT id FROM measures ORDER BY id LIMIT 5")
    say("held cursor", hold.fetchall())
    hold.close()
    streamed = list(conn.cursor().stream("SELECT id FROM measures ORDER BY id LIMIT %s", (50,)))
    say("streamed", [len(streamed), streamed[-1]])


def signals(conn):
    notices = []
    conn.add_notice_handler(lambda n: notices.append([n.severity, n.sqlstate, n.message_primary]))
    conn.execute("DROP TABLE IF EXISTS nowhere_to_be_found")
    say("notices", notices)
    conn.execute("LISTEN bell")
    conn.execute("NOTIFY bell, 'ring'")
    say("notified", [[n.channel, n.payload] for n in conn.notifies(timeout=5, stop_after=1)])
    conn.execute("UNLISTEN bell")
    for cancel in (conn.cancel, conn.cancel_safe):
        threading.Timer(0.4, cancel).start()
        started = time.monotonic()
        said = failure(lambda: conn.execute("SELECT pg_sleep(20)"))
        say("cancelled", [said, time.monotonic() - started < 10])
    say("after cancel", conn.execute("SELECT 1").fetchone())


def pipelines(conn):
    with conn.pipeline():
        results = [conn.execute("SELECT %s + label::text::int FROM (VALUES (1)) v(label)", (i,)) for i in range(50)]
        say("pipeline", [r.fetchone()[0] for r in results])

    def wrong_in_the_middle():
        # The error may come out of any later call, as soon as the answer has arrived.
        with conn.pipeline() as pipeline:
            conn.execute("INSERT INTO incoming VALUES (1, 'kept')")
            pipeline.sync()
            conn.execute("INSERT INTO incoming VALUES (2, 'undone')")
            conn.execute("SELECT 1 / %s", (0,))
            conn.execute("INSERT INTO incoming VALUES (3, 'skipped')")
            pipeline.sync()

    say("pipeline with an error", failure(wrong_in_the_middle))
    say("after the pipeline", conn.execute("DELETE FROM incoming WHERE id >= 0 RETURNING id").fetchall())
    with conn.pipeline() as pipeline:
        wrong = conn.execute("SELECT 1 / %s", (0,))
        steps = [failure(pipeline.sync), failure(wrong.fetchone)]
        steps.append(conn.execute("SELECT 'goes on'").fetchone())
    say("pipeline goes on", steps)
    cursor = conn.cursor()
    cursor.executemany("INSERT INTO incoming VALUES (%s, %s) RETURNING id", [(i, "x") for i in range(100)], returning=True)
    total = cursor.fetchone()[0]
    while cursor.nextset():
        total += cursor.fetchone()[0]
    say("executemany", [total, conn.execute("DELETE FROM incoming WHERE id >= 0").rowcount])


def guarded(conn):
    say("email", conn.execute("SELECT email FROM customers WHERE id = 1").fetchone())
    say("email, by parameter", conn.execute("SELECT email FROM customers WHERE id = %s", (1,), prepare=True).fetchone())
    say("email, binary", conn.execute("SELECT email FROM customers WHERE id = %s", (1,), binary=True).fetchone())
    say("drop", failure(lambda: conn.execute("DROP TABLE customers"))[0])
    with conn.pipeline() as pipeline:
        dropped = conn.execute("DROP TABLE customers")
        say("drop, in a pipeline", failure(dropped.fetchone)[0])
        failure(pipeline.sync)
    say("after", conn.execute("SELECT count(*) FROM orders WHERE id <= %s", (10,)).fetchone())

parts = {
    "everyday": [queries, evictions, transactions, copies, signals, pipelines],
    "cursors": [cursors],
    "guarded": [guarded],
}
with psycopg.connect(url, autocommit=True) as connection:
    for part in parts[mode]:
        part(connection)
