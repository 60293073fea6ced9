"""What asyncpg asks of a database, types above all: `asyncpgStartUp.py URL`, one line per result."""
import asyncio
import sys

import asyncpg


async def main():
    connection = await asyncpg.connect(sys.argv[1])
    print("version", connection.get_server_version()[:1])
    # Types that it does not know make it look them up, with what they consist of.
    statement = await connection.prepare("SELECT id, mood, filled, place, parts, during, label FROM depot.shelves WHERE mood = $1 ORDER BY id")
    print("parameters", statement.get_parameters())
    print("attributes", statement.get_attributes())
    print("rows", await statement.fetch("calm"))
    print("array", await connection.fetchval("SELECT array_agg(s.mood ORDER BY s.id) FROM depot.shelves s"))
    print("ranges", await connection.fetchval("SELECT ARRAY['[1,2)'::depot.width_range]"))
    await connection.set_type_codec("mood", schema="depot", encoder=str, decoder=str.upper)
    print("codec", await connection.fetchval("SELECT mood FROM depot.shelves WHERE id = 1"))
    async with connection.transaction(isolation="serializable", readonly=True, deferrable=True):
        print("cursor", len([row async for row in connection.cursor("SELECT id FROM orders ORDER BY id")]))
    await connection.reset()
    await connection.close()
    async with asyncpg.create_pool(sys.argv[1], min_size=1, max_size=2) as pool:
        for _ in range(2):
            print("pooled", await pool.fetchval("SELECT count(*) FROM orders WHERE status = $1", "paid"))


asyncio.run(main())
