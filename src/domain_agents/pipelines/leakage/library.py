"""What the functions of the usual libraries do to rows: read, part, join, learn, judge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.leakage import binding, estimators, frames, judging
from domain_agents.pipelines.leakage.values import (
    TEST,
    TRAIN,
    VALIDATION,
    Columns,
    Constant,
    Data,
    Estimator,
    Function,
    Items,
    Named,
    Score,
    Splitter,
)
from domain_agents.pipelines.leakage.vocabulary import (
    CROSS_VALIDATIONS,
    DATE_NAME,
    ELEMENTWISE,
    FITTING_FUNCTIONS,
    HARMLESS,
    LEARNING,
    METRICS,
    MODELS,
    READERS,
    SAMPLERS,
    SEARCHES,
    SELECTING_FUNCTIONS,
    SHUFFLED_SPLITTERS,
    SPLITTERS,
    STATISTICS,
    SUPERVISED,
    role_of,
)

if TYPE_CHECKING:
    import ast

    from domain_agents.pipelines.leakage.machine import Machine

Arguments = tuple[list[Any], dict[str, Any]]
_JOINS = frozenset(
    {"concat", "concatenate", "vstack", "append", "hstack", "column_stack", "c_", "stack", "union", "row_stack"}
)
_SAME = frozenset({"list", "sorted", "tuple", "set", "reversed", "deepcopy", "copy", "display", "DMatrix", "csr_matrix",
                   "tensor", "from_numpy", "as_tensor", "FloatTensor", "Dataset", "Pool", "cast",
                   "array", "asarray"})  # fmt: skip
_GATHERED = frozenset({"array", "asarray", "stack", "DataFrame", "Series", "pad_sequences", "tensor"})
_CHOICE = frozenset({"max", "min", "argmax", "argmin", "nlargest", "nanargmax", "nanargmin"})


def library(  # noqa: C901  # one branch for each family of names
    machine: Machine, function: Named, arguments: Arguments, node: ast.Call
) -> Any:
    """The value of a call of something imported."""
    name = function.last
    positional, named = arguments
    first = positional[0] if positional else None
    data = [one for one in positional if isinstance(one, Data)]
    if name == "train_test_split" or (name == "random_split" and data):
        return parted(machine, arguments, node)
    if name in CROSS_VALIDATIONS:
        return _cross_validated(machine, arguments, node)
    made = estimators.made(machine, name, arguments, node)
    if made is not None:
        return made
    if READERS.fullmatch(name) and not (name == "DataFrame" and data):
        return _read(machine, name, arguments)
    if name in FITTING_FUNCTIONS and data:
        taint = judging.learnt("fit", f"{name}()", node.lineno, data[0])
        return replace(data[0], taints=data[0].taints | {taint})
    if name in SELECTING_FUNCTIONS and data:
        taint = judging.learnt("selection", f"{name}()", node.lineno, data[0], supervised=True)
        return Data(rows=data[0].rows, role=data[0].role, splits=data[0].splits, stats=frozenset({taint}))
    if name == "resample" and data:
        return _resampled(data, named, node)
    if name in _JOINS:
        return joined(positional, named, node)
    if name == "merge" and len(data) > 1:
        return frames.method(machine, data[0], "merge", (list(positional[1:]), named), node)
    if name in _CHOICE:
        scores = _scores_in(positional)
        if scores and (len(scores) > 1 or scores[0].loops):
            judging.on_selection(machine, scores, node.lineno)
    if name == "sorted" and named.get("key") is not None and isinstance(first, Items):
        scores = _scores_in(positional)
        if scores and scores[0].loops:
            judging.on_selection(machine, [one for one in scores if one.tuned], node.lineno)
    if name in STATISTICS and isinstance(first, Data):
        if first.predicted_by is not None:
            return _scored(machine, [first], node)
        return frames.statistic(first, name, node.lineno)
    if METRICS.fullmatch(name) and data and any(one.predicted_by for one in data):
        return _scored(machine, data, node)
    if name == "to_datetime" and isinstance(first, Data):
        return replace(first, time=first.time | {"dates"})
    if name in ("list", "sorted", "tuple", "set") and positional:
        return first
    if name in ("enumerate", "zip", "tqdm"):
        return _zipped(name, positional)
    if name == "train" and (
        named.keys() & {"evals", "valid_sets", "num_boost_round", "early_stopping_rounds", "dtrain"}
    ):
        model = Estimator("model", "train", node.lineno)
        estimators.fit(machine, model, arguments, node)
        return model
    if name == "where" and len(data) > 1:
        return replace(judging.merged(data), column="", stats=frozenset())
    if isinstance(first, Columns) and name in ("Index", "array"):
        return first
    if name == "DataFrame" and isinstance(first, Data):
        return replace(first, known=False, column="") if first.role or not first.known else replace(first, known=False)
    if name in _SAME and isinstance(first, Data):
        return first
    if name in _GATHERED and isinstance(first, Items):
        held = [one for one in first.values if isinstance(one, Data)]
        return replace(judging.merged(held), subset=False, known=False) if held else None
    if name in ELEMENTWISE and isinstance(first, Data):
        return frames.derived(first, positional[1:], keep=True)
    if name in ("len", "print", "range", "isinstance", "type", "id", "hash", "figure", "show"):
        return None
    from domain_agents.pipelines.leakage.calling import unknown

    return unknown(arguments)


def parted(machine: Machine, arguments: Arguments, node: ast.Call) -> Items | Any:
    """`train_test_split(...)`: two parts of everything that is handed in."""
    positional, named = arguments
    parts: list[Any] = []
    for one in positional:
        held = [value for value in one.values if isinstance(value, Data)] if isinstance(one, Items) else []
        parts.append(replace(judging.merged(held), subset=False) if held else one)
    data = [one for one in parts if isinstance(one, Data)]
    shuffled = named.get("shuffle") != Constant(False)
    judging.on_split(machine, data, node.lineno, random=shuffled)
    number = machine.number()
    found: list[Any] = []
    for one in parts:
        if not isinstance(one, Data):
            found += [None, None]
            continue
        resplit = one.role == TRAIN
        splits = one.splits | {number}
        kept = replace(one, splits=splits, subset=False, random=False)
        first = TRAIN if one.role != TEST else VALIDATION
        found += [replace(kept, role=first), replace(kept, role=VALIDATION if resplit else TEST)]
    return Items(found)


def joined(positional: list[Any], named: dict[str, Any], node: ast.Call) -> Any:
    """Frames one below the other (or beside one another) as one."""
    pieces: list[Any] = []
    for one in positional:
        pieces += one.values if isinstance(one, Items) else [one]
    data = [one for one in pieces if isinstance(one, Data)]
    if not data:
        return None
    if len(data) == 1:
        return data[0]
    axis = named.get("axis") or (positional[1] if len(positional) > 1 and isinstance(positional[1], Constant) else None)
    beside = axis in (Constant(1), Constant("columns"), Constant(-1)) or _name(node) in ("hstack", "column_stack", "c_")
    found = judging.merged(data)
    if not beside and _repeats(data):
        taint = judging.learnt("copies", f"{_name(node)}() of the same rows", node.lineno, data[0])
        found = replace(found, taints=found.taints | {taint})
    if beside:
        return replace(found, known=False)
    return replace(found, subset=False, known=all(one.known for one in data), only=None, dropped=data[0].dropped)


def _repeats(data: list[Data]) -> bool:
    """Whether rows stand in it twice: one piece given twice, or a frame beside a part of it."""
    for number, one in enumerate(data):
        for other in data[:number]:
            same = one.rows == other.rows and one.role == other.role and one.splits == other.splits
            if same and (one is other or one.subset != other.subset) and not one.predicted_by and not one.stats:
                return True
    return False


def _name(node: ast.Call) -> str:
    return str(getattr(node.func, "attr", None) or getattr(node.func, "id", ""))


def _cross_validated(machine: Machine, arguments: Arguments, node: ast.Call) -> Any:
    positional, named = arguments
    data = [one for one in (*positional[1:], *named.values()) if isinstance(one, Data)]
    given = named.get("X")
    if isinstance(given, Data):
        data = [given, *(one for one in data if one is not given)]
    estimator = positional[0] if positional else named.get("estimator")
    cv = named.get("cv")
    judging.on_cross_validation(machine, data, node.lineno, cv, grouped="groups" in named)
    if data and data[0].role == TEST and data[0].splits and isinstance(estimator, Estimator):
        return None
    return None


def _read(machine: Machine, name: str, arguments: Arguments) -> Any:
    positional, named = arguments
    path = next((one.value for one in positional if isinstance(one, Constant) and isinstance(one.value, str)), "")
    stem = path.replace("\\", "/").rpartition("/")[2]
    role = TEST if stem and role_of(stem.partition(".")[0]) == TEST and name.startswith("read_") else ""
    dates = named.get("parse_dates")
    time: frozenset[str] = frozenset()
    if dates is not None and dates != Constant(False):
        time = frozenset({"dates"})
        index = binding.column_names(named.get("index_col")) or frozenset()
        if any(DATE_NAME.fullmatch(one) for one in index) or (dates == Constant(True)):
            time |= {"time index"}
    tabular = name.startswith("read_") or name == "DataFrame"
    found = machine.fresh(role=role, known=tabular, time=time, line=machine.line)
    if named.get("return_X_y") == Constant(True) or name.startswith("make_"):
        return Items([replace(found, known=False), replace(found, known=False)])
    if name == "load_data" and not positional:
        # Keras gives ((x_train, y_train), (x_test, y_test)).
        train = replace(found, role=TRAIN, known=False)
        test = machine.fresh(role=TEST)
        return Items([Items([train, train]), Items([test, test])])
    return found


def _resampled(data: list[Data], named: dict[str, Any], node: ast.Call) -> Any:
    if named.get("replace") == Constant(False):
        found = [replace(one, subset=True, random=True) for one in data]
    else:
        taint = judging.learnt("oversampling", "resample()", node.lineno, data[0])
        found = [replace(one, taints=one.taints | {taint}) for one in data]
    return found[0] if len(found) == 1 else Items(list(found))


def _scored(machine: Machine, data: list[Data], node: ast.Call) -> Score | None:
    predicted = next((one for one in data if one.predicted_by is not None), None)
    if predicted is None:
        return None
    role = predicted.role or next((one.role for one in data if one.role), "")
    return judging.judged(machine, replace(predicted, role=role), node.lineno)


def _scores_in(values: list[Any]) -> list[Score]:
    found: list[Score] = []
    for one in values:
        match one:
            case Score():
                found.append(one)
            case Items(values=inner):
                found += _scores_in(inner)
    return found


def _zipped(name: str, positional: list[Any]) -> Any:
    first = positional[0] if positional else None
    if name == "tqdm":
        return first
    if name == "enumerate":
        from domain_agents.pipelines.leakage.looping import element

        return Items([Items([None, element(first)])])
    return None


__all__ = [
    "HARMLESS",
    "LEARNING",
    "MODELS",
    "SAMPLERS",
    "SEARCHES",
    "SHUFFLED_SPLITTERS",
    "SPLITTERS",
    "SUPERVISED",
    "Function",
    "Splitter",
    "library",
]
