"""Where agent and prompt files are, and a fingerprint that changes when any of them does.

Imported before anything else when the server starts, so this module needs nothing but `os` and no class machinery:
importing dataclasses, typing or pathlib would cost more than its work does.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Protocol

    class Places(Protocol):
        """What decides where agents are read from; `tools.Settings` is one."""

        @property
        def project(self) -> os.PathLike[str] | None: ...
        @property
        def agent_directories(self) -> Sequence[os.PathLike[str]]: ...
        @property
        def project_agents(self) -> bool: ...


MAX_FILES = 5_000
"""Files taken from one source; more is a mistaken directory, not a collection of agents."""
MAX_DEPTH = 8
EXTENSIONS = (".md", ".mdc", ".markdown")
SKIPPED_FOLDERS = frozenset({"node_modules", "__pycache__", ".git", ".hg", ".svn", ".venv", "venv"})
CLIENT_FOLDERS = (
    (".claude/agents", False),
    (".claude/skills", True),
    (".github/agents", False),
    (".cursor/agents", False),
)
SHIPPED, USER, ADDED, PROJECT, CLIENT = "shipped", "user", "added", "project", "client"


class Source:
    """One directory of files. `label` says whose it is; `shown` begins every name a client gets to see; `within` is the
    directory that it must not leave through a link ("": it may be anywhere)."""

    __slots__ = ("directory", "label", "only_skills", "shown", "within")

    def __init__(self, label: str, directory: str, shown: str, *, only_skills: bool = False, within: str = "") -> None:
        self.label = label
        self.directory = directory
        self.shown = shown
        self.only_skills = only_skills
        self.within = within

    @property
    def key(self) -> tuple[str, str, str, bool, str]:
        """What makes two sources the same."""
        return self.label, self.directory, self.shown, self.only_skills, self.within

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Source) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"Source({self.label}, {self.shown})"


class File:
    """One file of a source as `stat` saw it: `path` to read it, `name` (relative, with `/`) to show it."""

    __slots__ = ("name", "path", "source", "stamp")

    def __init__(self, source: Source, path: str, name: str, stamp: tuple[int, int, int, int]) -> None:
        self.source = source
        self.path = path
        self.name = name
        self.stamp = stamp

    @property
    def shown(self) -> str:
        """The name a client gets to see: never a path of this machine."""
        return f"{self.source.shown}/{self.name}"


class Skipped:
    """Something in a source that is not read, and why. `error` marks what its owner surely did not want."""

    __slots__ = ("code", "error", "shown", "why")

    def __init__(self, shown: str, code: str, why: str, *, error: bool = False) -> None:
        self.shown = shown
        self.code = code
        self.why = why
        self.error = error


def shipped_directory(kind: str) -> str:
    """The directory of what we ship (`agents`, `prompts`, `examples`): inside the wheel, else the checkout's own."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 (see the module's text)
    installed = os.path.join(package, "shipped", kind)  # noqa: PTH118
    if os.path.isdir(installed):  # noqa: PTH112
        return installed
    return os.path.join(os.path.dirname(os.path.dirname(package)), kind)  # noqa: PTH118, PTH120


def user_directory(kind: str) -> str:
    """The user's own directory for `agents` or `prompts`, by the XDG rules; "" where there is no home."""
    base = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):  # noqa: PTH117 - the XDG rules say: a relative value is ignored
        base = os.path.join(os.path.expanduser("~"), ".config")  # noqa: PTH111, PTH118
    if not os.path.isabs(base):  # noqa: PTH117
        return ""
    return os.path.join(base, "domain-agents", kind)  # noqa: PTH118


def agent_sources(places: Places) -> tuple[Source, ...]:
    """Where agents are read from, weakest first: a later source's agent replaces an earlier one of the same name."""
    sources = [Source(SHIPPED, shipped_directory("agents"), "shipped")]
    home = user_directory("agents")
    if home:
        sources.append(Source(USER, home, "user"))
    project = "" if places.project is None else os.fspath(places.project)
    if project and places.project_agents:
        sources += [
            Source(CLIENT, os.path.join(project, *folder.split("/")), folder, only_skills=skills, within=project)  # noqa: PTH118
            for folder, skills in CLIENT_FOLDERS
        ]
    for number, directory in enumerate(places.agent_directories, start=1):
        name = os.path.basename(os.path.normpath(os.fspath(directory))) or "agents"  # noqa: PTH119
        sources.append(Source(ADDED, os.fspath(directory), f"--agents[{number}]:{name}"))
    if project:
        own = os.path.join(project, ".domain-agents", "agents")  # noqa: PTH118
        sources.append(Source(PROJECT, own, ".domain-agents/agents", within=project))
    return tuple(sources)


