"""The values that the interpreter reckons with: data with its history, estimators with what they saw, and the rest."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ast
    from collections.abc import Mapping

TRAIN = "train"
TEST = "test"
VALIDATION = "validation"


@dataclass(frozen=True, slots=True)
class Taint:
    """Something that was learnt from rows and then written back into data.

    `role` is the part it was learnt from; empty where that was all rows. `kind` is one of fit, statistic, oversampling,
    selection, copies.
    """

    kind: str
    what: str
    line: int
    role: str = ""
    supervised: bool = False
    columns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Derivation:
    """How a column came to be: from which columns, row by row (`pure`), or by a window that holds the row itself."""

    parents: frozenset[str]
    pure: bool
    line: int
    window: bool = False
    future: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """A frame, a column, an array, indices: whatever holds values of rows.

    `rows` are the sources that its rows come from, `splits` the splits that it is a part of. `stats` are what it *is* (a
    mean), `taints` what went into it. `only` are its columns where they are known one by one, else all of its source but
    `dropped`; `known` is false where nobody can tell.
    """

    rows: frozenset[int] = frozenset()
    role: str = ""
    splits: frozenset[int] = frozenset()
    taints: frozenset[Taint] = frozenset()
    stats: frozenset[Taint] = frozenset()
    subset: bool = False
    random: bool = False
    grouped: tuple[str, ...] = ()
    time: frozenset[str] = frozenset()
    repeated: frozenset[str] = frozenset()
    column: str = ""
    only: frozenset[str] | None = None
    dropped: frozenset[str] = frozenset()
    known: bool = False
    parents: frozenset[str] = frozenset()
    pure: bool = True
    window: bool = False
    future: bool = False
    made: Mapping[str, Derivation] = field(default_factory=dict, hash=False, compare=False)
    predicted_by: Estimator | None = field(default=None, hash=False, compare=False)
    line: int = 0
    excluded: frozenset[int] = frozenset()
    """Samples whose index was dropped from it: their complement."""
    sample: int = 0
    """The number of the random sample that it is."""
    seen_whole: frozenset[Taint] = frozenset()
    """Statistics that are differences of statistics (max - min)."""

    def holds(self, name: str) -> bool:
        """Whether a column of that name is known to be in it."""
        if not self.known:
            return False
        return name in self.only if self.only is not None else name not in self.dropped


@dataclass(slots=True, eq=False)
class Estimator:
    """A transformer, model, search, sampler or pipeline. Changes as it is fitted, so every name of it sees that."""

    kind: str
    name: str
    line: int = 0
    fitted_on: Data | None = None
    fit_line: int = 0
    tuned_on: Data | None = None
    tuned_line: int = 0
    supervised: bool = False
    loops: frozenset[int] = frozenset()
    inner: Estimator | None = None
    cv: Any = None
    stops_early: bool = False
    watched: Data | None = None
    """The data that early stopping looks at."""
    watched_line: int = 0


@dataclass(frozen=True, slots=True)
class Splitter:
    """A cross-validation splitter."""

    name: str
    shuffles: bool


@dataclass(frozen=True, slots=True)
class Fold:
    """The indices of one side of a fold."""

    role: str
    split: int


@dataclass(frozen=True, slots=True)
class Columns:
    """Column names of a frame: all but `dropped`, or `only` these."""

    only: frozenset[str] | None
    dropped: frozenset[str]
    known: bool
    taints: frozenset[Taint] = frozenset()


@dataclass(frozen=True, slots=True)
class Score:
    """A metric on a part of the data, and the loops whose variable the model hangs on."""

    role: str
    loops: frozenset[int]
    tuned: bool
    line: int
    rows: frozenset[int] = frozenset()
    model: str = ""


@dataclass(slots=True)
class Items:
    """A list, tuple or dict of values."""

    values: list[Any]
    keys: list[Any] | None = None


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal."""

    value: Any


@dataclass(frozen=True, slots=True)
class Named:
    """Something imported, or a name nobody has defined: its dotted path."""

    path: str

    @property
    def last(self) -> str:
        """Its own name."""
        return self.path.rpartition(".")[2]


@dataclass(slots=True, eq=False)
class Function:
    """A function of the module, with the variables around it."""

    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
    scope: dict[str, Any]
    owner: Instance | None = None


@dataclass(slots=True, eq=False)
class Class:
    """A class of the module."""

    node: ast.ClassDef
    scope: dict[str, Any]


@dataclass(slots=True, eq=False)
class Instance:
    """An object of a class of the module."""

    cls: Class
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a loop over parameters hands to its body."""

    loop: int


@dataclass(frozen=True, slots=True)
class Tuned:
    """The parameters that a search found best."""

    on: Data
    line: int


@dataclass(frozen=True, slots=True)
class Bound:
    """`frame.iloc`, `frame.loc`, `frame.str`: what is subscripted or called next."""

    of: Data
    name: str


@dataclass(frozen=True, slots=True)
class Grouping:
    """`frame.groupby(keys)`, with the column that was picked."""

    of: Data
    keys: tuple[str, ...]
    columns: frozenset[str]


@dataclass(frozen=True, slots=True)
class Window:
    """`column.rolling(7)`."""

    of: Data
    centred: bool = False


@dataclass(frozen=True, slots=True)
class Leak:
    """One place where the data that judges has been seen before. `rule` is the audit rule's name."""

    rule: str
    line: int
    what: str
    later: int = 0
    detail: str = ""
