"""Makes manifests: asks the server what a client would, over the SDK's own path, and keeps what it wrote.

`python -m domain_agents.front.capture` writes the manifest that comes with the package.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from domain_agents import __version__
from domain_agents.front.frames import (
    HANDSHAKE_METHODS,
    HANDSHAKE_VERSIONS,
    MODERN_METHODS,
    MODERN_VERSION,
)
from domain_agents.front.manifest import FIRST_LINE, HEADER_ROOM, PACKAGED, Fingerprint, Manifests, cache_path

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mcp.server import Server

    from domain_agents.agents.sources import Places
    from domain_agents.front.options import Options
    from domain_agents.tools import Settings

DISTRIBUTIONS = ("mcp", "mcp-types")
PAUSE_SECONDS = 1.0
"""How long the server has been serving before it looks whether its manifest is still right."""
KEPT_MANIFESTS = 32
"""Manifests in the user's cache; those not used for the longest time go."""

logger = logging.getLogger(__name__)

Results = dict[tuple[str, str], bytes]


def made_by() -> str:
    """The versions a manifest depends on, as their installed directories are named."""
    from importlib.metadata import version

    made = [f"{name.replace('-', '_')}-{version(name)}" for name in DISTRIBUTIONS]
    return " ".join([f"domain-agents-{__version__}", *made])


async def capture(server: Server[Any]) -> Results:
    """The text of every result that a manifest holds, by method and protocol version."""
    results: Results = {}
    for version in HANDSHAKE_VERSIONS:
        await _ask(server, version, handshake_requests(version), results)
    await _ask(server, MODERN_VERSION, [(method, envelope()) for method in MODERN_METHODS], results)
    return results


def handshake_requests(version: str) -> list[tuple[str, dict[str, Any]]]:
    """What a client of that version asks first, as (method, parameters)."""
    opening = {"protocolVersion": version, "capabilities": {}, "clientInfo": {"name": "domain-agents", "version": "1"}}
    return [(method, opening if method == "initialize" else {}) for method in HANDSHAKE_METHODS]


def envelope() -> dict[str, Any]:
    """The parameters of a request of the latest protocol version that asks for nothing more."""
    prefix = "io.modelcontextprotocol/"
    return {"_meta": {f"{prefix}protocolVersion": MODERN_VERSION, f"{prefix}clientCapabilities": {}}}


async def _ask(
    server: Server[Any], version: str, requests: Sequence[tuple[str, dict[str, Any]]], results: Results
) -> None:
    from mcp.shared.message import SessionMessage
    from mcp_types import JSONRPCRequest, JSONRPCResponse

    from domain_agents.front.session import Inbound

    inbound = Inbound(asyncio.get_running_loop(), asyncio.Event())
    answers: dict[int, bytes] = {}

    class Collector:
        async def send(self, item: SessionMessage, /) -> None:
            message = item.message
            if isinstance(message, JSONRPCResponse):
                text = message.model_dump_json(by_alias=True, exclude_unset=True).encode()
                start = b'{"jsonrpc":"2.0","id":%d,"result":' % int(message.id)
                if text.startswith(start):
                    answers[int(message.id)] = text[len(start) : -1]
            inbound.note_sent(message)
            if not +inbound.unanswered:
                inbound.end()

        async def aclose(self) -> None: ...

        async def __aenter__(self) -> Self:
            return self

        async def __aexit__(self, *_: object) -> None: ...

    inbound.put(
        SessionMessage(JSONRPCRequest(jsonrpc="2.0", id=number, method=method, params=params))
        for number, (method, params) in enumerate(requests)
    )
    await server.run(inbound, Collector(), server.create_initialization_options())
    for number, text in answers.items():
        results[requests[number][0], version] = text


