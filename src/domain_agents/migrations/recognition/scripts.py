"""Histories that are programs: how the newest file is written, so that the next one is written alike.

What their calls do to tables is not played; today's schema comes from the dump that the framework keeps.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents.migrations.plan import Evidence
from domain_agents.migrations.recognition import base, parent
from domain_agents.migrations.recognition.rails_schema import read_schema_rb

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.migrations.recognition import Files
    from domain_agents.migrations.recognition.sql_files import SqlFile

_SUPERCLASS = re.compile(r"<\s*ActiveRecord::Migration\[(\d+\.\d+)\]")
_LOCKED = re.compile(r"^    (?:rails|activerecord) \((\d+\.\d+)", re.MULTILINE)
_ASSURED = re.compile(r"^\s*(?:gem\s+['\"])?strong_migrations\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Habits:
    """What of the project decides how a file is written, and the schema that its dump says."""

    version: str = ""
    habits: tuple[str, ...] = ()
    schema_sql: str = ""
    schema_from: tuple[str, ...] = ()
    unread: tuple[Evidence, ...] = ()
    state: str = ""


def read_habits(framework: str, files: Files, history: Sequence[SqlFile], engine: str) -> Habits:
    """The habits of a framework whose migrations are programs; nothing for the others."""
    if framework == "rails":
        return _rails(files, history, engine)
    readers = {
        "doctrine": _doctrine,
        "drizzle": _drizzle,
        "knex": _node,
        "laravel": _laravel,
        "sequelize": _node,
        "typeorm": _node,
    }
    reader = readers.get(framework)
    return reader(files, history) if reader else Habits()


def _named(files: Files, *names: str) -> list[str]:
    """The files of these names, those at the top first."""
    return sorted((path for path in files.paths() if base(path) in names), key=lambda path: (path.count("/"), path))


def _rails(files: Files, history: Sequence[SqlFile], engine: str) -> Habits:
    said = [match.group(1) for one in history[-1:] if (match := _SUPERCLASS.search(files.text(one.path)))]
    locks = _named(files, "Gemfile.lock")
    said += [match.group(1) for path in locks if (match := _LOCKED.search(files.text(path)))]
    gems = [path for path in (*_named(files, "Gemfile"), *locks) if _ASSURED.search(files.text(path))]
    habits = ("strong_migrations",) if gems else ()
    dump = next((path for path in files.paths() if path.endswith("db/schema.rb")), "")
    if not dump or not engine:
        return Habits(said[0] if said else "", habits)
    schema = read_schema_rb(files.text(dump), engine)
    unread = [Evidence(dump, line, f"not read: {text}") for line, text in schema.unread]
    newest = history[-1].number if history else ""
    if schema.version and newest > schema.version:
        says = f"it is of {schema.version}, and the migrations go on to {newest}: run db:migrate, and commit what it writes"
        unread.append(Evidence(dump, 0, says))
    sql = "".join(f"{statement};\n" for statement in schema.statements)
    return Habits(said[0] if said else schema.rails, habits, sql, (dump,), tuple(unread))


def _laravel(files: Files, history: Sequence[SqlFile]) -> Habits:
    newest = files.text(history[-1].path) if history else ""
    habits = ["strict_types"] if "declare(strict_types=1)" in newest else []
    habits += ["named"] if newest and "new class" not in newest else []
    said = _version_in(files, "composer.json", r'"laravel/framework"\s*:\s*"[^\d"]*(\d+(?:\.\d+)?)')
    return Habits(said, tuple(habits))


def _doctrine(files: Files, history: Sequence[SqlFile]) -> Habits:
    newest = files.text(history[-1].path) if history else ""
    said = re.search(r"^namespace\s+([\w\\]+)\s*;", newest, re.MULTILINE)
    version = _version_in(
        files, "composer.json", r'"doctrine/(?:migrations|doctrine-migrations-bundle)"\s*:\s*"[^\d"]*(\d+(?:\.\d+)?)'
    )
    return Habits(version, (f"namespace:{said.group(1)}",) if said else ())


def _version_in(files: Files, name: str, pattern: str) -> str:
    """The version that the first file of that name asks for."""
    found = (re.search(pattern, files.text(path)) for path in _named(files, name))
    return next((match.group(1) for match in found if match), "")


def _node(files: Files, history: Sequence[SqlFile]) -> Habits:
    newest = files.text(history[-1].path) if history else ""
    packages = _named(files, "package.json")
    if newest:
        is_module = re.search(r"^export\b", newest, re.MULTILINE) is not None
    else:
        is_module = any(re.search(r'"type"\s*:\s*"module"', files.text(path)) for path in packages)
    habits = ["esm"] if is_module else []
    habits += ["context"] if re.search(r"\(\s*\{\s*context\b", newest) else []
    return Habits(habits=tuple(habits))


def _drizzle(files: Files, history: Sequence[SqlFile]) -> Habits:
    home = parent(history[-1].path) if history else ""
    meta = f"{home}/meta" if home else "meta"
    journal = _json(files, f"{meta}/_journal.json")
    snapshots = sorted(path for path in files.paths() if parent(path) == meta and not base(path).startswith("_"))
    snapshot = _json(files, snapshots[-1]) if snapshots else None
    if not isinstance(journal, dict) or not isinstance(journal.get("entries"), list):
        return Habits()
    return Habits(state=json.dumps({"journal": journal, "snapshot": snapshot}))


def _json(files: Files, path: str) -> object:
    """What a file holds; None when it is not JSON."""
    try:
        found: object = json.loads(files.text(path))
    except (ValueError, RecursionError):
        return None
    return found
