"""The manifest: results of `initialize`, `server/discover` and the lists, as the SDK wrote them.

One comes with the package, for the agents it ships. One per set of added agents is kept in the user's cache; the server
writes it once it has loaded. A manifest is used only when it was made by this version of the package and of the SDK,
for exactly the files that are there now. Text, so that a change shows in a review:

    domain-agents manifest 1
    made-by domain-agents-0.1.0 mcp-2.3.0 mcp_types-2.3.0
    files 6f3c...                                       digest of the agent and prompt files
    result 11345 tools/list 2025-06-18 2025-11-25       length in bytes, method, versions of the protocol
    (an empty line, then the results in that order, each followed by a line end)

`python -m domain_agents.front.capture` writes the one that comes with the package.
"""

import os
import sys

from domain_agents import __version__
from domain_agents.agents.sources import SHIPPED, File, agent_sources, prompt_sources, scan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain_agents.agents.sources import Places, Source

FIRST_LINE = b"domain-agents manifest 1"
HEADER_ROOM = 1 << 14
SURFACE = ("initialize", "ping", "server/discover", "resources/templates/list")
"""Methods whose results are the same whatever agents there are."""
PACKAGED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "shipped.manifest")  # noqa: PTH100, PTH118, PTH120 - pathlib costs 8 ms


class Manifest:
    """An open manifest. `result` reads only what it is asked for."""

    __slots__ = ("_file", "_places", "files", "made_by")

    def __init__(self, file: int, made_by: str, files: str, places: dict[tuple[str, str], tuple[int, int]]) -> None:
        self._file = file
        self._places = places
        self.made_by = made_by
        self.files = files

    def result(self, method: str, version: str) -> bytes | None:
        """The result's JSON text; None when this manifest does not hold it."""
        place = self._places.get((method, version))
        if place is None:
            return None
        start, length = place
        try:
            os.lseek(self._file, start, os.SEEK_SET)
            text = os.read(self._file, length)
        except OSError:
            return None
        return text if len(text) == length else None

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)


def open_manifest(path: str, *, own: bool = False) -> Manifest | None:
    """The manifest in that file, None when it cannot be read. `own`: only if nobody else can write it."""
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | (getattr(os, "O_NOFOLLOW", 0) if own else 0)
    try:
        file = os.open(path, flags)
    except OSError:
        return None
    try:
        manifest = _read_header(file, own=own)
    except (OSError, ValueError):
        manifest = None
    if manifest is None:
        os.close(file)
    return manifest


def _read_header(file: int, *, own: bool) -> Manifest | None:
    seen = os.fstat(file)
    if own and hasattr(os, "getuid") and (seen.st_uid != os.getuid() or seen.st_mode & 0o022):
        return None
    header, blank, _ = os.read(file, HEADER_ROOM).partition(b"\n\n")
    lines = header.decode("ascii").split("\n")
    if not blank or lines[0].encode() != FIRST_LINE or len(lines) < 3:
        return None
    made_by, files = lines[1].removeprefix("made-by "), lines[2].removeprefix("files ")
    places: dict[tuple[str, str], tuple[int, int]] = {}
    start = len(header) + 2
    for line in lines[3:]:
        word, length, method, *versions = line.split(" ")
        if word != "result":
            return None
        for version in versions:
            places[method, version] = (start, int(length))
        start += int(length) + 1
    return Manifest(file, made_by, files, places) if start == seen.st_size else None


def is_ours(made_by: str) -> bool:
    """Whether this package and the SDK that would be loaded made it, told without loading the SDK."""
    package, *distributions = made_by.split(" ")
    if package != f"domain-agents-{__version__}" or not distributions:
        return False
    return all(_is_installed(*distribution.rsplit("-", 1)) for distribution in distributions)


def _is_installed(module: str, version: str = "") -> bool:
    for directory in sys.path:
        if os.path.isfile(os.path.join(directory, module, "__init__.py")):  # noqa: PTH113, PTH118
            return os.path.isdir(os.path.join(directory, f"{module}-{version}.dist-info"))  # noqa: PTH112, PTH118
    return False