def written(results: Mapping[tuple[str, str], bytes], files: str) -> bytes:
    """A manifest of these results.

    Raises:
        ValueError: it cannot be written down in the manifest's form.
    """
    shared: dict[tuple[str, bytes], list[str]] = {}
    for (method, version), text in sorted(results.items()):
        shared.setdefault((method, text), []).append(version)
    lines = [FIRST_LINE.decode(), f"made-by {made_by()}", f"files {files}"]
    lines += [f"result {len(text)} {method} {' '.join(versions)}" for (method, text), versions in shared.items()]
    header = "\n".join(lines).encode("ascii") + b"\n\n"
    if len(header) > HEADER_ROOM:
        raise ValueError(f"the manifest's header has {len(header)} bytes, more than the {HEADER_ROOM} that are read")
    return header + b"".join(text + b"\n" for _, text in shared)


def capture_for(settings: Settings) -> Results:
    """What a server of these settings answers. For a thread without an event loop.

    Raises:
        RuntimeError: an answer is missing, so that the manifest would be of no use.
    """
    from domain_agents.server.application import build_server

    results = asyncio.run(capture(build_server(settings)))
    wanted = {(method, version) for version in HANDSHAKE_VERSIONS for method in HANDSHAKE_METHODS}
    missing = wanted.union((method, MODERN_VERSION) for method in MODERN_METHODS).difference(results)
    if missing:
        raise RuntimeError(f"no result for {', '.join(sorted({method for method, _ in missing}))}; the log says why")
    return results


async def keep_manifest(options: Options, settings: Settings, list_seen: asyncio.Event) -> None:
    """Write the user's manifest whenever the files are no longer those of the manifest that would be used.

    Looked at once after the start, and after each list a client asks for.
    """
    while True:
        await asyncio.sleep(PAUSE_SECONDS)
        list_seen.clear()
        try:
            await asyncio.to_thread(refresh, options, settings)
        except Exception as error:  # noqa: BLE001 - without a manifest the next start is slower, nothing else
            logger.info("the manifest was not written: %s", error)
        await list_seen.wait()


def refresh(places: Places, settings: Settings) -> bool:
    """Write the user's manifest if it is not current; gives whether it was written."""
    manifests = Manifests(places)
    if manifests.current() is not None:
        return False
    before = Fingerprint(places)
    path = cache_path(before)
    if not path:
        return False
    text = written(capture_for(settings), before.files)
    if Fingerprint(places) != before:
        return False  # edited meanwhile; the next list looks again
    write_file(Path(path), text)
    return True


def write_file(path: Path, text: bytes) -> None:
    """Replace a file at once: a reader sees the old or the new one, and nobody else may write it.

    Raises:
        OSError: the directory or the file cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file, name = tempfile.mkstemp(dir=path.parent, prefix=".manifest-")
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(text)
        Path(name).replace(path)
    except OSError:
        with suppress(OSError):
            Path(name).unlink()
        raise
    _drop_oldest(path.parent)


def _drop_oldest(directory: Path) -> None:
    with suppress(OSError):
        found = sorted(directory.glob("*.manifest"), key=lambda one: one.stat().st_mtime_ns, reverse=True)
        for old in found[KEPT_MANIFESTS:]:
            old.unlink(missing_ok=True)


class _Shipped:
    """The places of a server that has nothing but what it ships."""

    project = None
    agent_directories = ()
    project_agents = False


def packaged() -> bytes:
    """The manifest that comes with the package, as it would be written now."""
    from domain_agents.tools import Settings

    with tempfile.TemporaryDirectory() as empty, _environment(XDG_CONFIG_HOME=empty):
        return written(capture_for(Settings(project=None)), Fingerprint(_Shipped()).shipped)


class _environment:  # noqa: N801 - reads as a statement
    def __init__(self, **values: str) -> None:
        self._values = values
        self._before: dict[str, str | None] = {}

    def __enter__(self) -> None:
        for name, value in self._values.items():
            self._before[name] = os.environ.get(name)
            os.environ[name] = value

    def __exit__(self, *_: object) -> None:
        for name, value in self._before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def main() -> int:
    """Write the manifest that comes with the package; gives the exit code."""
    path = Path(PACKAGED)
    text = packaged()
    path.write_bytes(text)
    sys.stderr.write(f"{path.name}: {len(text):,} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
