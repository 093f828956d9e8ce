"""Reading data that a person or a model wrote: every fault is told by its place, with the nearest thing that would do.

All faults of a specification are told at once, so that one correction is enough.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_FAULTS: Final = 20
_MAX_SHOWN: Final = 60
_FEW: Final = 12
_MEANT: Final = {
    "type": ("kind",), "nullable": ("required",), "optional": ("required",), "length": ("max_len",),
    "max_length": ("max_len",), "scale": ("precision",), "enum": ("values",), "options": ("values",),
    "choices": ("values",), "comment": ("note", "description"), "fields": ("attributes",), "columns": ("attributes",),
    "properties": ("attributes",), "from": ("child",), "to": ("parent",), "source": ("child",), "target": ("parent",),
    "many": ("child",), "one": ("parent",), "cardinality": ("kind",), "on_delete": ("on_parent_delete",),
    "where": ("equals",), "filter": ("equals",), "filters": ("equals",), "sort": ("order_by",), "order": ("order_by",),
    "orderby": ("order_by",), "table": ("entity",), "operation": ("op",), "search": ("contains",), "qps": ("per_second",),
    "rate": ("per_second",), "tables": ("entities",), "relationships": ("relations",), "queries": ("access",),
    "access_patterns": ("access",), "access_paths": ("access",), "soft_delete": ("lifecycle",), "rows": ("rows_1y",),
    "retention": ("retention_days",), "constraints": ("checks",), "unique_key": ("natural_key",), "id_type": ("ids",),
    "database": ("engine",), "multi_tenant": ("tenancy",), "currencies": ("currency",),
}  # fmt: skip
_ONE_LINE: Final = 200
"""A text that may not be longer is a name, and stands on one line."""


class SpecError(ValueError):
    """A specification that cannot be read; `faults` are sentences, each beginning with its place."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def close_to(word: str, choices: Iterable[str]) -> str:
    """The choice that was probably meant, or nothing."""
    lowered = {choice.lower(): choice for choice in reversed(list(choices))}
    found = get_close_matches(word.lower()[:100], list(lowered), n=1, cutoff=0.6)
    return lowered[found[0]] if found else ""


def hint(word: str, choices: Sequence[str]) -> str:
    """ "did you mean x? There are: ..."."""
    return _told(close_to(word, choices), choices)


def _told(near: str, choices: Sequence[str]) -> str:
    """What was probably meant, and what there is, unless that is long and needless."""
    if near and len(choices) > _FEW:
        return f"did you mean {near}?"
    listed = ", ".join(choices[:40]) + (", ..." if len(choices) > 40 else "")
    return (f"did you mean {near}? " if near else "") + (f"there are: {listed}" if choices else "there are none")


