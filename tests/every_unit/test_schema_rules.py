"""Every design rule's own examples: `bad` is flagged by exactly this rule, `good` by none; the servers take both."""

from __future__ import annotations

import pytest

from domain_agents.dialects import dialect, replay
from domain_agents.engines import engine
from domain_agents.schemas.audit import Audited, audit
from domain_agents.schemas.rules import Rule, Tier, rule, rule_names

every_rule = pytest.mark.parametrize("name", rule_names())


def look(one: Rule, sql: str) -> Audited:
    schema, unread = replay(sql, dialect(one.example_engine))
    assert unread == ()
    return audit(schema, engine(one.example_engine))


def flagged(one: Rule, sql: str) -> tuple[set[str], set[str]]:
    found = look(one, sql)
    return {finding.finding.rule for finding in found.findings}, {line.rule for line in found.folded}


@every_rule
def test_what_is_bad_is_flagged_by_exactly_this_rule(name: str) -> None:
    one = rule(name)
    core, style = flagged(one, one.bad)
    assert core == (set() if one.tier is Tier.STYLE else {name})
    assert style - {name} == set()
    assert (name in style) is (one.tier is Tier.STYLE)


@every_rule
def test_what_is_good_is_flagged_by_none(name: str) -> None:
    assert flagged(rule(name), rule(name).good) == (set(), set())


@every_rule
def test_a_rule_says_harm_way_out_and_source(name: str) -> None:
    one = rule(name)
    assert one.harm.endswith(".")
    assert one.instead
    assert one.sources
    for finding in look(one, one.bad).findings:
        assert finding.finding.effect
        assert not finding.finding.effect.endswith(".")
