"""README, ARCHITECTURE and CONTRIBUTING say what is so."""

from __future__ import annotations

import json
import re
import shlex
import tomllib
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.generated import BLOCKS, ROOT, blocks, listed, run

if TYPE_CHECKING:
    from pathlib import Path

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = {path.name: path.read_text(encoding="utf-8") for path in sorted(ROOT.glob("*.md"))}
GENERATED = [(name, block) for name, text in DOCUMENTS.items() for block in blocks(text)]
FENCES = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
RUN_HERE = ("list", "check", "call", "install")
"""Commands cheap enough to be run as they are shown; `install` only with --print."""


def fenced(language: str, text: str = README) -> list[str]:
    return [match["text"] for match in FENCES.finditer(text) if match["language"] == language]


def shown_commands() -> list[str]:
    """Every line of a bash block, without its comment."""
    lines = (line for text in DOCUMENTS.values() for block in fenced("bash", text) for line in block.splitlines())
    return [line.partition("  #")[0].strip() for line in lines if line.strip()]


def our_commands() -> list[list[str]]:
    return [shlex.split(line)[1:] for line in shown_commands() if line.startswith("domain-agents ")]


@cache
def settings() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(("document", "block"), GENERATED)
def test_a_generated_list_says_what_the_product_says(document: str, block: str) -> None:
    assert blocks(DOCUMENTS[document])[block] == BLOCKS[block](), "run: python tests/docs/generated.py --write"


