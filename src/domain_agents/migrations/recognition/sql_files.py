"""Numbered SQL files: which directory holds them, how they are named, and which number is free."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain_agents.migrations.recognition import base, parent

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_NAME = re.compile(
    r"(?P<prefix>[A-Za-z]*[_-]?)"
    r"(?P<number>\d{4}[-_]\d\d[-_]\d\d(?:[-_T]\d{4,6})?(?!\d)|\d{8}[-_T]\d{4,6}(?!\d)|\d+)"
    r"(?:(?P<separator>[-_.]{1,2}| )(?P<slug>[^.]*?))?(?P<suffix>(?:\.\w+)?\.sql)",
    re.IGNORECASE,
)
_FLYWAY = re.compile(
    r"(?P<prefix>V)(?P<number>\d+(?:[._]\d+)*)(?P<separator>__)(?P<slug>.*?)(?P<suffix>\.sql)", re.IGNORECASE
)
"""Flyway's versions have parts: V1_2__name.sql, V1.2.10__name.sql."""
_PARTS = re.compile(r"\d+(?:[._]\d+)+")
_DOWN = re.compile(
    r"(^|/)U\d[\d._]*__[^/]*\.sql$|\.(down|undo|rollback|revert)\.sql$|[_-](down|undo|rollback)\.sql$", re.IGNORECASE
)
_LIKELY = re.compile(
    r"migrat|changes|patch|updates?$|upgrades?$|versions?$|ddl|schema|^sql$|^db$|database|deploy|evolutions",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"^(tests?|fixtures|examples?|docs?|spec|testdata|benchmarks?|samples?|seeds?|queries)$", re.IGNORECASE
)
_COUNTED = "0001"


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One numbered file; `number` as it is written."""

    path: str
    prefix: str
    number: str
    separator: str
    slug: str
    suffix: str

    @property
    def stem(self) -> str:
        """The file's name without its ending; its directory's where all files have one name."""
        if self.suffix == "/migration.sql":
            return base(parent(self.path))
        if not self.path.endswith((".sql", ".SQL")):
            return base(self.path).removesuffix(self.suffix)
        return base(self.path).removesuffix(".sql").removesuffix(self.suffix.removesuffix(".sql") or "\0")

    @property
    def order(self) -> tuple[tuple[int, ...], str]:
        """What the files are sorted by: the number, part by part, then the name."""
        return tuple(int(part) for part in re.findall(r"\d+", self.number)), self.path


@dataclass(frozen=True, slots=True)
class SqlHistory:
    """A directory's numbered files in order, and how the next one is named."""

    directory: str = ""
    files: tuple[SqlFile, ...] = ()
    numbering: str = ""
    next_number: str = ""
    template: str = ""
    others: tuple[str, ...] = field(default=())

    @property
    def newest(self) -> SqlFile | None:
        """The last file."""
        return self.files[-1] if self.files else None


def read_history(paths: Iterable[str], directory: str = "") -> SqlHistory:
    """The history in the given directory, else in the one that looks most like it; the others are named."""
    by_directory: dict[str, list[SqlFile]] = defaultdict(list)
    for path in paths:
        if path.endswith((".sql", ".SQL")) and not _DOWN.search(path):
            home = parent(path)
            if (not directory or home == directory) and (found := _read_name(path)):
                by_directory[home].append(found)
    candidates = [home for home in by_directory if directory or _is_likely(home, by_directory[home])]
    if not candidates:
        return SqlHistory(directory=directory)
    ranked = sorted(candidates, key=lambda home: _rank(home, by_directory[home]))
    chosen = sorted(by_directory[ranked[0]], key=lambda file: file.order)
    numbering, free = _numbering(chosen)
    return SqlHistory(ranked[0] or ".", tuple(chosen), numbering, free, _template(chosen), tuple(ranked[1:]))


def _read_name(path: str) -> SqlFile | None:
    found = _FLYWAY.fullmatch(base(path)) or _NAME.fullmatch(base(path))
    if found is None:
        return None
    parts = found.groupdict(default="")
    return SqlFile(path, parts["prefix"], parts["number"], parts["separator"], parts["slug"], parts["suffix"])


def _is_likely(directory: str, files: Sequence[SqlFile]) -> bool:
    parts = directory.split("/")
    if any(_LIKELY.search(part) for part in parts):
        return True
    return len(files) > 2 and not any(_ASIDE.search(part) for part in parts)


def _rank(directory: str, files: Sequence[SqlFile]) -> tuple[bool, bool, int, str]:
    parts = directory.split("/")
    aside = any(_ASIDE.search(part) for part in parts)
    return aside, not any("migrat" in part.lower() for part in parts), -len(files), directory


def _numbering(files: Sequence[SqlFile]) -> tuple[str, str]:
    """The style and the first free number, which follows the newest whatever the gaps before it."""
    newest = files[-1].number
    style = _time_style(newest)
    if _PARTS.fullmatch(newest) and ("." in newest or not re.match(r"\d{4}[-_]|\d{8}[-_]", newest)):
        style = re.sub(r"\d+", "1", newest)
    if not style:
        counted = [file.number for file in files if not _time_style(file.number)]
        width = _width(counted)
        return "1".rjust(width, "0"), str(int(newest) + 1).rjust(width, "0")
    digits = re.search(r"\d+$", newest)
    tail = digits.group() if digits else newest
    return style, newest[: len(newest) - len(tail)] + str(int(tail) + 1).rjust(len(tail), "0")


def _width(numbers: Sequence[str]) -> int:
    if not any(number.startswith("0") for number in numbers) and len({len(number) for number in numbers}) > 1:
        return 1
    # The newest files tell how it is done today, where a project has changed its mind.
    return Counter(len(number) for number in numbers[-5:]).most_common(1)[0][0]


def _time_style(number: str) -> str:
    if not number.isdigit():
        words = re.split(r"([-_T])", number)
        packed = len(words[0]) == 8
        names = ["YYYYMMDD", "HHMMSS"] if packed else ["YYYY", "MM", "DD", "HHMMSS"]
        styled = [
            word if place % 2 else names[min(place // 2, len(names) - 1)][: len(word)]
            for place, word in enumerate(words)
        ]
        return "".join(styled)
    plausible = number[:2] in {"19", "20"} and "01" <= number[4:6] <= "12"
    if len(number) in {8, 12, 14} and plausible:
        return "YYYYMMDDHHMMSS"[: len(number)]
    if len(number) == 17 and plausible:
        return "YYYYMMDDHHMMSSmmm"
    if len(number) in {10, 13} and number.startswith("1"):
        return "seconds" if len(number) == 10 else "milliseconds"
    return ""


def _template(files: Sequence[SqlFile]) -> str:
    newest = next((file for file in reversed(files) if file.separator), files[-1])
    dashed = "-" in newest.slug and "_" not in newest.slug
    slug = "{slug-dashed}" if dashed else "{slug}"
    return f"{newest.prefix}{{number}}{newest.separator or '_'}{slug}{newest.suffix}"