def shown(value: object) -> str:
    """A value as JSON, shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError):
        text = type(value).__name__
    return text if len(text) <= _MAX_SHOWN else text[: _MAX_SHOWN - 3] + "..."


@dataclass
class Faults:
    """What is wrong so far."""

    found: list[str] = field(default_factory=list)

    def add(self, place: str, says: str) -> None:
        """One more fault."""
        sentence = f"{place}: {says}"
        if sentence not in self.found:
            self.found.append(sentence)

    def settle(self) -> None:
        """Raises:
        SpecError: there are faults.
        """
        if self.found:
            more = len(self.found) - MAX_FAULTS
            raise SpecError([*self.found[:MAX_FAULTS], *([f"and {more} more faults"] if more > 0 else [])])


class Reader:
    """One JSON object, field by field. A field that does not fit becomes a fault, and its default is read instead."""

    def __init__(self, data: Mapping[str, Any], place: str, faults: Faults) -> None:
        self.data, self.place, self.faults = data, place, faults
        self.known: list[str] = []

    def at(self, name: str) -> str:
        """The place of a field as a person would write it."""
        return f"{self.place}.{name}" if self.place else name

    def fail(self, name: str, says: str) -> None:
        """A fault at a field."""
        self.faults.add(self.at(name), says)

    def value(self, name: str) -> Any:
        """The field as it is; None where it is absent."""
        if name not in self.known:
            self.known.append(name)
        return self.data.get(name)

    def text(self, name: str, *, required: bool = False, longest: int = 500, example: str = "text") -> str:
        """A text; empty where it is absent."""
        value = self.value(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            if required:
                self.fail(name, f'is required, for example "{example}"')
            return ""
        if not isinstance(value, str):
            self.fail(name, f'must be text, for example "{example}", not {shown(value)}')
            return ""
        if len(value) > longest:
            self.fail(name, f"is longer than {longest} characters")
            return ""
        if any(character < " " and (longest <= _ONE_LINE or character not in "\n\r\t") for character in value.strip()):
            self.fail(name, "must be plain text on one line" if longest <= _ONE_LINE else "holds control characters")
            return ""
        return value.strip()

    def choice(self, name: str, choices: Sequence[str], default: str, meant: Mapping[str, str] | None = None) -> str:
        """One of a few words; `meant` leads from words that people write to the word that is meant, for the error."""
        value = self.value(name)
        if value is None:
            return default
        word = value.strip().lower().replace("-", "_").replace(" ", "_") if isinstance(value, str) else ""
        if word in choices:
            return word
        near = (meant or {}).get(word.partition("(")[0].strip("_"), "")
        told = _told(near, choices) if near else hint(word, choices)
        self.fail(name, f"{shown(value)} is none of the choices; {told}")
        return default

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false."""
        value = self.value(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.fail(name, f"must be true or false, not {shown(value)}")
            return default
        return value

    def number(self, name: str, *, whole: bool = False, low: float = 0, high: float = 1e15) -> float | None:
        """A number between bounds; None where it is absent."""
        value = self.value(name)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or (whole and value != value // 1):
            kind = "a whole number" if whole else "a number"
            self.fail(name, f"must be {kind} from {low:g} to {high:g}, not {shown(value)}")
            return None
        return float(value)

    def count(self, name: str, low: int = 0, high: int = 10**15) -> int | None:
        """A whole number between bounds; None where it is absent."""
        found = self.number(name, whole=True, low=low, high=high)
        return None if found is None else int(found)

    def texts(self, name: str, *, most: int = 32, longest: int = 500, example: str = '["status"]') -> tuple[str, ...]:
        """A list of texts; one text counts as a list of it."""
        value = self.value(name)
        if value is None:
            return ()
        values = [value] if isinstance(value, str) else value
        is_text = isinstance(values, list | tuple) and all(isinstance(one, str) and one.strip() for one in values)
        if not is_text or any(character < " " and character != "\n" for one in values for character in one):
            self.fail(name, f"must be a list of texts, for example {example}, not {shown(value)}")
            return ()
        if len(values) > most or any(len(one) > longest for one in values):
            self.fail(name, f"holds at most {most} texts of at most {longest} characters")
            return ()
        return tuple(dict.fromkeys(one.strip() for one in values))

    def objects(self, name: str, *, most: int, example: str) -> tuple[Reader, ...]:
        """A list of objects, each with its own reader."""
        value = self.value(name)
        if value is None:
            return ()
        if not isinstance(value, list | tuple):
            self.fail(name, f"must be a list of objects, for example [{example}], not {shown(value)}")
            return ()
        if len(value) > most:
            self.fail(name, f"holds at most {most} entries, not {len(value)}")
            return ()
        readers = []
        for number, one in enumerate(value):
            if isinstance(one, dict):
                readers.append(Reader(one, f"{self.at(name)}[{number}]", self.faults))
            else:
                self.faults.add(f"{self.at(name)}[{number}]", f"must be an object, for example {example}")
        return tuple(readers)

    def done(self) -> None:
        """Whatever was not asked for is not known here."""
        for name in self.data:
            if name in self.known:
                continue
            near = next((one for one in _MEANT.get(str(name).lower(), ()) if one in self.known), "")
            meant = _told(near, self.known) if near else hint(str(name), self.known)
            self.fail(str(name)[:60], f"is not known here; {meant}")
