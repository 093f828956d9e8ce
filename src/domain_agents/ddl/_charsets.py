"""Character sets inside types: what a column keeps of its own when its type is written anew."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.catalog import Column

_CHARSET = re.compile(r"\s*\b(?:CHARACTER\s+SET|CHARSET)\s*=?\s*[\"'`]?(\w+)[\"'`]?", re.IGNORECASE)
_TEXT = re.compile(
    r"\s*(?:national\s+)?(?:(?:var)?char(?:acter)?(?:\s+varying)?|n(?:var)?char|(?:tiny|medium|long)?text|enum|set)\b",
    re.IGNORECASE,
)


def is_text(type_: str) -> bool:
    """Whether a type has a collation."""
    return _TEXT.match(type_) is not None


def written_charset(type_: str) -> str:
    """The character set that stands in a type, lower case; empty when there is none."""
    found = _CHARSET.search(type_)
    return found[1].lower() if found else ""


def with_charset(type_: str, charset: str) -> str:
    """A type with another character set; empty takes it away."""
    bare = _CHARSET.sub("", type_).rstrip()
    return f"{bare} CHARACTER SET {charset}" if charset else bare


def with_type(column: Column, type_: str) -> Column:
    """The column with another type, which keeps its character set and collation as far as the type has them.

    A character set is part of a definition that is written whole: left out, the values would be taken for the table's.
    """
    before, after = written_charset(column.type), written_charset(type_)
    kept = type_ if after or not before or not is_text(type_) else with_charset(type_, before)
    lost = is_text(column.type) and not is_text(type_)
    other_set = bool(after) and after != before and not (column.collation or "").lower().startswith(f"{after}_")
    return replace(column, type=kept, collation=None if lost or other_set else column.collation)


_OPTION = re.compile(
    r"\s*,?\s*(?:DEFAULT\s+)?(?:CHARACTER\s+SET|CHARSET|COLLATE)\s*=?\s*[\"'`]?\w+[\"'`]?", re.IGNORECASE
)


def with_table_charset(options: str, charset: str, collation: str | None) -> str:
    """A table's options with another default for its texts."""
    others = _OPTION.sub("", options).strip()
    said = f"DEFAULT CHARSET={charset}" + (f" COLLATE={collation}" if collation else "")
    return f"{others} {said}".strip()
