"""Every operation on every engine: planned without findings, arrives at the schema asked for, says how to undo it."""

from __future__ import annotations

from typing import Any

import pytest

from domain_agents.engines import Blocks, Can, CopiesTables, engine, engine_names
from domain_agents.migrations.formats import framework_names
from domain_agents.operations import operation_class, operation_kinds
from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools.plan_migration import PlanMigration, Ready, planned

SCHEMA = """
CREATE TABLE customers (id integer PRIMARY KEY, email varchar(190) NOT NULL, country varchar(10));
CREATE TABLE orders (id integer PRIMARY KEY, customer_id integer, note varchar(190));
CREATE INDEX orders_note ON orders (note);
CREATE TABLE refunds (
    id integer PRIMARY KEY, order_id integer, CONSTRAINT refunds_order FOREIGN KEY (order_id) REFERENCES orders (id)
);
"""
MORE_SCHEMA = {
    "drop_identity": "CREATE TABLE tickets (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY);",
    "add_primary_key": "CREATE TABLE log (happened varchar(30) NOT NULL, note varchar(90));",
    "validate_constraint": "ALTER TABLE refunds ADD CONSTRAINT old_refunds CHECK (order_id > 0) NOT VALID;",
    "move_column": "CREATE UNIQUE INDEX refunds_order_id ON refunds (order_id);",
    **dict.fromkeys(("replace_view", "drop_view"), "CREATE VIEW emails AS SELECT id, email FROM customers;"),
    "refresh_view": "CREATE MATERIALIZED VIEW totals AS SELECT country, count(*) FROM customers GROUP BY country;"
    "CREATE UNIQUE INDEX totals_country ON totals (country);",
    "add_enum_value": "CREATE TYPE mood AS ENUM ('ok', 'bad');",
    "rename_enum_value": "CREATE TYPE mood AS ENUM ('ok', 'bad');",
    "drop_enum": "CREATE TYPE mood AS ENUM ('ok', 'bad');",
    "remove_enum_value": "CREATE TYPE mood AS ENUM ('ok', 'bad'); "
    "CREATE TABLE moods (id integer PRIMARY KEY, mood mood NOT NULL DEFAULT 'bad');",
}
MARCH = "FROM ('2026-03-01') TO ('2026-04-01')"
EVENTS = """
CREATE TABLE events (id integer NOT NULL, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE events_02 PARTITION OF events FOR VALUES FROM ('2026-02-01') TO ('2026-03-01');
CREATE TABLE events_new (id integer NOT NULL, at date NOT NULL);
"""
MORE_SCHEMA |= dict.fromkeys(
    ("attach_partition", "detach_partition", "add_partition", "exchange_partition", "drop_partition"), EVENTS
)
"""What an example's table needs besides, and not every engine can read."""
EXAMPLES: dict[str, dict[str, Any]] = {
    "add_column": {"table": "customers", "column": "locale", "type": "text", "nullable": False, "backfill": "'en'"},
    "create_index": {"table": "customers", "columns": ["email"], "unique": True},
    "create_table": {
        "table": "invoices",
        "columns": [
            {"name": "id", "type": "integer"},
            {"name": "number", "type": "text", "nullable": False},
            {"name": "state", "type": "varchar(20)", "default": "'draft'"},
        ],
        "primary_key": ["id"],
    },
    "drop_index": {"table": "orders", "name": "orders_note"},
    "add_check": {"table": "customers", "name": "email_is_one", "expression": "email LIKE '%@%'"},
    "set_identity": {"table": "orders", "column": "id", "generated": "always"},
    "drop_identity": {"table": "tickets", "column": "id"},
    "add_exclusion": {"table": "refunds", "elements": ["order_id WITH ="], "method": "btree"},
    "add_primary_key": {"table": "log", "columns": ["happened"]},
    "change_primary_key": {"table": "orders", "columns": ["id", "customer_id"]},
    "add_unique": {"table": "customers", "columns": ["email"]},
    "drop_table": {"table": "orders"},
    "rename_index": {"table": "orders", "name": "orders_note", "new_name": "orders_notes"},
    "rename_constraint": {"table": "refunds", "name": "refunds_order", "new_name": "refund_of"},
    "rename_table": {"table": "customers", "new_name": "people"},
    "drop_constraint": {"table": "refunds", "name": "refunds_order"},
    "validate_constraint": {"table": "refunds", "name": "old_refunds"},
    "add_foreign_key": {"table": "orders", "columns": ["customer_id"], "parent": "customers"},
    "rename_column": {"table": "customers", "column": "country", "new_name": "country_code"},
    "change_type": {"table": "orders", "column": "customer_id", "type": "bigint"},
    "drop_column": {"table": "customers", "column": "email"},
    "set_default": {"table": "customers", "column": "country", "default": "'??'"},
    "drop_not_null": {"table": "customers", "column": "email"},
    "set_not_null": {"table": "customers", "column": "country", "backfill": "'??'"},
}
EXAMPLES |= {
    "set_comment": {"table": "customers", "column": "email", "comment": "where it's sent"},
    "set_collation": {"table": "customers", "column": "email", "collation": "utf8mb4_bin"},
    "split_column": {
        "table": "customers",
        "column": "email",
        "parts": [
            {"name": "head", "type": "varchar(190)", "expression": "substr(email, 1, 3)", "nullable": False},
            {"name": "tail", "type": "varchar(190)", "expression": "substr(email, 4, 190)"},
        ],
        "expression": "coalesce(tail, head)",
    },
    "merge_columns": {
        "table": "customers",
        "column": "place",
        "type": "varchar(190)",
        "expression": "coalesce(country, email)",
        "parts": [{"name": "country", "expression": "substr(place, 1, 2)"}],
    },
    "move_column": {
        "table": "orders",
        "column": "note",
        "to": "refunds",
        "type": "varchar(190)",
        "columns": ["id"],
        "to_columns": ["order_id"],
    },
    "create_view": {"name": "emails", "query": "SELECT id, email FROM customers"},
    "replace_view": {"name": "emails", "query": "SELECT id, email, lower(email) AS address FROM customers"},
    "drop_view": {"name": "emails"},
    "create_materialized_view": {
        "name": "totals",
        "query": "SELECT country, count(*) AS customers FROM customers GROUP BY country",
        "unique": ["country"],
    },
    "refresh_view": {"name": "totals"},
    "backfill": {"table": "customers", "column": "country", "expression": "'??'"},
    "raw_sql": {"query": "DELETE FROM customers WHERE id < 0", "why": "made by a test", "undo": "none"},
    "reindex": {"table": "orders", "name": "orders_note"},
    "reclaim_space": {"table": "orders", "to_disk": True},
    "create_enum": {"name": "mood", "values": ["ok", "it's bad"]},
    "add_enum_value": {"name": "mood", "value": "fine", "after": "ok"},
    "rename_enum_value": {"name": "mood", "value": "ok", "new_value": "fine"},
    "drop_enum": {"name": "mood"},
    "remove_enum_value": {"name": "mood", "value": "bad", "replacement": "ok"},
}
EXAMPLES |= {
    "attach_partition": {"table": "events", "partition": "events_new", "bound": MARCH},
    "detach_partition": {"table": "events", "partition": "events_02"},
    "add_partition": {"table": "events", "partition": "events_03", "bound": MARCH},
    "drop_partition": {"table": "events", "partition": "events_02"},
    "exchange_partition": {"table": "events", "partition": "events_02", "replacement": "events_new"},
    "partition_table": {
        "table": "orders",
        "by": "HASH (id)",
        "partitions": ["orders_0 WITH (MODULUS 2, REMAINDER 0)", "orders_1 WITH (MODULUS 2, REMAINDER 1)"],
    },
}
WAITED_FOR = {"add_exclusion"}
"""What no server makes while others read and write."""
every_operation = pytest.mark.parametrize("kind", operation_kinds())
NEEDS = {
    "validate_constraint": Can.CONSTRAINT_NOT_VALID,
    "move_column": Can.TRIGGERS_ANSWER,
    "reclaim_space": Can.VACUUM,
    "reindex": Can.CONCURRENT_INDEX_BUILD,
    "create_materialized_view": Can.MATERIALIZED_VIEWS,
    "refresh_view": Can.MATERIALIZED_VIEWS,
    "set_collation": Can.SET_COLLATION,
    "set_comment": Can.SET_COMMENT,
    "change_primary_key": Can.CONCURRENT_WRITES,
    "add_exclusion": Can.EXCLUSION_CONSTRAINTS,
    "set_identity": Can.SEQUENCES,
    "drop_identity": Can.SEQUENCES,
    **dict.fromkeys((kind for kind in EXAMPLES if "partition" in kind), Can.PARTITIONS_ARE_TABLES),
    **dict.fromkeys((kind for kind in EXAMPLES if kind.endswith(("_enum", "_enum_value"))), Can.ENUM_TYPES),
}
"""What an engine must have for a change to make sense there; else it is refused with what does the same."""
PLANNED = [(k, n) for k in operation_kinds() for n in engine_names() if k not in NEEDS or engine(n).can(NEEDS[k])]
NOT_FOR = {"node-pg-migrate": set(engine_names()) - {"postgresql"}}
"""Frameworks that are made for other engines only."""
NOT_EVERYTHING = {**NOT_FOR, "golang-migrate": {"sqlite"}}
"""Frameworks that refuse some plans on an engine: golang-migrate opens a transaction, where no table can be rebuilt."""
every_planned = pytest.mark.parametrize(("kind", "name"), PLANNED)
every_framework = pytest.mark.parametrize("framework", framework_names())


