"""Partitions as the catalog knows them, read from DDL, and what a plan for them refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_agents import ddl
from domain_agents.catalog import Bound, IndexKey, PartitionKey, Schema, Table, TableName
from domain_agents.dialects import dialect, replay
from domain_agents.engines import engine
from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools.plan_migration import PlanMigration, Ready, planned

EVENTS = """
CREATE TABLE customers (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE events (
    id bigint NOT NULL, "At" timestamptz NOT NULL, kind text, customer_id bigint, PRIMARY KEY (id, "At")
) PARTITION BY RANGE ("At");
CREATE TABLE e1 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE TABLE e2 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01') PARTITION BY HASH (id);
CREATE TABLE e2a PARTITION OF e2 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE e2b PARTITION OF e2 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
"""
EVENTS_NAME = TableName("events")


def read(sql: str, engine_name: str = "postgresql") -> Schema:
    schema, unread = replay(sql, dialect(engine_name))
    assert unread == ()
    return schema


def events(sql: str = "") -> Table:
    found = read(EVENTS + sql).table(EVENTS_NAME)
    assert found is not None
    return found


def ready(**arguments: Any) -> Ready:
    given_too = {"engine": "postgresql", "version": "17", "schema": EVENTS, "tables": {"events": {"rows": 9_000}}}
    return planned(PlanMigration.model_validate({**given_too, **arguments}), Settings(project=None), Job())


def statements(made: Ready) -> list[str]:
    return [one.sql for file in made.files for one in file.statements if not one.sql.startswith(("SET", "RESET"))]


def test_partitions_stand_behind_their_table_and_are_found_by_name() -> None:
    schema = read(EVENTS)
    assert set(schema.tables) == {TableName("customers"), EVENTS_NAME}
    assert [one.name.name for one in events().partitions] == ["e1", "e2"]
    leaf = schema.table(TableName("e2b"))
    assert leaf is not None
    assert leaf.columns == events().columns
    assert (leaf.partition_of, leaf.primary_key) == (TableName("e2"), events().primary_key)


def test_what_changes_in_the_table_changes_in_its_partitions() -> None:
    schema = read(EVENTS + "ALTER TABLE events ADD COLUMN note text; ALTER TABLE events RENAME COLUMN kind TO sort")
    leaf = schema.table(TableName("e2a"))
    assert leaf is not None
    assert [column.name for column in leaf.columns] == ["id", "At", "sort", "customer_id", "note"]


def test_a_partition_keeps_what_is_its_own_and_takes_it_along() -> None:
    schema = read(EVENTS + "ALTER TABLE e1 ADD CONSTRAINT small CHECK (id < 9); ALTER TABLE events DETACH PARTITION e1")
    alone = schema.tables[TableName("e1")]
    assert [check.name for check in alone.checks] == ["small"]
    assert alone.primary_key is not None
    assert alone.primary_key.name == "e1_pkey"
    back = read(
        EVENTS + "ALTER TABLE events DETACH PARTITION e1;"
        "ALTER TABLE events ATTACH PARTITION e1 FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')"
    )
    assert {one.name: one.bound for one in back.tables[EVENTS_NAME].partitions} == {
        one.name: one.bound for one in events().partitions
    }


def test_an_index_made_on_the_table_only_is_valid_when_every_partition_has_attached_its_own() -> None:
    only = "CREATE INDEX i ON ONLY events (kind); CREATE INDEX i1 ON e1 (kind); CREATE INDEX i2 ON ONLY e2 (kind);"
    assert events(only).unfinished == ("i",)
    half = only + "ALTER INDEX i ATTACH PARTITION i1;"
    assert events(half).unfinished == ("i",)
    assert events(half + "ALTER INDEX i ATTACH PARTITION i2").unfinished == ()


def test_mysqls_partitions_are_read_with_the_table_and_are_no_tables() -> None:
    schema = read(
        "CREATE TABLE t (id int, at date) PARTITION BY RANGE (YEAR(at)) "
        "(PARTITION p0 VALUES LESS THAN (2025), PARTITION p1 VALUES LESS THAN MAXVALUE)",
        "mysql",
    )
    table = schema.tables[TableName("t")]
    assert table.partitioned_by == PartitionKey("range", (IndexKey("YEAR(at)", is_expression=True),))
    assert [one.bound.upper for one in table.partitions] == [("2025",), ("MAXVALUE",)]
    assert schema.table(TableName("p0")) is None


names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
values = st.sampled_from(["1", "'x''y'", "'2026-01-01'", "MINVALUE", "now()"])
bounds = st.one_of(
    st.builds(lambda a, b: Bound("range", lower=(a,), upper=(b,)), values, values),
    st.builds(lambda listed: Bound("list", values=tuple(listed)), st.lists(values, min_size=1, max_size=3)),
    st.builds(lambda n: Bound("hash", modulus=n + 1, remainder=n), st.integers(0, 9)),
    st.just(Bound("default")),
)


@given(table=names, partition=names, bound=bounds)
def test_what_is_written_of_a_partition_is_read_as_it_was_meant(table: str, partition: str, bound: Bound) -> None:
    database, reader = engine("postgresql", "18"), dialect("postgresql")
    made = ddl.AttachPartition(TableName(table), TableName(partition), bound)
    both = ddl.CreatePartition(made.table, made.partition, bound, PartitionKey("hash", (IndexKey(table),)))
    for atom in (made, both, ddl.DetachPartition(made.table, made.partition, concurrently=True)):
        [statement] = reader.read(database.spell(atom, Schema())[0])
        assert statement.atoms == (atom,)


@pytest.mark.parametrize(
    ("bound", "says"),
    [
        (Bound("range", ("1",), ("5",)), "k IS NOT NULL AND k >= 1 AND k < 5"),
        (Bound("range", ("MINVALUE",), ("5",)), "k IS NOT NULL AND k < 5"),
        (Bound("range", ("1",), ("MAXVALUE",)), "k IS NOT NULL AND k >= 1"),
        (Bound("list", values=("1", "2")), "k IS NOT NULL AND k IN (1, 2)"),
        (Bound("list", values=("1", "NULL")), "k IS NULL OR k IN (1)"),
        (Bound("hash", modulus=4, remainder=3), "satisfies_hash_partition('t'::regclass, 4, 3, k)"),
        (Bound("default"), ""),
    ],
)
def test_a_bound_says_its_condition(bound: Bound, says: str) -> None:
    table = Table(TableName("t"), (), partitioned_by=PartitionKey(bound.kind, (IndexKey("k"),)))
    assert ddl.bound_condition(table, bound, ddl.Quoting(str, str)) == says


def test_a_bound_of_two_columns_takes_the_second_where_the_first_is_at_its_end() -> None:
    key = PartitionKey("range", (IndexKey("a"), IndexKey("b")))
    table = Table(TableName("t"), (), partitioned_by=key)
    condition = ddl.bound_condition(table, Bound("range", ("1", "2"), ("3", "MAXVALUE")), ddl.Quoting(str, str))
    assert condition == "a IS NOT NULL AND b IS NOT NULL AND (a > 1 OR (a = 1 AND b >= 2)) AND a <= 3"


def test_a_foreign_key_goes_over_the_partitions_only_where_the_version_needs_it() -> None:
    change = {"kind": "add_foreign_key", "table": "events", "columns": ["customer_id"], "parent": "customers"}
    before, since = ready(changes=[change]), ready(changes=[change], version="18")
    assert [sql.split()[2] for sql in statements(before)] == ["e1", "e2a", "e2b", "e1", "e2a", "e2b", "events"]
    assert [sql.split()[2] for sql in statements(since)] == ["events", "events"]


def test_a_partition_beside_a_default_one_is_proved_apart_first() -> None:
    schema = EVENTS + "CREATE TABLE rest PARTITION OF events DEFAULT;"
    change = {
        "kind": "add_partition",
        "table": "events",
        "partition": "e3",
        "bound": "FROM (2026-03-01) TO (2026-04-01)",
    }
    made = ready(schema=schema, changes=[change])
    assert made.findings == ()
    assert 'ALTER TABLE rest ADD CONSTRAINT rest_e3_rest CHECK (NOT ("At" IS NOT NULL' in statements(made)[0]
    assert statements(made)[1] == "ALTER TABLE rest VALIDATE CONSTRAINT rest_e3_rest"


def test_detaching_stands_alone_and_says_how_it_is_brought_to_its_end() -> None:
    made = ready(sql="ALTER TABLE events DETACH PARTITION e1")
    assert [file.transaction for file in made.files] == [False, True]
    assert any("DETACH PARTITION e1 FINALIZE" in warning for warning in made.warnings)
    older = ready(sql="ALTER TABLE events DETACH PARTITION e1", version="13")
    assert statements(older) == ["ALTER TABLE events DETACH PARTITION e1"]


PLAIN = "CREATE TABLE orders (id bigint PRIMARY KEY, made date NOT NULL, note text);"
YEARS = {"kind": "partition_table", "table": "orders", "by": "RANGE (made)", "partitions": ["o_rest DEFAULT"]}


def test_a_primary_key_that_takes_the_partition_key_in_is_said_aloud() -> None:
    made = ready(schema=PLAIN, changes=[YEARS], tables={"orders": {"rows": 9}})
    assert any("becomes (id, made)" in warning for warning in made.warnings)
    assert made.findings == ()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"sql": "ALTER TABLE events ADD UNIQUE (id)"}, 'must hold At'),
        ({"sql": "CREATE UNIQUE INDEX ON events (kind)"}, "must hold At"),
        ({"sql": "ALTER TABLE e1 DROP COLUMN kind"}, "its columns are those of events"),
        ({"schema": "CREATE TABLE t (id int) PARTITION BY LIST (id);", "sql": "CREATE INDEX ON t (id)"}, "names none of its"),
        ({"changes": [{"kind": "add_partition", "table": "events", "partition": "x", "bound": "IN (1)"}]}, "is no list"),
        ({"changes": [{"kind": "add_partition", "table": "events", "partition": "x", "bound": "soon"}]}, "bound"),
        ({"changes": [{"kind": "add_partition", "table": "customers", "partition": "x", "bound": "DEFAULT"}]}, "not partitioned"),
        ({"changes": [{"kind": "detach_partition", "table": "events", "partition": "x"}]}, "is no partition"),
        (
            {"changes": [{"kind": "attach_partition", "table": "events", "partition": "customers", "bound": "DEFAULT"}]},
            "same columns",
        ),
        ({"schema": PLAIN.replace(" NOT NULL", ""), "changes": [YEARS]}, "set_not_null"),
        ({"schema": PLAIN.replace(" PRIMARY KEY", ""), "changes": [YEARS]}, "add_primary_key"),
        (
            {"schema": PLAIN + "CREATE TABLE l (o bigint REFERENCES orders);", "changes": [YEARS]},
            "partition by id itself",
        ),
        (
            {"schema": PLAIN + "CREATE MATERIALIZED VIEW v AS SELECT id FROM orders;", "changes": [YEARS]},
            "drop_view v first",
        ),
        ({"engine": "sqlite", "version": "", "schema": PLAIN, "changes": [YEARS]}, "no partitioned tables"),
        ({"engine": "mysql", "version": "", "schema": PLAIN, "changes": [YEARS]}, "write it by hand"),
    ],
)  # fmt: skip
def test_what_cannot_be_planned_says_why_and_the_way_out(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(ToolError, match="Way out: ") as refused:
        ready(**arguments)
    assert says in str(refused.value)


def test_names_are_quoted_and_schemas_kept_wherever_a_partition_is_named() -> None:
    odd = EVENTS.replace("events", '"my app"."Ev ""ents"').replace(" e1 ", ' "my app"."select" ')
    change = {"kind": "create_index", "table": '"my app"."Ev ""ents"', "columns": ["kind"]}
    made = ready(schema=odd, changes=[change], tables={})
    assert made.findings == ()
    found = replace(made).files[-1].statements
    assert any('ATTACH PARTITION "my app".select_kind_idx' in one.sql for one in found)
