"""Several processes that accept from one socket. They share nothing else, so any of them can take any request."""

from __future__ import annotations

import logging
import multiprocessing
import signal
import threading
import time
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.context import SpawnProcess

RESTART_SECONDS = 1.0
"""The pause before a worker that ended by itself is started again, so that one that cannot start does not spin."""
STOP_SECONDS = 10.0

logger = logging.getLogger(__name__)


def run_workers(count: int, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    """Run `work(*arguments)` in that many fresh processes until this one is told to stop; one that ends is replaced.

    Processes are spawned, not forked: threads and locks of this one do not come along.
    """
    context = multiprocessing.get_context("spawn")
    stop = threading.Event()

    def told_to_stop(*_: object) -> None:
        stop.set()

    previous = {name: signal.signal(name, told_to_stop) for name in (signal.SIGINT, signal.SIGTERM)}

    def start() -> SpawnProcess:
        process = context.Process(target=work, args=arguments, daemon=True)
        process.start()
        return process

    workers = [start() for _ in range(count)]
    try:
        while not stop.is_set():
            wait([worker.sentinel for worker in workers], timeout=0.25)
            for index, worker in enumerate(workers):
                if worker.exitcode is not None and not stop.is_set():
                    logger.warning("worker %s ended with code %s and is replaced", worker.pid, worker.exitcode)
                    stop.wait(RESTART_SECONDS)
                    workers[index] = worker if stop.is_set() else start()
    finally:
        for worker in workers:
            worker.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in workers:
            worker.join(max(0.1, deadline - time.monotonic()))
            if worker.exitcode is None:
                worker.kill()
                worker.join()
        for name, handler in previous.items():
            signal.signal(name, handler)
