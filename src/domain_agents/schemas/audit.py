"""A schema -> what hurts in it: core findings one by one, style folded to counted lines, and what was examined.

Pure: a model in, findings out. What could not be read is listed by whoever read it, never taken for clean.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from domain_agents.findings import Finding, Severity
from domain_agents.schemas.rules import Seen, Subject, Tier, rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine
    from domain_agents.schemas.change import Change
    from domain_agents.schemas.rules import Rule

MAX_EXAMPLES = 3
_SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True)
class AuditFinding:
    """One finding: where in the schema, and the changes that would cure it."""

    finding: Finding
    table: TableName | None
    column: str
    name: str
    changes: tuple[Change, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, audit_schema)."""
        place = {"table": str(self.table)} if self.table is not None else {}
        if self.column:
            place["column_name"] = self.column
        if self.name:
            place["object"] = self.name
        return {**self.finding.as_json(), **place, "changes": [change.as_json() for change in self.changes]}


@dataclass(frozen=True, slots=True)
class Folded:
    """A style rule's findings as one line."""

    rule: str
    severity: Severity
    count: int
    says: str
    instead: str
    examples: tuple[str, ...]
    sources: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, audit_schema)."""
        return {
            "rule": self.rule,
            "severity": self.severity.value,
            "count": self.count,
            "says": self.says,
            "instead": self.instead,
            "examples": list(self.examples),
            "sources": list(self.sources),
        }


@dataclass(frozen=True, slots=True)
class Audited:
    """What was found and what was looked at."""

    findings: tuple[AuditFinding, ...]
    folded: tuple[Folded, ...]
    examined: Mapping[str, int]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Allowed:
    """What somebody has allowed with a reason: a rule on a table, or everywhere where the table is empty."""

    rule: str
    table: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """Where things stand in the files that were read: table -> (file, line), (table, column) -> line."""

    tables: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], int] = field(default_factory=dict)
    statements: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    """Indexes and constraints by their names."""

    def of(self, seen: Seen) -> tuple[str, int]:
        """The file and line of what was seen; an empty file and 0 where it stands in none."""
        table = str(seen.table) if seen.table is not None else ""
        if seen.name in self.statements:
            return self.statements[seen.name]
        file, line = self.tables.get(table, ("", 0))
        return file, self.columns.get((table, seen.column), line)


def audit(
    schema: Schema,
    engine: Engine,
    *,
    rows: Mapping[str, int] | None = None,
    allowed: Sequence[Allowed] = (),
    places: Places | None = None,
    without: frozenset[str] = frozenset(),
) -> Audited:
    """Look at a whole schema. `without` names rules that are switched off."""
    subject = Subject(schema, engine, rows or {})
    where = places or Places()
    passed = {(one.rule, one.table) for one in allowed}
    findings: list[AuditFinding] = []
    folded: list[Folded] = []
    used: list[str] = []
    for rule in rules():
        if rule.name in without or (rule.engines and engine.name not in rule.engines):
            continue
        used.append(rule.name)
        seen = [one for one in rule.looks(subject) if not _is_allowed(rule, one, passed)]
        if rule.tier is Tier.STYLE:
            folded += [_fold(rule, seen)] if seen else []
        else:
            findings += [_finding(rule, one, where) for one in seen]
    return Audited(tuple(sorted(findings, key=_order)), tuple(folded), _examined(subject), tuple(used))


def _is_allowed(rule: Rule, seen: Seen, passed: set[tuple[str, str]]) -> bool:
    table = str(seen.table) if seen.table is not None else ""
    return (rule.name, "") in passed or (bool(table) and (rule.name, table) in passed)


def _finding(rule: Rule, seen: Seen, places: Places) -> AuditFinding:
    file, line = places.of(seen)
    finding = Finding(
        rule.name,
        seen.severity or rule.severity,
        seen.effect,
        seen.instead or rule.instead,
        file,
        line,
        1 if line else 0,
        _label(seen),
        rule.sources,
    )
    return AuditFinding(finding, seen.table, seen.column, seen.name, seen.changes)


def _order(one: AuditFinding) -> tuple[int, str, str, str]:
    return _SEVERITIES.index(one.finding.severity), str(one.table or ""), one.finding.rule, one.finding.statement


def _fold(rule: Rule, seen: Sequence[Seen]) -> Folded:
    labels = tuple(dict.fromkeys(_label(one) for one in seen))
    return Folded(rule.name, rule.severity, len(seen), rule.harm, rule.instead, labels[:MAX_EXAMPLES], rule.sources)


def _label(seen: Seen) -> str:
    """What it is about, as a person says it: table.column, table (index), table."""
    table = str(seen.table) if seen.table is not None else ""
    if seen.column:
        return f"{table}.{seen.column}"
    return f"{table} ({seen.name})" if seen.name and table else table or seen.name


def _examined(subject: Subject) -> dict[str, int]:
    tables = subject.tables
    return {
        "tables": len(tables),
        "columns": sum(len(table.columns) for table in tables),
        "indexes": len(subject.schema.indexes),
        "unique_keys": sum(len(table.uniques) + bool(table.primary_key) for table in tables),
        "foreign_keys": sum(len(table.foreign_keys) for table in tables),
        "checks": sum(len(table.checks) for table in tables),
        "views": len(subject.schema.views),
        "partitions": sum(len(table.partitions) for table in tables),
    }
