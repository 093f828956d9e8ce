"""The reports a person reads, rendered from results as the tools give them."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain_agents.rendering import render

PROMPTS = Path(__file__).resolve().parents[2] / "prompts"

PLAN: dict[str, Any] = {
    "project": {
        "engine": "postgresql",
        "version": "16",
        "framework": "alembic",
        "directory": "alembic/versions",
        "numbering": "alembic",
        "ledger": "alembic_version",
        "evidence": [{"file": "docker-compose.yml", "line": 4, "says": "image postgres:16"}],
    },
    "steps": [
        {
            "order": 1,
            "kind": "migration",
            "phase": "expand",
            "title": "add column orders.region",
            "why": "The running application does not notice a nullable column.",
            "file": "alembic/versions/a1_add_orders_region.py",
        },
        {
            "order": 2,
            "kind": "deploy",
            "phase": "expand",
            "title": "write region for every new order",
            "why": "From here on the backfill can end.",
            "wait_for": "no instance of the version before is running any more",
        },
        {
            "order": 3,
            "kind": "migration",
            "phase": "migrate",
            "title": "fill orders.region",
            "why": "Batches of 5,000 along the primary key.",
            "file": "alembic/versions/b2_fill_orders_region.py",
        },
    ],
    "files": [
        {
            "path": "alembic/versions/a1_add_orders_region.py",
            "content": 'def upgrade():\n    op.execute("ALTER TABLE orders ADD COLUMN region text")\n',
            "transaction": True,
            "statements": [
                {
                    "sql": "ALTER TABLE orders ADD COLUMN region text",
                    "operation": "add_column",
                    "lock": "ACCESS EXCLUSIVE",
                    "blocks": "reads and writes",
                    "rewrites_table": False,
                    "scans_table": False,
                    "seconds": [0.0, 0.01],
                    "extra_bytes": 0,
                    "sources": ["PostgreSQL 16, ALTER TABLE, Notes"],
                }
            ],
        },
        {
            "path": "alembic/versions/b2_fill_orders_region.py",
            "content": "def upgrade():\n    pass\n",
            "transaction": False,
            "statements": [
                {
                    "sql": "CALL fill_orders_region()",
                    "operation": "backfill",
                    "lock": "ROW EXCLUSIVE",
                    "blocks": "none",
                    "rewrites_table": False,
                    "scans_table": True,
                    "seconds": [240.0, 720.0],
                    "extra_bytes": 2_100_000_000,
                    "sources": [],
                }
            ],
        },
    ],
    "prechecks": [{"sql": "SELECT 1", "expect": "1", "why": "The server answers."}],
    "validations": [
        {
            "after": "alembic/versions/b2_fill_orders_region.py",
            "sql": "SELECT count(*) FROM orders WHERE region IS NULL",
            "expect": "0",
        }
    ],
    "undo": [
        {
            "for": "add column orders.region",
            "sql": "ALTER TABLE orders DROP COLUMN region",
            "when": "when no code names it",
            "loses_data": True,
        }
    ],
    "watch": [{"metric": "replica lag", "pause_at": "10 s", "abort_at": "60 s"}],
    "findings": [],
    "warnings": [],
    "questions": [],
    "written": [],
}
PROOF: dict[str, Any] = {
    "server": {"engine": "postgresql", "version": "18.4", "how": "embedded"},
    "verdict": "proved",
    "reasons": [],
    "statements": [
        {
            "file": "alembic/versions/a1_add_orders_region.py",
            "sql": "ALTER TABLE orders ADD COLUMN region text",
            "seconds": 0.0012,
            "locks": [{"relation": "orders", "mode": "ACCESS EXCLUSIVE", "held_seconds": 0.0021}],
            "rewrote": [],
            "scanned": [],
            "blocked": {"reads_ms": 3.2, "writes_ms": 2.9},
            "declared_lock": "ACCESS EXCLUSIVE",
            "agrees": True,
        }
    ],
    "checks": {"applies": {"result": "ok", "why": ""}, "undo": {"result": "not_run", "why": "a manual step"}},
}


def plan_report(**changed: Any) -> str:
    source = (PROMPTS / "migration-writer/plan.report.md").read_text(encoding="utf-8")
    return render(source, {**copy.deepcopy(PLAN), **changed}, name="plan.report.md")


def proof_report(**changed: Any) -> str:
    source = (PROMPTS / "migration-writer/proof.report.md").read_text(encoding="utf-8")
    return render(source, {**copy.deepcopy(PROOF), **changed}, name="proof.report.md")


def agent_report(**changed: Any) -> str:
    values = {
        "agent_title": "Migration writer",
        "instructions": "Work.",
        "task": "add region",
        "recognised": PLAN["project"]["evidence"],
        "next": {"tool": "plan_migration", "arguments": {"backfill": {"orders.region": "'eu'"}}},
        "references": [],
    }
    source = (PROMPTS / "agent.report.md").read_text(encoding="utf-8")
    return render(source, {**values, **changed}, name="agent.report.md")


def first_paragraph(report: str) -> str:
    return report.split("\n\n")[1]


def outside_fences(report: str) -> list[str]:
    """The lines that Markdown reads as text, by CommonMark's rule for fences."""
    lines, fence = [], ""
    for line in report.splitlines():
        mark = re.match(r"\s*(`{3,})([^`]*)$", line)
        if not fence and mark:
            fence = mark[1]
        elif fence and mark and len(mark[1]) >= len(fence) and not mark[2].strip():
            fence = ""
        elif not fence:
            lines.append(line)
    assert not fence, "a code block is never closed"
    return lines


