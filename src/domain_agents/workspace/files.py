"""A project's files: read within limits and never outside the project; new ones written all together or not at all."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MAX_FILES = 50_000
MAX_DEPTH = 16
MAX_BYTES = 8_000_000
"""The largest file that is read: a dump of a large schema has a few megabytes."""

SKIPPED_DIRECTORIES = frozenset({
    ".git", ".hg", ".svn", ".jj", "node_modules", "bower_components", ".pnpm-store", ".yarn", "vendor",
    "Pods", "site-packages", ".eggs", ".venv", "venv", "virtualenv", "__pycache__", ".tox", ".nox",
    ".mypy_cache", ".ruff_cache", ".pytest_cache", ".cache", ".gradle", ".idea", "dist", "build", "target",
    "out", ".next", ".nuxt", ".svelte-kit", ".turbo", ".terraform", "coverage", "htmlcov", "DerivedData",
})  # fmt: skip
"""Version control, installed packages, caches and build output."""


class WriteRefused(Exception):
    """Nothing was written. `path` is the file it stands or falls with, the message says why and names the way out."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class Skipped:
    """Something that was not read, and why."""

    path: str
    reason: str


@dataclass
class ProjectFiles:
    """The files under a directory, listed once and read when asked for.

    Version control, installed packages and build output are left out, as is every symbolic link that leads outside and
    whatever exceeds the limits; `skipped` names what a person would miss.
    """

    root: Path
    max_files: int = MAX_FILES
    max_depth: int = MAX_DEPTH
    max_bytes: int = MAX_BYTES
    skipped: list[Skipped] = field(default_factory=list)
    _paths: tuple[str, ...] | None = field(default=None, repr=False)
    _texts: dict[str, str] = field(default_factory=dict, repr=False)
    _plain: set[str] = field(default_factory=set, repr=False)

    def __post_init__(self) -> None:
        self.root = self.root.resolve()

    def paths(self) -> tuple[str, ...]:
        """Every file's path from the root, with forward slashes, in order."""
        if self._paths is None:
            found: list[str] = []
            for path in self._walk():
                if len(found) == self.max_files:
                    self.skipped.append(Skipped(".", f"more than {self.max_files:,} files; the rest was not looked at"))
                    break
                found.append(path)
            self._paths = tuple(sorted(found))
        return self._paths

    def text(self, path: str) -> str:
        """A file's text, without byte order mark and with line feeds; empty (and noted) where it is not text."""
        if path not in self._texts:
            try:
                self._texts[path] = self._read(path)
            except (OSError, ValueError) as error:
                reason = str(error) if isinstance(error, _NotText) else "cannot be read"
                self.skipped.append(Skipped(path, reason))
                self._texts[path] = ""
        return self._texts[path]

    def _walk(self) -> Iterator[str]:
        # Breadth first: when there is too much, what lies near the top is still seen.
        level = [""]
        for depth in range(self.max_depth + 1):
            deeper: list[str] = []
            for directory in level:
                files, directories = self._entries(directory)
                yield from files
                deeper.extend(directories)
            if not deeper:
                return
            if depth == self.max_depth:
                self.skipped.append(Skipped(deeper[0], f"deeper than {self.max_depth} directories"))
            level = sorted(deeper)

    def _entries(self, directory: str) -> tuple[list[str], list[str]]:
        files: list[str] = []
        directories: list[str] = []
        try:
            with os.scandir(self.root / directory) as entries:
                for entry in sorted(entries, key=lambda one: one.name):
                    path = f"{directory}/{entry.name}" if directory else entry.name
                    if entry.is_symlink():
                        # A link to a directory is not followed even inside: what it shows is listed where it lies.
                        if self._leads_inside(path):
                            files.append(path)
                    elif entry.is_dir():
                        if entry.name not in SKIPPED_DIRECTORIES and not (Path(entry.path) / "pyvenv.cfg").exists():
                            directories.append(path)
                    elif entry.is_file():
                        files.append(path)
                        self._plain.add(path)
        except OSError:
            self.skipped.append(Skipped(directory or ".", "cannot be read"))
        return files, directories

    def _leads_inside(self, path: str) -> bool:
        try:
            target = (self.root / path).resolve(strict=True)
        except (OSError, RuntimeError):
            return False
        if not target.is_relative_to(self.root):
            self.skipped.append(Skipped(path, "a symbolic link that leads outside the project"))
            return False
        return target.is_file()

    def _read(self, path: str) -> str:
        name = f"{self.root}/{path}"
        if path not in self._plain:
            target = (self.root / path).resolve(strict=True)
            if not target.is_relative_to(self.root) or not target.is_file():
                raise _NotText("not a file of the project")
        with open(name, "rb") as file:  # noqa: PTH123  # thousands are read, and a Path costs more than the reading
            data = file.read(self.max_bytes + 1)
        if len(data) > self.max_bytes:
            raise _NotText(f"larger than {self.max_bytes:,} bytes")
        return decoded(data)


