"""How long a client waits for its first list of tools: from starting the process to reading the answer.

All frames of the opening are written at once, as soon as the process is started. The servers take turns, in an order
that changes with every round, so that a busy machine is busy for all of them.
"""

import argparse
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from measuring import HERE, LEGACY, MODERN, Peer, opening, our_command, request, spread, table

MANY = 1_000
FLOOR, RAW, OURS, MANY_OURS = (
    "`python -c pass` (the interpreter alone)",
    "stdio loop by hand, no SDK",
    "domain-agents",
    (f"domain-agents, {MANY:,} agents added"),
)
COLD, SDK, TYPESCRIPT = (
    f"domain-agents, {MANY:,} agents added, first start ever",
    "Python SDK, one tool",
    "TypeScript SDK, one tool",
)
TYPESCRIPT_PEER = HERE / "peers" / "typescript"


def milliseconds_to_list(command: list[str], version: str, environment: dict[str, str]) -> float:
    """From the start of the process to the answer."""
    peer = Peer(command, environment=environment)
    try:
        peer.send([*opening(version), request(2, "tools/list", version=version)])
        peer.answer(2)
        return (time.perf_counter() - peer.started) * 1000
    finally:
        peer.close()


def milliseconds_to_end() -> float:
    """Of an interpreter that does nothing."""
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return (time.perf_counter() - started) * 1000


def list_size(environment: dict[str, str]) -> int:
    """Bytes of our list, which the others' are made as long as."""
    peer = Peer(our_command(), environment=environment)
    try:
        peer.send([*opening(LEGACY), request(2, "tools/list")])
        return len(str(peer.answer(2)["result"]))
    finally:
        peer.close()


def write_agents(directory: Path) -> None:
    """Agents as people have them: a page each."""
    body = "You know one thing well and say when a question is about another.\n\n" * 30
    for number in range(MANY):
        text = f"---\nname: expert-{number:04}\ndescription: Knows part {number} of the system.\n---\n\n{body}"
        (directory / f"expert-{number:04}.md").write_text(text)


def fill_cache(command: list[str], environment: dict[str, str], cache: Path) -> None:
    """Run once until the manifest for these agents is written, as any earlier start has done."""
    peer = Peer(command, environment=environment)
    peer.send([*opening(LEGACY), request(2, "tools/list")])
    peer.answer(2)
    deadline = time.monotonic() + 60
    while not list(cache.rglob("*.manifest")):
        if time.monotonic() > deadline:
            raise SystemExit("no manifest was written within a minute")
        time.sleep(0.1)
    peer.close()


def contestants(scratch: Path, version: str) -> dict[str, Callable[[], float]]:
    """What is measured, by its name in the table."""
    agents, cache, empty = scratch / "agents", scratch / "cache", scratch / "empty"
    plain = {"XDG_CONFIG_HOME": str(empty), "XDG_CACHE_HOME": str(cache)}
    many = our_command("--agents", str(agents))
    fill_cache(many, plain, cache)
    size = str(list_size(plain))

    def cold() -> float:
        with tempfile.TemporaryDirectory() as unused:
            return milliseconds_to_list(many, version, {**plain, "XDG_CACHE_HOME": unused})

    measured: dict[str, Callable[[], float]] = {
        FLOOR: milliseconds_to_end,
        RAW: partial(milliseconds_to_list, [sys.executable, str(HERE / "peers" / "raw_loop.py"), size], version, plain),
        OURS: partial(milliseconds_to_list, our_command(), version, plain),
        MANY_OURS: partial(milliseconds_to_list, many, version, plain),
        COLD: cold,
        SDK: partial(milliseconds_to_list, [sys.executable, str(HERE / "peers" / "bare_sdk.py"), size], version, plain),
    }
    node = shutil.which("node")
    if node is not None and (TYPESCRIPT_PEER / "node_modules").is_dir():
        server = [node, str(TYPESCRIPT_PEER / "server.mjs"), size]
        measured[TYPESCRIPT] = partial(milliseconds_to_list, server, version, plain)
    return measured


def measure(version: str, rounds: int) -> None:
    """Print the table of one protocol version."""
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for folder in ("agents", "cache", "empty"):
            (scratch / folder).mkdir()
        write_agents(scratch / "agents")
        measured = contestants(scratch, version)
        times: dict[str, list[float]] = {name: [] for name in measured}
        for number in range(rounds + 1):
            for one in random.sample(list(measured), len(measured)):
                took = measured[one]()
                if number:  # the first round fills the system's file cache
                    times[one].append(took)
    ours = statistics.median(times[OURS])
    order = (FLOOR, RAW, OURS, MANY_OURS, TYPESCRIPT, SDK, COLD)
    rows = [(one, spread(times[one]), f"{statistics.median(times[one]) / ours:.2f}") for one in order if one in times]
    table(
        f"First `tools/list`, protocol {version}, {rounds} rounds",
        ("server", "ms, median [range]", "times ours"),
        rows,
    )
    if TYPESCRIPT not in times:
        print(f"Left out: {TYPESCRIPT}; run npm install in benchmarks/peers/typescript, with Node 20 or later.\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for version in (LEGACY, MODERN):
        measure(version, rounds)


if __name__ == "__main__":
    main()
