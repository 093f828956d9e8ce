"""SQL files of migration frameworks: numbering, bodies, sections, and what keeps a comment from being an annotation."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents.catalog import Schema
from domain_agents.dialects import dialect
from domain_agents.engines import Can
from domain_agents.migrations.formats import FileStatement, ReadFile, UnreadPart
from domain_agents.migrations.formats._header import (
    fields,
    guard_resets,
    is_outside,
    local_guards,
    moment,
    safe_slug,
    session_guards,
    wrapped,
)
from domain_agents.migrations.plan import Plan, PlannedMigration
from domain_agents.operations import CannotPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats._header import Moment
    from domain_agents.migrations.plan import PlannedStep, Project

_COMMITS = re.compile(r"(?:CALL|DO)\b", re.IGNORECASE)
BEGIN = re.compile(r"(?:BEGIN|START\s+TRANSACTION)\b(?!\s+ATOMIC)", re.IGNORECASE)
END = re.compile(r"(?:COMMIT|END|ROLLBACK(?!\s+(?:WORK\s+|TRANSACTION\s+)?TO\b))\b", re.IGNORECASE)
REFUSAL = 'SELECT * FROM "forward-only: undo it by a new migration, see above"'
"""A way back that fails on every engine, with its reason as the name of a table that is not there (58 of 63 bytes)."""


@dataclass(frozen=True, slots=True)
class Place:
    """One planned file with its number and name; `after` is the name of the migration before it, without its ending."""

    migration: PlannedMigration
    number: str
    slug: str
    name: str
    after: str

    @property
    def stem(self) -> str:
        """The name without its ending."""
        if not self.name.endswith(".sql"):
            return self.name.rpartition(".")[0] or self.name
        return self.name.removesuffix("/migration.sql").removesuffix(".sql").removesuffix(".up")


@dataclass(frozen=True, slots=True)
class Body:
    """What a file runs: its statements without their semicolons, and whether the framework is to open a transaction."""

    statements: tuple[str, ...]
    transaction: bool


def places(plan: Plan, project: Project, date: str, *, naming: str, first: str) -> Iterator[Place]:
    """The plan's files, numbered and named on from the project's newest; `naming` and `first` are for a new history.

    `first` is a number, or the name of a style such as YYYYMMDDHHMMSS.
    """
    template = project.file_template if "{number}" in project.file_template else naming
    at = moment(date)
    free = project.next_number or ("" if _styled(first, at) else first)
    number, after = "", project.head
    for migration in plan.migrations:
        number = following(number) if number else first_number(project.numbering or first, free, at)
        slug = safe_slug(migration.slug)
        name = template.replace("{number}", number).replace("{slug}", slug)
        name = name.replace("{slug-dashed}", slug.replace("_", "-")).replace("{slug-pascal}", pascal(slug))
        place = Place(migration, number, slug, name, after)
        yield place
        after = place.stem


def pascal(slug: str) -> str:
    """A slug as the name of a class."""
    return "".join(part.capitalize() for part in slug.split("_"))


def first_number(numbering: str, free: str, at: Moment) -> str:
    """The number of the first file: the first free one, or the given moment where files are numbered by time."""
    now = _styled(numbering, at)
    return max(now, free) if now else free


def _styled(numbering: str, at: Moment) -> str:
    return {
        "YYYYMMDDHHMMSS": at.digits,
        "YYYYMMDDHHMMSSmmm": f"{at.digits}000",
        "YYYYMMDDHHMM": at.digits[:12],
        "YYYYMMDD": at.digits[:8],
        "YYYY_MM_DD_HHMMSS": f"{at.year:04}_{at.month:02}_{at.day:02}_{at.hour:02}{at.minute:02}{at.second:02}",
        "YYYY-MM-DD": f"{at.year:04}-{at.month:02}-{at.day:02}",
        "seconds": str(at.epoch),
        "milliseconds": str(at.epoch * 1000),
    }.get(numbering, "")


def following(number: str) -> str:
    """The number after a number, of the same width."""
    head, digits = re.fullmatch(r"(.*?)(\d+)", number, re.DOTALL).groups()  # type: ignore[union-attr]  # it has a digit
    return f"{head}{int(digits) + 1:0{len(digits)}d}"


def body(migration: PlannedMigration, engine: Engine) -> Body:
    """The statements with the settings around them.

    Where SQLite ignores a part inside a transaction, the file opens its own around the rest, and the framework none.
    """
    statements, guards = migration.statements, migration.guards
    if not migration.transaction:
        return Body((*session_guards(guards), *statements, *guard_resets(guards)), transaction=False)
    start, end = 0, len(statements)
    while start < end and is_outside(statements[start]):
        start += 1
    while end > start and is_outside(statements[end - 1]):
        end -= 1
    if end - start == len(statements) or not engine.can(Can.TRANSACTIONAL_DDL):
        return Body((*local_guards(guards), *statements), transaction=True)
    own = ("BEGIN", *statements[start:end], "COMMIT")
    return Body((*session_guards(guards), *statements[:start], *own, *statements[end:]), transaction=False)


_BODY = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:DEFINER\s*=\s*\S+\s+)?(?:PROCEDURE|FUNCTION|TRIGGER|EVENT)\b", re.IGNORECASE
)
_DELIMITED = frozenset({"mysql", "mariadb"})
"""Engines whose command-line client ends a statement at the first semicolon, also inside BEGIN ... END."""


def terminated(sql: str, engine: str = "") -> str:
    """A statement with its semicolon, which a comment at the end of its last line would swallow.

    On an engine whose client would cut a body at its first semicolon, the body is told apart with DELIMITER.
    """
    if engine in _DELIMITED and ";" in sql and _BODY.match(sql):
        delimiter = next(text for number in range(len(sql)) if (text := "$$" + "$" * number) not in sql)
        return f"DELIMITER {delimiter}\n{sql}{delimiter}\nDELIMITER ;"
    return sql + ("\n;" if "--" in sql.rpartition("\n")[2] else ";")


def header(plan: Plan, place: Place, engine: Engine, *, author: str, date: str, **said: str) -> list[str]:
    """What a file says of itself, as lines without the comment's dashes.

    `transaction` in `said` replaces the line about the transaction; the others are lines of their own, named by their
    label with underscores for spaces.
    """
    own = said.pop("transaction", "")
    return [
        *wrapped(f"Migration {place.number}".strip(), place.migration.title),
        *wrapped("Date", date),
        *(wrapped("Author", author) if author else ()),
        *(line for label, text in said.items() if text for line in wrapped(label.replace("_", " "), text)),
        *(line for f in fields(plan, place.migration, engine, place.after, own) for line in wrapped(f.label, f.text)),
    ]


def undo_lines(place: Place) -> list[str]:
    """What stands where the framework looks for the way back."""
    migration = place.migration
    lost = "\nThis undo loses data." if migration.undo_loses_data else ""
    told = wrapped("Undo plan", f"{migration.undo or 'a new migration; nothing is undone automatically'}{lost}")
    return [*wrapped(place.stem, "forward-only. What follows fails, so that nobody takes this for undone."), *told]


def comments(lines: Iterable[str], marks: re.Pattern[str] | None = None) -> list[str]:
    """Lines as SQL comments; one that the framework would take for an annotation is quoted."""
    quoted = (f"| {line.lstrip()}" if marks is not None and marks.match(line.lstrip(" -")) else line for line in lines)
    return [f"-- {line}".rstrip() for line in quoted]


def refuse_marks(place: Place, marks: re.Pattern[str], framework: str) -> None:
    """Refuse statements with a line that the framework would take for an annotation.

    Raises:
        CannotPlan: with the line.
    """
    for sql in place.migration.statements:
        for line in sql.splitlines():
            if line.lstrip().startswith("--") and marks.match(line.lstrip(" -\t")):
                raise CannotPlan(
                    f"{framework} would take this line of a statement for an annotation of its own: {line.strip()[:80]!r}",
                    field="sql",
                    way_out="write the statement without that comment line",
                )


def read_sql(content: str, engine: str, *, transaction: bool, one_query: bool = False) -> ReadFile:
    """The statements of SQL text. With `transaction`, the framework has opened one around them.

    `one_query`: the text goes to the server as one query, which PostgreSQL runs in one transaction of its own as soon as
    it holds several statements and opens none itself (PostgreSQL, Protocol, "Multiple Statements in a Simple Query").
    """
    found = dialect(engine).read(content)
    opens = any(BEGIN.match(one.sql) for one in found)
    if one_query and engine == "postgresql" and len(found) > 1 and not opens:
        transaction = True
    current = opened = int(transaction)
    statements: list[FileStatement] = []
    unread: list[UnreadPart] = []
    for one in found:
        if BEGIN.match(one.sql):
            opened += not current
            current = opened
        elif current and END.match(one.sql):
            current = 0
        else:
            statements.append(FileStatement(one.sql, one.line, current))
            if one.problem:
                unread.append(UnreadPart(one.line, one.sql, one.problem))
    return ReadFile(tuple(statements), tuple(unread))


def section(content: str, begins: re.Pattern[str], ends: re.Pattern[str]) -> str:
    """The lines behind the one that begins a section, as far as the one that ends it, each on its own line still."""
    kept: list[str] = []
    inside = False
    for line in content.split("\n"):
        if begins.match(line):
            inside = True
            kept.append("")
        elif ends.match(line):
            inside = False
            kept.append("")
        else:
            kept.append(line if inside else "")
    return "\n".join(kept)


def one_statement_files(plan: Plan, engine: Engine) -> Plan:
    """The plan with a file for each statement that commits by itself: what follows from sending a file as one query.

    A statement that may run in a transaction gets one, with the settings in it. Beside one that may not, no setting can
    stand; its header says how the connection gets them.
    """
    steps: list[PlannedStep] = []
    for step in plan.steps:
        if isinstance(step, PlannedMigration) and not step.transaction:
            steps.extend(_apart(step, engine))
        else:
            steps.append(step)
    return replace(plan, steps=tuple(replace(step, order=order) for order, step in enumerate(steps, start=1)))


def _apart(step: PlannedMigration, engine: Engine) -> Iterator[PlannedMigration]:
    count = len(step.statements)
    settings = ", ".join(guard.removeprefix("SET ").removeprefix("LOCAL ") for guard in step.guards)
    needs = (f"the connection must be made with {settings} (PGOPTIONS, or options in its URL)",) if settings else ()
    for number, sql in enumerate(step.statements, start=1):
        before = step.statements[number - 2] if number > 1 else ""
        # What cleans up after a failed attempt is recorded as done by then, and would not run again.
        again = (f"after a failure of this file run {before}; by hand first",) if before.startswith("DROP") else ()
        inside = _may_stand_inside(sql, engine)
        yield replace(
            step,
            title=step.title if count == 1 else f"{step.title} ({number} of {count})",
            slug=step.slug if count == 1 else f"{step.slug}_{number}",
            guards=step.guards if inside else (),
            statements=(sql,),
            transaction=inside,
            prechecks=step.prechecks if number == 1 else (),
            validations=step.validations if number == count else (),
            depends_on=(*step.depends_on, *(() if inside else needs), *again),
        )


def _may_stand_inside(sql: str, engine: Engine) -> bool:
    """Whether a statement may run in a transaction; one that is not understood, or may commit itself, counts as not."""
    read = dialect(engine.name).read(sql)
    if _COMMITS.match(sql) or any(one.problem or not one.atoms for one in read):
        return False
    return not any(engine.refuses_transaction(atom, Schema()) for one in read for atom in one.atoms)


def opens_itself(content: str, engine: str) -> bool:
    """Whether a file opens a transaction itself."""
    return any(BEGIN.match(one.sql) for one in dialect(engine).read(content))