def test_every_list_that_can_be_generated_is_shown_somewhere() -> None:
    assert {block for _, block in GENERATED} == set(BLOCKS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_link_to_a_file_leads_to_one(document: str) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", DOCUMENTS[document]):
        assert (ROOT / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_path_of_this_repository_that_is_named_exists(document: str) -> None:
    rooms = "|".join(("src", "tests", "benchmarks", "examples", "agents", "prompts"))
    for path in re.findall(rf"`((?:{rooms})/[\w./-]*)`", DOCUMENTS[document]):
        assert "NAME" in path or (ROOT / path).exists(), path


def test_a_client_finds_our_entry_where_the_readme_puts_it() -> None:
    from domain_agents.cli.clients import CLIENTS

    entries = [json.loads(text) for text in fenced("json")]
    assert [next(iter(entry)) for entry in entries] == [
        CLIENTS[name].key for name in ("cursor", "claude-code", "claude-desktop", "vscode")
    ]
    for entry in entries:
        [(name, server)] = next(iter(entry.values())).items()
        assert name == "domain-agents"
        assert server["command"].startswith("/"), "a bare command is the trap that the text warns of"


def test_the_readmes_two_commands_use_extras_and_groups_that_exist() -> None:
    first, second, *_ = [line for line in shown_commands() if line.startswith("uv run")]
    assert first == "uv run --extra embedded domain-agents demo"
    assert second == "uv run --group dev pytest"
    assert "embedded" in settings()["project"]["optional-dependencies"]
    assert "domain-agents" in settings()["project"]["scripts"]
    assert any(requirement.startswith("pytest") for requirement in settings()["dependency-groups"]["dev"])


@pytest.mark.parametrize("words", our_commands(), ids=" ".join)
def test_a_command_that_is_shown_is_understood(words: list[str], tmp_path: Path) -> None:
    from domain_agents.cli.options import split

    command, _ = split(words)
    asked_for_help = run(command, "--help", project=tmp_path)
    assert asked_for_help.returncode == 0
    for word in words:
        if word.startswith("--") and word not in ("--project", "--agents", "--project-agents"):
            assert word in asked_for_help.stdout, word


@pytest.mark.parametrize(
    "words",
    [words for words in our_commands() if words[0] in RUN_HERE and ("install" not in words or "--print" in words)],
    ids=" ".join,
)
def test_a_command_that_is_shown_works(words: list[str], tmp_path: Path) -> None:
    own_agents = tmp_path / ".domain-agents" / "agents"
    own_agents.mkdir(parents=True)
    (own_agents / "release-notes.md").write_text(fenced("markdown")[0], encoding="utf-8")
    (tmp_path / "agents").symlink_to(ROOT / "agents")
    (tmp_path / "prompts").symlink_to(ROOT / "prompts")
    done = run(*words, project=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()


def test_the_agent_shown_in_the_readme_is_read_without_a_word_of_complaint(tmp_path: Path) -> None:
    own_agents = tmp_path / ".domain-agents" / "agents"
    own_agents.mkdir(parents=True)
    (own_agents / "release-notes.md").write_text(fenced("markdown")[0], encoding="utf-8")
    checked = json.loads(run("check", "--json", project=tmp_path).stdout)
    assert checked["checked"]["agents"] == len(listed("agents")) + 1
    assert checked["diagnostics"] == []
    names = [tool["name"] for tool in json.loads(run("list", "tools", "--json", project=tmp_path).stdout)["tools"]]
    assert "release_notes" in names


def test_a_request_for_the_agent_shown_in_the_readme_finds_it(tmp_path: Path) -> None:
    own_agents = tmp_path / ".domain-agents" / "agents"
    own_agents.mkdir(parents=True)
    (own_agents / "release-notes.md").write_text(fenced("markdown")[0], encoding="utf-8")
    asked = json.dumps({"request": "write the release notes"})
    found = run("call", "find_agent", asked, project=tmp_path)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["agents"][0]["name"] == "release-notes"


def test_shipped_agents_and_prompts_are_checked_without_a_word_of_complaint(tmp_path: Path) -> None:
    done = run("check", str(ROOT / "agents"), str(ROOT / "prompts"), "--json", project=tmp_path)
    said = json.loads(done.stdout)
    assert said["checked"]["agents"] >= 3
    assert said["diagnostics"] == []


@pytest.mark.parametrize("path", sorted((ROOT / "agents").glob("*.md")), ids=lambda path: path.stem)
def test_an_agent_names_only_tools_that_are_served(path: Path) -> None:
    served = {tool["name"] for tool in listed("tools")}
    planned = {"lint_migration", "design_schema", "audit_schema", "diff_schema", "design_pipeline", "audit_pipeline"}
    text = path.read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z]+_(?:agent|migration|schema|pipeline))`", text)) - {"information_schema"}
    assert named <= served
    assert not {name for name in planned - served if name in text}


@pytest.mark.parametrize(
    ("request_text", "expected"),
    [
        ("Add new column to users table", "migration-writer"),
        ("Create migration for orders", "migration-writer"),
        ("make orders.region not null without downtime, 12 million rows", "migration-writer"),
        ("rename a column on a live table", "migration-writer"),
        ("add an index to a big table", "migration-writer"),
        ("backfill region in batches", "migration-writer"),
        ("int to bigint on the primary key", "migration-writer"),
        ("users.email needs to be unique", "migration-writer"),
        ("enum add value", "migration-writer"),
        ("our deploy locked the orders table for 10 minutes", "migration-writer"),
        ("Design database schema for users", "schema-designer"),
        ("Set up automated backups", "schema-designer"),
        ("Add Redis caching for user queries", "schema-designer"),
        ("Create ERD", "schema-designer"),
        ("Slow query on users table", "schema-designer"),
        ("which index is missing for this report", "schema-designer"),
        ("review our schema for multi-tenant soft delete", "schema-designer"),
        ("Build daily data sync from MongoDB to Redshift", "ml-pipeline-architect"),
        ("do we need a feature store for one model", "ml-pipeline-architect"),
        ("put this notebook into production", "ml-pipeline-architect"),
        ("RAG or fine-tuning for support tickets", "ml-pipeline-architect"),
        ("alert on drift of the fraud model and retrain", "ml-pipeline-architect"),
    ],
)
def test_a_request_finds_the_specialist_a_person_would_send_it_to(request_text: str, expected: str) -> None:
    assert found_for(request_text) == expected


@cache
def found_for(request_text: str) -> str:
    from domain_agents.tools import Job, Settings
    from domain_agents.tools._arguments import parse_arguments
    from domain_agents.tools._served import served_tools

    here = Settings(project=None, project_problem="this test has no project")
    tool = next(tool for tool in served_tools(here) if tool.name == "find_agent")
    result = tool.call(parse_arguments(tool, {"request": request_text}), here, Job())
    return str(result.structured["agents"][0]["name"])
