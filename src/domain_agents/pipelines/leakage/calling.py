"""Calls: of what a library is known for, of the module's own functions and classes, and of what nobody knows."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.leakage import binding, estimators, frames, judging
from domain_agents.pipelines.leakage.library import library
from domain_agents.pipelines.leakage.values import (
    TEST,
    Bound,
    Class,
    Columns,
    Constant,
    Data,
    Estimator,
    Function,
    Grouping,
    Instance,
    Items,
    Named,
    Score,
    Splitter,
    Window,
)
from domain_agents.pipelines.leakage.vocabulary import TRANSFORMER_NAME, is_data_name, role_of

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.machine import Machine

Arguments = tuple[list[Any], dict[str, Any]]
_MAX_DEPTH = 6
_FITTING = frozenset({"fit", "fit_transform", "fit_resample", "fit_sample", "partial_fit", "fit_predict", "adapt",
                      "fit_on_texts", "fit_generator"})  # fmt: skip
_ASKED = frozenset({"transform", "predict", "predict_proba", "score", "evaluate", "decision_function"})


def call(machine: Machine, node: ast.Call) -> Any:  # one answer for each kind of what is called
    """The value of a call."""
    machine.line = node.lineno
    arguments = given(machine, node)
    if isinstance(node.func, ast.Attribute):
        owner = machine.value(node.func.value)
        found = _method(machine, owner, node.func.attr, arguments, node)
        if found is not NotImplemented:
            return found
    function = machine.value(node.func)
    match function:
        case Named():
            return library(machine, function, arguments, node)
        case Function():
            return run_function(machine, function, arguments)
        case Class():
            return _instance(machine, function, arguments)
        case Estimator():
            return estimators.called(machine, function, arguments, node)
        case Instance():
            return unknown(arguments)
    return unknown(arguments)


def given(machine: Machine, node: ast.Call) -> Arguments:
    """The arguments of a call, with lists and dictionaries that were spread out."""
    positional: list[Any] = []
    for one in node.args:
        value = machine.value(one)
        if isinstance(one, ast.Starred) and isinstance(value, Items):
            positional += value.values
        else:
            positional.append(value)
    named: dict[str, Any] = {}
    for keyword in node.keywords:
        value = machine.value(keyword.value)
        named[keyword.arg or "**"] = value
    return positional, named


def _method(machine: Machine, owner: Any, name: str, arguments: Arguments, node: ast.Call) -> Any:
    match owner:
        case Data():
            return frames.method(machine, owner, name, arguments, node)
        case Grouping():
            return frames.grouped_method(owner, name, arguments, node)
        case Window():
            return frames.windowed(owner)
        case Estimator():
            return estimators.method(machine, owner, name, arguments, node)
        case Splitter():
            return estimators.split(machine, owner, name, arguments, node)
        case Items():
            return _items_method(machine, owner, name, arguments)
        case Columns():
            return _columns_method(machine, owner, name, arguments, node)
        case Score():
            return owner
        case Bound(of=data):
            return frames.method(machine, data, name, arguments, node)
        case Named() | None if name in _FITTING | _ASKED:
            return _unknown_estimator(machine, name, arguments, node)
    return NotImplemented


def _unknown_estimator(machine: Machine, name: str, arguments: Arguments, node: ast.Call) -> Any:
    """`scaler.fit_transform(X)` of something that came from elsewhere: its name is all there is to go by."""
    text = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
    last = text.rpartition(".")[2].lower()
    if not any(isinstance(one, Data) for one in (*arguments[0], *arguments[1].values())):
        return unknown(arguments)
    known = TRANSFORMER_NAME.fullmatch(last) is not None
    kind = "transformer" if known else "unknown"
    estimator = Estimator(kind, last or "estimator", node.lineno)
    if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, (ast.Name, ast.Attribute)):
        _remember(machine, node.func.value, estimator)
    return estimators.method(machine, estimator, name, arguments, node)


def _remember(machine: Machine, node: ast.expr, estimator: Estimator) -> None:
    match node:
        case ast.Name(id=name):
            machine.scope[name] = estimator
        case ast.Attribute(value=owner, attr=name):
            held = machine.value(owner)
            if isinstance(held, Instance):
                held.attributes[name] = estimator


def _items_method(machine: Machine, owner: Items, name: str, arguments: Arguments) -> Any:
    positional, _ = arguments
    if name in ("append", "add", "insert") and positional:
        owner.values.append(positional[-1])
        if isinstance(positional[-1], Score) and positional[-1].tuned and positional[-1].role == TEST:
            machine.tried.setdefault(positional[-1].model, positional[-1])
        return None
    if name == "extend" and positional and isinstance(positional[0], Items):
        owner.values += positional[0].values
        return None
    if name == "remove" and positional:
        owner.values = [one for one in owner.values if one != positional[0]]
        return None
    if name == "items" and owner.keys is not None:
        return Items([Items([k, v]) for k, v in zip(owner.keys, owner.values, strict=False)])
    if name == "values":
        return Items(list(owner.values))
    if name == "keys":
        return Items(list(owner.keys or []))
    if name == "copy":
        return Items(list(owner.values), list(owner.keys) if owner.keys is not None else None)
    if name == "get" and positional and owner.keys is not None:
        return next((v for k, v in zip(owner.keys, owner.values, strict=False) if k == positional[0]), None)
    if name == "update" and positional and isinstance(positional[0], Items) and owner.keys is not None:
        owner.keys += positional[0].keys or []
        owner.values += positional[0].values
    return None


def _columns_method(machine: Machine, owner: Columns, name: str, arguments: Arguments, node: ast.Call) -> Any:
    positional, _ = arguments
    if name in ("tolist", "to_list", "copy", "values"):
        return owner
    if name in ("drop", "difference", "remove") and positional:
        names = binding.column_names(positional[0])
        if names is None:
            found = replace(owner, known=False)
        else:
            only = owner.only - names if owner.only is not None else None
            found = replace(owner, dropped=owner.dropped | names, only=only)
        if name == "remove" and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            machine.scope[node.func.value.id] = found
        return found
    return replace(owner, known=False)


def _instance(machine: Machine, cls: Class, arguments: Arguments) -> Instance | Estimator:
    machine.called.add(id(cls.node))
    bases = {ast.unparse(one).rpartition(".")[2] for one in cls.node.bases}
    methods = {one.name: one for one in cls.node.body if isinstance(one, ast.FunctionDef)}
    if bases & {"TransformerMixin", "BaseEstimator"} and "transform" in methods:
        fit = methods.get("fit")
        learns = fit is not None and any(isinstance(one, ast.Assign) for one in ast.walk(fit))
        return Estimator("transformer" if learns else "harmless", cls.node.name, machine.line)
    if bases & {"ClassifierMixin", "RegressorMixin", "Module", "LightningModule"}:
        return Estimator("model", cls.node.name, machine.line)
    instance = Instance(cls, {})
    init = methods.get("__init__")
    if init is not None:
        run_function(machine, Function(init, cls.scope, instance), arguments)
    return instance


def run_function(machine: Machine, function: Function, arguments: Arguments | None) -> Any:
    """Run a function of the module with these arguments; None runs it as if a stranger called it."""
    node = function.node
    if machine.depth >= _MAX_DEPTH or id(node) in machine.running:
        return unknown(arguments) if arguments else None
    scope = _bound(machine, function, arguments)
    if isinstance(node, ast.Lambda):
        machine.scopes.append(scope)
        machine.running.add(id(node))
        found = machine.value(node.body)
        machine.running.discard(id(node))
        machine.scopes.pop()
        return found
    machine.called.add(id(node))
    machine.running.add(id(node))
    machine.depth += 1
    outer = machine.scopes
    machine.scopes = [function.scope, scope]
    machine.returned.append([])
    loops, machine.loops = machine.loops, machine.loops if arguments is not None else []
    try:
        machine.block(node.body)
    finally:
        machine.loops = loops
        machine.scopes = outer
        machine.depth -= 1
        machine.running.discard(id(node))
        found = machine.returned.pop()
    if arguments is None:
        _report_objective(machine, node, found)
    return _joined([one for one in found if one is not None])


def _report_objective(machine: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, found: list[Any]) -> None:
    """What a search is told to make best (`objective(trial)`) must not look at the test part."""
    names = {one.arg for one in node.args.args}
    if "trial" not in names and "objective" not in node.name and "space" not in names:
        return
    for one in found:
        scores = [one] if isinstance(one, Score) else []
        judging.on_selection(machine, scores, node.lineno)


def _joined(found: list[Any]) -> Any:
    if not found:
        return None
    return max(found, key=lambda one: len(one.values) if isinstance(one, Items) else isinstance(one, (Data, Estimator)))


def _bound(machine: Machine, function: Function, arguments: Arguments | None) -> dict[str, Any]:
    parameters = function.node.args
    names = [one.arg for one in (*parameters.posonlyargs, *parameters.args)]
    scope: dict[str, Any] = {}
    if function.owner is not None and names:
        scope[names[0]] = function.owner
        names = names[1:]
    only = [one.arg for one in parameters.kwonlyargs]
    if arguments is None:
        for name in (*names, *only):
            scope[name] = _parameter(machine, name)
        return scope
    positional, named = arguments
    for name, value in zip(names, positional, strict=False):
        scope[name] = binding.named(machine, name, value, machine.line) if isinstance(value, Data) else value
    scope |= {name: value for name, value in named.items() if name in names or name in only}
    defaults = dict(zip(names[len(names) - len(parameters.defaults) :], parameters.defaults, strict=False))
    defaults |= {k: v for k, v in zip(only, parameters.kw_defaults, strict=False) if v is not None}
    for name, default in defaults.items():
        if name not in scope:
            scope[name] = machine.value(default)
    for name in (*names, *only):
        scope.setdefault(name, None)
    return scope


def _parameter(machine: Machine, name: str) -> Any:
    """What a stranger hands in: data where it is named so."""
    return machine.fresh(role=role_of(name), known=True) if is_data_name(name) else None


def unknown(arguments: Arguments | None) -> Any:
    """What a function that nobody knows makes of its arguments: data of their rows and their history."""
    if arguments is None:
        return None
    positional, named = arguments
    data = [one for one in (*positional, *named.values()) if isinstance(one, Data)]
    if not data:
        return None
    joined = judging.merged(data)
    chosen = frozenset(one for one in joined.stats if one.kind == "selection")
    return replace(joined, known=False, only=None, column="", pure=False, stats=chosen, predicted_by=None)


__all__ = ["Constant", "call", "run_function", "unknown"]
