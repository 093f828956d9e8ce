"""What every migration file says of itself, and the naming that formats share.

Nothing that a name or a reason contains can leave the comment it stands in: line breaks of every kind become lines of the
comment, and control or direction characters become visible text.
"""

from __future__ import annotations

import re
import textwrap
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents.migrations.plan import PlannedDeploy, PlannedMigration

if TYPE_CHECKING:
    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Plan
    from domain_agents.operations import Query

WIDTH = 100
_TITLES = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite"}
_SET = re.compile(r"^SET\s+(?:(?:LOCAL|SESSION)\s+)?(?=[A-Za-z_])", re.IGNORECASE)
_SESSION = re.compile(r"SET\s+SESSION\s", re.IGNORECASE)
_SETTING = re.compile(r"\w+(?:\.\w+)?")
_MOMENT = re.compile(r"^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d))?)?")


@dataclass(frozen=True, slots=True)
class Field:
    """One line of a header: what it says about which subject."""

    label: str
    text: str


def fields(
    plan: Plan, migration: PlannedMigration, engine: Engine, after: str, transaction: str = ""
) -> tuple[Field, ...]:
    """What a header says, apart from who wrote it and when.

    `after` is the migration that must have run; `transaction` says who opens one where the file itself does not.
    """
    version = plan.version or engine.version
    rows = (
        Field("Engine", f"{_TITLES.get(plan.engine, plan.engine)} {version}".strip()),
        Field("Phase", migration.phase.value),
        Field("Purpose", migration.why),
        Field("Affected rows (estimated)", migration.affected_rows),
        Field("Expected duration", migration.expected_duration),
        Field("Lock impact", migration.lock_impact),
        Field("Free-space cost", migration.free_space),
        Field("Transaction", transaction or _transaction(migration)),
        Field("Dependencies", dependencies(plan, migration, after)),
        *(Field("Check first", _query(query)) for query in migration.prechecks),
        *(Field("Check after", _query(query)) for query in migration.validations),
        Field("Undo plan", _undo(migration)),
    )
    return tuple(row for row in rows if row.text)


def _transaction(migration: PlannedMigration) -> str:
    if migration.transaction:
        return "one; everything below commits together, or not at all"
    if any(sql.upper().startswith("BEGIN") for sql in migration.statements):
        return "its own, opened and committed below; must not run inside another one"
    return "none; must run outside a transaction, each statement commits by itself"


def _query(query: Query) -> str:
    return f"{query.sql.rstrip(';')};\nexpect {query.expect}: {query.why}"


def _undo(migration: PlannedMigration) -> str:
    text = migration.undo or "a new migration; nothing here is undone automatically"
    return f"{text}\nThis undo loses data." if migration.undo_loses_data else text


def dependencies(plan: Plan, migration: PlannedMigration, after: str) -> str:
    """What must have happened before: the migration it follows, and what stands between the two in the plan."""
    said = [f"must run after {after}"] if after else []
    said.extend(_between(plan, migration))
    said.extend(text for text in migration.depends_on if not any(text in known or known in text for known in said))
    return "; ".join(said) or "none"


def _between(plan: Plan, migration: PlannedMigration) -> list[str]:
    found: list[str] = []
    for step in plan.steps:
        if isinstance(step, PlannedMigration):
            if step == migration:
                return found
            found = []
        elif isinstance(step, PlannedDeploy):
            done = "live" if step.kind == "deploy" else "done"
            found.append(f"{step.kind} {step.title!r} must be {done} first")
    return found


def visible(text: str) -> str:
    """The text on one line, with every character that a terminal or an editor would act on made visible."""
    if text.isprintable():
        return text
    return "".join(_shown(character) for character in text)


def _shown(character: str) -> str:
    if character == "\t" or unicodedata.category(character) in {"Zl", "Zp"}:
        return " "
    if unicodedata.category(character) in {"Cc", "Cf", "Cs"}:
        code = ord(character)
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
    return character


def wrapped(label: str, text: str, width: int = WIDTH) -> list[str]:
    """A field as lines of at most `width` characters (a longer word keeps its own line), continued with two spaces."""
    lines: list[str] = []
    for part in f"{label}: {text}".splitlines():
        lines.extend(
            textwrap.wrap(
                visible(part),
                width,
                initial_indent="  " if lines else "",
                subsequent_indent="  ",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return lines or [f"{label}:"]


def safe_slug(slug: str, longest: int = 60) -> str:
    """A slug that is a file's name on every system: letters a to z, digits, underscores."""
    plain = re.sub(r"[^a-z0-9]+", "_", slug.lower()).strip("_") or "change"
    if len(plain) <= longest:
        return plain
    return plain[:longest].rpartition("_")[0] or plain[:longest]


def in_directory(directory: str, name: str) -> str:
    """A file's path in a directory of the project; "." is the project itself."""
    return name if directory in ("", ".") else f"{directory}/{name}"


def local_guards(guards: tuple[str, ...]) -> tuple[str, ...]:
    """Guards for inside a transaction: settings end with it, so that they cannot reach what runs afterwards."""
    return tuple(_SET.sub("SET LOCAL ", guard) for guard in guards)


def session_guards(guards: tuple[str, ...]) -> tuple[str, ...]:
    """Guards for outside a transaction, where SET LOCAL does nothing but warn."""
    return tuple(guard if _SESSION.match(guard) else _SET.sub("SET ", guard) for guard in guards)


def guard_resets(guards: tuple[str, ...]) -> tuple[str, ...]:
    """What takes session settings back, for whatever else the same connection runs."""
    resets: list[str] = []
    for guard in guards:
        found = _SET.match(guard)
        name = _SETTING.match(guard, found.end()) if found else None
        if name:
            # An engine that spells SESSION has no RESET for a setting (in MySQL that word is about replication).
            said = _SESSION.match(guard)
            resets.append(f"SET SESSION {name.group()} = DEFAULT" if said else f"RESET {name.group()}")
    return tuple(resets)


def is_outside(sql: str) -> bool:
    """Whether a statement means nothing inside a transaction: SQLite ignores these pragmas there."""
    return sql.split(None, 1)[0].upper() == "PRAGMA" and "foreign_keys" in sql.lower() if sql.strip() else False


@dataclass(frozen=True, slots=True)
class Moment:
    """A date as numbers; hour, minute and second are 0 when only a day was given."""

    year: int = 1970
    month: int = 1
    day: int = 1
    hour: int = 0
    minute: int = 0
    second: int = 0

    @property
    def epoch(self) -> int:
        """Seconds since 1970 in UTC."""
        # Days in the Gregorian calendar, counted from March so that the leap day is a year's last.
        year, month = (self.year, self.month) if self.month > 2 else (self.year - 1, self.month + 12)
        days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + self.day - 719469
        return days * 86_400 + self.hour * 3_600 + self.minute * 60 + self.second

    @property
    def digits(self) -> str:
        """YYYYMMDDHHMMSS."""
        return f"{self.year:04}{self.month:02}{self.day:02}{self.hour:02}{self.minute:02}{self.second:02}"


def moment(date: str) -> Moment:
    """A date in ISO 8601 as numbers; one that is not is 1970."""
    found = _MOMENT.match(date)
    return Moment(*(int(part or 0) for part in found.groups())) if found else Moment()
