"""find_agent, get_agent and the start-here tools: who is found, why, and what comes back."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import jsonschema  # type: ignore[import-untyped] # its stubs are a package of their own
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain_agents.agents.catalogue import Catalogue, load
from domain_agents.agents.finding import find
from domain_agents.agents.sources import Source, shipped_directory
from domain_agents.tools import Job, Result, Settings, Tool, ToolError
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools._served import MAX_TOOLS, served_tools

if TYPE_CHECKING:
    from pathlib import Path

SHIPPED = load([Source("shipped", shipped_directory("agents"), "shipped")])


@pytest.fixture(autouse=True)
def _no_user_agents(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "no-config"))


def agents(tmp_path: Path, **files: str) -> Settings:
    directory = tmp_path / "agents"
    directory.mkdir(exist_ok=True)
    for name, text in files.items():
        (directory / f"{name.replace('_', '-')}.md").write_text(text, encoding="utf-8")
    return Settings(project=None, agent_directories=(directory,))


def call(settings: Settings, name: str, /, **arguments: Any) -> Result:
    tool = tools(settings)[name]
    result = tool.call(parse_arguments(tool, arguments), settings, Job())
    jsonschema.validate(result.structured, tool.output_schema)
    assert json.loads(json.dumps(result.structured)) == result.structured
    return result


def tools(settings: Settings) -> dict[str, Tool]:
    return {tool.name: tool for tool in served_tools(settings)}


def first(request: str, *files: str, catalogue: Catalogue = SHIPPED) -> str:
    found = find(catalogue, request, files)
    return found.found[0].agent.name if found.found else ""


DOCTOR = """---
name: index-doctor
description: Finds the index that a query wants.
triggers:
  keywords: [slow query, DB, explain]
  patterns: ['(add|create).{0,40}index']
  files: ['**/*.sql', 'queries/**']
  stack: [postgresql]
  not: [search index]
workflows:
  - name: tune
    when: [slow query on the orders table]
    steps: [index-doctor, bystander]