def plan(kind: str, name: str, framework: str = "raw", rows: int | None = 50_000) -> Ready:
    given = {
        "changes": [{"kind": kind, **EXAMPLES[kind]}],
        "engine": name,
        "framework": framework,
        "schema": SCHEMA + MORE_SCHEMA.get(kind, ""),
        "date": "2026-11-21",
        "tables": {}
        if rows is None
        else {name: {"rows": rows} for name in ("customers", "orders", "refunds", "moods", "totals", "log", "events")},
    }
    arguments = PlanMigration.model_validate(given)
    return planned(arguments, Settings(project=None), Job())


def test_an_operation_is_named_after_its_file() -> None:
    assert set(EXAMPLES) == set(operation_kinds())
    assert all(operation_class(kind).kind == kind for kind in operation_kinds())


def planned_or_refused(kind: str, name: str, framework: str) -> Ready | str:
    try:
        return plan(kind, name, framework)
    except ToolError as refused:
        return str(refused)


@every_planned
@every_framework
def test_a_plan_arrives_at_the_schema_asked_for(kind: str, name: str, framework: str) -> None:
    made = planned_or_refused(kind, name, framework)
    if isinstance(made, str):
        assert name in NOT_EVERYTHING.get(framework, set())
        assert "Way out: " in made
        return
    assert name not in NOT_FOR.get(framework, set())
    assert made.findings == ()
    assert made.files
    assert all(file.statements for file in made.files)


