"""Dependencies as they are declared: requirements files, pyproject, Pipfile, conda environments."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from typing import Any

from domain_agents.pipelines.reading.sources import Unread

_REQUIREMENTS = re.compile(
    r"(?:.*/)?(?:requirements[\w.-]*\.(?:txt|in)|requirements/[\w.-]+\.txt|constraints[\w.-]*\.txt)"
)
_CONDA = re.compile(r"(?:.*/)?(?:environment|conda)[\w.-]*\.ya?ml")
_LINE = re.compile(r"^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*([^;#@]*)(@[^;#]*)?")
_LOCKS = frozenset({"poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "conda-lock.yml", "pixi.lock"})


@dataclass(frozen=True, slots=True)
class Requirement:
    """One dependency. `bound` is what stands behind its name, as it was written."""

    name: str
    bound: str
    file: str
    line: int

    @property
    def is_pinned(self) -> bool:
        """Whether exactly one version fits."""
        return "===" in self.bound or (
            bool(re.search(r"(?<![!<>~=])={1,2}(?!=)\s*[\d\w]", self.bound)) and "*" not in self.bound
        )

    @property
    def is_bounded(self) -> bool:
        """Whether a next major version cannot come in by itself."""
        return self.is_pinned or "<" in self.bound or "~" in self.bound or self.bound.startswith(("^", "@"))


def is_requirements(path: str) -> bool:
    """Whether a file declares dependencies."""
    name = path.rpartition("/")[2]
    return bool(_REQUIREMENTS.fullmatch(path) or _CONDA.fullmatch(path)) or name in (
        "pyproject.toml",
        "Pipfile",
        "setup.py",
        "setup.cfg",
    )


def is_lock(path: str) -> bool:
    """Whether a file holds exact versions of everything."""
    return path.rpartition("/")[2] in _LOCKS


def read_requirements(path: str, text: str) -> tuple[list[Requirement], list[Unread]]:
    """What a file declares, or why it cannot be read."""
    name = path.rpartition("/")[2]
    if name in ("pyproject.toml", "Pipfile"):
        try:
            loaded = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError):
            return [], [Unread(path, "its TOML cannot be read")]
        return _from_toml(path, text, loaded), []
    if name in ("setup.py", "setup.cfg"):
        return [], []
    if name.endswith((".yml", ".yaml")):
        return _from_conda(path, text), []
    found = [_requirement(line, path, number) for number, line in enumerate(text.split("\n"), start=1)]
    return [one for one in found if one is not None], []


def _requirement(line: str, path: str, number: int) -> Requirement | None:
    if line.lstrip().startswith(("#", "-", "http", "git+", ".", "/")):
        return None
    match = _LINE.match(line.split(" #", maxsplit=1)[0].split(" --hash", maxsplit=1)[0])
    if not match:
        return None
    return Requirement(match[1], (match[2] or match[3] or "").strip().rstrip("\\").strip(), path, number)


def _from_toml(path: str, text: str, loaded: dict[str, Any]) -> list[Requirement]:
    lines = text.split("\n")

    def line_of(name: str) -> int:
        wanted = re.compile(rf"""(?:^|["'\s]){re.escape(name)}(?:["'\s=<>~!\[;]|$)""", re.IGNORECASE)
        return next((number for number, one in enumerate(lines, start=1) if wanted.search(one)), 0)

    found: list[Requirement] = []
    project = loaded.get("project")
    listed = project.get("dependencies", []) if isinstance(project, dict) else []
    for one in listed if isinstance(listed, list) else []:
        made = _requirement(str(one), path, 0)
        found += [Requirement(made.name, made.bound, path, line_of(made.name))] if made else []
    tables = [loaded.get("packages")]
    poetry = loaded.get("tool", {}).get("poetry") if isinstance(loaded.get("tool"), dict) else None
    tables.append(poetry.get("dependencies") if isinstance(poetry, dict) else None)
    for table in tables:
        for name, bound in table.items() if isinstance(table, dict) else ():
            spec = bound.get("version", "@") if isinstance(bound, dict) else bound
            shown = f"=={spec}" if isinstance(spec, str) and re.fullmatch(r"\d[\w.]*", spec) else str(spec)
            if name.lower() != "python":
                found.append(Requirement(name, "" if shown == "*" else shown, path, line_of(name)))
    return found


def _from_conda(path: str, text: str) -> list[Requirement]:
    found: list[Requirement] = []
    inside = False
    for number, line in enumerate(text.split("\n"), start=1):
        if line.startswith("dependencies:"):
            inside = True
        elif line and not line[0].isspace() and not line.startswith("-"):
            inside = False
        match = re.match(r"\s*-\s*([A-Za-z0-9_.-]+)\s*([=<>~!].*)?$", line)
        if inside and match and match[1].lower() not in ("pip", "python"):
            found.append(Requirement(match[1], (match[2] or "").strip(), path, number))
    return found