class _NotText(ValueError):
    pass


def decoded(data: bytes) -> str:
    """Bytes as text: UTF-8 or UTF-16 with their marks, else what one byte a character gives; line feeds only.

    Raises:
        ValueError: it is not text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise _NotText("is not text") from error
    elif b"\0" in data:
        raise _NotText("is not text")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("latin-1")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def write_new(root: Path, contents: Mapping[str, str]) -> tuple[str, ...]:
    """Write new files under `root`: all of them, each whole, or none. Gives their paths.

    Lines end in LF. A file that exists is never touched, and no directory on the way may be a symbolic link.

    Raises:
        WriteRefused: nothing was written, and what had been begun is gone again.
    """
    root = root.resolve()
    encoded = {path: _encoded(path, content) for path, content in contents.items()}
    targets: dict[str, Path] = {}
    made: list[Path] = []
    staged: dict[str, Path] = {}
    path = "."
    try:
        for path in encoded:
            targets[path] = _target(root, path)
        for path, target in targets.items():
            _make_directories(root, target.parent, made)
            staged[path] = _stage(target, encoded[path], made)
        for path, target in targets.items():
            _publish(staged[path], target)
            made.append(target)
    except BaseException as error:
        _take_back(made)
        if isinstance(error, FileExistsError):
            raise WriteRefused(path, _exists(path)) from error
        if isinstance(error, OSError):
            message = f"{path} could not be written ({error.strerror or 'input/output error'}). Nothing was written."
            raise WriteRefused(path, message) from error
        raise
    for temporary in staged.values():
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
    return tuple(contents)


def _exists(path: str) -> str:
    return f"{path} exists already; an existing file is never changed. Nothing was written."


def _encoded(path: str, content: str) -> bytes:
    try:
        return content.encode("utf-8")
    except UnicodeEncodeError as error:
        raise WriteRefused(path, f"{path} holds text that is not valid Unicode. Nothing was written.") from error


def _parts(path: str) -> list[str]:
    parts = path.split("/")
    # Backslashes and colons mean directories, drives and streams on Windows, and a project is shared between systems.
    if any(part in {"", ".", ".."} or set(part) & {"\0", "\\", ":"} for part in parts):
        raise ValueError("not a path inside the project")
    return parts


def _target(root: Path, path: str) -> Path:
    try:
        parts = _parts(path)
    except ValueError as error:
        way_out = "give a path from the project's directory, such as migrations/0001_name.sql"
        raise WriteRefused(
            path, f"{path!r} is not a path inside the project; {way_out}. Nothing was written."
        ) from error
    if any(part.casefold() == ".git" for part in parts):
        raise WriteRefused(path, f"{path} lies in the version control's own directory. Nothing was written.")
    current = root
    for part in parts[:-1]:
        current /= part
        if current.is_symlink():
            message = f"{part} in {path} is a symbolic link; name the directory that it points to. Nothing was written."
            raise WriteRefused(path, message)
        if current.exists() and not current.is_dir():
            raise WriteRefused(path, f"{part} in {path} is a file, not a directory. Nothing was written.")
    target = current / parts[-1]
    if target.is_symlink() or target.exists():
        raise WriteRefused(path, _exists(path))
    return target


def _make_directories(root: Path, directory: Path, made: list[Path]) -> None:
    for ancestor in [*reversed(directory.parents), directory]:
        if ancestor.is_relative_to(root) and not ancestor.exists():
            ancestor.mkdir()
            made.append(ancestor)


def _stage(target: Path, data: bytes, made: list[Path]) -> Path:
    temporary = target.with_name(f".domain-agents-{secrets.token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(temporary, flags, 0o644)
    made.append(temporary)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return temporary


def _publish(temporary: Path, target: Path) -> None:
    """Give a staged file its name.

    Raises:
        FileExistsError: the name is taken.
    """
    try:
        os.link(temporary, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: the name is taken first, then filled.
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
        try:
            temporary.replace(target)
        except OSError:
            target.unlink()
            raise


def _take_back(made: list[Path]) -> None:
    for path in reversed(made):
        with suppress(OSError):
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()
    made.clear()
