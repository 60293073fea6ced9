"""What Django reads of a database: `djangoStartUp.py URL`, one line or part per result."""
import json
import sys
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection, models, transaction

url = urlsplit(sys.argv[1])
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.path[1:],
            "USER": url.username,
            "PASSWORD": url.password,
            "HOST": url.hostname,
            "PORT": url.port,
            "OPTIONS": {"options": "-c search_path=public,depot"} if "depot" in sys.argv[2:] else {},
        }
    },
    INSTALLED_APPS=[
        "django.contrib.contenttypes",
        "django.contrib.auth",
        "django.contrib.sessions",
        "django.contrib.postgres",
    ],
    TIME_ZONE="UTC",
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()


def say(name, value):
    print(name, json.dumps(value, default=str), flush=True)


call_command("check", databases=["default"], fail_level="CRITICAL")
call_command("inspectdb", include_views=True, include_partitions=True)
call_command("showmigrations", "--plan")
call_command("migrate", "--plan")
call_command("showmigrations", "auth")
call_command("sqlflush")
say("version", connection.pg_version)
with connection.cursor() as cursor:
    introspection = connection.introspection
    for table in sorted(introspection.table_names(cursor, include_views=True)):
        say(table, introspection.get_constraints(cursor, table))
        say(table, introspection.get_relations(cursor, table))
        say(table, introspection.get_sequences(cursor, table))
        say(table, [column.name for column in introspection.get_table_description(cursor, table)])


class Customer(models.Model):
    country = models.CharField(max_length=2)
    loyalty_points = models.IntegerField()

    class Meta:
        app_label = "shop"
        db_table = "customers"
        managed = False


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.PROTECT)
    status = models.TextField()
    total = models.DecimalField(max_digits=12, decimal_places=2)
    created_at = models.DateTimeField()

    class Meta:
        app_label = "shop"
        db_table = "orders"
        managed = False


paid = Order.objects.filter(status="paid")
say("orders", list(paid.order_by("id").values_list("id", "total")[:3]))
say("joined", list(paid.select_related("customer").order_by("id").values_list("customer__country", flat=True)[:5]))
say("count", paid.filter(total__gte=100).count())
say("exists", paid.filter(customer__loyalty_points__gt=10).exists())
say("grouped", list(Order.objects.values("status").annotate(n=models.Count("id"), sum=models.Sum("total")).order_by("status")))
say("dates", list(Order.objects.dates("created_at", "month")))
say("years", list(Order.objects.filter(created_at__year=2026).annotate(
    y=models.functions.TruncDay("created_at")).values_list("y", flat=True).order_by("id")[:2]))
say("text", list(Order.objects.filter(status__icontains="PAI", status__startswith="p").order_by("id").values_list("id", flat=True)[:2]))
say("subquery", Order.objects.filter(customer__in=Customer.objects.filter(country="FR")).count())
say("window", list(Order.objects.annotate(r=models.Window(models.functions.RowNumber(), partition_by="status", order_by="id"))
                   .order_by("id").values_list("r", flat=True)[:3]))
say("prefetched", [order.customer.country for order in paid.prefetch_related("customer").order_by("id")[:3]])
say("iterator", sum(1 for _ in Order.objects.order_by("id").iterator(chunk_size=500)))
say("explained", "orders" in paid.explain())
with transaction.atomic():
    say("locked", list(paid.select_for_update(skip_locked=True, of=("self",)).order_by("id").values_list("id", flat=True)[:2]))
    with transaction.atomic():
        say("in a savepoint", Order.objects.filter(pk=1).count())
connection.close()
say("again", Customer.objects.count())