def tables(report: str) -> list[list[str]]:
    """Runs of table lines."""
    found: list[list[str]] = []
    before = ""
    for line in outside_fences(report):
        if line.startswith("|"):
            if not before.startswith("|"):
                found.append([])
            found[-1].append(line)
        before = line
    return found


def test_the_verdict_comes_first_and_says_who_waits_how_long_and_what_is_lost() -> None:
    verdict = first_paragraph(plan_report())
    assert "Ready to be proved" in verdict
    assert "2 files for PostgreSQL 16 and Alembic in `alembic/versions`" in verdict
    assert "one deploy between them" in verdict
    assert "No statement keeps reads or writes waiting for more than milliseconds" in verdict
    assert "4 to 12 min" in verdict
    assert "2.1 GB" in verdict
    assert "loses data" in verdict


def test_a_statement_that_stops_the_application_is_in_the_first_paragraph() -> None:
    files = copy.deepcopy(PLAN["files"])
    files[0]["statements"][0].update(seconds=[30.0, 240.0], rewrites_table=True)
    verdict = first_paragraph(plan_report(files=files))
    assert "**Reads and writes wait for up to 4 min**" in verdict
    assert "rewrites the table" in verdict


def test_a_lock_against_writers_only_is_not_reported_as_one_against_readers() -> None:
    files = copy.deepcopy(PLAN["files"])
    files[0]["statements"][0].update(blocks="writes", seconds=[5.0, 30.0])
    verdict = first_paragraph(plan_report(files=files))
    assert "Writes wait for up to 30 s; reads are not stopped" in verdict


def test_an_error_among_the_findings_makes_the_plan_not_ready() -> None:
    finding = {
        "rule": "blocking_index_build",
        "severity": "error",
        "file": "a.sql",
        "line": 3,
        "effect": "Writes wait.",
        "instead": "CONCURRENTLY.",
    }
    report = plan_report(findings=[finding])
    assert "Not ready" in first_paragraph(report)
    assert "**error, blocking_index_build** (`a.sql:3`): Writes wait. Instead: CONCURRENTLY." in report


def test_a_question_is_asked_before_the_plan_is_told() -> None:
    report = plan_report(questions=["How many rows has orders?"])
    assert "Ready once one question is answered" in first_paragraph(report)
    assert report.index("How many rows has orders?") < report.index("## At a glance")


def test_a_deploy_says_what_to_wait_for_and_is_in_the_checklist() -> None:
    report = plan_report()
    assert "Go on when: no instance of the version before is running any more" in report
    assert "- [ ] 2. Deploy: write region for every new order" in report


