"""Starting servers as a client does, and tables of what was measured."""

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
LEGACY, MODERN = "2025-11-25", "2026-07-28"
_PREFIX = "io.modelcontextprotocol/"
_CLIENT = {"name": "benchmark", "version": "1"}
_ENVELOPE = {
    "_meta": {
        f"{_PREFIX}protocolVersion": MODERN,
        f"{_PREFIX}clientCapabilities": {},
        f"{_PREFIX}clientInfo": _CLIENT,
    }
}


def request(number: int, method: str, params: Mapping[str, Any] | None = None, *, version: str = LEGACY) -> bytes:
    """One request as it goes over the wire."""
    frame: dict[str, Any] = {"jsonrpc": "2.0", "id": number, "method": method}
    if params is not None or version == MODERN:
        frame["params"] = {**(params or {}), **(_ENVELOPE if version == MODERN else {})}
    return json.dumps(frame).encode() + b"\n"


def opening(version: str) -> list[bytes]:
    """What a client sends before it asks for the tools; the last frame is answered."""
    if version == MODERN:
        return [request(1, "server/discover", version=MODERN)]
    hello = {"protocolVersion": version, "capabilities": {}, "clientInfo": _CLIENT}
    return [b'{"jsonrpc":"2.0","method":"notifications/initialized"}\n', request(1, "initialize", hello)][::-1]


def our_command(*words: str) -> list[str]:
    """The console script, as a client's configuration names it.

    Raises:
        SystemExit: the package is not installed next to this interpreter.
    """
    script = shutil.which("domain-agents", path=str(Path(sys.executable).parent))
    if script is None:
        raise SystemExit("domain-agents is not installed beside this Python; run: uv pip install -e .")
    return [script, *words]


def _environment(added: Mapping[str, str]) -> dict[str, str]:
    """The user's, with compiled modules kept as every installed package has them."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, **added}


class Peer:
    """A running server."""

    def __init__(self, command: Sequence[str], *, environment: Mapping[str, str] | None = None) -> None:
        self.started = time.perf_counter()
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(environment or {}),
            cwd=HERE,
        )

    def send(self, frames: Iterable[bytes]) -> None:
        """Write frames at once."""
        assert self._process.stdin is not None
        self._process.stdin.write(b"".join(frames))
        self._process.stdin.flush()

    def answer(self, number: int) -> dict[str, Any]:
        """Wait for the answer to a request.

        Raises:
            RuntimeError: the server ended, or answered with an error.
        """
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            frame: dict[str, Any] = json.loads(line)
            if frame.get("id") == number and "method" not in frame:
                if "result" not in frame:
                    raise RuntimeError(f"answered with {frame}")
                return frame
        raise RuntimeError(f"the server ended with {self._process.wait()}")

    def memory_mib(self) -> float | None:
        """Resident memory now; None where the system does not tell."""
        status = Path(f"/proc/{self._process.pid}/status")
        if not status.exists():
            return None
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmRSS"))
        return int(line.split()[1]) / 1024

    def close(self) -> None:
        """Leave as a client does, and wait for the end."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdout.close()


def machine() -> str:
    """What the figures were measured on."""
    return f"{platform.system()}, {os.cpu_count()} processors, Python {platform.python_version()}"


def spread(values: Sequence[float]) -> str:
    """Median, and the range in brackets."""
    return f"{statistics.median(values):.1f} [{min(values):.1f} .. {max(values):.1f}]"


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a Markdown table."""
    print(f"## {title}\n\n{machine()}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for row in rows:
        print("| " + " | ".join(row) + " |")
    print()
