"""Which directory is the project: the only one, besides agent directories, that is read or written.

Clients start servers in surprising places: Cursor in the home directory or `/`, Claude Desktop in `/`. So the directory
is taken from whoever names it first, and a place that holds everything a person owns is refused.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OPTION = "--project"
VARIABLE = "DOMAIN_AGENTS_PROJECT"
CLIENT_VARIABLE = "CLAUDE_PROJECT_DIR"
FOLDERS_VARIABLE = "WORKSPACE_FOLDER_PATHS"
WORKING_DIRECTORY = "the working directory"

WAY_OUT = f"Name the project: {OPTION} /path/to/project in the client's configuration, or the variable {VARIABLE}."

_UNEXPANDED = re.compile(r"\$\{[^}]*\}|\$[A-Za-z_]\w*|%[A-Za-z_]\w*%")


@dataclass(frozen=True, slots=True)
class ProjectRoot:
    """The project's directory, who chose it, and, when `path` is None, why it was refused and the way out."""

    path: Path | None
    chosen_by: str
    problem: str = ""


def find_project_root(
    given: str | None,
    *,
    environment: Mapping[str, str] | None = None,
    working_directory: Path | None = None,
) -> ProjectRoot:
    """The first that is named: the option, our variable, the client's variables, the working directory.

    A variable that the client left unexpanded (`${workspaceFolder}`) names nothing, so the variables that clients set
    are still asked; the working directory is not, because somebody meant another one.
    """
    environment = os.environ if environment is None else environment
    unexpanded: ProjectRoot | None = None
    for source, value in _named(given, environment):
        if _UNEXPANDED.search(value) and not Path(value).is_dir():
            unexpanded = unexpanded or _refused(
                source, f'holds "{value}" as it stands: the client did not put a directory in its place.'
            )
            continue
        return _judged(source, value)
    folders = _folders(environment.get(FOLDERS_VARIABLE, ""))
    judged = [_judged(FOLDERS_VARIABLE, folder) for folder in folders]
    if judged:
        return next((root for root in judged if root.path is not None), judged[0])
    return unexpanded or _judged(WORKING_DIRECTORY, str(working_directory or Path.cwd()))


def home_directories() -> frozenset[Path]:
    """The home directory of whoever runs this, by the environment and by the system's own record."""
    homes: set[Path] = set()
    with suppress(RuntimeError, OSError):  # neither HOME nor an entry for this user: there is no home to protect
        homes.add(Path.home().resolve())
    with suppress(ImportError, KeyError, OSError):  # Windows, or a container's user without an entry
        import pwd

        homes.add(Path(pwd.getpwuid(os.getuid()).pw_dir).resolve())
    return frozenset(home for home in homes if home != Path(home.anchor))


def _named(given: str | None, environment: Mapping[str, str]) -> Iterable[tuple[str, str]]:
    if given is not None:
        yield OPTION, given
    for variable in (VARIABLE, CLIENT_VARIABLE):
        if value := environment.get(variable, "").strip():
            yield variable, value


def _folders(value: str) -> tuple[str, ...]:
    """The folders that Cursor names: a JSON list, one path, or several with one of the separators seen in the wild."""
    value = value.strip()
    if value.startswith("["):
        try:
            listed = json.loads(value)
        except ValueError:
            listed = None
        if isinstance(listed, list):
            return tuple(str(item) for item in listed if str(item).strip())
    if not value or Path(value).is_dir():
        return (value,) if value else ()
    return tuple(part.strip() for part in re.split(rf"[,;\n{os.pathsep}]", value) if part.strip())


def _judged(source: str, value: str) -> ProjectRoot:
    if not value.strip():
        return _refused(source, "is empty.")
    try:
        path = Path(value).expanduser().resolve()
        is_directory, exists = path.is_dir(), path.exists()
    except (OSError, RuntimeError, ValueError):
        return _refused(source, f"names {value!r}, which is not a path that can be opened.")
    if not is_directory:
        return _refused(source, f"names {value}, {'which is a file' if exists else 'which does not exist'}.")
    if path == Path(path.anchor):
        return _refused(source, f"is {path}, the whole file system.")
    homes = home_directories()
    if path in homes:
        return _refused(source, f"is {path}, a home directory.")
    if any(path in home.parents for home in homes):
        return _refused(source, f"is {path}, which holds home directories.")
    return ProjectRoot(path, source)


def _refused(source: str, why: str) -> ProjectRoot:
    return ProjectRoot(None, source, f"No project: {source} {why} {WAY_OUT}")
