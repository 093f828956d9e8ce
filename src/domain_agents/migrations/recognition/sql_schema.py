"""Today's schema from SQL: a schema file that is up to date, else the history in order, else both."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.migrations.plan import Evidence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.migrations.recognition import Files
    from domain_agents.migrations.recognition.sql_files import SqlFile

_SCHEMA_FILES = (
    "schema.sql",
    "structure.sql",
    "db/schema.sql",
    "db/structure.sql",
    "database/schema.sql",
    "sql/schema.sql",
    "database/schema/pgsql-schema.sql",
    "database/schema/mysql-schema.sql",
    "database/schema/sqlite-schema.sql",
    "src/schema.sql",
    "init.sql",
    "db/init.sql",
)
_DOWN_MARK = re.compile(r"^\s*--\s*(?:\+goose\s+down|migrate:down|@?down|//@undo|\+migrate\s+down)\b", re.I | re.M)  # noqa: FURB167
_CREATES = re.compile(
    r"\bCREATE\s+(?:UNLOGGED\s+|VIRTUAL\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.\"`]+)", re.IGNORECASE
)
_DROPS = re.compile(r"\bDROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?([\w.\"`]+)", re.IGNORECASE)
_ALTERS = re.compile(r"\bALTER\s+TABLE\s+(?:IF\s+EXISTS\s+)?(?:ONLY\s+)?([\w.\"`]+)", re.IGNORECASE)
_ADDS = re.compile(r"\bADD\s+COLUMN\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w\"`]+)", re.IGNORECASE)
_DROPS_COLUMN = re.compile(r"\b(?:DROP|RENAME)\s+COLUMN\s+(?:IF\s+EXISTS\s+)?([\w\"`]+)", re.IGNORECASE)
_RENAMES = re.compile(r"\bALTER\s+TABLE\s+([\w.\"`]+)\s+RENAME\s+TO\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")


def up_part(text: str) -> str:
    """A file without its way down."""
    found = _DOWN_MARK.search(text)
    return text[: found.start()] if found else text


def read_schema(history: Sequence[SqlFile], files: Files) -> tuple[str, tuple[str, ...], tuple[Evidence, ...]]:
    """The schema as DDL, the files it is from, and why those."""
    known = set(files.paths())
    schema_file = next((path for path in _SCHEMA_FILES if path in known and _CREATES.search(files.text(path))), "")
    paths = tuple(file.path for file in history)
    if not paths and not schema_file:
        return "", (), ()
    texts = [up_part(files.text(path)) for path in paths]
    joined = "\n".join(_closed(text) for text in texts)
    if not schema_file:
        return joined, paths, ()
    schema = files.text(schema_file)
    missing = _missing(joined, schema)
    if not missing:
        return schema, (schema_file,), (Evidence(schema_file, 0, "today's schema is read from this file"),)
    created = {_bare(name) for name in _CREATES.findall(joined)}
    altered = {_bare(name) for name in _ALTERS.findall(joined)}
    says = f"the migrations bring {missing}, which this file does not mention"
    if altered <= created:
        return joined, paths, (Evidence(schema_file, 0, f"{says}: the migrations are read instead"),)
    both = _closed(schema) + "\n" + joined
    return both, (schema_file, *paths), (Evidence(schema_file, 0, f"{says}: the migrations are read after it"),)


def _missing(joined: str, schema: str) -> str:
    """A table or column that the migrations leave behind and the schema file does not know; empty when there is none."""
    words = {word.lower() for word in _WORD.findall(schema)}
    gone = (_DROPS, _DROPS_COLUMN, _RENAMES)
    dropped = {_bare(name) for pattern in gone for name in pattern.findall(joined)}
    for name in (*_CREATES.findall(joined), *_ADDS.findall(joined)):
        bare = _bare(name)
        if bare not in words and bare not in dropped:
            return bare
    return ""


def _bare(name: str) -> str:
    return re.sub(r"[\"`]", "", name).rpartition(".")[2].lower()


def _closed(text: str) -> str:
    # A file whose last statement lacks its semicolon must not run into the next one.
    end = text.rstrip()
    last = end.rpartition("\n")[2]
    return text if not end or end.endswith(";") or "--" in last or last.startswith("\\") else f"{end}\n;\n"
