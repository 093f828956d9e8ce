"""How long a call takes once the server has loaded: from writing the request to reading the answer, one at a time.

All servers run at once and take turns call by call, so that a busy machine is busy for all of them.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from typing import Any

from measuring import HERE, LEGACY, MODERN, Peer, opening, our_command, request, table

ECHO = {"name": "echo", "arguments": {"text": "hello"}}
BARE = "Python SDK: echo, its own transport"
CALLS: Mapping[str, Mapping[str, Any]] = {
    BARE: ECHO,
    "the same echo on our transport": ECHO,
    "domain-agents: get_agent, short instructions": {"name": "get_agent", "arguments": {"name": "brief"}},
    "domain-agents: get_agent, migration-writer": {"name": "get_agent", "arguments": {"name": "migration-writer"}},
    "domain-agents: find_agent": {"name": "find_agent", "arguments": {"request": "add a column to a big table"}},
}
WARM_UP = 50


def peers(agents: str, environment: dict[str, str]) -> dict[str, Peer]:
    """The servers, one for each row."""
    commands = [
        [sys.executable, str(HERE / "peers" / "bare_sdk.py"), "1000"],
        [sys.executable, str(HERE / "peers" / "our_transport.py"), "1000"],
        *[our_command("--agents", agents)] * (len(CALLS) - 2),
    ]
    return {name: Peer(command, environment=environment) for name, command in zip(CALLS, commands, strict=True)}


def milliseconds(peer: Peer, number: int, call: Mapping[str, Any], version: str) -> float:
    """One call."""
    frame = request(number, "tools/call", call, version=version)
    started = time.perf_counter()
    peer.send([frame])
    peer.answer(number)
    return (time.perf_counter() - started) * 1000


def measure(version: str, calls: int) -> None:
    """Print the table of one protocol version."""
    with tempfile.TemporaryDirectory() as name:
        with open(f"{name}/brief.md", "w", encoding="utf-8") as file:  # noqa: PTH123
            file.write("---\nname: brief\ndescription: Says hello.\n---\n\nSay hello.\n")
        started = peers(name, {"XDG_CONFIG_HOME": name, "XDG_CACHE_HOME": name})
        times: dict[str, list[float]] = {name: [] for name in started}
        sizes: dict[str, int] = {}
        for one, peer in started.items():
            peer.send(opening(version))
            peer.answer(1)
            peer.send([request(2, "tools/call", CALLS[one], version=version)])
            sizes[one] = len(json.dumps(peer.answer(2)))
        time.sleep(3)  # until manifests are written and nothing is done in the background
        for number in range(calls + WARM_UP):
            for one, peer in started.items():
                took = milliseconds(peer, number + 10, CALLS[one], version)
                if number >= WARM_UP:
                    times[one].append(took)
        memory = {one: peer.memory_mib() for one, peer in started.items()}
        for peer in started.values():
            peer.close()
    bare = statistics.median(times[BARE])
    rows = []
    for one, all_took in times.items():
        percentiles = statistics.quantiles(all_took, n=100)
        rows.append(
            (
                one,
                f"{sizes[one]:,}",
                f"{statistics.median(all_took):.2f}",
                f"{percentiles[98]:.2f}",
                f"{statistics.median(all_took) / bare:.2f}",
                f"{memory[one]:.0f}" if memory[one] is not None else "unknown",
            )
        )
    table(
        f"`tools/call`, protocol {version}, {calls} calls",
        ("server and call", "answer, bytes", "p50 ms", "p99 ms", "p50, times the SDK's", "memory, MiB"),
        rows,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    calls = parser.parse_args().rounds * 40
    for version in (LEGACY, MODERN):
        measure(version, calls)


if __name__ == "__main__":
    main()
