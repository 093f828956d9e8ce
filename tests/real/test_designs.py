"""Designs on real servers: the DDL loads, the tables take rows, and every access path is served by its index there."""

from __future__ import annotations

import contextlib
import json
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.catalog import TableName
from domain_agents.engines import engine
from domain_agents.observations import Assumptions
from domain_agents.schemas.design import design
from domain_agents.schemas.reading_back import read_back
from domain_agents.schemas.spec import read_spec
from domain_agents.schemas.writing import write_sql
from domain_agents.workspace.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.real.mariadb_server import MariaDB

    from domain_agents.schemas.design import Design
    from domain_agents.schemas.serving import Served
    from domain_agents.workspace.scratch import PostgresScratch

SPECS = sorted((Path(__file__).parents[2] / "examples" / "schemas").glob("*.json"))
ROWS = 3_000
products = pytest.mark.parametrize("path", SPECS, ids=[path.stem for path in SPECS])


def made(path: Path, name: str, version: str) -> tuple[Design, str]:
    spec = read_spec(json.loads(path.read_text()))
    designed = design(spec, engine(name, version))
    sql = write_sql(designed)
    assert [finding.effect for finding in read_back(designed, sql)] == []
    return designed, sql


def wanted(designed: Design) -> dict[str, int]:
    """Many rows where something is looked for, few elsewhere: what an equal column finds are a few rows of many."""
    looked_at = {one.table for one in designed.access}
    return {one.table.name.name: ROWS if one.table.name.name in looked_at else 200 for one in designed.tables}


def revived(designed: Design, quote: str) -> list[str]:
    """Made-up rows are mostly deleted ones; real ones are mostly not."""
    return [
        f"UPDATE {'IGNORE ' if quote == '`' else ''}{quote}{one.table.name.name}{quote} SET deleted_at = NULL"
        for one in designed.tables
        if one.table.column("deleted_at") is not None
    ]


def never_null(designed: Design) -> Assumptions:
    """What a path looks for is there."""
    looked_for = set()
    for one in designed.access:
        table = designed.schema.tables[TableName(one.table)]
        looked_for |= {(one.table, column.name) for column in table.columns if f":{column.name}" in one.query}
    return Assumptions(frozenset(looked_for))


def served(designed: Design) -> list[Served]:
    """The paths that something serves; an INSERT needs no index."""
    return [one for one in designed.access if one.op != "insert" and one.covered]


def filled_in(
    path: Served, rows: Callable[[str], list[tuple[Any, ...]]], quote: str, literal: Callable[[Any], str]
) -> str:
    """The path's query with the values of a row that is there."""
    table = f"{quote}{path.table}{quote}"
    names = re.findall(r"(?<![:\w]):([a-z]\w*)", path.query)
    spans = {name.removesuffix("_from") for name in names if name.endswith("_from")}
    columns = [name.removeprefix("new_") for name in names if name != "words" and not name.endswith(("_from", "_to"))]
    listed = ", ".join(f"{quote}{name}{quote}" for name in columns) or "1"
    held = dict(zip(columns, rows(f"SELECT {listed} FROM {table} LIMIT 1 OFFSET 40")[0], strict=False))

    def value(found: re.Match[str]) -> str:
        column, _, end = found[1].rpartition("_")
        if found[1] == "words":
            return "'some words'"
        if column in spans and end in {"from", "to"}:
            span = [row[0] for row in rows(f"SELECT {quote}{column}{quote} FROM {table} ORDER BY 1 LIMIT 60")]
            first = span[0] - timedelta(days=1) if isinstance(span[0], date) else span[0]
            return literal(first if end == "from" else span[-1])
        return literal(held[found[1].removeprefix("new_")])

    # The few rows of one parent are found sooner by the parent than by their words: only the words shall be looked for.
    query = re.sub(r"[\w`.]+ = :\w+ AND ", "", path.query) if path.op == "search" else path.query
    return re.sub(r"(?<![:\w]):([a-z]\w*)", value, query)


