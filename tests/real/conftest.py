"""Real servers: one scratch PostgreSQL for the whole session, a database of its own for each proof."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from domain_agents.observations import ScratchProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.mariadb_server import MariaDB

    from domain_agents.workspace.scratch import PostgresScratch
    from domain_agents.workspace.scratch_mysql import MysqlScratch


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresScratch]:
    """A running scratch PostgreSQL of the newest version there is here.

    Without the `embedded` extra the tests that need it are skipped, and say so; in CI that is a failure.
    """
    from domain_agents.workspace.scratch import PostgresScratch

    try:
        scratch = PostgresScratch.start("18")
    except ScratchProblem as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must bring a PostgreSQL: {problem}")
        pytest.skip(f"no PostgreSQL to prove on: {problem}")
    with scratch:
        yield scratch


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDB]:
    """A running MariaDB: Debian's mariadb-server, on a socket of its own.

    Where it is not installed the tests that need it are skipped, and say so; in CI that is a failure.
    """
    from tests.real.mariadb_server import MariaDB, NoMariaDB

    try:
        server = MariaDB.start(tmp_path_factory.mktemp("m"))
    except NoMariaDB as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must bring a MariaDB: {problem}")
        pytest.skip(f"no MariaDB to run on: {problem}")
    yield server
    server.stop()


def _scratch(engine: str) -> Iterator[MysqlScratch]:
    from domain_agents.workspace.scratch_mysql import MysqlScratch

    with MysqlScratch.start(engine) as scratch:
        yield scratch


@pytest.fixture(scope="session")
def mariadb_scratch() -> Iterator[MysqlScratch]:
    """A running scratch MariaDB, as a proof starts one. Where none is installed: a skip, in CI a failure."""
    try:
        yield from _scratch("mariadb")
    except ScratchProblem as problem:
        if os.environ.get("CI") == "true":
            pytest.fail(f"CI must bring a MariaDB: {problem}")
        pytest.skip(f"no MariaDB to prove on: {problem}")


@pytest.fixture(scope="session")
def mysql_scratch() -> Iterator[MysqlScratch]:
    """A running scratch MySQL. Debian's releases do not package it, so that a skip is no failure in CI either."""
    try:
        yield from _scratch("mysql")
    except ScratchProblem as problem:
        pytest.skip(f"no MySQL to prove on: {problem}")


@pytest.fixture(params=["mariadb", "mysql"])
def scratch(request: pytest.FixtureRequest) -> MysqlScratch:
    """Each of the two."""
    found: MysqlScratch = request.getfixturevalue(f"{request.param}_scratch")
    return found
