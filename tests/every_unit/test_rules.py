"""Every rule's own examples: `bad` is flagged by exactly this rule, `good` by none; both are SQL that the server takes."""

from __future__ import annotations

import pytest

from domain_agents.dialects import dialect, replay
from domain_agents.engines import engine
from domain_agents.migrations.formats import framework
from domain_agents.migrations.lint import Linted, LintFile, lint
from domain_agents.migrations.rules import Rule, Tier, rule, rule_names

every_rule = pytest.mark.parametrize("name", rule_names())


def look(one: Rule, sql: str) -> Linted:
    """The example, in the tiers up to the rule's own, on top of what it takes for given."""
    reader = dialect(one.example_engine)
    schema, unread = replay(one.given, reader)
    assert unread == ()
    tiers = tuple(Tier)[: tuple(Tier).index(one.tier) + 1]
    return lint(
        [LintFile("0001_example.sql", sql, framework("raw"))],
        reader=reader,
        engine=engine(one.example_engine),
        schema=schema,
        tiers=frozenset(tiers),
    )


@every_rule
def test_what_is_bad_is_flagged_by_exactly_this_rule(name: str) -> None:
    linted = look(rule(name), rule(name).bad)
    assert [finding.rule for finding in linted.findings] == [name]
    assert linted.unparsed == ()


@every_rule
def test_what_is_good_is_flagged_by_none(name: str) -> None:
    linted = look(rule(name), rule(name).good)
    assert linted.findings == ()
    assert linted.unparsed == ()


@every_rule
def test_a_finding_says_where_what_and_from_which_source(name: str) -> None:
    (finding,) = look(rule(name), rule(name).bad).findings
    assert finding.file == "0001_example.sql"
    assert rule(name).bad.splitlines()[finding.line - 1].count(finding.statement.split("\n")[0])
    assert finding.sources
    assert finding.instead == rule(name).instead
    assert any(word in finding.effect for word in ("users", "orders", "server", "SQLite"))


@every_rule
def test_with_its_reason_beside_it_a_statement_is_let_through(name: str) -> None:
    line = look(rule(name), rule(name).bad).findings[0].line
    lines = rule(name).bad.splitlines()
    beside = "\n".join([*lines[: line - 1], f"-- allow: {name}, the table holds ten rows", *lines[line - 1 :]])
    assert look(rule(name), beside).findings == ()
