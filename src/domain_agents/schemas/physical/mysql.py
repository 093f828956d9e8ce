"""MySQL: identifiers that are seen outside as binary(16), text compared without case or accent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.schemas.physical._mysql import MysqlPhysical

if TYPE_CHECKING:
    from domain_agents.engines import Engine


def on(engine: Engine) -> MysqlPhysical:
    """MySQL at that engine's version."""
    return MysqlPhysical(engine, collation="utf8mb4_0900_ai_ci")
