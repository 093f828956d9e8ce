"""Every audit rule's own examples: `bad` is flagged by exactly this rule, `good` by none."""

from __future__ import annotations

import pytest

from domain_agents.pipelines.audit import AuditFinding, audit
from domain_agents.pipelines.audit_rules import rule, rule_names
from domain_agents.pipelines.reading import read

every_rule = pytest.mark.parametrize("name", rule_names())


def look(files: dict[str, str]) -> tuple[AuditFinding, ...]:
    audited = audit(read(files))
    assert audited.not_analysed == ()
    return audited.findings


@every_rule
def test_what_is_bad_is_flagged_by_exactly_this_rule(name: str) -> None:
    assert {finding.rule for finding in look(dict(rule(name).bad))} == {name}


@every_rule
def test_what_is_good_is_flagged_by_none(name: str) -> None:
    assert look(dict(rule(name).good)) == ()


@every_rule
def test_a_rule_says_harm_way_out_and_source(name: str) -> None:
    one = rule(name)
    assert one.harm.endswith(".")
    assert one.instead
    assert one.sources
    assert one.section in ("data", "model", "infrastructure", "monitoring")
    for finding in look(dict(one.bad)):
        assert finding.effect
        assert not finding.effect.endswith(".")


@every_rule
def test_what_is_allowed_with_a_reason_is_not_told(name: str) -> None:
    files = dict(rule(name).bad)
    for finding in look(files):
        if not finding.file.endswith(".py"):
            return
        lines = files[finding.file].split("\n")
        lines[finding.line - 1] += f"  # allow: {name}, it is meant so here"
        files[finding.file] = "\n".join(lines)
    assert name not in {finding.rule for finding in look(files)}
