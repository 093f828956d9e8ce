"""How a project's own files record that they were applied: the statement, with its varying parts as placeholders.

Nothing of it is invented: a form counts only when another file of the project has the same one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents.migrations.plan import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from domain_agents.migrations.recognition.sql_files import SqlFile

_INSERT = re.compile(
    r"^[ \t]*INSERT\s+(?:OR\s+\w+\s+|IGNORE\s+)?INTO\s+(?P<table>[\w.\"`\[\]]+)(?:'(?:[^']|'')*'|[^;'])*",
    re.IGNORECASE | re.MULTILINE,
)
_LITERAL = re.compile(r"('(?:[^']|'')*'|(?<![\w.])\d+(?![\w.]))")
_HASH = re.compile(r"'(?:[0-9a-fA-F]{8,}|[A-Za-z0-9+/]{20,}={0,2})'")
_DAY = re.compile(r"'\d{4}-\d\d-\d\d'")
_KNOWN = re.compile(
    r"^(?:\w+\.)?_?_?(schema_|db_|database_|applied_)?(migrations?|versions?|migration_(history|log|versions?)|history|changelog)$",
    re.IGNORECASE,
)
_CREATES = re.compile(r"CREATE\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.\"`]+)", re.IGNORECASE)
_LOOKED_AT = 6


@dataclass(frozen=True, slots=True)
class Ledger:
    """The table, the form of the statement (empty when the files don't have one), and the evidence."""

    table: str = ""
    insert: str = ""
    evidence: tuple[Evidence, ...] = ()
    problem: str = ""


@dataclass(frozen=True, slots=True)
class _Entry:
    table: str
    sql: str
    line: int
    file: SqlFile


def read_ledger(files: Sequence[SqlFile], text: Callable[[str], str]) -> Ledger:
    """The ledger that the newest files write to themselves, else the one that the history creates."""
    recent = list(files[-_LOOKED_AT:])
    entries = [entry for file in recent if (entry := _entry(file, text(file.path)))]
    if not entries or 2 * len(entries) < len(recent):
        return _created(files, text)
    newest = entries[-1]
    form, problem = _form(newest, entries[:-1])
    says = f"the file records itself in {newest.table}"
    return Ledger(newest.table, form, (Evidence(newest.file.path, newest.line, says),), problem)


def _created(files: Sequence[SqlFile], text: Callable[[str], str]) -> Ledger:
    for file in files[:_LOOKED_AT]:
        content = text(file.path)
        for found in _CREATES.finditer(content):
            name = _bare(found.group(1))
            if _KNOWN.match(name) and name.lower() not in {"history", "versions", "version"}:
                line = content.count("\n", 0, found.start()) + 1
                return Ledger(name, "", (Evidence(file.path, line, f"{name} is created here"),))
    return Ledger()


def _entry(file: SqlFile, content: str) -> _Entry | None:
    entry: _Entry | None = None
    for found in _INSERT.finditer(content):
        sql = found.group().strip()
        table = _bare(found.group("table"))
        names_itself = any(_placeholder(literal, file) not in {"", "{date}"} for literal in _LITERAL.findall(sql))
        if names_itself and (_KNOWN.match(table) or file.stem in sql):
            start = found.start() + len(found.group()) - len(found.group().lstrip())
            entry = _Entry(table, sql, content.count("\n", 0, start) + 1, file)
    return entry


def _bare(name: str) -> str:
    return re.sub(r"[\"`\[\]]", "", name)


def _values(file: SqlFile) -> Mapping[str, str]:
    integer = re.sub(r"\D", "", file.number).lstrip("0") or "0"
    name = file.path.rpartition("/")[2]
    return {"{file}": name, "{stem}": file.stem, "{number}": file.number, "{integer}": integer, "{slug}": file.slug}


def _placeholder(literal: str, file: SqlFile) -> str:
    """The literal with what it says of its file replaced; empty when it says nothing of it."""
    values = _values(file)
    if not literal.startswith("'"):
        return next((name for name in ("{number}", "{integer}") if values[name] == literal), "")
    inside = literal[1:-1]
    for name, value in values.items():
        if value and inside == value:
            return f"'{name}'"
    for name in ("{file}", "{stem}"):
        if values[name] in inside:
            return literal.replace(values[name], name)
    if inside.casefold() == file.slug.replace("_", " ").replace("-", " ").casefold() and inside:
        return "'{title}'"
    return "'{date}'" if _DAY.fullmatch(literal) else ""


def _form(newest: _Entry, others: Sequence[_Entry]) -> tuple[str, str]:
    """The newest entry's form, and why it cannot be repeated (then the form is empty)."""
    parts = _LITERAL.split(newest.sql)
    same_shape = [_LITERAL.split(other.sql) for other in others]
    same_shape = [other for other in same_shape if [_flat(p) for p in other[::2]] == [_flat(p) for p in parts[::2]]]
    form: list[str] = []
    for place, part in enumerate(parts):
        if place % 2 == 0:
            form.append(part)
            continue
        found = _placeholder(part, newest.file)
        if not found and any(other[place] != part for other in same_shape):
            if _HASH.fullmatch(part) or not part.startswith("'") or re.match(r"'\d{4}-", part):
                return "", f"the value {part} in {newest.table} cannot be worked out for a new file"
            found = "'{title}'"
        form.append(found or part)
    return "".join(form), ""


def _flat(text: str) -> str:
    return " ".join(text.split()).casefold()
