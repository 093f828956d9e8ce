"""TypeORM: a class per migration, whose name ends with its time.

Each statement goes to the server by `queryRunner.query`, over the one connection of the runner. TypeORM opens a transaction
around all migrations of a run unless it is told `--transaction each`; a file outside of one says `transaction = false`,
which it accepts only then.

Source: https://typeorm.io/docs/migrations/why ("Transaction modes"), ForbiddenTransactionModeOverrideError of 1.1; read
2026-11-21. Run with 1.1 in tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.migrations.formats._javascript import NodeFormat, sent, style
from domain_agents.migrations.formats._sql import pascal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine
    from domain_agents.migrations.formats import UnreadPart
    from domain_agents.migrations.formats._script import Made
    from domain_agents.migrations.formats._sql import Place
    from domain_agents.migrations.plan import Project

_OUTSIDE = re.compile(r"^\s*(?:public\s+)?(?:readonly\s+)?transaction\s*\??(?::\s*boolean\s*)?=\s*false", re.MULTILINE)
_SENDS = r"\bqueryRunner\.query\("
_OTHERS = r"\bqueryRunner\.(?:manager\.)?\w+"


class _TypeOrm(NodeFormat):
    """Classes of TypeORM."""

    package = __name__
    naming = "{number}-{slug-pascal}.ts"
    first = "milliseconds"
    apply_with = "typeorm migration:run --transaction each"

    @property
    def name(self) -> str:
        return "typeorm"

    @property
    def tried_on(self) -> frozenset[str]:
        return frozenset({"mariadb", "postgresql", "sqlite"})

    @property
    def directory(self) -> str:
        return "src/migrations"

    def values(self, place: Place, project: Project, engine: Engine) -> Mapping[str, object]:
        return {"style": style(place, project), "name": f"{pascal(place.slug)}{place.number}"}

    def opens_transaction(self, content: str) -> bool:
        return _OUTSIDE.search(content) is None

    def sent(self, content: str, engine: str) -> tuple[list[Made], list[UnreadPart]]:
        return sent(content, _SENDS, _OTHERS, engine)

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "run with --transaction each: in its default mode, all, TypeORM refuses the files outside a transaction",
            "migration:run applies all that is there: add a file only when the deploy or check before it is done",
            "the entities are not changed: bring them in step, or migration:generate plans to take the change back",
            "migration:revert throws and changes nothing: each file is undone by a new migration",
        )


FORMAT = _TypeOrm()
