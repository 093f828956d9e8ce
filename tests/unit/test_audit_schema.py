"""audit_schema: findings with their place and cure, allowances, and what was not examined."""

from __future__ import annotations

import re
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain_agents.tools import Job, NeedsAnswer, Settings, ToolError
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools.audit_schema import TOOL
from domain_agents.tools.plan_migration import TOOL as PLAN

if TYPE_CHECKING:
    from pathlib import Path

    from domain_agents.tools import Result

SHOP = """CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  customer_id bigint NOT NULL REFERENCES customers (id),
  unit_price float NOT NULL
);
CREATE TABLE logs (line text NOT NULL, at timestamptz NOT NULL);
"""


def call(root: Path | None = None, **arguments: Any) -> Result:
    given = {"engine": "postgresql", **arguments}
    return TOOL.call(parse_arguments(TOOL, given), Settings(project=root), Job())


def found(result: Result) -> dict[str, dict[str, Any]]:
    return {one["rule"]: one for one in result.structured["findings"]}


def test_a_finding_says_file_line_table_and_column(tmp_path: Path) -> None:
    (tmp_path / "schema.sql").write_text(SHOP, encoding="utf-8")
    rules = found(call(tmp_path, paths=["schema.sql"]))
    assert set(rules) == {"unindexed_foreign_key", "floating_point_money", "missing_primary_key"}
    price = rules["floating_point_money"]
    assert (price["file"], price["line"], price["table"], price["column_name"]) == (
        "schema.sql",
        5,
        "orders",
        "unit_price",
    )
    assert (rules["missing_primary_key"]["line"], rules["unindexed_foreign_key"]["line"]) == (7, 4)


def test_its_changes_cure_it() -> None:
    changes = [change for one in call(sql=SHOP).structured["findings"] for change in one["changes"]]
    given = {"changes": changes, "schema": SHOP, "engine": "postgresql", "date": "2026-01-01"}
    planned = PLAN.call(parse_arguments(PLAN, given), Settings(project=None), Job()).structured
    assert planned["findings"] == []
    cured = SHOP.replace("float", "numeric(19,4)") + "CREATE INDEX orders_customer_id_idx ON orders (customer_id);"
    assert set(found(call(sql=cured))) == {"missing_primary_key"}


def test_with_its_reason_beside_it_a_table_is_let_through() -> None:
    allowed = SHOP.replace(
        "CREATE TABLE logs", "-- allow: missing_primary_key, append only and read in order\nCREATE TABLE logs"
    )
    assert "missing_primary_key" not in found(call(sql=allowed))
    without_reason = SHOP.replace("CREATE TABLE logs", "-- allow: missing_primary_key\nCREATE TABLE logs")
    assert "missing_primary_key" in found(call(sql=without_reason))


def test_a_rule_may_be_left_out_and_a_wrong_name_is_told() -> None:
    assert "missing_primary_key" not in found(call(sql=SHOP, without=["missing_primary_key"]))
    with pytest.raises(ToolError, match="Did you mean missing_primary_key"):
        call(sql=SHOP, without=["missing_primary_keys"])


def test_one_strange_statement_costs_itself_and_is_listed(tmp_path: Path) -> None:
    (tmp_path / "dump.sql").write_text(f"\\connect x\nCREAT TABLE y;\n{SHOP}", encoding="utf-8")
    result = call(tmp_path, paths=["dump.sql"])
    assert {one["line"] for one in result.structured["not_examined"]} == {1, 2}
    assert result.structured["examined"]["tables"] == 3
    assert "Not examined" in result.text


def test_style_is_counted_with_examples() -> None:
    tables = "".join(f"CREATE TABLE t{n}x (id serial PRIMARY KEY, made timestamp NOT NULL);" for n in "abcde")
    result = call(sql=tables)
    folded = {one["rule"]: one for one in result.structured["folded"]}
    assert result.structured["findings"] == []
    assert folded["timestamp_without_zone"]["count"] == 5
    assert folded["timestamp_without_zone"]["examples"] == ["tax.made", "tbx.made", "tcx.made"]


def test_a_live_database_says_what_its_files_say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sql = (
        "CREATE TABLE a (id integer PRIMARY KEY) STRICT;"
        "CREATE TABLE b (id integer PRIMARY KEY, a_id integer NOT NULL REFERENCES a (id)) STRICT;"
    )
    connection = sqlite3.connect(tmp_path / "live.db")
    connection.executescript(sql)
    connection.close()
    monkeypatch.setenv("DOMAIN_AGENTS_DATABASE_LIVE", f"sqlite:///{tmp_path / 'live.db'}")
    live = TOOL.call(parse_arguments(TOOL, {"database": "live"}), Settings(project=None), Job())
    static = call(sql=sql, engine="sqlite")
    assert list(found(live)) == list(found(static)) == ["unindexed_foreign_key"]
    assert live.structured["examined"] == static.structured["examined"]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"sql": SHOP, "paths": ["a.sql"]}, "give one of"),
        ({"paths": ["none.sql"]}, 'there is no file "none.sql"'),
        ({"database": "prod"}, "no configured database named 'prod'"),
        ({}, "there is no schema to look at"),
        ({"sql": SHOP, "version": "7"}, "version"),
    ],
)
def test_what_does_not_fit_says_the_way_out(given: dict[str, Any], says: str, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match=re.escape(says)):
        call(tmp_path, **given)


def test_without_an_engine_it_is_asked(tmp_path: Path) -> None:
    with pytest.raises(NeedsAnswer):
        TOOL.call(parse_arguments(TOOL, {"sql": SHOP}), Settings(project=tmp_path), Job())


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.sampled_from(["postgresql", "mysql", "mariadb", "sqlite"]))
def test_any_text_is_answered(text: str, engine: str) -> None:
    result = TOOL.call(parse_arguments(TOOL, {"sql": text, "engine": engine}), Settings(project=None), Job())
    assert result.text.startswith("# ")
