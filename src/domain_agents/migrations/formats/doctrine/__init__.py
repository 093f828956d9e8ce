"""Doctrine Migrations: a class per migration, whose name is its time.

`addSql` keeps the statements, which are sent one by one, without parameters. Doctrine opens a transaction around a
migration unless `isTransactional` says no; MySQL and MariaDB commit DDL by themselves, so there it says no. The way back
throws Doctrine's own exception.

Source: https://www.doctrine-project.org/projects/doctrine-migrations/en/3.9/reference/migration-classes.html
("isTransactional", "addSql", "throwIrreversibleMigrationException") and explanation/implicit-commits.html; read 2026-11-21.
Its syntax is checked by PHP in tests, where that is installed; Doctrine itself is not run.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats._php import in_comment, php_statement, php_text, sent
from domain_agents.migrations.formats._script import ScriptFormat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import UnreadPart
    from domain_agents.migrations.formats._script import Made
    from domain_agents.migrations.formats._sql import Place
    from domain_agents.migrations.plan import Project

_NAMESPACE = "DoctrineMigrations"
_SENDS = r"\$this->addSql\("
_OTHERS = r"\$(?:schema|table)->\w+|\$this->connection->\w+"


class _Doctrine(ScriptFormat):
    """Classes of doctrine/migrations."""

    template = "template.php.jinja"
    package = __name__
    naming = "Version{number}.php"

    @property
    def name(self) -> str:
        return "doctrine"

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".php",)

    def values(self, place: Place, project: Project, engine: Engine) -> Mapping[str, object]:
        given = next((one.partition(":")[2] for one in project.habits if one.startswith("namespace:")), _NAMESPACE)
        return {"namespace": given, "name": f"Version{place.number}", "title": php_text(_line(place.migration.title))}

    def said(self, line: str) -> str:
        return in_comment(line)

    def literal(self, sql: str) -> str:
        return php_statement(sql)

    def text(self, text: str) -> str:
        return php_text(text)

    def opens_transaction(self, content: str) -> bool:
        return re.search(r"function\s+isTransactional\s*\([^{]*\{\s*return\s+false", content) is None

    def sent(self, content: str, engine: str) -> tuple[list[Made], list[UnreadPart]]:
        return sent(content, _SENDS, _OTHERS, engine)

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "the entities are not changed: bring the mapping in step, or migrations:diff plans to take the change back",
            "migrations:migrate goes as far as the version it is given: stop where a deploy or check comes first",
            "a file outside a transaction refuses to run under all_or_nothing: say --all-or-nothing=0",
            "going down throws IrreversibleMigration and changes nothing: each file is undone by a new migration",
        )


def _line(text: str) -> str:
    return " ".join(text.split())


FORMAT = _Doctrine()