@products
def test_postgresql_serves_every_path_by_its_index(path: Path, postgres: PostgresScratch) -> None:
    from psycopg import sql as psycopg_sql

    from domain_agents.workspace.live_postgresql import read_tables
    from domain_agents.workspace.seeding import seed

    designed, text = made(path, "postgresql", "18")
    database, _ = postgres.create_database()
    with postgres.connect(database) as connection:
        connection.execute(text)
        seeding, _ = seed(
            connection, read_tables(connection), wanted(designed), never_null(designed), Watch(60), as_superuser=True
        )
        assert seeding.failed == {}
        for statement in revived(designed, '"'):
            connection.execute(statement)
        connection.execute("ANALYZE")
        connection.execute("SET enable_seqscan = off")
        missed = {}
        for one in served(designed):
            query = filled_in(
                one,
                lambda sql: connection.execute(sql).fetchall(),
                '"',
                lambda value: psycopg_sql.Literal(_jsonable(value)).as_string(connection),
            )
            plan = "\n".join(str(row[0]) for row in connection.execute(f"EXPLAIN {query}").fetchall())
            # A partition's part of an index is named after the partition.
            of_partition = one.served_by.replace(one.table, f"{one.table}_default", 1)
            if one.served_by not in plan and of_partition not in plan:
                missed[one.id] = f"{one.served_by} is not in\n{query}\n{plan}"
        assert not missed, "\n\n".join(f"{name}: {said}" for name, said in missed.items())
    postgres.drop_database(database)


def _jsonable(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


@products
def test_mariadb_serves_every_path_by_its_index(path: Path, mariadb: MariaDB) -> None:
    from domain_agents.workspace.live_mysql import read_tables
    from domain_agents.workspace.mysql_session import Session
    from domain_agents.workspace.seeding_mysql import seed

    designed, text = made(path, "mariadb", "10.11")
    database = mariadb.database()
    assert database.run_file(text) == ""
    told = {"unix_socket": mariadb.socket, "user": "root", "database": database.name}
    with contextlib.closing(Session(told, lambda _number, _whole: None, quoting=True)) as seeds:
        seeding, _ = seed(seeds, read_tables(seeds), wanted(designed), never_null(designed), Watch(60))
    assert seeding.failed == {}
    with contextlib.closing(Session(told, lambda _number, _whole: None)) as session:
        for statement in revived(designed, "`"):
            session.execute(statement)
        for each in designed.tables:
            session.execute(f"ANALYZE TABLE `{each.table.name.name}`")
        missed = {}
        for one in served(designed):
            query = filled_in(one, lambda sql: session.execute(sql).rows, "`", mysql_literal)
            plan = session.execute(f"EXPLAIN {query}")
            names = [column[0] for column in plan.description]
            rows = [dict(zip(names, row, strict=True)) for row in plan.rows]
            if not any(one.served_by in (row["possible_keys"] or row["key"] or "") for row in rows):
                missed[one.id] = f"{one.served_by} is not in\n{query}\n{rows}"
        assert not missed, "\n\n".join(f"{name}: {said}" for name, said in missed.items())


def mysql_literal(value: Any) -> str:
    if isinstance(value, int | float | Decimal):
        return str(value)
    return "x'" + value.hex() + "'" if isinstance(value, bytes) else "'" + str(value).replace("'", "''") + "'"


@products
def test_sqlite_serves_every_path_by_its_index(path: Path, tmp_path: Path) -> None:
    from domain_agents.dialects import dialect
    from domain_agents.workspace.bench_sqlite import SqliteBench

    designed, text = made(path, "sqlite", "3.40")
    with SqliteBench(Watch(60)) as bench:
        bench.apply_schema([one.sql for one in dialect("sqlite").read(text)])
        seeding = bench.seed(wanted(designed), never_null(designed))
        assert seeding.failed == {}
        connection = bench._admin
        for statement in revived(designed, '"'):
            connection.execute(statement)
        # Made-up rows of a table between two have one parent for thousands: a scan would be right for them.
        for each in designed.tables:
            if each.table.column("id") is None:
                connection.execute("DELETE FROM sqlite_stat1 WHERE tbl = ?", (each.table.name.name,))
        connection.execute("ANALYZE sqlite_schema")
        missed = {}
        for one in served(designed):
            query = filled_in(one, lambda sql: connection.execute(sql).fetchall(), '"', sqlite_literal)
            plan = "\n".join(str(row[3]) for row in connection.execute(f"EXPLAIN QUERY PLAN {query}"))
            is_key = one.served_by.endswith("_pkey") and "PRIMARY KEY" in plan
            held = next(t.table for t in designed.tables if t.table.name.name == one.table)
            autoindex = any(u.name == one.served_by for u in held.uniques) and "sqlite_autoindex" in plan
            if one.served_by not in plan and not is_key and not autoindex:
                missed[one.id] = f"{one.served_by} is not in\n{query}\n{plan}"
        assert not missed, "\n\n".join(f"{name}: {said}" for name, said in missed.items())


def sqlite_literal(value: Any) -> str:
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
