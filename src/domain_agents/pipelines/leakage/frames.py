"""What the methods of frames, columns and arrays do to rows and columns."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.leakage import binding, judging
from domain_agents.pipelines.leakage.subscripts import one_column
from domain_agents.pipelines.leakage.values import (
    Columns,
    Constant,
    Data,
    Function,
    Grouping,
    Items,
    Named,
    Score,
    Window,
)
from domain_agents.pipelines.leakage.vocabulary import (
    DATE_NAME,
    ELEMENTWISE,
    FITTING_FUNCTIONS,
    GROUP_NAME,
    LAGS,
    STATISTICS,
)

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.machine import Machine

Arguments = tuple[list[Any], dict[str, Any]]
_ROWS_KEPT = frozenset({"head", "tail", "query", "nlargest", "nsmallest", "between_time", "truncate", "filter", "xs"})
_NOTHING = frozenset(
    {"info", "describe", "plot", "hist", "to_csv", "to_parquet", "to_pickle", "boxplot", "show", "to_sql", "to_excel"}
)
_IN_PLACE = frozenset({"drop", "fillna", "dropna", "sort_values", "sort_index", "set_index", "reset_index", "rename",
                       "replace", "drop_duplicates", "query", "clip", "interpolate", "ffill", "bfill", "pop"})  # fmt: skip


def method(machine: Machine, owner: Data, name: str, arguments: Arguments, node: ast.Call) -> Any:
    """`owner.name(...)`."""
    found = _method(machine, owner, name, arguments, node)
    positional, named = arguments
    if name == "pop" and positional and isinstance(node.func, ast.Attribute):
        names = binding.column_names(positional[0])
        binding.rebind(machine, node.func.value, binding.without(owner, names, node.lineno))
    elif (
        name in _IN_PLACE
        and named.get("inplace") == Constant(True)
        and isinstance(node.func, ast.Attribute)
        and isinstance(found, Data)
    ):
        _in_place(machine, node.func.value, found, node.lineno)
        return None
    elif name == "insert" and len(positional) >= 3 and isinstance(node.func, ast.Attribute):
        names = binding.column_names(positional[1])
        binding.rebind(machine, node.func.value, binding.written(owner, names, positional[2], node.lineno))
    return found


def _in_place(machine: Machine, node: ast.expr, found: Data, line: int) -> None:
    """A change in place of a frame, or of a column of it: `df["a"].fillna(..., inplace=True)`."""
    if isinstance(node, ast.Subscript):
        frame = machine.value(node.value)
        if isinstance(frame, Data):
            binding.rebind(machine, node.value, binding.written(frame, frozenset({found.column}), found, line))
    elif isinstance(node, ast.Attribute) and isinstance(machine.value(node.value), Data):
        frame = machine.value(node.value)
        binding.rebind(machine, node.value, binding.written(frame, frozenset({node.attr}), found, line))
    else:
        binding.rebind(machine, node, found)


def _method(  # noqa: C901  # one branch for each family of methods
    machine: Machine, owner: Data, name: str, arguments: Arguments, node: ast.Call
) -> Any:
    positional, named = arguments
    line = node.lineno
    first = positional[0] if positional else None
    if name == "drop":
        return _drop(owner, arguments, node)
    if name == "pop":
        return one_column(owner, first.value, line) if isinstance(first, Constant) else replace(owner, known=False)
    if name in STATISTICS:
        return statistic(owner, name, line)
    if name == "fillna":
        return applied(owner, first if first is not None else named.get("value"))
    if name in ("replace", "where", "mask", "clip"):
        return applied(owner, None)
    if name == "map" and isinstance(first, Data):
        return _mapped(owner, first)
    if name == "groupby":
        return _group(owner, first if first is not None else named.get("by"))
    if name in ("rolling", "ewm", "expanding"):
        window = Window(replace(owner, time=owner.time | {"lagged"}), named.get("center") == Constant(True))
        return window if name == "rolling" else replace(window.of, window=True, pure=False, stats=frozenset())
    if name in LAGS:
        return _lagged(owner, name, first, named)
    if name in ("sort_values", "sort_index"):
        return _sorted(owner, name, arguments)
    if name == "set_index":
        names = binding.column_names(first if first is not None else named.get("keys")) or frozenset()
        dated = any(DATE_NAME.fullmatch(one) for one in names)
        return replace(
            binding.without(owner, names, owner.line), time=owner.time | {"time index"} if dated else owner.time
        )
    if name == "sample":
        return _sampled(machine, owner, arguments)
    if name == "drop_duplicates":
        subset = first if first is not None else named.get("subset")
        return replace(owner, repeated=frozenset(), time=frozenset()) if subset is not None else owner
    if name in _ROWS_KEPT:
        return replace(owner, subset=True, stats=owner.stats)
    if name == "assign":
        frame = owner
        for column, value in named.items():
            made = _called_on(machine, value, frame)
            frame = binding.written(frame, frozenset({column}), made, line)
        return frame
    if name == "pipe":
        return _called_on(machine, first, owner) if isinstance(first, Function) else derived(owner, positional)
    if name in ("merge", "join"):
        return _merged(owner, first)
    if name in ("append", "extend"):
        others = [one for one in positional if isinstance(one, Data)]
        return judging.merged([owner, *others])
    if name in ("corr", "corrwith", "cov"):
        taint = judging.learnt("selection", f"{owner.column or 'the frame'}.{name}", line, owner, supervised=True)
        return Data(rows=owner.rows, role=owner.role, splits=owner.splits, stats=frozenset({taint}))
    if name in ("unique", "nunique", "duplicated", "value_counts"):
        return _counted(machine, owner, name, line)
    if name == "resample":
        return replace(owner, time=owner.time | {"time index"})
    if name in _NOTHING:
        return None
    if name == "select_dtypes":
        return replace(owner, known=False, line=line)
    if name == "isin":
        return _membership(owner, first)
    if name in ("copy", "astype", "to_numpy", "reset_index", "to_frame", "squeeze", "ravel", "reshape", "flatten",
                "dropna", "infer_objects", "convert_dtypes", "tolist", "to_list", "round", "abs", "set_axis",
                "interpolate", "ffill", "bfill", "compute", "toPandas", "cache", "persist"):  # fmt: skip
        return owner
    if name == "to_dict":
        return None
    if name in ("apply", "transform", "agg", "aggregate", "map", "applymap"):
        return _applied_function(machine, owner, arguments, line)
    if name == "keys":
        return Columns(owner.only, owner.dropped, owner.known)
    if name == "rename":
        return replace(owner, known=False) if not owner.column else owner
    if name in ("idxmax", "argmax", "idxmin", "argmin") and owner.stats:
        return owner
    if name in ELEMENTWISE:
        return derived(owner, positional, keep=True)
    return derived(owner, positional)


def statistic(owner: Data, name: str, line: int) -> Any:
    """A number, or one a column, that is learnt from all rows of the data."""
    if owner.predicted_by is not None:
        return None
    what = f"{owner.column}.{name}" if owner.column else name
    taint = judging.learnt("statistic", what, line, owner)
    return replace(owner, stats=owner.stats | {taint}, line=line)


def applied(owner: Data, value: Any) -> Data:
    """Data after gaps were filled with a value: a statistic of the rows is then written into them."""
    match value:
        case Data(stats=stats, taints=taints):
            return replace(owner, taints=owner.taints | taints | stats)
        case Items(values=values):
            found: frozenset[Any] = frozenset()
            for one in values:
                if isinstance(one, Data):
                    found |= one.stats | one.taints
            return replace(owner, taints=owner.taints | found)
    return owner


def derived(owner: Data, others: list[Any], *, keep: bool = False) -> Data:
    """What an unknown function made of data: its rows and its history, columns unknown."""
    data = [one for one in others if isinstance(one, Data)]
    joined = judging.merged([owner, *data]) if data else owner
    if keep:
        return replace(joined, column=owner.column, known=owner.known, only=owner.only)
    return replace(joined, known=False, pure=False)


def _drop(owner: Data, arguments: Arguments, node: ast.Call) -> Data:
    positional, named = arguments
    first = positional[0] if positional else None
    axis = named.get("axis") or (positional[1] if len(positional) > 1 else None)
    by_column = axis in (Constant(1), Constant("columns"))
    columns = named.get("columns")
    if columns is None and by_column:
        columns = first if first is not None else named.get("labels")
    if columns is not None:
        return binding.without(owner, binding.column_names(columns), node.lineno)
    dropped = first if first is not None else named.get("index")
    if isinstance(dropped, Data) and dropped.sample:
        return replace(owner, subset=True, random=True, excluded=owner.excluded | {dropped.sample})
    return replace(owner, subset=True)


def _mapped(owner: Data, table: Data) -> Data:
    """`column.map(means)`: what was learnt is written into the rows."""
    return replace(
        owner,
        taints=owner.taints | table.taints | table.stats,
        parents=owner.parents | table.parents,
        pure=False,
        window=owner.window,
    )


def _group(owner: Data, by: Any) -> Grouping:
    names = binding.column_names(by) or frozenset()
    return Grouping(owner, tuple(sorted(names)), frozenset())


def _lagged(owner: Data, name: str, first: Any, named: dict[str, Any]) -> Data:
    periods = first if first is not None else named.get("periods")
    ahead = isinstance(periods, Constant) and isinstance(periods.value, int) and periods.value < 0
    behind = name == "shift" and not ahead
    return replace(
        owner,
        time=owner.time | {"lagged"},
        pure=False,
        window=False if behind else owner.window,
        future=owner.future or (ahead and name in ("shift", "diff", "pct_change")),
        stats=frozenset(),
    )


def windowed(window: Window) -> Data:
    """`column.rolling(7).mean()`: the window holds the row itself unless the column was shifted before."""
    shifted = not window.of.pure
    return replace(window.of, pure=False, window=not shifted, stats=frozenset())


def _sorted(owner: Data, name: str, arguments: Arguments) -> Data:
    positional, named = arguments
    if name == "sort_index":
        return replace(owner, time=owner.time | {"sorted"}) if "time index" in owner.time else owner
    names = binding.column_names(positional[0] if positional else named.get("by")) or frozenset()
    dated = any(DATE_NAME.fullmatch(one) for one in names)
    return replace(owner, time=owner.time | {"sorted"}, random=False) if dated else owner


def _sampled(machine: Machine, owner: Data, arguments: Arguments) -> Data:
    _positional, named = arguments
    if named.get("replace") == Constant(True):
        taint = judging.learnt("oversampling", "sample(replace=True)", machine.line, owner)
        return replace(owner, taints=owner.taints | {taint})
    frac = named.get("frac")
    if isinstance(frac, Constant) and frac.value in (1, 1.0):
        return replace(owner, random=True)
    return replace(owner, subset=True, random=True, sample=machine.number())


def _called_on(machine: Machine, value: Any, frame: Data) -> Any:
    if isinstance(value, Function):
        from domain_agents.pipelines.leakage.calling import run_function

        return run_function(machine, value, ([frame], {}))
    return value


def _merged(owner: Data, other: Any) -> Data:
    """Rows of the left frame with columns of the right one; statistics of its own rows come back with them."""
    if not isinstance(other, Data):
        return replace(owner, known=False)
    taints = owner.taints | other.taints | (other.stats or frozenset())
    return replace(
        owner,
        rows=owner.rows | other.rows,
        taints=taints,
        time=owner.time | other.time,
        repeated=owner.repeated | other.repeated,
        known=owner.known and owner.only is None,
    )


def _counted(machine: Machine, owner: Data, name: str, line: int) -> Any:
    if name == "duplicated":
        return owner
    if name == "unique":
        return machine.fresh()
    if name == "nunique":
        return None
    taint = judging.learnt("statistic", f"{owner.column or 'the frame'}.value_counts", line, owner)
    return replace(owner, stats=owner.stats | {taint})


def _membership(owner: Data, other: Any) -> Data:
    """`column.isin(ids)`: the rows of those ids, whose part is theirs."""
    if isinstance(other, Data) and other.role:
        return replace(owner, rows=frozenset({0}), role=other.role, splits=other.splits, stats=frozenset())
    return replace(owner, stats=frozenset(), column="")


def _applied_function(machine: Machine, owner: Data, arguments: Arguments, line: int) -> Any:
    positional, _named = arguments
    given = positional[0] if positional else None
    if isinstance(given, Constant) and given.value in STATISTICS:
        return statistic(owner, given.value, line)
    if isinstance(given, Named) and given.last in FITTING_FUNCTIONS:
        taint = judging.learnt("fit", f"{given.last}()", line, owner)
        return replace(owner, taints=owner.taints | {taint})
    if isinstance(given, Function):
        from domain_agents.pipelines.leakage.calling import run_function

        row = replace(owner, known=False, subset=False) if not owner.column else owner
        row = replace(row, role=owner.role)
        found = run_function(machine, given, ([row], {}))
        if isinstance(found, Data):
            return replace(owner, taints=owner.taints | found.taints, parents=owner.parents | found.parents,
                           pure=owner.pure and found.pure, column=owner.column)  # fmt: skip
        return replace(owner, pure=bool(owner.column) and owner.pure, known=owner.known)
    return replace(owner, stats=frozenset()) if owner.column else replace(owner, known=False)


def grouped_method(owner: Grouping, name: str, arguments: Arguments, node: ast.Call) -> Any:
    """`frame.groupby(keys)[columns].name(...)`."""
    data = owner.of
    positional, _ = arguments
    repeated = data.repeated | frozenset(owner.keys)
    base = replace(data, parents=owner.columns or data.parents, column=next(iter(owner.columns), ""), known=False)
    if name in LAGS:
        named = arguments[1]
        lagged = _lagged(base, name, positional[0] if positional else None, named)
        people = any(GROUP_NAME.fullmatch(key) for key in owner.keys)
        return replace(lagged, repeated=repeated, time=data.time if people else lagged.time)
    if name == "rolling":
        return Window(replace(base, time=base.time | {"lagged"}))
    if name in ("cumcount", "ngroup", "rank"):
        return replace(base, repeated=repeated, pure=False)
    if name in ("transform", "apply"):
        return _group_transform(base, positional, repeated, owner, node)
    if name in STATISTICS or name in ("agg", "aggregate"):
        what = f"groupby({', '.join(owner.keys)})" + (f"[{base.column}]" if base.column else "") + f".{name}"
        taint = judging.learnt("statistic", what, node.lineno, base)
        return replace(base, stats=frozenset({taint}), time=frozenset(), repeated=frozenset(), pure=False, known=False)
    if name in ("size", "count", "nunique", "sum", "first", "last", "head", "tail"):
        return replace(base, time=frozenset(), repeated=frozenset(), pure=False, known=False)
    return replace(base, pure=False, known=False)


def _group_transform(
    base: Data, positional: list[Any], repeated: frozenset[str], owner: Grouping, node: ast.Call
) -> Data:
    given = positional[0] if positional else None
    of = f"groupby({', '.join(owner.keys)})" + (f"[{base.column}]" if base.column else "")
    if isinstance(given, Constant) and given.value in STATISTICS:
        taint = judging.learnt("statistic", f"{of}.{given.value}", node.lineno, base)
        return replace(base, taints=base.taints | {taint}, pure=False)
    if isinstance(given, Constant) and given.value in ("count", "size", "cumcount", "rank", "shift", "diff"):
        return replace(base, repeated=repeated, pure=False)
    if isinstance(given, Function):
        text = ast.unparse(given.node)
        if any(f".{one}(" in text for one in LAGS) or ".rolling(" in text:
            return replace(base, repeated=repeated, time=base.time | {"lagged"}, pure=False,
                           window=".rolling(" in text and ".shift(" not in text)  # fmt: skip
        if any(f".{one}()" in text for one in ("mean", "median", "mode", "std")):
            taint = judging.learnt("statistic", f"{of}.transform", node.lineno, base)
            return replace(base, taints=base.taints | {taint}, pure=False)
    return replace(base, pure=False)


__all__ = ["Score", "applied", "derived", "grouped_method", "method", "statistic", "windowed"]