def test_a_validation_stands_with_the_file_it_follows() -> None:
    report = plan_report()
    step = report.index("### 3. fill orders.region")
    assert step < report.index("WHERE region IS NULL") < report.index("## Watch")


def test_a_validation_that_names_no_step_is_still_shown() -> None:
    report = plan_report(validations=[{"after": "", "sql": "SELECT 42", "expect": "42"}])
    assert "## When all is done" in report
    assert "SELECT 42" in report


def test_a_statement_that_is_repeated_for_every_batch_is_said_once_with_its_number() -> None:
    files = copy.deepcopy(PLAN["files"])
    batch = {**files[1]["statements"][0], "sql": "UPDATE progress SET batch = batch + 1"}
    files[1]["statements"] = [batch] * 60
    report = plan_report(files=files)
    assert report.count("UPDATE progress SET batch = batch + 1") == 1
    assert "`UPDATE progress SET batch = batch + 1`, 60 times: ROW EXCLUSIVE" in report


def test_every_file_is_in_the_report_as_it_will_be_written() -> None:
    report = plan_report()
    for file in PLAN["files"]:
        assert file["content"].strip("\n") in report


@pytest.mark.parametrize(
    ("state", "word"), [("proved", "**Proved**"), ("refuted", "**Refuted**"), ("not_run", "**Not run.**")]
)
def test_a_proof_begins_with_its_verdict(state: str, word: str) -> None:
    assert first_paragraph(proof_report(verdict=state)).startswith(word)


def test_a_proof_says_the_longest_wait_and_which_checks_were_not_run() -> None:
    report = proof_report()
    assert "no read waited longer than 3.2 ms and no write longer than 2.9 ms" in first_paragraph(report)
    assert "| The undo brings the old schema back | not run | a manual step |" in report


def test_a_proof_without_load_claims_no_wait() -> None:
    statements = copy.deepcopy(PROOF["statements"])
    statements[0]["blocked"] = {"reads_ms": 0.0, "writes_ms": 0.0}
    report = proof_report(statements=statements, application={"reads": {"old": 0}, "writes": {}})
    assert "waited longer" not in report
    assert "not measured" in report


def test_a_statement_that_failed_says_what_the_server_said() -> None:
    statements = copy.deepcopy(PROOF["statements"])
    statements[0]["error"] = 'column "region" exists already'
    assert '**failed:** column "region" exists already' in proof_report(verdict="refuted", statements=statements)


def test_a_lock_that_differs_from_the_declared_one_is_said_at_once() -> None:
    statements = copy.deepcopy(PROOF["statements"])
    statements[0].update(declared_lock="SHARE", agrees=False)
    report = proof_report(verdict="refuted", statements=statements, reasons=["another lock was taken"])
    assert "One statement took another lock than was declared" in first_paragraph(report)
    assert "- another lock was taken" in report


def test_an_agent_report_names_the_next_call_in_json_that_a_person_can_read() -> None:
    report = agent_report()
    assert "call `plan_migration`" in report
    assert '"orders.region": "\'eu\'"' in report


def test_an_agent_without_a_tool_says_so() -> None:
    assert "no tool for this step" in agent_report(next=None, recognised=[])


AWKWARD = st.text(alphabet="a |`~#*\n<>\"'[]{}%é", min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(AWKWARD, AWKWARD, AWKWARD)
def test_no_name_or_text_breaks_a_table_or_escapes_a_code_block(name: str, sql: str, content: str) -> None:
    files = copy.deepcopy(PLAN["files"])
    files[0]["content"] = content
    files[0]["statements"][0]["sql"] = sql
    steps = copy.deepcopy(PLAN["steps"])
    steps[0]["title"] = name.replace("\n", " ")
    watch = [{"metric": name, "pause_at": sql, "abort_at": ""}]
    report = plan_report(
        files=files, steps=steps, watch=watch, validations=[{"after": "x", "sql": content, "expect": "0"}]
    )
    proof = copy.deepcopy(PROOF["statements"])
    proof[0]["sql"] = sql
    recognised = [{"file": "a", "line": 1, "says": sql}]
    for text in (report, proof_report(statements=proof), agent_report(recognised=recognised)):
        for lines in tables(text):
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in lines}
            assert len(cells) == 1, lines
