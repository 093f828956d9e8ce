"""One proof from end to end: a scratch server, its bench, the verdict. The tool, the demo and the tests call this."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from domain_agents.migrations.prove import Proof, ProofRequest, not_run, prove_on, refusals
from domain_agents.observations import OutOfTime, ScratchProblem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.migrations.prove import Bench
    from domain_agents.tools import Job
    from domain_agents.workspace.scratch import PostgresScratch
    from domain_agents.workspace.watch import Watch

DEFAULT_SECONDS: Final = 120.0
PROVABLE: Final = ("postgresql", "sqlite")


class Refused(ValueError):
    """Statements that may not run even on a scratch server; the message names them."""


def prove(
    request: ProofRequest,
    job: Job,
    *,
    server: str = "",
    seconds: float = DEFAULT_SECONDS,
    scratch: PostgresScratch | None = None,
) -> Proof:
    """Prove the files on a scratch server of their own (or on `scratch`, which stays).

    `server` names a configured disposable server. Never raises for a server that is not there: the verdict is not_run and
    the reason says what to install.

    Raises:
        Refused: a statement reaches for something outside the scratch server.
        Cancelled: the client took the call back.
    """
    if request.engine not in PROVABLE:
        return not_run(
            f"a scratch {request.engine} cannot be started yet (today: {', '.join(PROVABLE)}): run the files on a copy of "
            "the server first; each ALTER TABLE that was planned says its ALGORITHM, and is refused where that cannot be"
        )
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


@contextmanager
def _bench(request: ProofRequest, watch: Watch, server: str, scratch: PostgresScratch | None) -> Iterator[Bench]:
    if request.engine == "sqlite":
        from domain_agents.workspace.bench_sqlite import SqliteBench

        with SqliteBench(watch) as bench:
            yield bench
        return
    from domain_agents.workspace.scratch import PostgresScratch, require_driver

    require_driver()
    from domain_agents.workspace.bench_postgresql import PostgresBench

    own = scratch is None
    used = scratch or (
        PostgresScratch.configured(server) if server else PostgresScratch.start(request.version, watch.check)
    )
    try:
        bench_of_postgresql = PostgresBench(used, watch)
        try:
            yield bench_of_postgresql
        finally:
            bench_of_postgresql.close()
    finally:
        if own:
            used.close()
