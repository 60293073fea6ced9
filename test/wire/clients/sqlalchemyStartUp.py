"""What SQLAlchemy reads of a database: `sqlalchemyStartUp.py URL DRIVER`, one line per result."""
import json
import sys

import sqlalchemy as sa
from sqlalchemy.orm import Session
from sqlalchemy.ext.automap import automap_base

url = sa.make_url(sys.argv[1]).set(drivername="postgresql+" + sys.argv[2])


def say(name, value):
    print(name, json.dumps(value, default=repr, sort_keys=True), flush=True)


engine = sa.create_engine(url)
with engine.connect() as connection:
    say("version", connection.dialect.server_version_info)
    say("schema", connection.dialect.default_schema_name)
    say("isolation", connection.get_isolation_level())
inspector = sa.inspect(engine)
say("schemas", inspector.get_schema_names())
for schema in ("public", "depot", "information_schema", "pg_catalog"):
    say(f"{schema} tables", sorted(inspector.get_table_names(schema)))
    say(f"{schema} views", sorted(inspector.get_view_names(schema)))
    say(f"{schema} materialized views", sorted(inspector.get_materialized_view_names(schema)))
    say(f"{schema} foreign tables", sorted(inspector.get_foreign_table_names(schema)))
    say(f"{schema} sequences", sorted(inspector.get_sequence_names(schema)))
    say(f"{schema} enums", inspector.get_enums(schema))
    say(f"{schema} domains", inspector.get_domains(schema))
everything = {"kind": sa.engine.reflection.ObjectKind.ANY, "scope": sa.engine.reflection.ObjectScope.ANY}
for schema in ("public", "depot"):
    for what in ("columns", "pk_constraint", "foreign_keys", "indexes", "unique_constraints", "check_constraints",
                 "table_comment", "table_options"):
        found = getattr(inspector, "get_multi_" + what)(schema=schema, **everything)
        say(f"{schema} {what}", sorted((repr(key), value) for key, value in found.items()))
    for view in inspector.get_view_names(schema):
        say(f"{schema} view {view}", inspector.get_view_definition(view, schema))
for table in ("customers", "orders"):
    say(f"{table} columns", inspector.get_columns(table))
    say(f"{table} key", inspector.get_pk_constraint(table))
    say(f"{table} foreign keys", inspector.get_foreign_keys(table))
    say(f"{table} indexes", inspector.get_indexes(table))
    say(f"{table} exists", [inspector.has_table(table), inspector.has_sequence(f"{table}_id_seq")])
say("index exists", inspector.has_index("orders", "orders_created_at_idx"))

metadata = sa.MetaData()
metadata.reflect(engine, schema="depot", views=True)
metadata.reflect(engine)
say("reflected", sorted(metadata.tables))
say("would be made", sorted(str(sa.schema.CreateTable(table).compile(engine)) for table in metadata.tables.values() if table.name != "shelves"))
# What create_all asks before it makes nothing, for everything is there.
metadata.create_all(engine, tables=[metadata.tables["customers"], metadata.tables["orders"]], checkfirst=True)

Base = automap_base()
Base.prepare(autoload_with=engine)
Order, Product = Base.classes.orders, Base.classes.products
with Session(engine) as session:
    found = session.scalars(sa.select(Order).where(Order.status == "paid").order_by(Order.id).limit(3)).all()
    say("orders", [(order.id, str(order.total)) for order in found])
    say("lines", [line.quantity for order in found for line in order.order_items_collection])
    say("count", session.scalar(sa.select(sa.func.count()).select_from(Product).where(Product.price > 10)))
    grouped = sa.select(Order.status, sa.func.sum(Order.total)).group_by(Order.status).order_by(Order.status)
    say("sums", [[status, str(total)] for status, total in session.execute(grouped)])
    say("one", session.get(Product, 1).sku)
with engine.connect().execution_options(isolation_level="SERIALIZABLE", postgresql_readonly=True, postgresql_deferrable=True) as connection:
    say("read only", connection.scalar(sa.text("SHOW transaction_read_only")))
with engine.connect().execution_options(stream_results=True, yield_per=50) as connection:
    say("streamed", sum(1 for _ in connection.execute(sa.select(Product.id))))
