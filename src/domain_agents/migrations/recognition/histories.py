"""Histories that are not a directory of numbered SQL files: a plan (Sqitch), changelogs (Liquibase), directories (Prisma),
and files of several languages (yoyo, node-pg-migrate)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents.migrations.plan import Evidence
from domain_agents.migrations.recognition import base, parent
from domain_agents.migrations.recognition.sql_files import SqlFile, SqlHistory, read_history

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from domain_agents.migrations.recognition import Files

LEDGERS = {
    "django": "django_migrations",
    "drizzle": "__drizzle_migrations",
    "knex": "knex_migrations",
    "sequelize": "SequelizeMeta",
    "typeorm": "migrations",
    "laravel": "migrations",
    "doctrine": "doctrine_migration_versions",
    "rails": "schema_migrations",
    "dbmate": "schema_migrations",
    "flyway": "flyway_schema_history",
    "golang-migrate": "schema_migrations",
    "goose": "goose_db_version",
    "liquibase": "databasechangelog",
    "node-pg-migrate": "pgmigrations",
    "prisma": "_prisma_migrations",
    "sqitch": "sqitch.changes",
    "sqlx": "_sqlx_migrations",
    "yoyo": "_yoyo_migration",
}
"""Where each records what was applied, unless its settings say otherwise."""

_PRISMA = re.compile(r"(?:^|/)(?P<number>\d+)_(?P<slug>[^/]*)/migration\.sql$")
_ANY_LANGUAGE = re.compile(
    r"(?P<number>\d+)(?P<separator>[-_.])(?P<slug>.+?)(?P<suffix>\.(?:sql|js|ts|cjs|mjs|cts|mts|py|rb|php))"
)
_DATED = re.compile(r"(?P<number>\d{4}_\d\d_\d\d_\d{4,6})(?P<separator>_)(?P<slug>.+?)(?P<suffix>\.php)")
_VERSION = re.compile(r"Version(?P<number>\d{14})\.php")
_MIGRATIONS_PATHS = re.compile(
    r"migrations_paths:\s*\n\s*['\"]?[\w\\]+['\"]?\s*:\s*['\"]?(?:%kernel\.project_dir%/)?([\w./-]+)"
)
_DRIZZLE_OUT = re.compile(r"""\bout\s*:\s*['"](?:\./)?([\w./-]+)['"]""")
_PLANNED = re.compile(r"^\s*([^\s%#@+\-:\[][^\s\[]*)", re.MULTILINE)
_SETTING = re.compile(r"^\s*(top_dir|deploy_dir)\s*=\s*(\S+)\s*$", re.MULTILINE)
_FORMATTED = re.compile(r"\A\s*--\s*liquibase formatted sql", re.IGNORECASE)
_SOURCES = re.compile(r"^\s*sources\s*=\s*(\S+)", re.MULTILINE)
_DEPENDS = re.compile(r"^\s*--\s*depends\s*:\s*(.*)$|__depends__\s*=\s*[\[{(]([^\])}]*)", re.MULTILINE)


def own_history(framework: str, files: Files, home: str, directory: str) -> tuple[SqlHistory, tuple[str, ...]] | None:
    """The history of a framework that keeps it otherwise, with its heads; None for the others."""
    home = directory or home
    readers = {
        "prisma": _prisma,
        "sqitch": _sqitch,
        "liquibase": _liquibase,
        "yoyo": _yoyo,
        "node-pg-migrate": _node_pg_migrate,
        "rails": _rails,
        "drizzle": _drizzle,
        "knex": _knex,
        "sequelize": _sequelize,
        "typeorm": _typeorm,
        "laravel": _laravel,
        "doctrine": _doctrine,
    }
    reader = readers.get(framework)
    return reader(files, home) if reader else None


def _heads(history: SqlHistory) -> tuple[SqlHistory, tuple[str, ...]]:
    return history, (history.newest.stem,) if history.newest else ()


