"""Plans for partitioned tables, proved by the product's own kernel while an application reads and writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from domain_agents.tools import Job, Settings
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools._proving import prove
from domain_agents.tools.prove_migration import TOOL, _prepared

if TYPE_CHECKING:
    from domain_agents.tools.prove_migration import ProveMigration
    from domain_agents.workspace.scratch import PostgresScratch
    from domain_agents.workspace.scratch_mysql import MysqlScratch

ROWS = {"events": 20_000, "Customers": 500}
SCHEMA = """
CREATE TABLE "Customers" (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE events (
    id bigint NOT NULL, at timestamptz NOT NULL, kind text, "select" integer NOT NULL, customer_id bigint,
    CONSTRAINT events_pkey PRIMARY KEY (id, at), CONSTRAINT events_select_positive CHECK ("select" >= 0)
) PARTITION BY RANGE (at);
CREATE TABLE events_2026_01 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE "Events 2026-02" PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY HASH (id);
CREATE TABLE events_2026_02_a PARTITION OF "Events 2026-02" FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE events_2026_02_b PARTITION OF "Events 2026-02" FOR VALUES WITH (MODULUS 2, REMAINDER 1);
CREATE INDEX events_kind ON events (kind);
"""
EVERYTHING = {"applies", "data_kept", "old_app_works", "new_app_works", "converges"}


def proved(postgres: PostgresScratch, schema: str = SCHEMA, **arguments: Any) -> dict[str, Any]:
    """The plan for the change, rendered and run on the scratch server: the proof as a client sees it."""
    rows = arguments.pop("rows", ROWS)
    given = {"engine": "postgresql", "version": "18", "schema": schema, "rows": rows, **arguments}
    given.setdefault("tables", {table: {"rows": count} for table, count in rows.items()})
    prepared = _prepared(cast("ProveMigration", parse_arguments(TOOL, given)), Settings(project=None), Job())
    told = prove(prepared.request, Job(), scratch=postgres, seconds=300).as_json()
    assert told["verdict"] == "proved", told["reasons"]
    assert {name for name, check in told["checks"].items() if check["result"] == "ok"} >= EVERYTHING, told["checks"]
    assert [one["sql"] for one in told["statements"] if not one["agrees"]] == []
    return told


def test_an_index_is_built_on_one_partition_after_the_other(postgres: PostgresScratch) -> None:
    told = proved(postgres, sql='CREATE INDEX ON events (customer_id, "select" DESC)')
    plain = [one for one in told["statements"] if one["scanned"] and "CONCURRENTLY" not in one["sql"]]
    assert plain == []
    assert sum("ATTACH PARTITION" in one["sql"] for one in told["statements"]) == 4


def test_a_unique_constraint_is_put_together_from_its_partitions(postgres: PostgresScratch) -> None:
    change = {"kind": "add_unique", "table": "events", "columns": ["at", "id", "select"]}
    told = proved(postgres, changes=[change])
    assert all("CONCURRENTLY" in one["sql"] for one in told["statements"] if one["scanned"])


@pytest.mark.parametrize("version", ["17", "18"])
def test_a_required_column_with_a_foreign_key_comes_into_a_partitioned_table(
    postgres: PostgresScratch, version: str
) -> None:
    changes = [
        {"kind": "add_column", "table": "events", "column": "owner", "type": "bigint", "nullable": False,
         "backfill": "1 + id % 400"},
        {"kind": "create_index", "table": "events", "columns": ["owner"]},
        {"kind": "add_foreign_key", "table": "events", "columns": ["owner"], "parent": "Customers"},
    ]  # fmt: skip
    told = proved(postgres, version=version, changes=changes)
    scanning = [one for one in told["statements"] if one["scanned"]]
    assert scanning
    assert all(any(word in one["sql"] for word in ("CONCURRENTLY", "VALIDATE", "CALL")) for one in scanning)
    assert {one["result"] for one in (told["checks"]["rerun"], told["checks"]["crash_resume"])} == {"ok"}


def test_a_check_and_a_not_null_reach_every_partition(postgres: PostgresScratch) -> None:
    changes = [
        {"kind": "add_check", "table": "events", "name": "select_is_small", "expression": '"select" < 1000000'},
        {"kind": "set_not_null", "table": "events", "column": "kind", "backfill": "'none'"},
    ]
    told = proved(postgres, changes=changes)
    assert all("VALIDATE" in one["sql"] or "CALL" in one["sql"] for one in told["statements"] if one["scanned"])


NEIGHBOURS = """
ALTER TABLE events ADD CONSTRAINT events_customer FOREIGN KEY (customer_id) REFERENCES "Customers" (id);
CREATE TABLE "events 2026-03" (
    id bigint NOT NULL, at timestamptz NOT NULL CHECK (at >= '2026-03-01' AND at < '2026-04-01'), kind text,
    "select" integer, customer_id bigint
);
"""
DEFAULT = "CREATE TABLE events_rest PARTITION OF events DEFAULT;"
MARCH = "FROM ('2026-03-01') TO ('2026-04-01')"


@pytest.mark.parametrize("rest", ["", DEFAULT], ids=["alone", "beside_default"])
def test_a_table_is_attached_without_being_read_under_a_lock(postgres: PostgresScratch, rest: str) -> None:
    change = {"kind": "attach_partition", "table": "events", "partition": '"events 2026-03"', "bound": MARCH}
    rows = {**ROWS, "events 2026-03": 20_000}
    told = proved(postgres, schema=SCHEMA + rest + NEIGHBOURS, changes=[change], rows=rows)
    [attach] = [one for one in told["statements"] if "ATTACH PARTITION" in one["sql"]]
    assert attach["scanned"] == []


@pytest.mark.parametrize("rest", ["", DEFAULT], ids=["alone", "beside_default"])
def test_a_partition_is_added_while_readers_and_writers_of_the_parent_pass(
    postgres: PostgresScratch, rest: str
) -> None:
    sql = f'CREATE TABLE "events 2026-03" PARTITION OF events FOR VALUES {MARCH}'
    told = proved(postgres, schema=SCHEMA + rest, sql=sql)
    [attach] = [one for one in told["statements"] if "ATTACH PARTITION" in one["sql"]]
    assert {lock["mode"] for lock in attach["locks"] if lock["relation"] == "events"} == {"SHARE UPDATE EXCLUSIVE"}


@pytest.mark.parametrize("rest", ["", DEFAULT], ids=["alone", "beside_default"])
def test_a_partition_is_detached_with_its_rows(postgres: PostgresScratch, rest: str) -> None:
    told = proved(postgres, schema=SCHEMA + rest, sql="ALTER TABLE events DETACH PARTITION events_2026_01")
    [detach] = [one["sql"] for one in told["statements"] if "DETACH" in one["sql"]]
    assert detach.endswith(" CONCURRENTLY") is (rest == "")


def test_a_table_takes_the_place_of_a_partition(postgres: PostgresScratch) -> None:
    schema = (SCHEMA + NEIGHBOURS).replace("2026-03-01' AND at < '2026-04-01", "2026-01-01' AND at < '2026-02-01")
    change = {"kind": "exchange_partition", "table": "events", "partition": "events_2026_01",
              "replacement": '"events 2026-03"'}  # fmt: skip
    told = proved(postgres, schema=schema, changes=[change], rows={**ROWS, "events 2026-03": 20_000})
    assert not any(one["scanned"] for one in told["statements"] if "TACH PARTITION" in one["sql"])


ORDERS = """
CREATE TABLE "Customers" (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE "Orders" (
    id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, customer_id bigint NOT NULL REFERENCES "Customers" (id),
    "select" text, total numeric(12,2) NOT NULL DEFAULT 0, made timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT orders_total CHECK (total >= 0)
);
CREATE INDEX orders_customer ON "Orders" (customer_id);
CREATE TABLE lines (
    order_id bigint NOT NULL REFERENCES "Orders" (id) ON DELETE CASCADE, number int, PRIMARY KEY (order_id, number)
);
CREATE VIEW big_orders AS SELECT id, total FROM "Orders" WHERE total > 100;
CREATE VIEW biggest_orders AS SELECT id FROM big_orders WHERE total > 1000;
CREATE FUNCTION shortened() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN NEW."select" := left(NEW."select", 40); RETURN NEW; END $$;
CREATE TRIGGER shorten BEFORE INSERT OR UPDATE ON "Orders" FOR EACH ROW EXECUTE FUNCTION shortened();
"""
HALVES = ["orders_0 WITH (MODULUS 2, REMAINDER 0)", '"Orders 1" WITH (MODULUS 2, REMAINDER 1)']
BY_HASH = {"kind": "partition_table", "table": "Orders", "by": "HASH (id)", "partitions": HALVES}


def test_a_plain_table_with_views_triggers_and_children_becomes_a_partitioned_one(postgres: PostgresScratch) -> None:
    rows = {"Orders": 100_000, "Customers": 1_000, "lines": 20_000}
    told = proved(postgres, schema=ORDERS, changes=[BY_HASH], rows=rows)
    assert told["rows"]["Orders"] == 100_000
    assert {told["checks"][name]["result"] for name in ("rerun", "crash_resume")} == {"ok"}
    reading = [one["sql"] for one in told["statements"] if one["scanned"] and '"Orders_partitioned"' not in one["sql"]]
    assert reading == ["ALTER TABLE lines VALIDATE CONSTRAINT lines_order_id_fkey"]


def test_what_is_written_while_it_is_copied_is_the_same_in_both(postgres: PostgresScratch) -> None:
    given = {"engine": "postgresql", "version": "18", "schema": ORDERS, "changes": [BY_HASH]}
    arguments = cast("ProveMigration", parse_arguments(TOOL, {**given, "tables": {"Orders": {"rows": 3}}}))
    make, copy, swap, *_ = _prepared(arguments, Settings(project=None), Job()).request.files
    database, role = postgres.create_database()
    differ = (
        'SELECT count(*) FROM (TABLE "Orders" EXCEPT TABLE {other} UNION ALL (TABLE {other} EXCEPT TABLE "Orders")) d'
    )
    write = 'INSERT INTO "Orders" (customer_id, "select") VALUES (1, {text}) RETURNING id'
    with postgres.connect(database) as connection:

        def run(sql: str) -> Any:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else None

        run(ORDERS)
        run("""INSERT INTO "Customers" VALUES (1, 'a@b')""")
        [(first,)], [(second,)] = run(write.format(text="'before'")), run(write.format(text="'gone'"))
        for statement in make.statements:
            run(statement.sql)
        run(write.format(text="'meanwhile'"))
        run(f'UPDATE "Orders" SET total = 7 WHERE id = {first}')
        run(f'DELETE FROM "Orders" WHERE id = {second}')
        for statement in copy.statements:
            run(statement.sql)
        assert run(differ.format(other='"Orders_partitioned"')) == [(0,)]
        for statement in swap.statements:
            run(statement.sql)
        [(third,)] = run(write.format(text="'after'"))
        assert third > second + 1
        run(f'UPDATE "Orders" SET total = 8 WHERE id = {first}')
        run(f'DELETE FROM "Orders" WHERE id = {first} + 2')
        assert run(differ.format(other='"Orders_old"')) == [(0,)]
        assert run("SELECT relkind FROM pg_class WHERE relname = 'Orders'") == [("p",)]
    postgres.drop_database(database)
    postgres.drop_role(role)


def test_a_table_goes_into_a_partitioned_one_as_it_is(postgres: PostgresScratch) -> None:
    change = {
        "kind": "partition_table", "table": "Orders", "by": "RANGE (id)",
        "existing": "orders_until_now FROM (MINVALUE) TO (1000000)", "partitions": ["orders_next FROM (1000000) TO (2000000)"],
    }  # fmt: skip
    rows = {"Orders": 100_000, "Customers": 1_000, "lines": 20_000}
    told = proved(postgres, schema=ORDERS, changes=[change], rows=rows)
    read = [one["sql"] for one in told["statements"] if one["scanned"] and '"Orders_partitioned"' not in one["sql"]]
    assert read == [
        'ALTER TABLE "Orders" VALIDATE CONSTRAINT "Orders_id_bound"',
        "ALTER TABLE lines VALIDATE CONSTRAINT lines_order_id_fkey",
    ]


def test_the_primary_key_of_a_table_that_goes_into_a_partitioned_one_takes_the_partition_key_in(
    postgres: PostgresScratch,
) -> None:
    change = {
        "kind": "partition_table", "table": "Orders", "by": "RANGE (made)",
        "existing": "orders_until_now FROM (MINVALUE) TO ('2030-01-01')", "partitions": ["orders_rest DEFAULT"],
    }  # fmt: skip
    schema = ORDERS.replace('REFERENCES "Orders" (id) ON DELETE CASCADE', "")
    told = proved(postgres, schema=schema, changes=[change], rows={"Orders": 50_000, "Customers": 1_000})
    assert all(one["rewrote"] == [] for one in told["statements"])


def test_a_partition_is_dropped_without_a_lock_on_its_table(postgres: PostgresScratch) -> None:
    told = proved(postgres, sql="DROP TABLE events_2026_01")
    modes = {lock["mode"] for one in told["statements"] for lock in one["locks"] if lock["relation"] == "events"}
    assert modes <= {"SHARE UPDATE EXCLUSIVE", "ACCESS SHARE"}


YEARS = """
CREATE TABLE events (id int, note varchar(90), at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (YEAR(at)) (
    PARTITION p0 VALUES LESS THAN (2020), PARTITION `select` VALUES LESS THAN (2200)
);
"""


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "add_partition", "partition": "p2", "bound": "LESS THAN (2300)"},
        {"kind": "add_partition", "partition": "rest", "bound": "LESS THAN MAXVALUE"},
        {"kind": "drop_partition", "partition": "p0"},
    ],
    ids=lambda change: f"{change['kind']}-{change['partition']}",
)
def test_a_partition_in_a_tables_own_text_comes_and_goes(mariadb_scratch: MysqlScratch, change: dict[str, Any]) -> None:
    given = {
        "engine": "mariadb",
        "schema": YEARS,
        "changes": [{"table": "events", **change}],
        "rows": {"events": 5_000},
    }
    arguments = cast("ProveMigration", parse_arguments(TOOL, {**given, "tables": {"events": {"rows": 5_000}}}))
    prepared = _prepared(arguments, Settings(project=None), Job())
    told = prove(prepared.request, Job(), scratch=mariadb_scratch, seconds=120).as_json()
    assert told["verdict"] == "proved", told["reasons"]
