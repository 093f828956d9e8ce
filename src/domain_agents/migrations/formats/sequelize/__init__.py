"""Sequelize: a module per migration, named by time, run by sequelize-cli or Umzug.

Neither opens a transaction: the file does, around what commits together. Outside of one, the statements share one
connection of the pool, because settings hold for a connection. Each goes to the server by `sequelize.query`, without
replacements, word for word.

Source: https://sequelize.org/docs/v6/other-topics/migrations/, lib/sequelize.js of 6.37 (query); read 2026-11-21. Run with
sequelize-cli 6.6 in tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats._javascript import NodeFormat, sent, style

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import UnreadPart
    from domain_agents.migrations.formats._script import Made
    from domain_agents.migrations.formats._sql import Place
    from domain_agents.migrations.plan import Project

_ONE_CONNECTION = frozenset({"sqlite"})
_SENDS = r"\b(?:run|sequelize\.query)\("
_OTHERS = r"\bqueryInterface\.(?!sequelize\b)\w+"


class _Sequelize(NodeFormat):
    """Modules of sequelize-cli."""

    package = __name__
    naming = "{number}-{slug-dashed}.js"

    @property
    def name(self) -> str:
        return "sequelize"

    @property
    def tried_on(self) -> frozenset[str]:
        return frozenset({"mariadb", "postgresql", "sqlite"})

    def values(self, place: Place, project: Project, engine: Engine) -> Mapping[str, object]:
        return {
            "style": style(place, project),
            "context": "context" in project.habits,
            "pooled": engine.name not in _ONE_CONNECTION,
        }

    def opens_transaction(self, content: str) -> bool:
        return re.search(r"\bsequelize\.transaction\(", content) is not None

    def sent(self, content: str, engine: str) -> tuple[list[Made], list[UnreadPart]]:
        return sent(
            content, _SENDS, _OTHERS, engine, flavour="sequelize", more=r",\s*\{\s*transaction\s*(?::\s*\w+\s*)?\}"
        )

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "`sequelize db:migrate --to NAME` goes as far as one file: stop where a deploy or check comes first",
            "`sequelize db:migrate:undo` throws and changes nothing: each file is undone by a new migration",
        )


FORMAT = _Sequelize()
