"""A live MySQL or MariaDB as the DDL that would make it: what the server itself says with SHOW CREATE."""

from __future__ import annotations

import re
from typing import Any, Final

_COUNTER: Final = re.compile(r" AUTO_INCREMENT=\d+")
_DEFINER: Final = re.compile(r"\bDEFINER=\S+ |\bALGORITHM=\w+ |\bSQL SECURITY \w+ ")


def read_ddl(connection: Any, database: str) -> str:
    """The statements that make one database, tables first.

    Raises:
        pymysql.MySQLError: the server's.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = %s"
            " ORDER BY table_type, table_name",
            (database,),
        )
        tables = list(cursor.fetchall())
        cursor.execute(
            "SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = %s ORDER BY trigger_name",
            (database,),
        )
        triggers = [name for (name,) in cursor.fetchall()]
        parts: list[str] = []
        for name, kind in tables:
            cursor.execute(f"SHOW CREATE TABLE {_quoted(name)}")
            text = cursor.fetchone()[1]
            parts.append(
                _DEFINER.sub("", text).replace(f"{_quoted(database)}.", "")
                if kind == "VIEW"
                else _COUNTER.sub("", text)
            )
        for name in triggers:
            cursor.execute(f"SHOW CREATE TRIGGER {_quoted(name)}")
            parts.append(_DEFINER.sub("", cursor.fetchone()[2]))
    return "".join(f"{part};\n" for part in parts)


def _quoted(name: str) -> str:
    return "`" + name.replace("`", "``") + "`"
