"""Which tool runs a project's migrations, by the files that only it has, and where the migrations lie.

Those that `migrations/formats` has a folder for are continued; the others are recognised so that it can be said, instead of
writing files that the project's own tool would not run.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents.migrations.recognition import Claim, MarkIndex, base, claim, parent

if TYPE_CHECKING:
    from domain_agents.migrations.recognition import Files

OWN_FILE, OWN_HISTORY, DEPENDENCY = 90, 100, 60
_ASIDE = 40
_MOST_READ = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """A file that one framework has: by its path, and where that is not enough by its text as well."""

    framework: str
    path: re.Pattern[str]
    weight: int
    text: re.Pattern[str] | None = None
    holds_history: bool = False


def _own(framework: str, path: str, text: str = "") -> Mark:
    return Mark(framework, re.compile(path), OWN_FILE, re.compile(text, re.MULTILINE) if text else None)


def _history(framework: str, path: str, text: str = "") -> Mark:
    return Mark(framework, re.compile(path), OWN_HISTORY, re.compile(text, re.MULTILINE) if text else None, True)


def _needs(framework: str, path: str, text: str) -> Mark:
    return Mark(framework, re.compile(path), DEPENDENCY, re.compile(text, re.MULTILINE))


_PACKAGE = r"(^|/)package\.json$"
_SCRIPT = r"\.(js|ts|cjs|mjs|cts|mts)$"
_MARKS = (
    _own("alembic", r"(^|/)alembic\.ini$"),
    _own("alembic", r"(^|/)pyproject\.toml$", r"^\[tool\.alembic\]"),
    _history("alembic", r"(^|/)versions/(?:\w+/)*[^/]+\.py$", r"^down_revision\b"),
    _own("django", r"(^|/)manage\.py$", r"DJANGO_SETTINGS_MODULE"),
    _history("django", r"(^|/)migrations/\d{4}_\w+\.py$", r"\bmigrations\.Migration\b"),
    _history("rails", r"(^|/)db/migrate/\d+_\w+\.rb$"),
    _own("rails", r"(^|/)config/application\.rb$", r"Rails::Application"),
    _own("laravel", r"(^|/)artisan$"),
    _history("laravel", r"(^|/)database/migrations/\d{4}_\d\d_\d\d_\d+_\w+\.php$"),
    _own("knex", r"(^|/)knexfile\.\w+$"),
    _history("knex", r"(^|/)migrations/\d+_[^/]+" + _SCRIPT, r"\bknex\b"),
    _needs("knex", _PACKAGE, r'^\s*"knex"\s*:'),
    _own("prisma", r"(^|/)schema\.prisma$"),
    _history("prisma", r"(^|/)migrations/\d{14}_\w+/migration\.sql$"),
    _own("drizzle", r"(^|/)drizzle\.config\.\w+$"),
    _history("drizzle", r"(^|/)meta/_journal\.json$", r'"dialect"'),
    _own("sequelize", r"(^|/)\.sequelizerc$"),
    _history("sequelize", r"(^|/)migrations/[^/]+" + _SCRIPT, r"\bqueryInterface\b"),
    _needs("sequelize", _PACKAGE, r'^\s*"sequelize-cli"\s*:'),
    _history("typeorm", r"(^|/)migrations?/[^/]+" + _SCRIPT, r"\b(?:MigrationInterface|queryRunner)\b"),
    _needs("typeorm", _PACKAGE, r'^\s*"typeorm"\s*:'),
    _history("mikro-orm", r"(^|/)migrations/Migration\d+[^/]*" + _SCRIPT, r"@mikro-orm/"),
    _history("node-pg-migrate", r"(^|/)migrations/\d+_[^/]+" + _SCRIPT, r"\bpgm\b"),
    _history("node-pg-migrate", r"(^|/)\d+_[^/]+\.sql$", r"^\s*--[\s-]*Up Migration\b"),
    _needs("node-pg-migrate", _PACKAGE, r'^\s*"node-pg-migrate"\s*:'),
    _history("golang-migrate", r"(^|/)\d+_[^/]+\.up\.sql$"),
    _needs("golang-migrate", r"(^|/)go\.mod$", r"golang-migrate/migrate"),
    _history("goose", r"(^|/)\d+_[^/]+\.sql$", r"^\s*--\s*\+goose\s+Up\b"),
    _needs("goose", r"(^|/)go\.mod$", r"pressly/goose"),
    _history("dbmate", r"(^|/)\d+_[^/]+\.sql$", r"^\s*--\s*migrate:up\b"),
    _needs("sqlx", r"(^|/)Cargo\.toml$", r"^\s*sqlx\b.*\b(migrate|features)\b|^\[dependencies\.sqlx\]"),
    _own("sqlx", r"(^|/)\.sqlx/query-\w+\.json$"),
    _needs("diesel", r"(^|/)diesel\.toml$", r""),
    _history("diesel", r"(^|/)migrations/[\d-]+_\w+/up\.sql$"),
    _own("flyway", r"(^|/)flyway\.(conf|toml|properties)$"),
    _history("flyway", r"(^|/)[VR]\d*(?:[._]\d+)*__[^/]+\.sql$"),
    _own("liquibase", r"(^|/)liquibase(\.docker)?\.properties$"),
    _history("liquibase", r"(^|/)[^/]*\.(xml|ya?ml|json)$", r"\bdatabaseChangeLog\b"),
    _history("liquibase", r"\.sql$", r"^\s*--\s*liquibase formatted sql"),
    _own("doctrine", r"(^|/)(doctrine_migrations\.ya?ml|migrations-db\.php)$"),
    _history("doctrine", r"(^|/)Version\d{14}\.php$", r"AbstractMigration"),
    _own("sqitch", r"(^|/)sqitch\.(conf|plan)$"),
    _own("yoyo", r"(^|/)yoyo\.ini$"),
    _history("yoyo", r"(^|/)migrations/[^/]+\.py$", r"\bfrom yoyo import\b"),
    _history("yoyo", r"(^|/)[^/]+\.sql$", r"^\s*--\s*depends\s*:"),
    _own("phinx", r"(^|/)phinx\.(php|ya?ml|json)$"),
    _history("ecto", r"(^|/)priv/[\w/]*repo/migrations/\d+_\w+\.exs$"),
    _history("entity-framework", r"(^|/)Migrations/\d{14}_\w+\.Designer\.cs$"),
    _own("atlas", r"(^|/)atlas\.(hcl|sum)$"),
    _own("tern", r"(^|/)tern\.conf$"),
)
_ASIDE_PATH = re.compile(
    r"(^|/)(tests?|fixtures|examples?|docs?|spec|testdata|benchmarks?|samples?)(/|$)", re.IGNORECASE
)
_CANDIDATE = re.compile(
    r"\.(py|rb|php|js|ts|cjs|mjs|cts|mts|sql|ini|toml|json|xml|ya?ml|mod|exs|cs|conf|properties|hcl|sum|plan|prisma)$"
    r"|(^|/)(artisan|\.sequelizerc)$"
)


_INDEX = MarkIndex(enumerate(_MARKS), lambda row: row[1].path)


def read_frameworks(files: Files) -> tuple[tuple[Claim, ...], dict[str, str]]:
    """Claims on the framework, one for each mark that was found, and where each framework's migrations lie."""
    claims: list[Claim] = []
    directories: dict[str, Counter[str]] = {}
    read: Counter[tuple[int, str]] = Counter()
    for path in files.paths():
        if not _CANDIDATE.search(path):
            continue
        for number, mark in _INDEX.of(path):
            if not mark.path.search(path):
                continue
            directory = parent(path)
            line = 0
            # A directory's first files tell for all of them; two thousand need not be read.
            key = (number, directory)
            if mark.text is not None and read[key] < _MOST_READ:
                found = mark.text.search(files.text(path))
                if found is None:
                    read[key] += 1
                    continue
                line = files.text(path).count("\n", 0, found.start()) + 1
            elif mark.text is not None and not directories.get(mark.framework, Counter())[directory]:
                continue
            if mark.holds_history:
                directories.setdefault(mark.framework, Counter())[directory] += 1
                if directories[mark.framework][directory] > 1:
                    continue
            weight = mark.weight - (_ASIDE if _ASIDE_PATH.search(path) else 0)
            claims.append(claim(mark.framework, weight, path, line, f"{base(path)} is {mark.framework}'s"))
    return tuple(claims), {name: _home(found) for name, found in directories.items()}


def _home(found: Counter[str]) -> str:
    return min(found, key=lambda directory: (bool(_ASIDE_PATH.search(directory)), -found[directory], directory))