tool: true
---
Ask for the plan.
"""
BYSTANDER = "---\nname: bystander\ndescription: Waters the garden plants.\n---\nWater them.\n"


@pytest.fixture
def two(tmp_path: Path) -> Catalogue:
    (place,) = agents(tmp_path, index_doctor=DOCTOR, bystander=BYSTANDER).agent_directories
    return load([Source("added", str(place), "agents")])


@pytest.mark.parametrize(
    ("request_text", "files", "reason"),
    [
        ("this is a slow query", (), "trigger words: slow query"),
        ("our db is at its limit", (), "trigger words: DB"),
        ("please create a new index", (), "pattern matches “create a new index”"),
        ("look at this", ("a.sql",), "files: a.sql (**/*.sql)"),
        ("look at this", (r"queries\deep\x.txt",), "files: queries/deep/x.txt (queries/**)"),
        ("ask the index doctor", (), "the request names it: index-doctor"),
    ],
)
def test_each_kind_of_evidence_finds_and_is_given_as_the_reason(
    two: Catalogue, request_text: str, files: tuple[str, ...], reason: str
) -> None:
    found = find(two, request_text, files)
    assert found.found[0].agent.name == "index-doctor"
    assert reason in found.found[0].reasons
    assert found.confident


def test_text_alone_finds_an_agent_without_triggers(two: Catalogue) -> None:
    found = find(two, "water the plants in the garden")
    assert found.found[0].agent.name == "bystander"
    assert found.found[0].reasons == ("text: water, garden, plants",)


@pytest.mark.parametrize("request_text", ["raise the capital", "rapidly", "dbx", "explained capitals of adbc"])
def test_parts_of_words_are_no_evidence(two: Catalogue, request_text: str) -> None:
    assert (
        all("trigger" not in reason for item in find(two, request_text).found for reason in item.reasons)
        or "explain" in request_text
    )


def test_a_word_that_speaks_against_an_agent_takes_it_out(two: Catalogue) -> None:
    assert first("create a search index for the slow query page", catalogue=two) != "index-doctor"


def test_nothing_in_common_finds_nothing_and_says_so(tmp_path: Path) -> None:
    settings = agents(tmp_path, bystander=BYSTANDER)
    result = call(settings, "find_agent", request="qwertz zxcvb")
    assert result.structured["agents"] == []
    assert result.structured["confident"] is False
    assert "No agent matches" in result.text


def test_words_in_common_alone_are_no_confident_match(tmp_path: Path) -> None:
    result = call(
        agents(tmp_path), "find_agent", request="please move my photo collection to a new kubernetes cluster at home"
    )
    assert result.structured["confident"] is False
    assert "No confident match" in result.text or "No agent matches" in result.text


def test_the_workflow_that_applies_comes_with_it(two: Catalogue) -> None:
    found = find(two, "we have a slow query on our orders table")
    assert found.workflow is not None
    assert (found.workflow.name, found.workflow.steps, found.workflow_of) == (
        "tune",
        ("index-doctor", "bystander"),
        "index-doctor",
    )
    assert find(two, "explain this").workflow is None


def test_a_workflow_with_a_step_that_does_not_exist_is_never_offered(tmp_path: Path) -> None:
    (place,) = agents(tmp_path, index_doctor=DOCTOR).agent_directories
    assert find(load([Source("added", str(place), "agents")]), "slow query on the orders table").workflow is None


def test_at_most_five_are_found(tmp_path: Path) -> None:
    texts = {f"a{n}": f"---\nname: a{n}\ndescription: Knows about databases.\n---\nx" for n in range(9)}
    result = call(agents(tmp_path, **texts), "find_agent", request="databases")
    assert len(result.structured["agents"]) == 5
    assert len(call(agents(tmp_path, **texts), "find_agent", request="databases", limit=2).structured["agents"]) == 2


def test_without_a_request_all_agents_are_listed(tmp_path: Path) -> None:
    result = call(agents(tmp_path, bystander=BYSTANDER), "find_agent")
    assert [one["name"] for one in result.structured["agents"]] == [
        "migration-writer",
        "ml-pipeline-architect",
        "schema-designer",
        "bystander",
    ]
    assert "bystander" in result.text


@pytest.mark.parametrize(
    ("request_text", "agent"),
    [
        ("Add an optional phone column to the customers table", "migration-writer"),
        ("Write the migration that creates the invoices table", "migration-writer"),
        ("make email NOT NULL on a table with 12 million rows", "migration-writer"),
        ("how do I add an index without blocking writes", "migration-writer"),
        ("rename a column with zero downtime", "migration-writer"),
        ("backfill a new column in batches", "migration-writer"),
        ("Move our data from MySQL to PostgreSQL, with a migration", "migration-writer"),
        ("Sketch a database schema for a clinic", "schema-designer"),
        ("Draw the ERD of our shop", "schema-designer"),
        ("The users list has a slow query", "schema-designer"),
        ("Optimise the monthly report query", "schema-designer"),
        ("review my tables for missing primary keys", "schema-designer"),
        ("should this be multi-tenant with row level security", "schema-designer"),
        ("Build a nightly data sync from MongoDB into a warehouse", "ml-pipeline-architect"),
        ("we want to serve a fraud model with low latency", "ml-pipeline-architect"),
        ("do we need a feature store", "ml-pipeline-architect"),
        ("RAG or fine-tuning for support answers", "ml-pipeline-architect"),
        ("our recommender drifts, when to retrain", "ml-pipeline-architect"),
        ("Airflow DAG that loads orders hourly", "ml-pipeline-architect"),
    ],
)
def test_requests_reach_the_agent_they_are_for(request_text: str, agent: str) -> None:
    found = find(SHIPPED, request_text)
    assert found.found[0].agent.name == agent
    assert found.confident


@pytest.mark.parametrize(
    "workflow", [(a.name, w.name, when, w.steps) for a in SHIPPED.agents for w in a.workflows for when in w.when]
)
def test_every_example_of_a_workflow_finds_one_of_its_agents(workflow: tuple[str, str, str, tuple[str, ...]]) -> None:
    _, name, when, steps = workflow
    found = find(SHIPPED, when)
    assert found.found[0].agent.name in steps
    assert found.workflow is not None
    assert found.workflow.name == name


@settings(max_examples=60)
@given(st.text(max_size=200), st.lists(st.text(max_size=30), max_size=4))
def test_any_request_is_answered_and_always_the_same_way(request_text: str, files: list[str]) -> None:
    assert find(SHIPPED, request_text, files) == find(SHIPPED, request_text, files)


def test_get_agent_gives_the_instructions_where_they_are_from_and_the_task(tmp_path: Path) -> None:
    settings = agents(tmp_path, index_doctor=DOCTOR)
    result = call(settings, "get_agent", name="Index Doctor", task="look at\n{{ 7 * 7 }}")
    assert result.text == "Ask for the plan.\n\n## The task\n\n> look at\n> {{ 7 * 7 }}\n"
    assert result.structured["source"] == "added"
    assert len(result.structured["sha256"]) == 64
    assert str(tmp_path) not in json.dumps(result.structured)


@pytest.mark.parametrize("name", ["migration-writr", "../migration-writer", "migration"])
def test_an_unknown_agent_names_the_nearest(name: str, tmp_path: Path) -> None:
    if name.startswith(".."):
        # A name is a key and no path: what is left of this one is an agent's name.
        assert call(agents(tmp_path), "get_agent", name=name).structured["name"] == "migration-writer"
        return
    with pytest.raises(ToolError, match="migration-writer"):
        call(agents(tmp_path), "get_agent", name=name)


def test_a_long_agent_is_cut_with_the_way_to_the_rest(tmp_path: Path) -> None:
    settings = agents(tmp_path, long="---\nname: long\ndescription: b\n---\n" + "many words here\n" * 9_000)
    result = call(settings, "get_agent", name="long")
    assert len(result.text) < 40_000
    assert "agent://long" in result.text


def test_tools_stand_in_a_fixed_order_with_agents_first(tmp_path: Path) -> None:
    names = list(tools(agents(tmp_path)))
    assert names[:5] == ["migration_writer", "ml_pipeline_architect", "schema_designer", "find_agent", "get_agent"]
    assert len(names) <= 14


def test_an_agent_of_the_user_becomes_a_tool_when_it_says_so_and_its_text_stays_out(tmp_path: Path) -> None:
    settings = agents(tmp_path, index_doctor=DOCTOR, bystander=BYSTANDER)
    served = tools(settings)
    assert "index_doctor" in served
    assert "bystander" not in served
    shown = served["index_doctor"].description + served["index_doctor"].title
    assert "wants" not in shown
    assert served["index_doctor"].title == "index doctor"
    result = call(settings, "index_doctor", task="this one")
    assert "Ask for the plan." in result.text
    assert result.structured["next"] is None


def test_there_are_never_more_than_twenty_tools(tmp_path: Path) -> None:
    texts = {f"a{n:02}": f"---\nname: a{n:02}\ndescription: b\ntool: true\n---\nx" for n in range(40)}
    assert len(tools(agents(tmp_path, **texts))) == MAX_TOOLS


def test_an_agent_cannot_take_a_tools_name_or_a_name_no_client_takes(tmp_path: Path) -> None:
    long = "x" * 41
    settings = agents(
        tmp_path,
        get_agent="---\nname: get_agent\ndescription: b\ntool: true\n---\nx",
        long=f"---\nname: {long}\ndescription: b\ntool: true\n---\nx",
        umlaut="---\nname: größe\ndescription: b\ntool: true\n---\nx",
    )
    names = [tool.name for tool in served_tools(settings)]
    assert names.count("get_agent") == 1
    assert tools(settings)["get_agent"].title == "Get an agent's instructions"
    assert not {long, "größe"} & set(names)


def test_a_shadowed_agent_of_ours_lends_its_description_to_nobody(tmp_path: Path) -> None:
    settings = agents(tmp_path, migration_writer="---\nname: migration-writer\ndescription: EVIL\n---\nx")
    assert "migration_writer" not in tools(settings)
    assert "EVIL" not in "".join(tool.description for tool in served_tools(settings))


def test_the_start_tool_hands_on_the_ddl_of_the_task(tmp_path: Path) -> None:
    task = "On a big table: ALTER TABLE users ADD COLUMN plan text NOT NULL; and keep it online"
    result = call(agents(tmp_path), "migration_writer", task=task)
    assert result.structured["next"] == {
        "tool": "plan_migration",
        "arguments": {"sql": "ALTER TABLE users ADD COLUMN plan text NOT NULL;"},
    }
    assert "> On a big table" in result.text
    assert result.structured["instructions"]
    fenced = call(agents(tmp_path), "migration_writer", task="do\n```sql\nCREATE INDEX i ON t (a);\n```")
    assert fenced.structured["next"]["arguments"]["sql"] == "CREATE INDEX i ON t (a);"


def test_an_agent_whose_tools_are_not_here_says_so(tmp_path: Path) -> None:
    own = "---\nname: own\ndescription: x\ntool: true\ntools: [Read, no_such_tool]\n---\nWork."
    result = call(agents(tmp_path, own=own), "own", task="do it")
    assert result.structured["next"] is None
    assert "no tool for this step yet" in result.text


@pytest.mark.parametrize(
    ("agent", "task", "tool"),
    [
        ("schema_designer", "design the tables of a shop", "design_schema"),
        ("schema_designer", "review our schema", "audit_schema"),
        ("schema_designer", "how does staging differ from production?", "diff_schema"),
        ("ml_pipeline_architect", "put the churn model in production", "design_pipeline"),
        ("ml_pipeline_architect", "audit this repository for leakage", "audit_pipeline"),
        ("migration_writer", "review and compare the columns", "plan_migration"),
    ],
)
def test_the_task_says_which_tool_comes_next(agent: str, task: str, tool: str, tmp_path: Path) -> None:
    result = call(agents(tmp_path), agent, task=task)
    assert result.structured["next"]["tool"] == tool
    told = {one["tool"] for one in result.structured["references"]}
    assert tool in told or tool.startswith(("audit", "diff"))


def test_a_task_is_data_and_never_a_template(tmp_path: Path) -> None:
    assert "{{ 7 * 7 }}" in call(agents(tmp_path), "ml_pipeline_architect", task="{{ 7 * 7 }}").text


@pytest.mark.parametrize("tool", ["migration_writer", "find_agent", "get_agent"])
def test_an_unknown_argument_is_an_error(tool: str, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="nonsense"):
        call(agents(tmp_path), tool, nonsense=1)