def _prisma(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    found = [
        SqlFile(path, "", match["number"], "_", match["slug"], "/migration.sql")
        for path in files.paths()
        if (match := _PRISMA.search(path))
    ]
    found.sort(key=lambda file: base(parent(file.path)))
    schema = next((path for path in files.paths() if path.endswith("schema.prisma")), "prisma/schema.prisma")
    directory = parent(parent(found[-1].path)) if found else f"{parent(schema)}/migrations".lstrip("/")
    # The home of one migration is its own directory.
    chosen = home if home and not _PRISMA.search(f"{home}/migration.sql") else directory
    kept = [file for file in found if parent(parent(file.path)) == chosen]
    newest = kept[-1].number if kept else ""
    free = str(int(newest) + 1).rjust(len(newest), "0") if newest else ""
    style = "YYYYMMDDHHMMSS" if len(newest) in {0, 14} else "1".rjust(len(newest), "0")
    return _heads(SqlHistory(chosen, tuple(kept), style, free, "{number}_{slug}/migration.sql"))


def _sqitch(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    plan = next((path for path in files.paths() if base(path) == "sqitch.plan"), "sqitch.plan")
    said = dict(_SETTING.findall(next((files.text(path) for path in files.paths() if base(path) == "sqitch.conf"), "")))
    top = home or said.get("top_dir", "").strip("/") or parent(plan) or "."
    deploy = said.get("deploy_dir", "").strip("/") or (f"{top}/deploy" if top != "." else "deploy")
    names = _PLANNED.findall(files.text(plan))
    found = tuple(SqlFile(f"{deploy}/{name}.sql", "", "", "", name, ".sql") for name in names)
    return SqlHistory(top, found, "", "", "{slug}.sql"), tuple(names[-1:])


def _liquibase(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    formatted = [path for path in files.paths() if path.endswith(".sql") and _FORMATTED.search(files.text(path))]
    if not formatted:
        return SqlHistory(directory=home), ()
    directory = home if any(parent(path) == home for path in formatted) else parent(formatted[-1])
    inside = [path for path in formatted if parent(path) == directory]
    numbered = read_history(inside, directory)
    if numbered.files:
        return _heads(numbered)
    unnumbered = tuple(SqlFile(path, "", "", "", base(path).removesuffix(".sql"), ".sql") for path in inside)
    return _heads(SqlHistory(directory or ".", unnumbered))


def _yoyo(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    settings = next((files.text(path) for path in files.paths() if base(path) == "yoyo.ini"), "")
    said = _SOURCES.search(settings)
    source = said.group(1).replace("%(here)s", ".").removeprefix("./").strip("/") if said else ""
    history = _several_languages(files.paths(), home or source or "migrations", {".sql", ".py"})
    ids = {file.stem for file in history.files}
    depended: set[str] = set()
    for file in history.files:
        for comment, python in _DEPENDS.findall(files.text(file.path)):
            depended |= set(re.findall(r"[^\s'\",]+", comment or python))
    heads = tuple(sorted(ids - depended)) if depended & ids else tuple(sorted(ids)[-1:])
    return history, heads


def _node_pg_migrate(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    suffixes = {".sql", ".js", ".ts", ".cjs", ".mjs", ".cts", ".mts"}
    return _heads(_several_languages(files.paths(), home or "migrations", suffixes))


def _rails(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    history = _several_languages(files.paths(), home or "db/migrate", {".rb"})
    return _heads(replace(history, template="{number}_{slug}.rb", numbering=history.numbering or "YYYYMMDDHHMMSS"))


_NODE_SUFFIXES = frozenset({".js", ".ts", ".cjs", ".mjs", ".cts", ".mts"})
_SEQUELIZE_PATH = re.compile(r"""migrations-path['"]\s*:\s*(?:path\.resolve\()?[^'"\n]*['"]([\w./-]+)['"]""")


def _knex(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    return _node(files, home or _beside(files, "knexfile.") or "migrations", "{number}_{slug}.js", "YYYYMMDDHHMMSS")


def _sequelize(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    settings = next((files.text(path) for path in files.paths() if base(path) == ".sequelizerc"), "")
    said = _SEQUELIZE_PATH.findall(settings)
    return _node(files, home or (said[-1] if said else "migrations"), "{number}-{slug-dashed}.js", "YYYYMMDDHHMMSS")


def _typeorm(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    return _node(files, home or "src/migrations", "{number}-{slug-pascal}.ts", "milliseconds")


def _beside(files: Files, start: str) -> str:
    """The directory `migrations` beside a settings file, where that is not at the top."""
    found = min((path for path in files.paths() if base(path).startswith(start)), key=len, default="")
    return f"{parent(found)}/migrations" if parent(found) else ""


def _node(files: Files, home: str, template: str, numbering: str) -> tuple[SqlHistory, tuple[str, ...]]:
    """Modules of one directory; the next is named as the newest is, and has its ending."""
    history = _several_languages(files.paths(), home, set(_NODE_SUFFIXES))
    if history.newest is None:
        return history, ()
    if any(mark in file.slug for file in history.files for mark in "-_"):
        template = history.template or template
    template = template.rpartition(".")[0] + history.newest.suffix
    if re.fullmatch(r"(?:[A-Z][a-z0-9]*)+", history.newest.slug):
        template = re.sub(r"\{slug[^}]*\}", "{slug-pascal}", template)
    return _heads(replace(history, template=template, numbering=history.numbering or numbering))


def _drizzle(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    # The journal lies in the directory meta of the migrations; the configuration may name them before there are any.
    settings = next((files.text(path) for path in files.paths() if base(path).startswith("drizzle.config.")), "")
    said = _DRIZZLE_OUT.search(settings)
    directory = parent(home) if base(home) == "meta" else home or (said.group(1) if said else "drizzle")
    return _heads(replace(read_history(files.paths(), directory or "."), directory=directory or ".", others=()))


def _laravel(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    history = _several_languages(files.paths(), home or "database/migrations", {".php"}, _DATED)
    return _heads(replace(history, template="{number}_{slug}.php", numbering=history.numbering or "YYYY_MM_DD_HHMMSS"))


def _doctrine(files: Files, home: str) -> tuple[SqlHistory, tuple[str, ...]]:
    settings = next((files.text(path) for path in files.paths() if base(path).startswith("doctrine_migrations.y")), "")
    said = _MIGRATIONS_PATHS.search(settings)
    home = home or (said.group(1) if said else "migrations")
    found = [
        SqlFile(path, "Version", match["number"], "", "", ".php")
        for path in files.paths()
        if parent(path) == home.removeprefix(".") and (match := _VERSION.fullmatch(base(path)))
    ]
    found.sort(key=lambda file: file.number)
    newest = found[-1].number if found else ""
    free = str(int(newest) + 1) if newest else ""
    return _heads(SqlHistory(home, tuple(found), "YYYYMMDDHHMMSS", free, "Version{number}.php"))


def _several_languages(
    paths: Iterable[str], directory: str, suffixes: set[str], pattern: re.Pattern[str] = _ANY_LANGUAGE
) -> SqlHistory:
    found: list[SqlFile] = []
    for path in paths:
        match = pattern.fullmatch(base(path)) if parent(path) == directory.removeprefix(".") else None
        if match and match["suffix"] in suffixes and not path.endswith((".rollback.sql", ".d.ts")):
            found.append(SqlFile(path, "", match["number"], match["separator"], match["slug"], match["suffix"]))
    found.sort(key=lambda file: (file.order[0], file.path))
    # Only their names count for the numbering, whatever they are written in.
    named = read_history(
        [f"{parent(file.path)}/{file.stem}.sql" for file in found], parent(found[0].path) if found else ""
    )
    return replace(named, directory=directory, files=tuple(found))


def readable(history: Sequence[SqlFile]) -> tuple[SqlFile, ...]:
    """The files that are SQL."""
    return tuple(file for file in history if file.path.endswith(".sql"))


def told(framework: str, heads: Sequence[str], path: str) -> tuple[Evidence, ...]:
    """The evidence for a history with several ends."""
    if len(heads) < 2:
        return ()
    return (Evidence(path, 0, f"{framework}'s history has {len(heads)} ends: {', '.join(heads)}"),)
