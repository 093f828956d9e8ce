"""Live databases by their configured names: read-only, as the DDL that would make them.

Whoever runs domain-agents sets DOMAIN_AGENTS_DATABASE_<NAME> to an address (postgresql://, mysql://, mariadb:// or
sqlite:///path). A call names it; no call ever gives an address, and no answer shows one.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, unquote, urlsplit

from domain_agents.observations import ScratchProblem

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX: Final = "DOMAIN_AGENTS_DATABASE_"
_SCHEMES: Final = {
    "postgresql": "postgresql", "postgres": "postgresql", "mysql": "mysql", "mariadb": "mariadb", "sqlite": "sqlite",
}  # fmt: skip
_SECONDS: Final = 30
"""How long one query of ours may take on somebody's server."""


class NotReadable(Exception):
    """A database that cannot be read; the message says why without its address."""


def database_names(environment: Mapping[str, str]) -> dict[str, str]:
    """The configured databases: name as a call writes it (lower case) -> as the environment does."""
    names = (key.removeprefix(PREFIX) for key in environment if key.startswith(PREFIX))
    return {name.lower(): name for name in sorted(names) if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)}


def engine_of(name: str, environment: Mapping[str, str] | None = None) -> str:
    """The engine of a configured database.

    Raises:
        NotReadable: there is none of that name, or its address names no engine that can be read.
    """
    address = _address(name, os.environ if environment is None else environment)
    engine = _SCHEMES.get(address.partition(":")[0].partition("+")[0].lower(), "")
    if not engine:
        raise NotReadable(f"the address of {name!r} must begin with one of {', '.join(_SCHEMES)}, followed by ://")
    return engine


def read_database(name: str, engine: str = "", environment: Mapping[str, str] | None = None) -> str:
    """The DDL that would make a configured database. `engine` empty is whatever it is.

    Raises:
        NotReadable: it is not configured, cannot be reached, or is another engine's.
    """
    values = os.environ if environment is None else environment
    found = engine_of(name, values)
    if engine and engine != found:
        raise NotReadable(f"{name!r} is a {found}, not a {engine}")
    with _reading(name, _address(name, values), found) as (connection, database):
        return _ddl(connection, found, database)


def _ddl(connection: Any, engine: str, database: str) -> str:
    if engine == "postgresql":
        from domain_agents.workspace.introspect_postgresql import read_ddl

        return read_ddl(connection)
    if engine == "sqlite":
        rows = connection.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
            " ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, rowid"
        ).fetchall()
        return "".join(f"{sql};\n" for (sql,) in rows)
    from domain_agents.workspace.introspect_mysql import read_ddl as read_mysql_ddl

    return read_mysql_ddl(connection, database)


def _address(name: str, environment: Mapping[str, str]) -> str:
    known = database_names(environment)
    if name.lower() not in known:
        there_are = f"configured are: {', '.join(known)}" if known else "none is configured"
        raise NotReadable(
            f"there is no configured database named {name[:60]!r}; {there_are}. Whoever runs domain-agents sets "
            f"{PREFIX}<NAME> to its address; a call never gives one. Or give the schema's DDL instead"
        )
    return environment[PREFIX + known[name.lower()]].strip()


@contextlib.contextmanager
def _reading(name: str, address: str, engine: str) -> Iterator[tuple[Any, str]]:
    """A connection that can change nothing.

    Raises:
        NotReadable: there is no driver, or no connecting; drivers' messages may hold the address, so none is passed.
    """
    opened = {"postgresql": _postgresql, "sqlite": _sqlite}.get(engine, _mysql)
    try:
        connection, database, errors = opened(address)
    except ScratchProblem as error:
        raise NotReadable(str(error)) from None
    except Exception:  # noqa: BLE001 - whatever a driver raises, its text may hold the address
        raise NotReadable(f"the configured database {name!r} cannot be reached, or refuses its user") from None
    try:
        yield connection, database
    except errors as error:
        kind = type(error).__name__
        raise NotReadable(f"the configured database {name!r} did not let its catalog be read ({kind})") from None
    finally:
        with contextlib.suppress(Exception):
            connection.close()


def _postgresql(address: str) -> tuple[Any, str, type[Exception]]:
    from domain_agents.workspace.scratch import require_driver

    require_driver()
    import psycopg

    plain = re.sub(r"\A[^:]+://", "postgresql://", address)
    connection = psycopg.connect(plain, connect_timeout=10, autocommit=False, prepare_threshold=None)
    connection.read_only = True
    connection.execute(f"SET statement_timeout = '{_SECONDS}s'")
    return connection, connection.info.dbname, psycopg.Error


def _sqlite(address: str) -> tuple[Any, str, type[Exception]]:
    import sqlite3

    # sqlite:///relative and sqlite:////absolute, as other tools write them.
    path = unquote(urlsplit(address).path).removeprefix("/")
    connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, timeout=_SECONDS)
    connection.execute("SELECT count(*) FROM sqlite_master")
    return connection, path, sqlite3.Error


def _mysql(address: str) -> tuple[Any, str, type[Exception]]:
    from domain_agents.workspace.mysql_session import driver

    pymysql = driver()
    parts = urlsplit(address)
    database = unquote(parts.path.lstrip("/"))
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    told: dict[str, Any] = {
        "user": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "database": database,
    }
    socket = unquote(query.get("unix_socket", query.get("socket", "")))
    told |= {"unix_socket": socket} if socket else {"host": parts.hostname or "localhost", "port": parts.port or 3306}
    connection = pymysql.connect(**told, charset="utf8mb4", connect_timeout=10, read_timeout=_SECONDS, autocommit=True)
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION TRANSACTION READ ONLY")
    return connection, database, pymysql.MySQLError
