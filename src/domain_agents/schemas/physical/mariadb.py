"""MariaDB: as MySQL, with types of its own for UUIDs and addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents.facts import version_key
from domain_agents.schemas.physical._mysql import MysqlPhysical

if TYPE_CHECKING:
    from domain_agents.engines import Engine

_UUID_SINCE: Final = (10, 7)
"""https://mariadb.com/docs/server/reference/data-types/string-data-types/uuid-data-type (read 2026-11-21)."""

_UCA1400_SINCE: Final = (10, 10)


def on(engine: Engine) -> MysqlPhysical:
    """MariaDB at that engine's version."""
    version = version_key(engine.version)
    return MysqlPhysical(
        engine,
        uuid_type="uuid" if version >= _UUID_SINCE else "binary(16)",
        ip_type="inet6",
        collation="utf8mb4_uca1400_ai_ci" if version >= _UCA1400_SINCE else "utf8mb4_unicode_520_ci",
    )
