"""One proof from end to end: a scratch server, its bench, the verdict. The tool, the demo and the tests call this."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain_agents.migrations.prove import Proof, ProofRequest, not_run, prove_on, refusals
from domain_agents.observations import OutOfTime, ScratchProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.migrations.prove import Bench
    from domain_agents.tools import Job
    from domain_agents.workspace.bench_mysql import MysqlBench
    from domain_agents.workspace.bench_postgresql import PostgresBench
    from domain_agents.workspace.scratch import PostgresScratch
    from domain_agents.workspace.scratch_mysql import MysqlScratch
    from domain_agents.workspace.watch import Watch

DEFAULT_SECONDS: Final = 120.0
ON_A_SERVER: Final = frozenset({"postgresql", "mysql", "mariadb"})
"""Those for which a disposable server can be configured."""


_DATABASE: Final = re.compile(r"\s*(?:/\*!\d*\s*)?(?:(?:CREATE|DROP|ALTER)\s+(?:DATABASE|SCHEMA)|USE)\b", re.IGNORECASE)


class Refused(ValueError):
    """Statements that may not run even on a scratch server; the message names them."""


def prove(
    request: ProofRequest,
    job: Job,
    *,
    server: str = "",
    seconds: float = DEFAULT_SECONDS,
    scratch: PostgresScratch | MysqlScratch | None = None,
) -> Proof:
    """Prove the files on a scratch server of their own (or on `scratch`, which stays).

    `server` names a configured disposable server. Never raises for a server that is not there: the verdict is not_run and
    the reason says what to install.

    Raises:
        Refused: a statement reaches for something outside the scratch server.
        Cancelled: the client took the call back.
    """
    request = _in_one_database(request)
    given = [("schema", sql) for sql in request.schema]
    given += [(file.path, one.sql) for file in request.files for one in file.statements]
    refused = refusals(request.engine, given)
    if refused:
        raise Refused("; ".join(refused[:5]))
    from domain_agents.workspace.watch import Watch

    watch = Watch(seconds, job.check)
    job.progress(0, 1, "starting a scratch server")
    try:
        with _bench(request, watch, server, scratch) as bench:
            return prove_on(bench, request, lambda done, says: job.progress(done, 1, says))
    except OutOfTime as problem:
        return not_run(str(problem))
    except ScratchProblem as problem:
        return not_run(str(problem))


def _in_one_database(request: ProofRequest) -> ProofRequest:
    """The request without the statements of a dump that make the database and enter it: a proof has one already."""
    if request.engine not in ("mysql", "mariadb"):
        return request
    kept = tuple(sql for sql in request.schema if not _DATABASE.match(sql))
    if kept == request.schema:
        return request
    note = "left out of the schema: CREATE DATABASE and USE; a proof has a database of its own"
    return replace(request, schema=kept, notes=(*request.notes, note))


@contextmanager
def _bench(
    request: ProofRequest, watch: Watch, server: str, scratch: PostgresScratch | MysqlScratch | None
) -> Iterator[Bench]:
    if request.engine == "sqlite":
        from domain_agents.workspace.bench_sqlite import SqliteBench

        with SqliteBench(watch) as bench:
            yield bench
        return
    used = scratch or _scratch(request, watch, server)
    try:
        made = _bench_on(used, watch)
        try:
            yield made
        finally:
            made.close()
    finally:
        if scratch is None:
            used.close()


def _scratch(request: ProofRequest, watch: Watch, server: str) -> PostgresScratch | MysqlScratch:
    from domain_agents.workspace.scratch import PostgresScratch
    from domain_agents.workspace.scratch_mysql import MysqlScratch

    if request.engine == "postgresql":
        return PostgresScratch.configured(server) if server else PostgresScratch.start(request.version, watch.check)
    if server:
        return MysqlScratch.configured(server, request.engine)
    return MysqlScratch.start(request.engine, request.version, watch.check)


def _bench_on(used: PostgresScratch | MysqlScratch, watch: Watch) -> PostgresBench | MysqlBench:
    from domain_agents.workspace.scratch import PostgresScratch

    if isinstance(used, PostgresScratch):
        from domain_agents.workspace.bench_postgresql import PostgresBench

        return PostgresBench(used, watch)
    from domain_agents.workspace.bench_mysql import MysqlBench

    return MysqlBench(used, watch)
