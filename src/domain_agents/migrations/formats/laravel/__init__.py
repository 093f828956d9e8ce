"""Laravel: an anonymous class per migration, in a file named by time.

Each statement goes to the server by `DB::unprepared`, word for word: `DB::statement` would prepare it, and take a question
mark for a parameter. Laravel opens a transaction around a migration on PostgreSQL, which `$withinTransaction = false` keeps
it from; on SQLite it opens none, so the file says BEGIN and COMMIT itself. The way back throws.

Source: https://laravel.com/docs/migrations, Illuminate\\Database\\Migrations\\Migrator ("runMigration") and the schema
grammars ("supportsSchemaTransactions") of 8.83; read 2026-11-21. Run with Debian's illuminate/database 8.83 in tests, where
it is installed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats._php import in_comment, php_statement, php_text, sent
from domain_agents.migrations.formats._script import ScriptFormat, own_transaction
from domain_agents.migrations.formats._sql import pascal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import UnreadPart
    from domain_agents.migrations.formats._script import Made
    from domain_agents.migrations.formats._sql import Body, Place
    from domain_agents.migrations.plan import Project

_OPENS_NONE = frozenset({"sqlite"})
_SENDS = r"\bDB::(?:connection\([^)]*\)->)?(?:unprepared|statement)\("
_OTHERS = r"\b(?:Schema|DB)::(?!unprepared|statement|raw)\w+"


class _Laravel(ScriptFormat):
    """Migrations of illuminate/database."""

    template = "template.php.jinja"
    package = __name__
    naming = "{number}_{slug}.php"
    first = "YYYY_MM_DD_HHMMSS"

    @property
    def name(self) -> str:
        return "laravel"

    @property
    def tried_on(self) -> frozenset[str]:
        return frozenset({"mariadb", "postgresql", "sqlite"})

    @property
    def directory(self) -> str:
        return "database/migrations"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".php",)

    def runs(self, runs: Body, engine: Engine) -> Body:
        return own_transaction(runs) if engine.name in _OPENS_NONE else runs

    def values(self, place: Place, project: Project, engine: Engine) -> Mapping[str, object]:
        named = pascal(place.slug)
        return {"strict": "strict_types" in project.habits, "named": named if "named" in project.habits else ""}

    def said(self, line: str) -> str:
        return in_comment(line)

    def literal(self, sql: str) -> str:
        return php_statement(sql)

    def text(self, text: str) -> str:
        return php_text(text)

    def opens_transaction(self, content: str) -> bool:
        return re.search(r"\$withinTransaction\s*=\s*false", content) is None

    def sent(self, content: str, engine: str) -> tuple[list[Made], list[UnreadPart]]:
        return sent(content, _SENDS, _OTHERS, engine, flavour="laravel")

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "`php artisan migrate` applies all that is there: add a file only when the deploy or check before it is done",
            "`php artisan migrate:rollback` throws and changes nothing: each file is undone by a new migration",
        )


FORMAT = _Laravel()
