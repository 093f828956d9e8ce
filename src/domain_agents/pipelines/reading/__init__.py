"""A repository's files as the audit rules look at them. Pure: text in, parsed sources out.

What cannot be read is in `unread` with its reason: it is never taken for clean.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from domain_agents.pipelines.leakage.following import TooComplex, leaks
from domain_agents.pipelines.reading.manifests import Document, read_yaml
from domain_agents.pipelines.reading.requirements import Requirement, is_lock, is_requirements, read_requirements
from domain_agents.pipelines.reading.sources import Source, Unread, read_notebook, read_python

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from domain_agents.pipelines.leakage.values import Leak

MAX_CHARACTERS = 1_500_000
_OTHER_CODE = {".r": "R", ".scala": "Scala", ".jl": "Julia", ".java": "Java", ".cpp": "C++", ".rmd": "R Markdown",
               ".sas": "SAS",
               ".ipynb.gz": "a compressed notebook", ".m": "MATLAB"}  # fmt: skip
_TRAINING = frozenset({"fit", "fit_transform", "train_test_split"})
_DOCKERFILE = re.compile(r"(?:.*/)?(?:Dockerfile|Containerfile)(?:\.[\w-]+)?|.*\.[Dd]ockerfile")


def is_read(path: str) -> bool:
    """Whether the audit reads the text of a file of that path."""
    lower = path.lower()
    return (
        lower.endswith((".py", ".ipynb", ".yml", ".yaml", ".sh", ".cfg", ".toml", ".env", ".crontab", ".ini"))
        or is_requirements(path)
        or _DOCKERFILE.fullmatch(path) is not None
        or lower.rpartition("/")[2] in ("crontab", ".env", "makefile", "procfile")
    )


@dataclass(frozen=True)
class Repository:
    """What was read. `paths` are all files, `texts` those that were read as text."""

    paths: tuple[str, ...]
    texts: Mapping[str, str]
    sources: tuple[Source, ...]
    requirements: tuple[Requirement, ...]
    documents: tuple[Document, ...]
    unread: tuple[Unread, ...] = ()
    _late: list[Unread] = field(default_factory=list)

    @cached_property
    def leaks(self) -> tuple[tuple[Source, Leak], ...]:
        """Where judging data was seen before, in every source."""
        found: list[tuple[Source, Leak]] = []
        for source in self.code:
            try:
                found += [(source, leak) for leak in leaks(source.tree, source.text)]
            except TooComplex:
                self._late.append(Unread(source.path, "too large to follow its rows from reading to judging"))
        return tuple(found)

    @cached_property
    def _by_path(self) -> dict[str, Source]:
        return {one.path: one for one in self.sources}

    def source(self, path: str) -> Source | None:
        """The source of that path, where it is one."""
        return self._by_path.get(path)

    @property
    def not_analysed(self) -> tuple[Unread, ...]:
        """What was not read, or not to its end."""
        return (*self.unread, *self._late, *self._elsewhere)

    @cached_property
    def _elsewhere(self) -> tuple[Unread, ...]:
        """Code that trains with functions of other files: rows are followed through one file only."""
        here = {path.removesuffix(".py").rpartition("/")[2] for path in self.paths if path.endswith(".py")}
        here |= {part for path in self.paths if path.endswith(".py") for part in path.split("/")[:-1]}
        found = []
        for source in self.code:
            if source.calls & _TRAINING and (names := source.functions_of(here)):
                reason = f"rows are not followed into functions of other files: {', '.join(names)}"
                found.append(Unread(source.path, reason))
        return tuple(found)

    @cached_property
    def code(self) -> tuple[Source, ...]:
        """Sources that are not tests."""
        return tuple(one for one in self.sources if not one.is_test)

    @cached_property
    def notebooks(self) -> tuple[Source, ...]:
        """The notebooks among them."""
        return tuple(one for one in self.sources if one.is_notebook)

    @cached_property
    def dockerfiles(self) -> tuple[tuple[str, str], ...]:
        """Path and text of every Dockerfile."""
        return tuple((path, text) for path, text in self.texts.items() if _DOCKERFILE.fullmatch(path))

    @cached_property
    def imports(self) -> frozenset[str]:
        """The top-level modules that the code imports."""
        return frozenset().union(*(one.imports for one in self.code)) if self.code else frozenset()

    @cached_property
    def trains(self) -> bool:
        """Whether any of the code fits a model."""
        return any(one.calls & {*_TRAINING, "train"} for one in self.code)

    @cached_property
    def has_lock(self) -> bool:
        """Whether a lock file is there."""
        return any(is_lock(path) for path in self.paths)

    def has_file(self, pattern: str) -> str:
        """The first path that matches; empty where none does."""
        wanted = re.compile(pattern, re.IGNORECASE)
        return next((path for path in self.paths if wanted.fullmatch(path)), "")


def read(
    texts: Mapping[str, str],
    paths: Iterable[str] = (),
    unread: Iterable[Unread] = (),
    chosen: Iterable[str] | None = None,
) -> Repository:
    """Parse the files of a repository; `paths` are those that exist beside them, `chosen` those that were asked about."""
    sources: list[Source] = []
    requirements: list[Requirement] = []
    documents: list[Document] = []
    missed: list[Unread] = list(unread)
    every = tuple(sorted({*texts, *paths}))
    for path, text in sorted(texts.items()):
        lower = path.lower()
        if len(text) > MAX_CHARACTERS:
            missed.append(Unread(path, f"larger than {MAX_CHARACTERS:,} characters"))
        elif lower.endswith(".py"):
            found, problems = read_python(path, text)
            sources += [found] if found else []
            missed += problems
        elif lower.endswith(".ipynb"):
            found, problems = read_notebook(path, text)
            sources += [found] if found else []
            missed += problems
        elif lower.endswith((".yml", ".yaml")):
            read_documents, problems = read_yaml(path, text)
            documents += read_documents
            missed += problems
        if is_requirements(path):
            listed, problems = read_requirements(path, text)
            requirements += listed
            missed += problems
    missed += _other_languages(every if chosen is None else tuple(sorted(chosen)))
    return Repository(every, dict(texts), tuple(sources), tuple(requirements), tuple(documents), tuple(missed))


def _other_languages(paths: tuple[str, ...]) -> list[Unread]:
    counted: dict[str, list[str]] = {}
    for path in paths:
        dot = path.rfind(".")
        language = _OTHER_CODE.get(path[dot:].lower()) if dot > 0 else None
        if language:
            counted.setdefault(language, []).append(path)
    return [
        Unread(found[0], f"{language} is not analysed ({len(found)} file{'s' * (len(found) > 1)})")
        for language, found in counted.items()
    ]