class Fingerprint:
    """The agent and prompt files that are there now.

    `shipped` is a digest of our own files' bytes, which are the same on every machine. `files` is that of all files,
    the others by what `stat` says of them, and of this installation: the package's own manifest is new whenever the
    package is. `added` says whether there are others, `owner` in which directories.
    """

    __slots__ = ("added", "files", "owner", "shipped")

    def __init__(self, places: "Places") -> None:
        digest = _digest()
        directories = []
        entries: list[str] = []
        for source in (*agent_sources(places), *prompt_sources()):
            if source.label == SHIPPED:
                for name, content in _contents(source):
                    digest.update(f"{source.shown}/{name}\0{len(content)}\0".encode())
                    digest.update(content)
                continue
            before = len(entries)
            entries += [
                f"{entry.path}\0{entry.stamp}" if isinstance(entry, File) else f"{entry.shown}\0{entry.code}"
                for entry in scan(source)
            ]
            if len(entries) > before:
                directories.append(f"{source.label}\0{source.directory}\0{source.only_skills}")
                entries.append(directories[-1])
        self.shipped = digest.hexdigest()
        self.added = bool(entries)
        entries.append(_stamp(PACKAGED))
        digest.update("\n".join(entries).encode("utf-8", "surrogatepass"))
        self.files = digest.hexdigest()
        digest = _digest()
        digest.update("\n".join(directories).encode("utf-8", "surrogatepass"))
        self.owner = digest.hexdigest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fingerprint) and self.files == other.files

    __hash__ = None  # type: ignore[assignment]  # compared, never looked up


if TYPE_CHECKING:
    from hashlib import blake2b as _blake2b
else:
    try:
        from _blake2 import blake2b as _blake2b  # hashlib would load all of OpenSSL for it
    except ImportError:
        from hashlib import blake2b as _blake2b


def _stamp(path: str) -> str:
    try:
        seen = os.stat(path)  # noqa: PTH116
    except OSError:
        return ""
    return f"{seen.st_size} {seen.st_mtime_ns}"


def _digest() -> "_blake2b":
    return _blake2b(digest_size=16)


def _contents(source: "Source") -> "Iterable[tuple[str, bytes]]":
    for entry in scan(source):
        if isinstance(entry, File):
            try:
                file = os.open(entry.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
            except OSError:
                continue
            try:
                yield entry.name, os.read(file, 1 << 20)
            finally:
                os.close(file)


def cache_path(fingerprint: Fingerprint) -> str:
    """Where the user's own manifest for these directories is kept; "" where there is no home."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):  # noqa: PTH117 - the XDG rules say: a relative value is ignored
        base = os.environ.get("LOCALAPPDATA", "") if os.name == "nt" else os.path.expanduser("~/.cache")  # noqa: PTH111
    if not os.path.isabs(base):  # noqa: PTH117
        return ""
    return os.path.join(base, "domain-agents", f"{fingerprint.owner}.manifest")  # noqa: PTH118


class Manifests:
    """The manifest that is true now, if any: looked for again whenever `forget` was called."""

    __slots__ = ("_cached", "_fingerprint", "_packaged", "_places")

    def __init__(self, places: "Places", packaged: str = PACKAGED) -> None:
        self._places = places
        self._fingerprint: Fingerprint | None = None
        self._cached: Manifest | None = None
        found = open_manifest(packaged)
        self._packaged = found if found is not None and is_ours(found.made_by) else None

    def forget(self) -> None:
        """Look at the files again for the next result."""
        self._fingerprint = None

    def result(self, method: str, version: str) -> bytes | None:
        """The result's JSON text, or None when no manifest is sure to hold it."""
        if self._packaged is not None and method in SURFACE:
            return self._packaged.result(method, version)
        manifest = self.current()
        return None if manifest is None else manifest.result(method, version)

    def current(self) -> Manifest | None:
        """The manifest for the files that are there now."""
        if self._fingerprint is None:
            self._fingerprint = Fingerprint(self._places)
        seen = self._fingerprint
        if self._packaged is not None and not seen.added and self._packaged.files == seen.shipped:
            return self._packaged
        if self._cached is None or self._cached.files != seen.files:
            if self._cached is not None:
                self._cached.close()
            path = cache_path(seen)
            found = open_manifest(path, own=True) if path else None
            self._cached = found
            if found is not None and (found.files != seen.files or not is_ours(found.made_by)):
                found.close()
                self._cached = None
        return self._cached
