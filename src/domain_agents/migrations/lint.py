"""What would hurt in production: files read, replayed as a set, and every statement shown to every rule in its context.

Pure: contents in, findings out. What cannot be read is listed, never passed over.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import Column, Schema, Table, TableName
from domain_agents.dialects import empty_schema
from domain_agents.engines import TableSize
from domain_agents.findings import Finding, Severity
from domain_agents.migrations._upkeep import Weighed, takes_everything, weighed
from domain_agents.migrations.planning import NewTables, effect_on, size_of, table_of
from domain_agents.migrations.rules import History, Place, Rule, Tier, rule_names, rules

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from domain_agents.dialects import Dialect, ReadStatement
    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import FileStatement, Format

_ALLOW = re.compile(r"(?:--|#)\s*allow:\s*(?P<rule>[A-Za-z_][\w-]*)?\s*(?:,\s*(?P<reason>\S.*?))?\s*\Z")
_UNWEIGHED = re.compile(r"ALTER\s+DOMAIN\b.*\bVALIDATE\b", re.IGNORECASE | re.DOTALL)
"""What is understood, and whose locks no fact is there for."""
DEFAULT_TIERS = frozenset({Tier.HAZARD, Tier.HYGIENE})


_SEVERITIES = tuple(Severity)


@dataclass(frozen=True, slots=True)
class Unparsed:
    """A statement that could not be read, and why."""

    file: str
    line: int
    statement: str
    reason: str


@dataclass(frozen=True, slots=True)
class Linted:
    """What was found, how much was looked at, and what could not be."""

    findings: tuple[Finding, ...]
    files: int
    statements: int
    unparsed: tuple[Unparsed, ...]
    places: tuple[Place, ...] = ()
    """Every change that was looked at, in order, with the schema just before it."""


@dataclass(frozen=True, slots=True)
class LintFile:
    """One file of the set: its path, its text, and the format that it is read with."""

    path: str
    content: str
    form: Format


def lint(
    files: Sequence[LintFile],
    *,
    reader: Dialect,
    engine: Engine,
    schema: Schema | None = None,
    sizes: Mapping[str, TableSize] | None = None,
    before: Sequence[LintFile] = (),
    tiers: frozenset[Tier] = DEFAULT_TIERS,
) -> Linted:
    """Look at a set of files, in the order they are applied.

    `schema` is as it is before the set, `before` are files that have been applied since: they are replayed and not looked
    at, so what they made is in use.
    """
    start = empty_schema(reader) if schema is None else schema
    applied = _Replay(reader, engine, sizes or {}, start)
    for file in before:
        applied.file(file)
    replay = _Replay(reader, engine, sizes or {}, applied.schema, applied.unknown)
    for file in files:
        replay.file(file)
    history = History(engine, tuple(replay.places), applied.schema, replay.schema)
    wanted = [one for one in rules() if one.tier in tiers and (not one.engines or engine.name in one.engines)]
    findings = [finding for place in history.places for finding in _findings(place, history, wanted)]
    kept, said = _allowed(findings, files, replay.spans)
    numbers = {file.path: number for number, file in enumerate(files)}
    unparsed = sorted(replay.unparsed, key=lambda one: (numbers[one.file], one.line))
    ordered = tuple(sorted((*kept, *said), key=_order(files)))
    return Linted(ordered, len(files), replay.count, tuple(unparsed), history.places)


def _order(files: Sequence[LintFile]) -> Callable[[Finding], tuple[int, int, int, str]]:
    numbers = {file.path: number for number, file in enumerate(files)}
    return lambda finding: (
        numbers.get(finding.file, -1),
        finding.line,
        _SEVERITIES.index(finding.severity),
        finding.rule,
    )


def _findings(place: Place, history: History, wanted: Iterable[Rule]) -> Iterable[Finding]:
    if place.is_without_effect:
        return
    for one in wanted:
        said = one.looks(place, history)
        if said is not None:
            yield Finding(
                one.name,
                said.severity or one.severity,
                said.effect,
                said.instead or one.instead_on(history.engine),
                place.file,
                place.line,
                place.column if place.line else 0,
                place.sql,
                tuple(dict.fromkeys((*one.sources, *place.effect.sources))),
            )


class _Replay:
    """A set of files, applied in order."""

    def __init__(
        self,
        reader: Dialect,
        engine: Engine,
        sizes: Mapping[str, TableSize],
        schema: Schema,
        unknown: frozenset[TableName] = frozenset(),
    ) -> None:
        self.reader, self.engine, self.sizes, self.schema = reader, engine, sizes, schema
        self.unknown = unknown
        self.new = NewTables(frozenset(schema.tables))
        self.places: list[Place] = []
        self.unparsed: list[Unparsed] = []
        self.spans: dict[str, list[tuple[int, int]]] = {}
        self.count = 0
        self.column = 1

    def file(self, file: LintFile) -> None:
        read = file.form.read(file.path, file.content, self.engine.name)
        spans = self.spans.setdefault(file.path, [])
        said = {(part.line, part.text) for part in read.unread}
        unread = (part for part in read.unread if not takes_everything(part.text))
        self.unparsed += [Unparsed(file.path, part.line, part.text, part.reason) for part in unread]
        lines = _Lines(file.content)
        for one, found in zip(read.statements, self._understood(read.statements), strict=True):
            self.count += 1
            spans.append((one.line, one.line + one.sql.count("\n")))
            self.column = lines.column(one)
            for statement in found:
                self._statement(file.path, one, statement, said)

    def _understood(self, statements: Sequence[FileStatement]) -> list[tuple[ReadStatement, ...]]:
        """What each statement is. They are read together, because a setting may change what follows it."""
        together = self.reader.read(";\n".join(one.sql for one in statements))
        if [found.sql for found in together] == [one.sql.strip() for one in statements]:
            return [(found,) for found in together]
        return [self.reader.read(one.sql) for one in statements]

    def _statement(self, path: str, one: FileStatement, read: ReadStatement, said: set[tuple[int, str]]) -> None:
        if read.problem and takes_everything(one.sql):
            self._atom(path, one, ddl.NoCatalogChange("settings"), read, Weighed(()))
            return
        if read.problem:
            if (one.line, one.sql) not in said:
                self.unparsed.append(Unparsed(path, one.line, one.sql, read.problem))
            return
        inside = [clause for clause in read.dropped if clause.startswith("what ")]
        if inside:
            self.unparsed.append(Unparsed(path, one.line, one.sql, f"nothing here reads {', '.join(inside)}"))
        if _UNWEIGHED.match(one.sql):
            self.unparsed.append(Unparsed(path, one.line, one.sql, "nothing here weighs what this statement locks"))
        found = weighed(read)
        for atom in ddl.renaming(found.atoms, self.schema):
            self._atom(path, one, ddl.as_declared(atom, self.schema), read, found)

    def _atom(
        self, path: str, one: FileStatement, atom: ddl.Statement, read: ReadStatement, found_lock: Weighed
    ) -> None:
        table = table_of(atom, self.schema)
        self._assume(atom, table)
        table = table_of(atom, self.schema)
        found = self.schema.table(table) if table else None
        table = found.name if found else table
        size = size_of(table, self.sizes) if table else TableSize()
        is_new = table is not None and self.new.lets_nobody_wait(atom, table, self.schema)
        self.places.append(
            Place(
                number=len(self.places),
                file=path,
                line=one.line,
                sql=one.sql,
                statement=atom,
                transaction=one.transaction,
                table=table,
                size=size,
                is_alone=is_new or size.rows == 0 or isinstance(atom, ddl.CreateTable),
                effect=found_lock.on(effect_on(self.engine, atom, self.schema, size, is_new=is_new)),
                schema=self.schema,
                unknown=self.unknown,
                dropped=read.dropped,
                clauses=read.clauses,
                column=self.column,
            )
        )
        self.new.learn(atom, self.schema)
        try:
            self.schema = atom.apply(self.schema)
        except ddl.DoesNotApply:
            return  # what was there before is not all known: the rules say what they know of the statement itself

    def _assume(self, atom: ddl.Statement, table: TableName | None) -> None:
        """Give the schema what a statement takes for granted, so that what follows from it is not lost."""
        if table is None or isinstance(atom, ddl.CreateTable):
            return
        found = self.schema.table(table)
        if isinstance(atom, ddl.DropTable) and (found is not None or not self.unknown >= set(self.schema.tables)):
            return  # where tables are known, one that is not among them is not there
        if found is None:
            found = Table(table, ())
            self.unknown |= {table}
        if found.name not in self.unknown:
            return
        columns = [name for name in _columns_needed(atom) if found.column(name) is None]
        found = replace(found, columns=(*found.columns, *(Column(name, "") for name in columns)))
        self.schema = self.schema.with_table(found)


class _Lines:
    """The lines of a file, in which its statements are found one behind the other."""

    def __init__(self, content: str) -> None:
        self.lines = content.split("\n")
        self.behind: dict[int, int] = {}

    def column(self, one: FileStatement) -> int:
        """Where a statement begins on its line, from 1; 1 where its text stands there in another form."""
        if not 0 < one.line <= len(self.lines):
            return 1
        first = one.sql.strip().split("\n", 1)[0].rstrip("\r")
        at = self.lines[one.line - 1].find(first, self.behind.get(one.line, 0))
        if at < 0:
            return 1
        self.behind[one.line] = at + len(first)
        return at + 1


def _columns_needed(atom: ddl.Statement) -> tuple[str, ...]:
    match atom:
        case ddl.AddColumn() | ddl.ModifyColumn():
            return ()
        case ddl.CreateIndex(index=index):
            return (*index.columns, *index.include)
        case ddl.AddConstraint(constraint=constraint):
            return tuple(getattr(constraint, "columns", ()))
    column = getattr(atom, "column", None)
    return (column,) if isinstance(column, str) else ()


@dataclass(frozen=True, slots=True)
class _Allowance:
    file: str
    line: int
    column: int
    rule: str
    reason: str
    statement: int
    """The line on which the statement begins that it stands beside; 0 when there is none."""


def _allowed(
    findings: Sequence[Finding], files: Sequence[LintFile], spans: Mapping[str, Sequence[tuple[int, int]]]
) -> tuple[list[Finding], list[Finding]]:
    """The findings that are not allowed, and what there is to say of the allowances themselves."""
    allowances = [one for file in files for one in _allowances(file, spans.get(file.path, ()))]
    valid = {(one.file, one.statement, one.rule) for one in allowances if one.reason and one.statement}
    kept = [one for one in findings if (one.file, one.line, one.rule) not in valid]
    return kept, [said for one in allowances for said in _of_allowance(one)]


def _allowances(file: LintFile, spans: Sequence[tuple[int, int]]) -> Iterable[_Allowance]:
    for number, text in enumerate(file.content.splitlines(), start=1):
        found = _ALLOW.search(text)
        if found is not None:
            beside = next((first for first, last in spans if first <= number <= last), 0)
            beside = beside or next((first for first, _ in spans if first > number), 0)
            yield _Allowance(file.path, number, found.start() + 1, found["rule"] or "", found["reason"] or "", beside)


def _of_allowance(one: _Allowance) -> Iterable[Finding]:
    example = "-- allow: blocking_index_build, the table holds 200 rows"
    if one.rule not in rule_names():
        from difflib import get_close_matches

        near = get_close_matches(one.rule, rule_names(), n=1)
        instead = f"-- allow: {near[0]}, {one.reason or 'the reason'}" if near else example
        effect = f"there is no rule {one.rule!r}, so nothing is allowed here"
        yield Finding("allowance_of_unknown_rule", Severity.WARNING, effect, instead, one.file, one.line, one.column)
    elif not one.reason:
        effect = f"{one.rule} is not allowed here: nobody who reads this later learns why it would be"
        yield Finding("allowance_without_reason", Severity.WARNING, effect, example, one.file, one.line, one.column)
