"""`frame[...]`, `frame.iloc[...]` and attributes of data: which rows and columns are taken."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.leakage import binding
from domain_agents.pipelines.leakage.values import (
    TEST,
    TRAIN,
    VALIDATION,
    Bound,
    Columns,
    Constant,
    Data,
    Fold,
    Grouping,
    Items,
    Named,
    Window,
)
from domain_agents.pipelines.leakage.vocabulary import role_of

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.machine import Machine

_VALUES = frozenset({"values", "T", "str", "dt", "cat", "array"})
_INDEX = re.compile(r"idx|ind|mask|perm|train|test|val|ids\b|split|fold", re.IGNORECASE)
_PARTS = {"train": TRAIN, "test": TEST, "validation": VALIDATION, "valid": VALIDATION, "val": VALIDATION}


def subscript(machine: Machine, node: ast.Subscript) -> Any:  # one answer for each kind of owner
    """`owner[part]`."""
    owner = machine.value(node.value)
    part = node.slice
    match owner:
        case Data():
            return _of_data(machine, owner, part, node)
        case Bound(of=data, name=name):
            return _located(machine, data, name, part, node)
        case Items():
            return _of_items(machine, owner, part)
        case Grouping(of=data, keys=keys):
            names = binding.column_names(machine.value(part)) or frozenset()
            return Grouping(data, keys, names)
        case Columns():
            return replace(owner, known=False)
        case Window():
            return owner
        case Fold():
            return owner
    machine.value(part)
    return None


def _of_items(machine: Machine, owner: Items, part: ast.expr) -> Any:
    key = machine.value(part)
    if not isinstance(key, Constant):
        return owner.values[0] if len(owner.values) == 1 else None
    if owner.keys is not None:
        return next((v for k, v in reversed(list(zip(owner.keys, owner.values, strict=False))) if k == key), None)
    if isinstance(key.value, int) and -len(owner.values) <= key.value < len(owner.values):
        return owner.values[key.value]
    return None


def _of_data(machine: Machine, owner: Data, part: ast.expr, node: ast.Subscript) -> Any:
    if isinstance(part, (ast.Slice, ast.Tuple)):
        return _located(machine, owner, "iloc", part, node)
    key = machine.value(part)
    match key:
        case Constant(value=str() as name):
            if name in _PARTS and not owner.known:
                return replace(owner, role=_PARTS[name])
            return one_column(owner, name, node.lineno)
        case Items() | Columns():
            return several_columns(owner, key, node.lineno)
        case Fold():
            return _of_fold(owner, key)
        case Data():
            return _chosen(owner, key, node.lineno)
    rows = _INDEX.search(ast.unparse(part)) is not None
    return replace(owner, subset=rows, known=False, column="", line=node.lineno, random=owner.random or rows)


def _chosen(owner: Data, key: Data, line: int) -> Data:
    """Rows by a mask or by positions, or columns that were learnt to be good."""
    if key.stats and any(one.kind == "selection" for one in key.stats):
        return replace(owner, taints=owner.taints | key.stats, known=False, line=line)
    role = owner.role or (key.role if not key.rows & owner.rows else "")
    splits = owner.splits | (key.splits if key.role and role == key.role else frozenset())
    return replace(owner, subset=True, role=role, splits=splits, stats=frozenset())


def one_column(owner: Data, name: str, line: int) -> Data:
    """`frame["name"]`."""
    made = owner.made.get(name)
    return replace(
        owner,
        column=name,
        only=frozenset({name}),
        parents=frozenset({name}),
        pure=True,
        window=bool(made and made.window),
        future=bool(made and made.future),
        line=line,
        excluded=frozenset(),
    )


def several_columns(owner: Data, key: Items | Columns, line: int) -> Data:
    """`frame[["a", "b"]]`, `frame[features]`."""
    base = replace(owner, column="", line=line)
    if isinstance(key, Columns):
        return replace(
            base,
            only=key.only,
            dropped=owner.dropped | key.dropped,
            known=owner.known and key.known,
            taints=owner.taints | key.taints,
        )
    names = binding.column_names(key)
    if names is None:
        return replace(base, known=False)
    return replace(base, only=names, dropped=frozenset(), parents=names, known=owner.known)


def _of_fold(owner: Data, fold: Fold) -> Data:
    return replace(owner, role=fold.role, splits=owner.splits | {fold.split}, subset=False)


def _located(machine: Machine, data: Data, name: str, part: ast.expr, node: ast.Subscript) -> Any:
    """`frame.loc[rows, columns]`, `frame.iloc[...]`, `array[rows, columns]`."""
    rows: ast.expr = part
    columns: ast.expr | None = None
    if isinstance(part, ast.Tuple) and len(part.elts) == 2:
        rows, columns = part.elts
    taken = _rows(machine, data, rows, name, node)
    if columns is None or not isinstance(taken, Data):
        return taken
    if isinstance(columns, ast.Slice):
        whole = columns.lower is None and columns.upper is None
        return taken if whole else replace(taken, known=False, column="", line=node.lineno)
    key = machine.value(columns)
    match key:
        case Constant(value=str() as one):
            return one_column(taken, one, node.lineno)
        case Items() | Columns():
            return several_columns(taken, key, node.lineno)
        case Data(stats=stats) if stats:
            return replace(taken, taints=taken.taints | stats, known=False, line=node.lineno)
        case Data() if key.role == "" and any(one.kind == "selection" for one in key.taints):
            chosen = frozenset(one for one in key.taints if one.kind == "selection")
            return replace(taken, taints=taken.taints | chosen, known=False, line=node.lineno)
    return replace(taken, known=False, column="", line=node.lineno)


def _rows(machine: Machine, data: Data, rows: ast.expr, name: str, node: ast.Subscript) -> Data:
    if isinstance(rows, ast.Slice):
        whole = rows.lower is None and rows.upper is None
        stepped = rows.step is not None
        return data if whole else replace(data, subset=True, random=data.random and not stepped)
    key = machine.value(rows)
    match key:
        case Fold():
            return _of_fold(data, key)
        case Data():
            return _chosen(data, key, node.lineno)
        case Constant(value=str() as one) if name == "loc" and not data.column:
            return replace(data, subset=True, column="", known=False, line=node.lineno) if one else data
    role = role_of(ast.unparse(rows)) if isinstance(rows, ast.Name) and not data.role else ""
    return replace(data, subset=True, role=data.role or "", random=data.random or bool(role))


def data_attribute(owner: Data, name: str, node: ast.Attribute) -> Any:
    """`data.name` that is not called."""
    if name in ("iloc", "loc", "at", "iat"):
        return Bound(owner, name)
    if name == "columns":
        return Columns(owner.only, owner.dropped, owner.known)
    if name in _VALUES:
        return owner
    if name in ("shape", "size", "ndim", "dtypes", "dtype", "empty"):
        return None
    if name == "index":
        return replace(owner, column="", known=False, stats=owner.stats)
    if name in ("data", "target", "feature_names", "target_names", "DESCR", "frame", "filename"):
        return _bunch(owner, name, node)
    if name in ("year", "month", "day", "hour", "dayofweek", "weekday", "quarter", "days", "dayofyear", "minute"):
        return replace(owner, column="" if owner.column else owner.column)
    return one_column(owner, name, node.lineno)


def _bunch(owner: Data, name: str, node: ast.Attribute) -> Any:
    if name in ("data", "frame"):
        return replace(owner, known=False, column="")
    if name == "target":
        return (
            replace(owner, known=False, column="", only=None)
            if not owner.known
            else one_column(owner, name, node.lineno)
        )
    return None


__all__ = ["Named", "data_attribute", "one_column", "subscript"]
