"""Accidents: files that are run twice, killed in the middle, or left half applied, each in a twin of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents.migrations import _proof_judging as judging
from domain_agents.migrations._proof_judging import Check, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.migrations._proof_reading import Reading
    from domain_agents.migrations.prove import Bench, ProofRequest

_MAX_FILES: Final = 2
_CHECKS: Final = ("rerun", "crash_resume")


def rehearsals(
    bench: Bench,
    request: ProofRequest,
    reading: Reading,
    report: Callable[[float, str], None],
    *,
    complete: bool,
) -> dict[str, Check]:
    """Backfills, run twice and cut off in the middle; and files whose changes of the schema each commit by themselves, cut
    off between two of them."""
    if not complete:
        return dict.fromkeys(_CHECKS, Check(Outcome.NOT_RUN, "the files did not apply"))
    reruns: list[Check] = []
    crashes: list[Check] = []
    backfills = [position for position, file in enumerate(request.files) if file.is_backfill]
    for position in backfills[:_MAX_FILES]:
        file = request.files[position]
        report(0.75, f"running {file.path} twice, and killing it in the middle")
        once, twice, error, interruption = bench.rehearse(
            [earlier.plain for earlier in request.files[:position]], file.without_ledger(request.ledger)
        )
        reruns.append(judging.rerun(file.path, once, twice, error))
        crashes.append(judging.crash_resume(file.path, interruption, volatile=reading.is_volatile))
    tried = 0
    for position, file in enumerate(request.files):
        if position in backfills or tried == _MAX_FILES:
            continue
        halves = bench.leave_half_applied(
            [earlier.plain for earlier in request.files[:position]], file.without_ledger(request.ledger)
        )
        if halves:
            tried += 1
            report(0.8, f"running {file.path} again after it was left half applied")
            crashes.append(judging.half_applied(file.path, halves))
    nothing = "no file changes rows and commits as it goes"
    return {
        "rerun": judging.all_of(reruns) if reruns else Check(Outcome.NOT_RUN, nothing),
        "crash_resume": judging.all_of(crashes)
        if crashes
        else Check(
            Outcome.NOT_RUN, f"{nothing}, and none can be left half applied: what it does is done whole or not at all"
        ),
    }
