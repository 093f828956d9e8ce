"""What assignments, deletions and arithmetic do to data."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.leakage import judging
from domain_agents.pipelines.leakage.values import (
    TEST,
    Columns,
    Constant,
    Data,
    Derivation,
    Estimator,
    Fold,
    Instance,
    Items,
    Leak,
    Named,
    Score,
    Turn,
)
from domain_agents.pipelines.leakage.vocabulary import DATE_NAME, is_data_name, role_of

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.machine import Machine


def assign(machine: Machine, target: ast.expr, value: Any, source: ast.expr | None) -> None:
    """`target = value`."""
    match target:
        case ast.Name(id=name):
            machine.scope[name] = named(machine, name, value, target.lineno)
        case ast.Attribute(value=owner, attr=name):
            held = machine.value(owner)
            if isinstance(held, Instance):
                held.attributes[name] = named(machine, name, value, target.lineno)
            elif isinstance(held, Data) and name in ("index", "columns"):
                rebind(machine, owner, replace(held, known=False) if name == "columns" else held)
            elif isinstance(held, Data):
                rebind(machine, owner, written(held, frozenset({name}), value, target.lineno))
        case ast.Subscript():
            _assign_part(machine, target, value)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            _unpack(machine, elements, value)
        case ast.Starred(value=inner):
            assign(machine, inner, value, source)


def _unpack(machine: Machine, elements: list[ast.expr], value: Any) -> None:
    if isinstance(value, Items):
        if value.keys is not None:
            values: list[Any] = [None] * len(elements)
        else:
            values = value.values + [None] * (len(elements) - len(value.values))
        for element, one in zip(elements, values, strict=False):
            assign(machine, element, one, None)
        return
    for element in elements:
        assign(machine, element, _part_of(value), None)


def _part_of(value: Any) -> Any:
    """One of several things that an unknown call gave back."""
    if isinstance(value, Data):
        return replace(value, known=False, only=None, column="", stats=frozenset(), parents=frozenset(), pure=False)
    return value if isinstance(value, (Fold, Turn)) else None


def named(machine: Machine, name: str, value: Any, line: int) -> Any:
    """A value gets a name: part of a frame that is called test becomes the test part, at this line."""
    if value is None and is_data_name(name):
        return machine.fresh(role=role_of(name))
    if not isinstance(value, Data):
        return value
    role = role_of(name)
    _report_overlap(machine, value, role, line)
    if value.subset and not value.role and role:
        judging.on_split(machine, [value], line, random=value.random)
        return replace(value, role=role, subset=False, splits=value.splits | {machine.number()}, sample=value.sample)
    return value


def _report_overlap(machine: Machine, value: Data, role: str, line: int) -> None:
    """Two samples of the same rows, drawn one without regard to the other, share rows."""
    if not value.sample or not value.subset or not role:
        return
    for other in machine.samples:
        apart = value.sample in other.excluded or other.sample in value.excluded
        if other.rows == value.rows and other.role != role and other.sample != value.sample and not apart:
            machine.report(Leak("overlapping_parts", line, role, other.line, other.role))
    machine.samples.append(replace(value, role=role, line=line))


def _assign_part(machine: Machine, target: ast.Subscript, value: Any) -> None:
    """`frame[columns] = value`, `frame.loc[rows, columns] = value`, `items[key] = value`."""
    owner = target.value
    if isinstance(owner, ast.Attribute) and owner.attr in ("loc", "iloc", "at", "iat"):
        owner = owner.value
    held = machine.value(owner)
    if isinstance(held, Items):
        key = machine.value(target.slice)
        if held.keys is None:
            held.values.append(value)
        else:
            held.keys.append(key)
            held.values.append(value)
        return
    if not isinstance(held, Data):
        return
    part = target.slice
    if isinstance(part, ast.Tuple) and len(part.elts) == 2:
        part = part.elts[1]
    columns = column_names(machine.value(part))
    rebind(machine, owner, written(held, columns, value, target.lineno))


def rebind(machine: Machine, node: ast.expr, value: Data) -> None:
    """Give the variable or attribute that holds a frame the changed frame."""
    match node:
        case ast.Name(id=name):
            for scope in reversed(machine.scopes):
                if name in scope:
                    scope[name] = value
                    return
        case ast.Attribute(value=owner, attr=name):
            held = machine.value(owner)
            if isinstance(held, Instance):
                held.attributes[name] = value


def written(frame: Data, columns: frozenset[str] | None, value: Any, line: int) -> Data:
    """A frame after columns of it were written."""
    if not isinstance(value, Data):
        kept = frame.only | columns if frame.only is not None and columns else frame.only
        return replace(frame, only=kept, dropped=frame.dropped - (columns or frozenset()))
    made = dict(frame.made)
    parents = value.parents
    if columns and value.rows & frame.rows:
        for name in columns:
            others = parents - {name} if len(columns) == 1 else parents - columns
            if name in parents or not others:
                made.pop(name, None)
                if others or name not in parents:
                    made[name] = Derivation(parents, pure=False, line=line)
            else:
                made[name] = Derivation(others, value.pure and len(columns) == 1, line, value.window, value.future)
    # A frame that is an aggregate itself has one row a group: an aggregate beside it is its own.
    taints = value.taints | (frozenset() if frame.stats else value.stats)
    if value.role != frame.role and frame.role == TEST:
        taints = frozenset(one for one in taints if one.role)
    return replace(
        frame,
        taints=frame.taints | taints,
        time=frame.time | value.time,
        repeated=frame.repeated | value.repeated,
        only=frame.only | columns if frame.only is not None and columns else frame.only,
        dropped=frame.dropped - (columns or frozenset()),
        made=made,
    )


def delete(machine: Machine, target: ast.expr) -> None:
    """`del frame["column"]`, `del name`."""
    match target:
        case ast.Name(id=name):
            machine.scope.pop(name, None)
        case ast.Subscript(value=owner, slice=part):
            held = machine.value(owner)
            names = column_names(machine.value(part))
            if isinstance(held, Data) and names:
                rebind(machine, owner, without(held, names, target.lineno))


def without(frame: Data, names: frozenset[str] | None, line: int) -> Data:
    """A frame without columns; where nobody can tell which, its columns are unknown from here."""
    if names is None:
        return replace(frame, known=False, line=line)
    only = frame.only - names if frame.only is not None else None
    return replace(frame, dropped=frame.dropped | names, only=only, line=line)


def column_names(value: Any) -> frozenset[str] | None:
    """The names that a value spells out; None where it does not."""
    match value:
        case Constant(value=str() as name):
            return frozenset({name})
        case Items(values=values):
            names = [one.value for one in values if isinstance(one, Constant) and isinstance(one.value, str)]
            return frozenset(names) if values and len(names) == len(values) else None
        case Columns(only=frozenset() as only):
            return only
    return None


def chosen_columns(
    machine: Machine, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp
) -> Columns | None:
    """`[c for c in df.columns if c not in ("id", "y")]`, told apart from every other comprehension."""
    if isinstance(node, ast.DictComp) or len(node.generators) != 1:
        return None
    generator = node.generators[0]
    if not isinstance(generator.target, ast.Name) or not isinstance(node.elt, ast.Name):
        return None
    over = machine.value(generator.iter)
    if not isinstance(over, (Columns, Data)) or node.elt.id != generator.target.id:
        return None
    if isinstance(over, Data):
        over = Columns(over.only, over.dropped, over.known)
    for test in generator.ifs:
        left_out = _left_out(machine, test, node.elt.id)
        if left_out is None:
            return replace(over, known=False)
        over = replace(
            over, dropped=over.dropped | left_out, only=over.only - left_out if over.only is not None else None
        )
    return over


def _left_out(machine: Machine, test: ast.expr, name: str) -> frozenset[str] | None:
    match test:
        case ast.Compare(left=ast.Name(id=left), ops=[ast.NotIn()], comparators=[listed]) if left == name:
            return column_names(machine.value(listed))
        case ast.Compare(left=ast.Name(id=left), ops=[ast.NotEq()], comparators=[listed]) if left == name:
            return column_names(machine.value(listed))
        case ast.BoolOp(op=ast.And(), values=values):
            found = [_left_out(machine, one, name) for one in values]
            known = [one for one in found if one is not None]
            return frozenset().union(*known) if len(known) == len(found) else None
    return None


def combined(op: ast.operator, left: Any, right: Any, node: ast.expr) -> Any:
    """`left op right`: applying a statistic to the rows writes it into them."""
    if isinstance(left, Items) and isinstance(right, Items) and isinstance(op, ast.Add):
        return Items(left.values + right.values)
    if isinstance(left, Columns) or isinstance(right, Columns):
        return _added_columns(left, right)
    data = [one for one in (left, right) if isinstance(one, Data)]
    if not data:
        scores = [one for one in (left, right) if isinstance(one, Score)]
        return scores[0] if scores else None
    if len(data) == 1:
        return replace(data[0], line=node.lineno)
    if not isinstance(left, Data) or not isinstance(right, Data):
        return None
    joined = replace(judging.merged([left, right]), column=left.column)
    if left.stats and right.stats:
        return replace(joined, rows=left.rows, role=left.role)
    if right.stats and not left.stats and _is_scaling(op, left, right):
        applied = frozenset(replace(one, line=one.line) for one in right.stats)
        return replace(left, taints=left.taints | right.taints | applied, stats=frozenset(), pure=left.pure)
    kept = left if right.stats else right if left.stats else joined
    return replace(kept, stats=frozenset()) if kept is not joined else replace(joined, column="", stats=frozenset())


def _is_scaling(op: ast.operator, left: Data, right: Data) -> bool:
    if any(DATE_NAME.fullmatch(name) for name in (left.column, *left.parents) if name):
        return False
    kinds = {one.what.rpartition(".")[2] for one in right.stats}
    if isinstance(op, ast.Sub):
        return bool(kinds & {"mean", "nanmean", "average", "median", "nanmedian", "quantile", "percentile"})
    if isinstance(op, ast.Div):
        return (
            bool(kinds & {"std", "nanstd", "var", "mean", "median", "ptp", "quantile", "percentile"}) or len(kinds) > 1
        )
    return False


def _added_columns(left: Any, right: Any) -> Columns | None:
    columns, other = (left, right) if isinstance(left, Columns) else (right, left)
    if isinstance(other, Columns):
        return Columns(None, frozenset(), known=False, taints=left.taints | right.taints)
    names = column_names(other)
    if names is None:
        return replace(columns, known=False)
    only = columns.only | names if columns.only is not None else None
    return replace(columns, only=only, dropped=columns.dropped - names)


__all__ = ["Estimator", "Named", "assign", "combined", "rebind"]