def prompt_sources() -> tuple[Source, ...]:
    """Where prompts are read from, weakest first."""
    sources = [Source(SHIPPED, shipped_directory("prompts"), "shipped/prompts")]
    home = user_directory("prompts")
    if home:
        sources.append(Source(USER, home, "user/prompts"))
    return tuple(sources)


def fingerprint(sources: Iterable[Source]) -> str:
    """A text that changes when a file of these sources is added, removed, renamed or edited. It reads no file."""
    return fingerprint_of(entry for source in sources for entry in scan(source))


def fingerprint_of(entries: Iterable[File | Skipped]) -> str:
    """The fingerprint of what `scan` has already seen."""
    from hashlib import blake2b

    lines = [
        f"{entry.path}\0{entry.source.label}\0{entry.stamp}"
        if isinstance(entry, File)
        else f"{entry.shown}\0{entry.why}"
        for entry in entries
    ]
    return blake2b("\n".join(lines).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def scan(source: Source) -> Iterator[File | Skipped]:
    """The files of a source in order of their names, and what was left out. A directory that is not there is empty.

    A symlink is followed only while it stays inside the source: agents are instructions, and a link in a cloned
    repository must not turn a private file into one.
    """
    root = os.path.realpath(source.directory)
    if source.within and not _is_inside(root, os.path.realpath(source.within)):
        return iter([Skipped(source.shown, "link_outside", "a link that leaves the project is not followed")])
    found: list[File | Skipped] = []
    pending = [(root, "", 0)]
    taken = 0
    while pending:
        directory, prefix, depth = pending.pop()
        entries = _entries(directory)
        has_skill = any(entry.name == "SKILL.md" for entry in entries)
        for entry in entries:
            name = prefix + entry.name
            kind = _kind(entry, root)
            if kind == "outside":
                found.append(
                    Skipped(
                        f"{source.shown}/{name}", "link_outside", "a symlink that leaves the directory is not followed"
                    )
                )
            elif kind == "folder":
                if has_skill or entry.name in SKIPPED_FOLDERS:
                    continue
                if depth >= MAX_DEPTH:
                    found.append(Skipped(f"{source.shown}/{name}", "too_deep", f"folders are read {MAX_DEPTH} deep"))
                else:
                    pending.append((entry.path, name + "/", depth + 1))
            elif kind == "file" and _wanted(entry.name, only_skills=source.only_skills or has_skill):
                taken += 1
                if taken > MAX_FILES:
                    found.append(
                        Skipped(source.shown, "too_many", f"only the first {MAX_FILES:,} files are read", error=True)
                    )
                    return iter(_ordered(found))
                found.append(_file(source, entry, name))
    return iter(_ordered(found))


def _ordered(found: list[File | Skipped]) -> list[File | Skipped]:
    return sorted(found, key=lambda entry: entry.name if isinstance(entry, File) else entry.shown)


def _entries(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as listing:
            return sorted(listing, key=lambda entry: entry.name)
    except OSError:
        return []  # not there, or not ours to read: no agents, and nothing to say about a directory nobody made


def _kind(entry: os.DirEntry[str], root: str) -> str:
    try:
        if entry.is_symlink():
            target = os.path.realpath(entry.path)
            if not _is_inside(target, root):
                return "outside" if entry.name.endswith(EXTENSIONS) or os.path.isdir(target) else "other"  # noqa: PTH112
            return "file" if os.path.isfile(target) else "other"  # noqa: PTH113 - a folder inside is read where it is
        if entry.is_dir():
            return "folder"
        return "file" if entry.is_file() else "other"
    except OSError:
        return "other"


def _is_inside(path: str, root: str) -> bool:
    return path == root or path.startswith(root.rstrip(os.sep) + os.sep)


def _wanted(name: str, *, only_skills: bool) -> bool:
    if only_skills:
        return name == "SKILL.md"
    return name.lower().endswith(EXTENSIONS) and not name.startswith(".")


def _file(source: Source, entry: os.DirEntry[str], name: str) -> File:
    try:
        seen = entry.stat()
        stamp = (seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino)
    except OSError:
        stamp = (0, 0, 0, 0)
    return File(source, entry.path, name, stamp)