@every_planned
def test_every_migration_says_why_what_it_locks_and_how_it_is_undone(kind: str, name: str) -> None:
    for migration in plan(kind, name).plan.migrations:
        for text in (
            migration.why,
            migration.lock_impact,
            migration.expected_duration,
            migration.free_space,
            migration.undo,
        ):
            assert text.strip(), migration.title
        assert migration.slug.replace("_", "").isalnum()


@every_planned
def test_a_lock_that_lasts_is_either_avoided_or_said_aloud(kind: str, name: str) -> None:
    made = plan(kind, name)
    lasting = [
        statement
        for file in made.files
        for statement in file.statements
        if statement.effect.is_long and statement.effect.blocks is not Blocks.NONE
    ]
    if lasting:
        # A copy is all that the server has for some changes; otherwise whoever can write meanwhile never waits.
        made_by_copying = isinstance(engine(name), CopiesTables)
        assert made_by_copying or kind in WAITED_FOR or not engine(name).can(Can.CONCURRENT_WRITES)
        assert any("WAIT" in warning for warning in made.warnings)


@pytest.mark.parametrize(("kind", "name"), [one for one in PLANNED if isinstance(engine(one[1]), CopiesTables)])
def test_a_large_table_is_never_copied_by_the_server_while_writers_wait(kind: str, name: str) -> None:
    made = plan(kind, name, rows=50_000_000)
    assert made.findings == ()
    for migration, file in made.migrations:
        lasting = [s for s in file.statements if s.effect.is_long and s.effect.blocks is not Blocks.NONE]
        # A backfill of that size has a job too, though nobody waits for it.
        assert bool(lasting) == bool(migration.job and not migration.backfill), migration.title


@every_planned
def test_row_counts_are_asked_for_only_when_they_are_not_given(kind: str, name: str) -> None:
    unknown = plan(kind, name, rows=None).plan
    assert bool(unknown.questions) == any(migration.grows for migration in unknown.migrations)
    assert not plan(kind, name).plan.questions


@every_planned
def test_every_number_has_its_source(kind: str, name: str) -> None:
    for file in plan(kind, name).files:
        for statement in file.statements:
            assert statement.effect.sources, statement.sql


def test_a_column_that_costs_a_rebuild_costs_one() -> None:
    given = {
        "sql": "ALTER TABLE customers ADD COLUMN made text NOT NULL DEFAULT CURRENT_TIMESTAMP",
        "engine": "sqlite",
        "schema": SCHEMA,
        "tables": {"customers": {"rows": 1000}},
    }
    made = planned(PlanMigration.model_validate(given), Settings(project=None), Job())
    assert made.findings == ()
    assert [file.transaction for file in made.files] == [True]
    assert [step.title for step in made.plan.steps] == ["add customers.made"]


@pytest.mark.parametrize(
    ("kind", "name"), [(k, n) for k in NEEDS for n in engine_names() if not engine(n).can(NEEDS[k])]
)
def test_what_an_engine_does_not_have_is_refused_with_what_does_the_same(kind: str, name: str) -> None:
    with pytest.raises(ToolError, match=r"Way out: \w+"):
        plan(kind, name)
