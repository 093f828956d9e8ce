"""design_schema, through the public door: a page of meaning becomes tables that a data architect would sign."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from domain_agents.engines import engine
from domain_agents.schemas.design import design
from domain_agents.schemas.reading_back import read_back
from domain_agents.schemas.spec import SpecError, read_spec
from domain_agents.schemas.writing import write_sql
from domain_agents.tools import Job, NeedsAnswer, Settings, ToolError
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools.design_schema import TOOL
from tests.golden import same_as_golden
from tests.unit.schema_specs import specs

EXAMPLES = Path(__file__).parents[2] / "examples" / "schemas"
FEW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
ENGINES = ("postgresql", "mysql", "mariadb", "sqlite")


def example(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def call(spec: dict[str, Any], project: Path | None = None, **arguments: Any) -> dict[str, Any]:
    given = {"spec": spec, "engine": "postgresql", "version": "18", **arguments}
    found: dict[str, Any] = TOOL.call(parse_arguments(TOOL, given), Settings(project), Job()).structured
    return found


def of(*entities: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"name": "test", "entities": list(entities), **rest}


def entity(name: str, *attributes: tuple[str, str], **rest: Any) -> dict[str, Any]:
    return {"name": name, "attributes": [{"name": one, "kind": kind} for one, kind in attributes], **rest}


def table(found: dict[str, Any], name: str) -> dict[str, Any]:
    (made,) = [one for one in found["tables"] if one["name"] == name]
    return dict(made)


def indexes(found: dict[str, Any], name: str) -> dict[str, list[str]]:
    return {index["name"]: index["columns"] for index in table(found, name)["indexes"]}


def column(found: dict[str, Any], of_table: str, name: str) -> dict[str, Any]:
    (made,) = [one for one in table(found, of_table)["columns"] if one["name"] == name]
    return dict(made)


def foreign_keys(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    return [key for key in table(found, name)["keys"] if key["kind"] == "foreign"]


CUSTOMER, ORDER = (
    entity("Customer", ("email", "email")),
    entity("Order", ("placed_at", "timestamp"), ("total", "money")),
)
ORDERS = of(CUSTOMER, ORDER, relations=[{"child": "Order", "parent": "Customer"}])


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.json")))
@pytest.mark.parametrize("for_engine", ENGINES)
def test_the_sql_is_what_was_designed_and_changes_nothing_where_it_is_loaded(name: str, for_engine: str) -> None:
    spec = example(name)
    found = call(spec, engine=for_engine, version=None)
    assert found["findings"] == []
    again = call(spec, engine=for_engine, version=None, existing=found["sql"])
    assert (again["sql"], again["changes"], again["change_questions"]) == (found["sql"], [], [])


@pytest.mark.parametrize(("name", "for_engine", "version"), [("billing", "postgresql", "18"), ("shop", "mariadb", "11.4"),
                                                            ("telemetry", "postgresql", "16"), ("clinic", "sqlite", "3.45")])  # fmt: skip
def test_a_designs_report_is_the_approved_one(name: str, for_engine: str, version: str) -> None:
    found = call(example(name), engine=for_engine, version=version)
    same_as_golden(f"schemas/{name}.{for_engine}.md", found["report"])


@given(specs())
@FEW
def test_whatever_is_designed_for_sqlite_loads_there(spec: dict[str, Any]) -> None:
    try:
        made = design(read_spec(spec), engine("sqlite"))
    except SpecError:
        return
    sql = write_sql(made)
    assert read_back(made, sql) == []
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(sql)
    connection.close()


@pytest.mark.parametrize("for_engine", ["postgresql", "mariadb"])
@given(spec=specs())
@FEW
def test_whatever_is_designed_is_read_back_the_same(for_engine: str, spec: dict[str, Any]) -> None:
    try:
        made = design(read_spec(spec), engine(for_engine))
    except SpecError:
        return
    assert read_back(made, write_sql(made)) == []
    assert write_sql(design(read_spec(spec), engine(for_engine))) == write_sql(made)


def test_every_foreign_key_has_an_index_or_a_key_that_begins_with_it() -> None:
    for name in ("billing", "hr", "chat", "inventory"):
        found = call(example(name))
        for one in found["tables"]:
            held = [key["columns"] for key in one["keys"] if key["kind"] != "foreign"]
            held += [index["columns"] for index in one["indexes"] if not index["where"]]
            for key in foreign_keys(found, one["name"]):
                width = len(key["columns"])
                assert any(set(columns[:width]) == set(key["columns"]) for columns in held), (
                    one["name"],
                    key["columns"],
                )


def test_one_index_serves_the_foreign_key_and_the_list_behind_it() -> None:
    paths = [{"id": "mine", "entity": "Order", "equals": ["customer"], "order_by": ["placed_at desc"]}]
    found = call({**ORDERS, "access": paths})
    assert indexes(found, "orders") == {"orders_customer_id_placed_at_idx": ["customer_id", "placed_at"]}
    (path,) = found["access"]
    assert path["served_by"] == "orders_customer_id_placed_at_idx"
    assert path["query"].endswith("WHERE customer_id = :customer_id ORDER BY placed_at DESC LIMIT 50")


def test_equal_columns_come_first_then_what_sorts_then_the_range() -> None:
    one = entity("Event", ("kind", "code"), ("level", "int"), ("at", "timestamp"))
    path = {"id": "p", "entity": "Event", "equals": ["kind"], "range": ["level"], "order_by": ["at"]}
    assert indexes(call(of(one, access=[path])), "events") == {"events_kind_at_level_idx": ["kind", "at", "level"]}


def test_columns_that_sort_both_ways_descend_in_the_index_too() -> None:
    one = entity("Score", ("game", "code"), ("points", "int"), ("at", "timestamp"))
    path = {"id": "p", "entity": "Score", "equals": ["game"], "order_by": ["points desc", "at"]}
    assert list(indexes(call(of(one, access=[path])), "scores").values()) == [["game", "points DESC", "at"]]


def test_a_path_of_some_rows_gets_a_partial_index_or_its_columns_in_front() -> None:
    one = {"name": "Job", "attributes": [{"name": "state", "kind": "enum", "values": ["new", "done"]},
                                         {"name": "due_at", "kind": "timestamp"}]}  # fmt: skip
    path = {"id": "due", "entity": "Job", "only_when": {"state": "new"}, "order_by": ["due_at"]}
    (index,) = table(call(of(one, access=[path])), "jobs")["indexes"]
    assert (index["columns"], index["where"]) == (["due_at"], "state = 'new'")
    (index,) = table(call(of(one, access=[path]), engine="mysql", version="8.4"), "jobs")["indexes"]
    assert (index["columns"], index["where"]) == (["state", "due_at"], None)


def test_a_unique_key_serves_the_path_to_one_row_without_another_index() -> None:
    one = {"name": "Post", "attributes": [{"name": "slug", "kind": "slug", "unique": "yes"}]}
    found = call(of(one, access=[{"id": "p", "entity": "Post", "op": "get", "equals": ["slug"]}]))
    assert indexes(found, "posts") == {}
    assert (found["access"][0]["served_by"], found["access"][0]["cost"]) == ("posts_slug_key", "one row")


def test_words_in_texts_are_found_by_an_index_of_words() -> None:
    spec = of(entity("Post", ("title", "short_text"), ("body", "text")),
              access=[{"id": "p", "entity": "Post", "op": "search", "contains": ["title", "body"]}])  # fmt: skip
    assert "USING gin (to_tsvector('simple', title || ' ' || body))" in call(spec)["sql"]
    assert "FULLTEXT KEY" in call(spec, engine="mariadb", version="10.11")["sql"]
    assert "USING fts5" in call(spec, engine="sqlite", version="3.45")["sql"]


def test_soft_deleted_rows_do_not_count_in_unique_keys() -> None:
    one = {
        "name": "User",
        "lifecycle": "soft_delete",
        "attributes": [{"name": "handle", "kind": "slug", "unique": "yes"}],
    }
    (index,) = table(call(of(one)), "users")["indexes"]
    assert (index["columns"], index["unique"], index["where"]) == (["handle"], True, "deleted_at IS NULL")
    keys = table(call(of(one), engine="mariadb", version="10.11"), "users")["keys"]
    assert ["handle", "alive"] in [key["columns"] for key in keys]


def test_a_tenant_stands_in_keys_and_foreign_keys() -> None:
    found = call({**ORDERS, "settings": {"tenancy": "column"}, "access": [{"id": "p", "entity": "Order"}]})
    (key,) = [key for key in foreign_keys(found, "orders") if key["references"] == "customers"]
    assert (key["columns"], key["parent_columns"]) == (["tenant_id", "customer_id"], ["tenant_id", "id"])
    assert "WHERE tenant_id = :tenant_id" in found["access"][0]["query"]


def test_emptying_a_reference_leaves_the_tenant_alone() -> None:
    relation = {"child": "Order", "parent": "Customer", "required": False}
    spec = of(CUSTOMER, ORDER, relations=[relation], settings={"tenancy": "column"})
    assert "ON DELETE SET NULL (customer_id)" in call(spec)["sql"]
    assert "SET NULL" not in call(spec, version="14")["sql"]
    assert "SET NULL" not in call(spec, engine="mariadb", version="10.11")["sql"]


def test_policies_are_written_where_the_engine_has_them_and_said_to_be_missing_elsewhere() -> None:
    spec = {**ORDERS, "settings": {"tenancy": "column", "rls": True}}
    assert call(spec)["sql"].count("CREATE POLICY") == 2
    found = call(spec, engine="mariadb", version="10.11")
    assert "CREATE POLICY" not in found["sql"]
    assert any("no row-level security" in says for says in found["assumptions"])


@pytest.mark.parametrize(
    ("relation", "rule"),
    [
        ({}, "RESTRICT"),
        ({"required": False}, "SET NULL"),
        ({"on_parent_delete": "cascade"}, "CASCADE"),
        ({"child": "OrderItem", "parent": "Order"}, "CASCADE"),
        ({"child": "Payment", "parent": "Order"}, "RESTRICT"),
    ],
)
def test_what_happens_to_the_child_follows_from_what_it_is(relation: dict[str, Any], rule: str) -> None:
    parts = (entity("OrderItem", ("quantity", "int")), entity("Payment", ("amount", "money")))
    asked = {"child": "Order", "parent": "Customer", **relation}
    found = call(of(CUSTOMER, ORDER, *parts, relations=[asked]))
    child = {"Order": "orders", "OrderItem": "order_items", "Payment": "payments"}[asked["child"]]
    assert [key["on_delete"] for key in foreign_keys(found, child)] == [rule]


def test_money_is_never_a_float_and_has_a_currency() -> None:
    for for_engine, kind in (("postgresql", "numeric(19,4)"), ("mysql", "decimal(19,4)"), ("sqlite", "INTEGER")):
        found = call(of(ORDER), engine=for_engine, version=None)
        assert column(found, "orders", "total")["type"] == kind
        assert column(found, "orders", "currency")["nullable"] is False
    one_currency = call(of(ORDER, settings={"currency": "EUR"}))
    assert "currency" not in [one["name"] for one in table(one_currency, "orders")["columns"]]


def test_a_giant_of_added_rows_is_partitioned_unless_something_forbids_it() -> None:
    giant = entity("Reading", ("at", "timestamp"), lifecycle="append_only", rows_1y=900_000_000, retention_days=365)
    found = call(of(giant))
    assert "PARTITION BY RANGE (at)" in found["sql"]
    assert "readings_drop_partitions" in found["sql"]
    assert table(found, "readings")["keys"][0]["columns"] == ["id", "at"]
    referred = of(giant, entity("Alarm"), relations=[{"child": "Alarm", "parent": "Reading"}])
    assert "PARTITION BY" not in call(referred)["sql"]
    assert any("not partitioned: alarms refers to it" in says for says in call(referred)["assumptions"])


def test_ids_that_a_person_writes_decide_the_identifiers_kind() -> None:
    found = call(of(entity("Order", ("id", "uuid")), entity("Line", ("order_id", "uuid")),
                    relations=[{"child": "Line", "parent": "Order"}]))  # fmt: skip
    assert (column(found, "orders", "id")["type"], column(found, "orders", "id")["default"]) == ("uuid", "uuidv7()")
    assert [one["name"] for one in table(found, "lines")["columns"]].count("order_id") == 1


def test_a_reference_without_a_relation_is_found() -> None:
    found = call(of(CUSTOMER, entity("Order", ("customer_id", "bigint"))))
    assert [finding["rule"] for finding in found["findings"]] == ["unconstrained_reference"]


def test_questions_are_at_most_five_and_only_for_what_was_left_open() -> None:
    asked = call(ORDERS)["questions"]
    assert 0 < len(asked) <= 5
    answered = {"ids": "uuid7", "tenancy": "none", "currency": "EUR"}
    left = call(of({**CUSTOMER, "lifecycle": "soft_delete"}, {**ORDER, "rows_1y": 5}, settings=answered))["questions"]
    assert left == []


def test_advice_turns_where_its_figure_is_passed() -> None:
    def cache(per_second: float) -> str:
        paths = [{"id": "hot", "entity": "Customer", "op": "get", "equals": ["email"], "per_second": per_second}]
        (one,) = [one for one in call({**ORDERS, "access": paths})["advice"] if one["topic"] == "cache"]
        return str(one["choice"])

    assert cache(199) == "none"
    assert cache(200) == "cache-aside in Redis for hot (200/s)"


def test_a_renamed_attribute_is_a_rename_and_other_tables_stay() -> None:
    renamed = {"name": "Customer", "attributes": [{"name": "email", "kind": "email", "renamed_from": "mail"}]}
    today = call(of(entity("Customer", ("mail", "email"))))["sql"] + "CREATE TABLE other (id bigint PRIMARY KEY);"
    found = call(of(renamed), existing=today)
    assert ("rename_column", "mail") in [(one["kind"], one.get("rename_of")) for one in found["changes"]]
    assert not any(one["kind"] in {"drop_table", "drop_column"} for one in found["changes"])
    assert found["kept"] == ["other"]


def test_files_are_written_only_when_asked_and_never_over_others(tmp_path: Path) -> None:
    assert call(ORDERS, tmp_path)["written"] == []
    assert not list(tmp_path.iterdir())
    written = call(ORDERS, tmp_path, write=True)["written"]
    assert sorted(written) == [f"schema/test.{ending}" for ending in ("dbml", "md", "mmd", "sql", "svg")]
    with pytest.raises(ToolError, match="schema/test"):
        call(ORDERS, tmp_path, write=True)
    with pytest.raises(ToolError):
        call(ORDERS, tmp_path, write=True, directory="../elsewhere")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ({}, "spec.entities: is required"),
        (of(entity("A", ("x", "varchar(20)"))), "did you mean short_text?"),
        (of(entity("A", ("x", "colour"))), "spec.entities[0].attributes[0].kind"),
        (of({"name": "A", "attributs": []}), "did you mean attributes?"),
        (of(CUSTOMER, relations=[{"child": "Customer", "parent": "Custumer"}]), "did you mean Customer?"),
        (of(ORDER, access=[{"entity": "Order", "equals": ["totl"]}]), "did you mean total?"),
        (of({**ORDER, "checks": ["total >"]}), "spec.entities[0].checks[0]"),
        (of({**ORDER, "checks": ["totl > 0"]}), "did you mean total?"),
        (of({**ORDER, "checks": ["total > 0); DROP TABLE orders; --"]}), "spec.entities[0].checks[0]"),
        (of(ORDER, entity("orders")), "is the same entity as"),
        (of(ORDER, CUSTOMER, relations=[{"child": "Order", "parent": "Customer"}] * 2), "needs a role"),
        (of(ORDER, access=[{"entity": "Order", "contains": ["total"]}]), "is no text and no document"),
        (of(entity("Ada\nLovelace")), "must be plain text on one line"),
        (of(entity("A" * 80)), "is longer than 50 characters"),
        (of(ORDER, settings={"tenancy": "rows"}), "there are: none, column, schema, database"),
    ],
)
def test_what_does_not_fit_is_said_with_its_place_and_the_way_out(spec: dict[str, Any], says: str) -> None:
    with pytest.raises(ToolError) as told:
        call(spec)
    assert says in str(told.value)


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(ToolError) as told:
        call(of(entity("A", ("x", "foo"), ("y", "bar")), entity("B", ("z", "baz"))))
    assert sum(kind in str(told.value) for kind in ('"foo"', '"bar"', '"baz"')) == 3


def test_the_engine_is_asked_for_when_nothing_tells() -> None:
    with pytest.raises(NeedsAnswer):
        call(ORDERS, engine=None, version=None)


def test_the_largest_specification_has_a_report_too() -> None:
    many = [entity(f"Thing {number}", *((f"a{place}", "short_text") for place in range(10))) for number in range(300)]
    relations = [
        {"child": f"Thing {number}", "parent": f"Thing {number // 2}", "role": "up"} for number in range(1, 300)
    ]
    paths = [{"id": f"p{number}", "entity": f"Thing {number % 300}", "equals": ["up" if number % 300 else "a1"]} for number in range(900)]  # fmt: skip
    found = call(of(*many, relations=relations, access=paths))
    assert len(found["tables"]) == 300
    assert "in a file with write: true" in found["report"]
    assert len(found["diagrams"]["mermaid"]) < 50_000


def test_another_store_is_sketched_when_asked_with_what_it_gives_up() -> None:
    spec = example("shop")
    assert call(spec)["sketches"] == {}
    found = call({**spec, "settings": {"sketches": ["dynamodb", "mongodb", "dbt"]}})["sketches"]
    assert "| lines_of_order | table | `pk = ORDER#<order>`, sk begins with ORDER_ITEM# |" in found["dynamodb"]
    assert "| search | | not here: words in texts need OpenSearch" in found["dynamodb"]
    assert 'db.orders.createIndex({"customer_id": 1, "placed_at": 1})' in found["mongodb"]
    assert "`order_items`: embedded in `orders`" in found["mongodb"]
    assert "to: source('shop', 'customers')" in found["dbt"]
    assert "| fct_order_items |" in found["dbt"]
    assert "| dim_products |" in found["dbt"]
    with pytest.raises(ToolError, match="did you mean mongodb"):
        call({**spec, "settings": {"sketches": ["mongo_db"]}})


@pytest.mark.parametrize("name", sorted(path.stem for path in EXAMPLES.glob("*.json")))
def test_every_example_is_sketched_the_same_twice(name: str) -> None:
    asked = {**example(name), "settings": {**example(name)["settings"], "sketches": ["dynamodb", "mongodb", "dbt"]}}
    found = call(asked)["sketches"]
    assert call(asked)["sketches"] == found
    assert all("## What it costs" in text or "## What to decide" in text for text in found.values())


def test_whether_two_bookings_may_overlap_is_asked_about_what_only_one_can_have() -> None:
    asked = [one["asks"] for one in call(example("booking"))["questions"]]
    assert "May two reservations of one room overlap in time?" in asked


def test_every_engine_holds_meanings_and_every_sketch_can_be_asked_for() -> None:
    import domain_agents.schemas.physical as physical
    from domain_agents.engines import engine_names
    from domain_agents.registry import unit_names
    from domain_agents.schemas.sketches import sketch_names
    from domain_agents.schemas.spec import SKETCHES

    assert unit_names(physical) == engine_names()
    assert sketch_names() == SKETCHES


def test_what_belongs_to_one_of_many_is_found_in_the_table_between() -> None:
    many = {"child": "Post", "parent": "Tag", "kind": "many_to_many"}
    path = {"id": "tagged", "entity": "Post", "equals": ["tag"]}
    spec = of(entity("Post", ("title", "short_text")), entity("Tag", ("name", "code")), relations=[many], access=[path])
    (found,) = call(spec)["access"]
    assert (found["served_by"], found["table"]) == ("post_tags_tag_id_idx", "post_tags")
    assert found["query"] == "SELECT post_id, tag_id FROM post_tags WHERE tag_id = :tag_id LIMIT 50"
    with pytest.raises(ToolError, match="an entity of its own"):
        call({**spec, "access": [{**path, "order_by": ["title"]}]})


def test_one_to_one_holds_for_what_is_alive() -> None:
    child = {"name": "Profile", "lifecycle": "soft_delete", "attributes": []}
    spec = of(child, CUSTOMER, relations=[{"child": "Profile", "parent": "Customer", "kind": "one_to_one"}])
    (index,) = [one for one in table(call(spec), "profiles")["indexes"] if one["unique"]]
    assert (index["columns"], index["where"]) == (["customer_id"], "deleted_at IS NULL")


def test_a_row_of_a_tenant_is_never_read_by_its_id_alone() -> None:
    spec = {**ORDERS, "settings": {"tenancy": "column"}, "access": [{"id": "p", "entity": "Order", "op": "get"}]}
    (found,) = call(spec)["access"]
    assert found["served_by"] == "orders_pkey"
    assert found["query"].endswith("WHERE tenant_id = :tenant_id AND id = :id")


def test_names_and_identifiers_of_the_schema_that_is_there_are_kept() -> None:
    today = "CREATE TABLE customer (id uuid NOT NULL PRIMARY KEY, email text NOT NULL); CREATE TABLE invoice (id uuid PRIMARY KEY);"
    found = call(of(CUSTOMER), existing=today)
    assert [one["name"] for one in found["tables"]] == ["customer"]
    assert column(found, "customer", "id")["type"] == "uuid"
    assert not any(one["kind"] in {"change_type", "create_table"} for one in found["changes"])


def test_the_changes_are_planned_as_they_are() -> None:
    from domain_agents.tools.plan_migration import TOOL as PLAN

    today = "CREATE TABLE customers (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email text NOT NULL);"
    found = call(ORDERS, existing=today)
    assert {one["kind"] for one in found["changes"]} >= {"create_table", "add_column"}
    asked = {
        "changes": found["changes"],
        "schema": today,
        "engine": "postgresql",
        "version": "18",
        "date": "2026-11-21",
    }
    planned = PLAN.call(parse_arguments(PLAN, asked), Settings(None), Job()).structured
    assert planned["findings"] == []
