"""What a proof for MySQL or MariaDB says where there is no server or no driver, and which server it chooses."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from domain_agents.migrations.prove import ProofFile, ProofRequest, ProofStatement, Verdict
from domain_agents.observations import ScratchProblem
from domain_agents.tools import Job, Settings, ToolError
from domain_agents.tools._arguments import parse_arguments
from domain_agents.tools._proving import prove
from domain_agents.tools.prove_migration import TOOL
from domain_agents.workspace import mysql_process, scratch_mysql
from domain_agents.workspace.mysql_process import Binaries, choose

HERE = Path("/opt/server")


def binaries(engine: str, version: str) -> Binaries:
    """A server that is not there."""
    return Binaries(HERE / engine / version, engine, version, HERE)


THREE = (binaries("mariadb", "10.11.18"), binaries("mariadb", "11.8.6"), binaries("mysql", "8.4.10"))


@pytest.mark.parametrize(
    ("engine", "asked", "chosen"),
    [
        ("mariadb", "10.11", "10.11.18"),
        ("mariadb", "10.11.4", "10.11.18"),
        ("mariadb", "10.6", "11.8.6"),
        ("mariadb", "", "11.8.6"),
        ("mysql", "9.7", "8.4.10"),
        ("mysql", "8.4", "8.4.10"),
    ],
)
def test_the_release_asked_for_is_chosen_and_else_the_newest_of_the_product(
    engine: str, asked: str, chosen: str
) -> None:
    assert choose(engine, asked, THREE).version == chosen


def test_a_server_of_the_other_product_is_none() -> None:
    with pytest.raises(ScratchProblem, match=r"no MySQL server is installed here \(mysqld is neither"):
        choose("mysql", "", THREE[:2])


@pytest.mark.parametrize(("engine", "product"), [("mysql", "MySQL"), ("mariadb", "MariaDB")])
def test_without_a_server_nothing_is_proved_and_the_way_out_is_named(
    engine: str, product: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch_mysql, "installed", lambda: ())
    found = prove(ProofRequest(engine, (ProofFile("0001.sql", (ProofStatement("SELECT 1"),)),)), Job())
    assert found.verdict is Verdict.NOT_RUN
    assert f"no {product} server is installed here" in found.reasons[0]
    assert "`server`" in found.reasons[0]


def test_without_the_driver_nothing_is_proved_and_the_way_out_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymysql", None)
    found = prove(ProofRequest("mariadb", (ProofFile("0001.sql", (ProofStatement("SELECT 1"),)),)), Job())
    assert found.verdict is Verdict.NOT_RUN
    assert "pip install 'domain-agents[mysql]'" in found.reasons[0]


def test_what_is_no_server_is_not_taken_for_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, says in (("mysqld", "echo hello"), ("mariadbd", "exit 1")):
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\n{says}\n")
        program.chmod(0o755)
    monkeypatch.setattr(mysql_process, "_folders", lambda: iter((tmp_path,)))
    mysql_process.installed.cache_clear()
    try:
        assert mysql_process.installed() == ()
    finally:
        mysql_process.installed.cache_clear()


def called(**arguments: Any) -> str:
    """What the tool says."""
    given = {"sql": "SELECT 1", "schema": "CREATE TABLE t (id int PRIMARY KEY)", "framework": "raw", **arguments}
    return TOOL.call(parse_arguments(TOOL, given), Settings(project=None), Job()).text


def test_a_configured_server_is_one_of_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOMAIN_AGENTS_SERVER_PG", "postgresql://nobody:hush@nowhere/x")
    monkeypatch.setenv("DOMAIN_AGENTS_SERVER_MY", "mysql://nobody:hush@localhost:1/")
    with pytest.raises(ToolError, match="configured: my"):
        called(engine="mariadb", server="pg")
    with pytest.raises(ToolError, match="configured: pg"):
        called(engine="postgresql", server="my")
    with pytest.raises(ToolError, match="proved in process"):
        called(engine="sqlite", server="my")


def test_a_configured_server_that_is_not_there_is_told_without_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOMAIN_AGENTS_SERVER_MY", "mysql://nobody:hush@localhost:1/")
    text = called(engine="mysql", server="my")
    assert "cannot be reached" in text
    assert "hush" not in text
