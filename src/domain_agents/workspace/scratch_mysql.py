"""Which scratch MySQL or MariaDB to use: one started from what this machine has installed, or one configured by name."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import parse_qs, unquote, urlsplit

from domain_agents.observations import How, ScratchProblem, ServerFacts
from domain_agents.workspace.mysql_process import PRODUCTS, ServerProcess, choose, installed
from domain_agents.workspace.mysql_session import Session, driver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CONFIGURED_PREFIX: Final = "DOMAIN_AGENTS_SERVER_"
_SCHEME: Final = re.compile(r"\s*(?:mysql|mariadb)(?:\+\w+)?://", re.IGNORECASE)


def configured_names(environment: Mapping[str, str]) -> dict[str, str]:
    """The configured servers of this kind: name as a call writes it (lower case) -> as the environment does."""
    names = (
        key.removeprefix(CONFIGURED_PREFIX)
        for key, value in environment.items()
        if key.startswith(CONFIGURED_PREFIX) and _SCHEME.match(value)
    )
    return {name.lower(): name for name in sorted(names) if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)}


class MysqlScratch:
    """A scratch server, one user and some databases per proof. Use as a context manager: leaving it deletes everything."""

    def __init__(self, facts: ServerFacts, told: Mapping[str, Any], process: ServerProcess | None) -> None:
        self.facts = facts
        self._told = dict(told)
        self._process = process
        self._made: list[tuple[str, str]] = []
        self._passwords: dict[str, str] = {}
        self.shows_locks = self._shows_locks()

    @classmethod
    def start(cls, engine: str, version: str = "", check: Callable[[], None] = lambda: None) -> MysqlScratch:
        """Start a server of that product and release series if there is one here, else of the newest series.

        Raises:
            ScratchProblem: no driver or no server is installed (the message says what to install), or it does not start.
        """
        driver()
        chosen = choose(engine, version, installed())
        process = ServerProcess(chosen, check)
        try:
            return cls(
                ServerFacts(engine, chosen.version, How.LOCAL),
                {"unix_socket": process.socket, "user": "root", "password": ""},
                process,
            )
        except BaseException:
            process.stop()
            raise

    @classmethod
    def configured(cls, name: str, engine: str, environment: Mapping[str, str] | None = None) -> MysqlScratch:
        """The disposable server whose address (mysql://user:password@host:3306) stands in DOMAIN_AGENTS_SERVER_<NAME>.

        Raises:
            ScratchProblem: there is none of that name, or it cannot be used. The message never holds the address.
        """
        mysql = driver()
        values = os.environ if environment is None else environment
        known = configured_names(values)
        if name.lower() not in known:
            there_are = f"configured are: {', '.join(known)}" if known else "none is configured"
            raise ScratchProblem(
                f"there is no configured MySQL or MariaDB named {name[:60]!r}; {there_are}. Whoever runs this server sets "
                f"{CONFIGURED_PREFIX}<NAME> to mysql://user:password@host:3306 of a disposable one; a call never gives one"
            )
        try:
            told = _address(values[CONFIGURED_PREFIX + known[name.lower()]])
            with contextlib.closing(Session(told, lambda _number, _whole: None)) as session:
                said = str(session.execute("SELECT version()").rows[0][0])
                granted = " ".join(str(row[0]) for row in session.execute("SHOW GRANTS").rows)
        except (mysql.MySQLError, OSError, ValueError):
            # The driver's message may quote the address.
            raise ScratchProblem(f"the configured server {name!r} cannot be reached, or refuses its user") from None
        is_mariadb = "mariadb" in said.lower()
        if is_mariadb != (engine == "mariadb"):
            raise ScratchProblem(
                f"the configured server {name!r} is a {PRODUCTS['mariadb' if is_mariadb else 'mysql']}, and the migration "
                f"is for {PRODUCTS[engine]}: name another, or give `engine`"
            )
        if not re.search(r"ALL PRIVILEGES ON \*\.\*|CREATE USER.* ON \*\.\*", granted):
            raise ScratchProblem(f"the user of the configured server {name!r} may not create users and databases")
        version = re.match(r"\d+(?:\.\d+)*", said.removeprefix("5.5.5-"))
        return cls(ServerFacts(engine, version.group() if version else said, How.CONFIGURED), told, None)

    def _shows_locks(self) -> str:
        """Where metadata locks can be seen: the query's table, or "" where nothing shows them."""
        with contextlib.closing(self.session()) as session:
            if self.facts.engine == "mariadb":
                there = session.execute(
                    "SELECT 1 FROM information_schema.PLUGINS WHERE PLUGIN_NAME = 'METADATA_LOCK_INFO'"
                    " AND PLUGIN_STATUS = 'ACTIVE'"
                ).rows
                return "plugin" if there else ""
            instrument = session.execute(
                "SELECT 1 FROM performance_schema.setup_instruments"
                " WHERE NAME = 'wait/lock/metadata/sql/mdl' AND ENABLED = 'YES'"
            ).rows
            return "performance_schema" if instrument else ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def session(self, database: str = "", user: str = "", *, quoting: bool = False) -> Session:
        """A connection that commits by itself: as the server's owner, or as the user of a proof."""
        told = dict(self._told)
        if user:
            told |= {"user": user, "password": self._passwords[user]}
        if database:
            told["database"] = database
        return Session(told, self._kill, quoting=quoting)

    def _kill(self, number: int, whole: bool) -> None:
        with contextlib.closing(self.session()) as session:
            session.execute(f"KILL {'CONNECTION' if whole else 'QUERY'} {number}")

    def create_database(self, user: str = "") -> tuple[str, str]:
        """A new database and the user who may do anything in it and nothing elsewhere, a new one unless it is given."""
        name = f"proof_{secrets.token_hex(6)}"
        with contextlib.closing(self.session()) as admin:
            admin.execute(f"CREATE DATABASE `{name}`")
            self._made.append(("DATABASE", name))
            if not user:
                user = name
                password = self._passwords[user] = secrets.token_hex(16)
                admin.execute(f"CREATE USER '{user}'@'%' IDENTIFIED BY '{password}'")
                self._made.append(("USER", user))
            # An underscore stands for any character here.
            escaped = name.replace("_", r"\_")
            admin.execute(f"GRANT ALL ON `{escaped}`.* TO '{user}'@'%'")
        return name, user

    def drop_database(self, database: str) -> None:
        """Drop one database of ours."""
        self._drop("DATABASE", database)

    def drop_user(self, user: str) -> None:
        """Drop the user of a proof whose databases are gone."""
        self._drop("USER", user)

    def end_sessions(self, user: str) -> None:
        """End whatever a user has left running: it would hold the locks of its tables."""
        with contextlib.closing(self.session()) as admin:
            left = admin.execute("SELECT ID FROM information_schema.PROCESSLIST WHERE USER = %s", (user,)).rows
            for (number,) in left:
                with contextlib.suppress(driver().MySQLError):
                    admin.execute(f"KILL {int(number)}")

    def _drop(self, kind: str, name: str) -> None:
        with contextlib.closing(self.session()) as admin:
            admin.execute(f"DROP {kind} IF EXISTS {_named(kind, name)}")
        self._made = [made for made in self._made if made != (kind, name)]

    def close(self) -> None:
        """Stop the server, or take out of a configured one what was put in."""
        if self._process is not None:
            self._process.stop()
            return
        error = driver().MySQLError
        with contextlib.suppress(error, OSError), contextlib.closing(self.session()) as admin:
            for kind, name in reversed(self._made):
                with contextlib.suppress(error):
                    admin.execute(f"DROP {kind} IF EXISTS {_named(kind, name)}")
        self._made.clear()


def _named(kind: str, name: str) -> str:
    return f"`{name}`" if kind == "DATABASE" else f"'{name}'@'%'"


def _address(text: str) -> dict[str, Any]:
    """The driver's words for mysql://user:password@host:port/?unix_socket=PATH&ssl_ca=PATH."""
    parts = urlsplit(text.strip())
    asked = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    told: dict[str, Any] = {"user": unquote(parts.username or "root"), "password": unquote(parts.password or "")}
    if "unix_socket" in asked:
        told["unix_socket"] = asked["unix_socket"]
    else:
        told |= {"host": parts.hostname or "localhost", "port": parts.port or 3306}
    if "ssl_ca" in asked:
        told["ssl_ca"] = asked["ssl_ca"]
    return {**told, "connect_timeout": 10}
