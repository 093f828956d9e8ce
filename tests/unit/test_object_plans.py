"""Plans for types, views and columns that change their shape: what is asked wrongly says so, with the way out."""

from __future__ import annotations

from typing import Any

import pytest

from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools.plan_migration import PlanMigration, Ready, planned

SCHEMA = """
CREATE TYPE state AS ENUM ('open', 'paid', 'legacy');
CREATE TABLE orders (id bigint PRIMARY KEY, state state NOT NULL DEFAULT 'legacy', note text);
CREATE TABLE refunds (order_id bigint PRIMARY KEY, state state);
CREATE VIEW states AS SELECT id, state FROM orders;
"""
MYSQL = "CREATE TABLE orders (id bigint PRIMARY KEY, state enum('open', 'it''s') NOT NULL DEFAULT 'open');"


def plan(schema: str = SCHEMA, engine: str = "postgresql", sql: str | None = None, **change: Any) -> Ready:
    given: dict[str, Any] = {"engine": engine, "schema": schema, "tables": {"orders": {"rows": 1000}}}
    given |= {"sql": sql} if sql else {"changes": [change]}
    return planned(PlanMigration.model_validate(given), Settings(project=None), Job())


def sql_of(made: Ready) -> list[str]:
    return [statement.sql for file in made.files for statement in file.statements]


PART = {"name": "head", "type": "text", "expression": "substr(note, 1, 3)"}
SPLIT = {"kind": "split_column", "table": "orders", "column": "note", "parts": [PART], "expression": "head"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"kind": "create_enum", "name": "x", "values": ["a", "a"]}, r"'a' stands there twice"),
        ({"kind": "create_enum", "name": "x", "values": ["é" * 32]}, r"longer than 63 bytes"),
        (
            {"kind": "create_enum", "name": "x", "values": ["a"], "table": "orders"},
            r"table: is not a field of create_enum",
        ),
        ({"kind": "add_enum_value", "name": "stat", "value": "x"}, r"no enum type stat \(.*: state\)"),
        ({"kind": "add_enum_value", "name": "state", "value": "x", "before": "y"}, r"it has open, paid, legacy"),
        ({"kind": "add_enum_value", "name": "state", "value": "x", "before": "open", "after": "paid"}, "one neighbour"),
        (
            {"kind": "add_enum_value", "table": "orders", "column": "state", "value": "x"},
            "the column's type, as `name`",
        ),
        ({"kind": "remove_enum_value", "name": "state", "value": "legacy"}, "give `replacement`.*open, paid"),
        ({"kind": "drop_enum", "name": "state"}, "is the type of orders.state"),
        ({**SPLIT, "parts": [{**PART, "type": "text; DROP TABLE refunds"}]}, "read as something else"),
        ({**SPLIT, "expression": "head); DROP TABLE refunds; --"}, "expression: "),
        ({**SPLIT, "column": "id"}, "is part of the primary key"),
        ({key: value for key, value in SPLIT.items() if key != "expression"}, "the old one still reads note"),
        ({"kind": "create_view", "name": "v", "query": "SELECT 1; DROP TABLE refunds"}, "read as something else"),
        ({"kind": "drop_view", "name": "state"}, r"views in the schema at hand: states"),
        ({"kind": "refresh_view", "name": "states"}, "is no materialized view"),
        ({"kind": "reindex", "table": "orders", "name": "nothing"}, "there is no index nothing"),
        ({"kind": "backfill", "table": "orders", "column": "state", "expression": "'open'"}, "is NOT NULL"),
    ],
)
def test_what_is_asked_wrongly_is_told_with_the_way_out(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ToolError, match=rf"(?s){said}") as refused:
        plan(**change)
    assert "Way out: " in str(refused.value)


@pytest.mark.parametrize("engine", ["mysql", "mariadb"])
def test_a_value_at_the_end_of_a_list_costs_nothing_and_one_in_the_middle_a_copy(engine: str) -> None:
    change = {"kind": "add_enum_value", "table": "orders", "column": "state", "value": "new"}
    last = " ".join(sql_of(plan(MYSQL, engine, **change)))
    assert "enum('open', 'it''s', 'new') NOT NULL DEFAULT 'open', ALGORITHM=INSTANT" in last
    first = " ".join(sql_of(plan(MYSQL, engine, **change, before="open")))
    assert "enum('new', 'open', 'it''s')" in first
    assert "ALGORITHM=COPY" in first


def test_ddl_and_data_plan_the_same() -> None:
    for sql, change in (
        ("ALTER TYPE state ADD VALUE 'x' BEFORE 'paid'", {"kind": "add_enum_value", "name": "state", "value": "x", "before": "paid"}),
        ("CREATE VIEW v AS SELECT 1", {"kind": "create_view", "name": "v", "query": "SELECT 1;"}),
        ("DROP VIEW states", {"kind": "drop_view", "name": "states"}),
        ("CREATE TYPE mood AS ENUM ('a')", {"kind": "create_enum", "name": "mood", "values": ["a"]}),
        ("REINDEX TABLE orders", {"kind": "reindex", "table": "orders"}),
        ("VACUUM orders", {"kind": "reclaim_space", "table": "orders"}),
    ):  # fmt: skip
        by_sql, by_data = plan(sql=sql), plan(**change)
        assert sql_of(by_sql) == sql_of(by_data)
        assert by_sql.target == by_data.target


def test_the_columns_of_a_type_change_hands_together() -> None:
    made = plan(kind="remove_enum_value", name="state", value="legacy", replacement="open")
    [swap] = [migration for migration in made.plan.migrations if migration.slug.startswith("swap_type")]
    text = ";\n".join(swap.statements)
    assert text.index("DROP VIEW states") < text.index("ALTER TYPE state RENAME TO state_old")
    assert "ALTER TABLE orders RENAME COLUMN state_new TO state" in text
    assert "ALTER TABLE refunds RENAME COLUMN state_new TO state" in text
    assert "ALTER COLUMN state SET DEFAULT 'open'" in text
    assert text.rindex("CREATE VIEW states") > text.rindex("RENAME COLUMN")
    assert made.target.enums[next(iter(made.target.enums))].values == ("open", "paid")
    assert made.findings == ()


def test_a_view_of_every_column_must_name_them_before_one_is_exchanged() -> None:
    with pytest.raises(ToolError, match=r"SELECT \*.*Way out: replace_view everything with the columns named"):
        plan(
            SCHEMA + "CREATE VIEW everything AS SELECT * FROM orders;",
            kind="change_type",
            table="orders",
            column="note",
            type="jsonb",
        )
