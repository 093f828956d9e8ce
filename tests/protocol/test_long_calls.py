"""Progress and cancellation, in both eras."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import anyio.to_thread
import pytest

from domain_agents.tools import Cancelled, Job, Result
from tests.protocol.connecting import both_eras, client, until
from tests.protocol.surface import NoArguments, Surface, tool


class Steps:
    """What a client was told of a call's progress."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float | None, str | None]] = []

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.seen.append((progress, total, message))


@both_eras
async def test_every_step_is_reported_in_order_before_the_result(mode: str) -> None:
    steps = Steps()
    async with client(Surface(), mode) as connected:
        result = await connected.call_tool("steps", {}, progress_callback=steps)
        assert not result.is_error
        await until(lambda: len(steps.seen) >= 5)
    assert steps.seen == [(float(step), 5.0, f"step {step}") for step in range(1, 6)]


@both_eras
async def test_a_step_that_is_no_step_forward_is_not_sent(mode: str) -> None:
    def back_and_forth(_: Any, __: Any, job: Job) -> Result:
        for done in (1, 3, 2, 3, 4):
            job.progress(done, None, "")
        return Result({"said": ""}, "")

    steps = Steps()
    async with client(Surface(extra_tools=(tool("back", back_and_forth, NoArguments, long=True),)), mode) as connected:
        await connected.call_tool("back", {}, progress_callback=steps)
        await until(lambda: len(steps.seen) >= 3)
    assert [done for done, _, _ in steps.seen] == [1, 3, 4]


@both_eras
async def test_a_call_without_a_progress_token_runs_the_same(mode: str) -> None:
    async with client(Surface(), mode) as connected:
        assert (await connected.call_tool("steps", {})).structured_content == {"said": "done"}


@both_eras
async def test_a_cancelled_call_stops_its_work_and_the_server_still_answers(mode: str) -> None:
    surface = Surface()
    async with client(surface, mode) as connected:
        async with anyio.create_task_group() as group:
            group.start_soon(connected.call_tool, "endless", {})
            assert await anyio.to_thread.run_sync(surface.endless.started.wait, 10)
            group.cancel_scope.cancel()
        assert await anyio.to_thread.run_sync(surface.endless.stopped.wait, 10)
        assert not (await connected.call_tool("echo", {"text": "x"})).is_error


@both_eras
async def test_long_calls_wait_for_each_other_and_quick_ones_do_not_wait_for_them(mode: str) -> None:
    release = threading.Event()
    running, most = 0, 0
    lock = threading.Lock()

    def hold(_: Any, __: Any, job: Job) -> Result:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        release.wait(30)
        with lock:
            running -= 1
        return Result({"said": ""}, "")

    surface = Surface(extra_tools=(tool("hold", hold, long=True),))
    async with client(surface, mode) as connected, anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(connected.call_tool, "hold", {})
        for _ in range(5):
            assert not (await connected.call_tool("echo", {"text": "x"})).is_error
        release.set()
    assert 1 <= most <= 4


def test_a_cancelled_job_says_so_at_every_check() -> None:
    job = Job()
    job.check()
    job.cancel()
    for ask in (job.check, lambda: job.progress(1, 2, "")):
        with pytest.raises(Cancelled):
            ask()
