"""Estimators: how they are made, fitted, asked, and what splitters part."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.leakage import judging
from domain_agents.pipelines.leakage.values import (
    TEST,
    TRAIN,
    Constant,
    Data,
    Estimator,
    Fold,
    Items,
    Leak,
    Splitter,
    Tuned,
    Turn,
)
from domain_agents.pipelines.leakage.vocabulary import (
    HARMLESS,
    LEARNING,
    MODELS,
    PLAIN_SPLITTERS,
    SAMPLERS,
    SEARCHES,
    SHUFFLED_SPLITTERS,
    SPLITTERS,
    SUPERVISED,
)

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.machine import Machine

Arguments = tuple[list[Any], dict[str, Any]]
_FITS = frozenset({"fit", "partial_fit", "fit_on_texts", "adapt", "fit_generator"})
_TRANSFORMS = frozenset({"transform", "texts_to_sequences", "texts_to_matrix"})
_PREDICTS = frozenset({"predict", "predict_proba", "decision_function", "predict_log_proba", "predict_classes"})
_PLURAL = frozenset({"Pipeline", "ImbPipeline", "make_pipeline", "ColumnTransformer", "make_column_transformer",
                     "FeatureUnion", "make_union", "make_imb_pipeline"})  # fmt: skip


def made(machine: Machine, name: str, arguments: Arguments, node: ast.Call) -> Any:
    """The estimator or splitter that a class of that name makes; None where it is not one."""
    positional, named = arguments
    if name in SPLITTERS:
        return Splitter(name, name in SHUFFLED_SPLITTERS or named.get("shuffle") == Constant(True))
    if name in SEARCHES:
        inner = next((one for one in (*positional, *named.values()) if isinstance(one, Estimator)), None)
        return Estimator("search", name, node.lineno, inner=inner, cv=named.get("cv"), loops=_loops(machine, node))
    if name in _PLURAL:
        return _pipeline(machine, name, arguments, node)
    if name == "clone" and positional and isinstance(positional[0], Estimator):
        return replace(positional[0], fitted_on=None)
    if name in SAMPLERS:
        return Estimator("sampler", name, node.lineno)
    if name in HARMLESS:
        return Estimator("harmless", name, node.lineno)
    if name in LEARNING:
        return Estimator("transformer", name, node.lineno, supervised=name in SUPERVISED)
    if MODELS.fullmatch(name) and name[:1].isupper():
        cluster = name in ("KMeans", "MiniBatchKMeans", "DBSCAN", "IsolationForest", "OneClassSVM", "GaussianMixture")
        found = Estimator("cluster" if cluster else "model", name, node.lineno, loops=_loops(machine, node))
        found.stops_early = "early_stopping_rounds" in named
        tuned = named.get("**")
        if isinstance(tuned, Tuned):
            found.tuned_on, found.tuned_line = tuned.on, tuned.line
        for value in (*positional, *named.values()):
            if isinstance(value, Tuned):
                found.tuned_on, found.tuned_line = value.on, value.line
        return found
    return None


def _loops(machine: Machine, node: ast.Call) -> frozenset[int]:
    """The loops that run now and whose variable the parameters hang on."""
    used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
    turns = {found.loop for name in used if isinstance(found := machine.lookup(name), Turn)}
    return frozenset(loop.number for loop in machine.loops if loop.names & used or loop.number in turns)


def _pipeline(machine: Machine, name: str, arguments: Arguments, node: ast.Call) -> Estimator:
    steps = list(_estimators(arguments[0])) + list(_estimators(list(arguments[1].values())))
    model = next((one for one in steps if one.kind in ("model", "search", "unknown")), None)
    learns = any(one.kind == "transformer" for one in steps)
    if model is not None:
        return Estimator(
            "model",
            f"Pipeline({model.name})",
            node.lineno,
            loops=_loops(machine, node),
            tuned_on=model.tuned_on,
            tuned_line=model.tuned_line,
        )
    if name in ("Pipeline", "make_pipeline", "ImbPipeline") and _ends_unknown(arguments):
        return Estimator("unknown", name, node.lineno, loops=_loops(machine, node))
    kind = "transformer" if learns or not steps else "harmless"
    label = next((one.name for one in steps if one.kind == "transformer"), name)
    label = label if label == name else f"{name}({label})"
    return Estimator(kind, label, node.lineno, supervised=any(one.supervised for one in steps))


def _ends_unknown(arguments: Arguments) -> bool:
    """Whether the last step of a pipeline is something nobody knows: it may be a model."""
    positional = arguments[0] or list(arguments[1].values())
    steps = positional[0].values if positional and isinstance(positional[0], Items) else positional
    if not steps:
        return True
    last = steps[-1]
    if isinstance(last, Items) and last.values:
        last = last.values[-1]
    return not isinstance(last, (Estimator, Constant))


def _estimators(values: list[Any]) -> list[Estimator]:
    found: list[Estimator] = []
    for one in values:
        match one:
            case Estimator():
                found.append(one)
            case Items(values=inner):
                found += _estimators(inner)
    return found


def method(machine: Machine, owner: Estimator, name: str, arguments: Arguments, node: ast.Call) -> Any:
    """`estimator.name(...)`."""
    data = _data(arguments)
    if name in _FITS:
        fit(machine, owner, arguments, node)
        return owner
    if name in ("fit_transform", "fit_predict"):
        return _fit_transformed(machine, owner, name, data, node)
    if name in ("fit_resample", "fit_sample"):
        return _resampled(machine, owner, data, node)
    if name in _TRANSFORMS:
        return _transformed(machine, owner, data, node)
    if name in _PREDICTS:
        if not data:
            return None
        judging.on_judged(machine, owner, data[0], node.lineno)
        return replace(data[0], predicted_by=owner, taints=frozenset(), stats=frozenset(), column="", known=False)
    if name in ("score", "evaluate"):
        if not data:
            return None
        judging.on_judged(machine, owner, data[0], node.lineno)
        return judging.judged(machine, replace(data[0], predicted_by=owner), node.lineno)
    if name == "set_params":
        used = {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}
        owner.loops |= frozenset(loop.number for loop in machine.loops if loop.names & used)
        return owner
    if name in ("compile", "eval", "train", "to", "cuda", "set_output", "add"):
        return owner
    if name in ("get_support", "get_feature_names_out", "get_feature_names"):
        return _chosen(owner)
    if name == "inverse_transform" and data:
        return replace(data[0], stats=frozenset())
    return None


def called(machine: Machine, owner: Estimator, arguments: Arguments, node: ast.Call) -> Any:
    """`layer(x)`, `model(x)`: asked as a function."""
    data = _data(arguments)
    return (
        method(machine, owner, "transform" if owner.kind == "transformer" else "predict", arguments, node)
        if data
        else None
    )


def _data(arguments: Arguments) -> list[Data]:
    positional, named = arguments
    found = [one for one in positional if isinstance(one, Data)]
    if not found and positional and isinstance(positional[0], Items):
        found = [one for one in positional[0].values if isinstance(one, Data)][:1]
    for key in ("X", "x", "raw_documents", "texts", "data", "dtrain", "train_set", "y"):
        one = named.get(key)
        if isinstance(one, Data):
            found.append(one)
    return found


def fit(machine: Machine, owner: Estimator, arguments: Arguments, node: ast.Call) -> None:
    """`estimator.fit(X, y, ...)`."""
    data = _data(arguments)
    named = arguments[1]
    if not data:
        return
    if owner.kind == "search":
        judging.on_cross_validation(machine, data, node.lineno, owner.cv, grouped="groups" in named)
    share = named.get("validation_split")
    if share is not None and share != Constant(0.0):
        judging.on_split(machine, data, node.lineno, random=False)
    judging.on_fit(machine, owner, data, node.lineno)
    watched = [
        one
        for key in ("eval_set", "validation_data", "evals", "valid_sets", "eval_data")
        for one in _flat(named.get(key))
    ]
    if watched and (owner.stops_early or _stops_early(node)):
        owner.watched = next((one for one in watched if one.role == TEST), None)
        owner.watched_line = node.lineno


def _flat(value: Any) -> list[Data]:
    match value:
        case Data():
            return [value]
        case Items(values=values):
            return [one for inner in values for one in _flat(inner)]
    return []


def _stops_early(node: ast.Call) -> bool:
    text = ast.unparse(node).lower()
    return any(
        word in text
        for word in ("early_stop", "earlystop", "modelcheckpoint", "es]", "early]", "checkpoint", "stopper")
    )


def _fit_transformed(machine: Machine, owner: Estimator, name: str, data: list[Data], node: ast.Call) -> Any:
    if not data:
        return None
    judging.on_fit(machine, owner, data, node.lineno)
    if owner.kind == "harmless":
        return data[0]
    if owner.kind in ("cluster", "unknown", "model", "search"):
        return replace(data[0], known=False, column="")
    return _with_taint(owner, data[0], f"{owner.name}.{name}", node.lineno)


def _with_taint(owner: Estimator, data: Data, what: str, line: int) -> Data:
    seen = owner.fitted_on or data
    kind = "selection" if owner.supervised and "Encoder" not in owner.name else "fit"
    taint = judging.learnt(kind, what, owner.fit_line or line, seen, supervised=owner.supervised)
    column = data.column
    return replace(
        data, taints=data.taints | {taint}, column=column, known=data.known and kind != "selection", pure=data.pure
    )


def _transformed(machine: Machine, owner: Estimator, data: list[Data], node: ast.Call) -> Any:
    if not data:
        return None
    if owner.kind == "harmless" or owner.fitted_on is None:
        return data[0]
    judging.on_transformed(machine, owner, data[0], node.lineno)
    if owner.kind != "transformer":
        return replace(data[0], known=False)
    return _with_taint(owner, data[0], f"{owner.name}.fit", node.lineno)


def _resampled(machine: Machine, owner: Estimator, data: list[Data], node: ast.Call) -> Any:
    if not data:
        return None
    if data[0].role == TEST:
        machine.report(Leak("fitted_on_test", node.lineno, owner.name, node.lineno, TEST))
    taint = judging.learnt("oversampling", f"{owner.name}.fit_resample", node.lineno, data[0])
    judging.report_target(machine, data, node.lineno)
    return Items([replace(one, taints=one.taints | {taint}, subset=False) for one in data])


def _chosen(owner: Estimator) -> Data | None:
    if owner.fitted_on is None or not owner.supervised:
        return None
    taint = judging.learnt("selection", f"{owner.name}.fit", owner.fit_line, owner.fitted_on, supervised=True)
    return Data(
        rows=owner.fitted_on.rows, role=owner.fitted_on.role, splits=owner.fitted_on.splits, stats=frozenset({taint})
    )


def split(machine: Machine, owner: Splitter, name: str, arguments: Arguments, node: ast.Call) -> Any:
    """`splitter.split(X, y, groups)`: pairs of indices, one side of which judges."""
    if name != "split":
        return None
    data = _data(arguments)
    grouped = owner.name not in PLAIN_SPLITTERS
    time = owner.name == "TimeSeriesSplit"
    judging.on_split(machine, data, node.lineno, random=not grouped and not time, grouped=grouped)
    number = machine.number()
    judge = "validation" if data and data[0].role == TRAIN else "fold"
    return Items([Items([Fold(TRAIN, number), Fold(judge, number)])])


__all__ = ["called", "fit", "made", "method", "split"]
