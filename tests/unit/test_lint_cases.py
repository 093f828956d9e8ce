"""lint_migration on files as people write them: what is safe is let through, what is dangerous is caught."""

from __future__ import annotations

import pytest

from domain_agents.dialects import dialect, replay
from domain_agents.engines import engine
from domain_agents.findings import Severity
from domain_agents.migrations.formats import framework
from domain_agents.migrations.lint import Linted, LintFile, lint
from domain_agents.migrations.rules import rule_names
from tests.unit.lint_cases import DANGEROUS, SAFE, TABLES
from tests.unit.lint_union import COVERED, LEFT_OUT, UNION


def look(name: str, sql: str) -> Linted:
    reader = dialect(name)
    schema, unread = replay(TABLES, reader)
    assert unread == ()
    return lint([LintFile("1.sql", sql, framework("raw"))], reader=reader, engine=engine(name), schema=schema)


@pytest.mark.parametrize(("name", "sql"), SAFE)
def test_what_a_careful_engineer_writes_raises_no_alarm(name: str, sql: str) -> None:
    linted = look(name, sql)
    alarms = [(one.rule, one.effect) for one in linted.findings if one.severity is not Severity.INFO]
    assert alarms == []
    assert linted.unparsed == ()


@pytest.mark.parametrize(("name", "sql", "rule"), DANGEROUS)
def test_what_hurts_is_caught(name: str, sql: str, rule: str) -> None:
    found = {one.rule for one in look(name, sql).findings if one.severity is not Severity.INFO}
    assert rule in found


def test_what_others_warn_of_is_covered_or_left_out_for_a_reason() -> None:
    assert not set(COVERED) & set(LEFT_OUT)
    assert len(COVERED) + len(LEFT_OUT) == UNION
    named = {name for names in COVERED.values() for name in names}
    assert named == set(rule_names())
