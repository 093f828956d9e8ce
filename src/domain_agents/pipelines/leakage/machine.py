"""The interpreter: statements and expressions of one module, in the order in which they would run."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

from domain_agents.pipelines.leakage import binding, calling, judging, subscripts
from domain_agents.pipelines.leakage.looping import element, tunes
from domain_agents.pipelines.leakage.values import (
    Bound,
    Class,
    Constant,
    Data,
    Estimator,
    Fold,
    Function,
    Instance,
    Items,
    Leak,
    Named,
    Score,
    Tuned,
    Turn,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_STEPS: Final = 60_000
MAX_DEPTH: Final = 6


@dataclass(slots=True)
class Loop:
    """A loop that is being run. `tunes` where its variable runs over numbers, names or combinations of parameters."""

    number: int
    names: frozenset[str]
    tunes: bool
    choosing: bool = False


class TooMuch(Exception):
    """A module that would take too long."""


@dataclass
class Machine:
    """One module as it is looked at."""

    leaks: dict[tuple[str, int], Leak] = field(default_factory=dict)
    scopes: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    loops: list[Loop] = field(default_factory=list)
    depth: int = 0
    line: int = 0
    steps: int = 0
    numbers: int = 0
    called: set[int] = field(default_factory=set)
    running: set[int] = field(default_factory=set)
    returned: list[list[Any]] = field(default_factory=list)
    repeated: frozenset[str] = frozenset()
    """Entities of which the module itself says that they have several rows."""
    nested: list[Function] = field(default_factory=list)
    """Functions within functions, with the variables that they see."""
    tried: dict[str, Score] = field(default_factory=dict)
    """Scores on the test part that a loop over parameters kept, by the model's class."""
    samples: list[Data] = field(default_factory=list)
    _all_loops: dict[int, Loop] = field(default_factory=dict)

    def report(self, leak: Leak) -> None:
        """Tell a leak, once a rule and line."""
        self.leaks.setdefault((leak.rule, leak.line), leak)

    def number(self) -> int:
        """A number that nothing else has."""
        self.numbers += 1
        return self.numbers

    def loop(self, number: int) -> Loop:
        """A loop by its number."""
        return self._all_loops[number]

    @property
    def scope(self) -> dict[str, Any]:
        """The variables of the function that runs."""
        return self.scopes[-1]

    def lookup(self, name: str) -> Any:
        """A variable's value; a name that nobody defined stands for itself, as if it were imported."""
        for scope in reversed(self.scopes):
            if name in scope:
                return scope[name]
        return Named(name)

    def fresh(self, **facts: Any) -> Data:
        """Data of rows that were never seen before."""
        return Data(rows=frozenset({self.number()}), **facts)

    # statements

    def run(self, module: ast.Module) -> None:
        """Run a module, then the functions and classes that nobody called, as if somebody did.

        Raises:
            TooMuch: it would take too long.
        """
        self.block(module.body)
        definitions = list(_definitions(module.body))
        for node in definitions:
            if isinstance(node, ast.ClassDef) and id(node) not in self.called:
                self._run_class(Class(node, self.scopes[0]))
        self._run_nested()
        for node in definitions:
            if not isinstance(node, ast.ClassDef) and id(node) not in self.called:
                calling.run_function(self, Function(node, self.scopes[0]), None)
                self._run_nested()

    def _run_nested(self) -> None:
        """Functions within functions that nobody called, such as the objective of a search."""
        while self.nested:
            function = self.nested.pop()
            if id(function.node) not in self.called:
                calling.run_function(self, function, None)

    def _run_class(self, cls: Class) -> None:
        self.called.add(id(cls.node))
        instance = Instance(cls, {})
        for node in cls.node.body:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and id(node) not in self.called:
                calling.run_function(self, Function(node, cls.scope, instance), None)

    def block(self, body: Sequence[ast.stmt]) -> None:
        """Run statements one after the other."""
        for node in body:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise TooMuch
            self.statement(node)

    def statement(self, node: ast.stmt) -> None:  # noqa: C901  # one branch for each kind of statement
        """Run one statement."""
        match node:
            case ast.Assign(targets=targets, value=value):
                found = self.value(value)
                for target in targets:
                    binding.assign(self, target, found, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                binding.assign(self, target, self.value(value), value)
            case ast.AugAssign(target=target, op=op, value=value):
                joined = ast.copy_location(ast.BinOp(left=_loaded(target), op=op, right=value), node)
                binding.assign(self, target, self.value(joined), joined)
            case ast.Expr(value=value):
                self.value(value)
            case ast.Return(value=value):
                found = self.value(value) if value is not None else None
                if self.returned:
                    self.returned[-1].append(found)
            case ast.For() | ast.AsyncFor():
                self._for(node)
            case ast.While(test=test, body=body, orelse=orelse):
                self.value(test)
                self.block(body)
                self.block(orelse)
            case ast.If():
                self._if(node)
            case ast.With(items=items, body=body) | ast.AsyncWith(items=items, body=body):
                for item in items:
                    found = self.value(item.context_expr)
                    if item.optional_vars is not None:
                        binding.assign(self, item.optional_vars, found, item.context_expr)
                self.block(body)
            case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=finalbody):
                self.block(body)
                for handler in handlers:
                    self.block(handler.body)
                self.block(orelse)
                self.block(finalbody)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                made = Function(node, {**self.scopes[0], **self.scope} if self.depth else self.scopes[0])
                self.scope[node.name] = made
                if self.depth:
                    self.nested.append(made)
            case ast.ClassDef():
                self.scope[node.name] = Class(node, self.scopes[0])
            case ast.Import(names=names):
                for alias in names:
                    self.scope[alias.asname or alias.name.partition(".")[0]] = Named(
                        alias.name if alias.asname else alias.name.partition(".")[0]
                    )
            case ast.ImportFrom(module=module, names=names):
                for alias in names:
                    self.scope.setdefault(alias.asname or alias.name, Named(f"{module or ''}.{alias.name}"))
            case ast.Delete(targets=targets):
                for target in targets:
                    binding.delete(self, target)

    def _for(self, node: ast.For | ast.AsyncFor) -> None:
        over = self.value(node.iter)
        names = frozenset(one.id for one in ast.walk(node.target) if isinstance(one, ast.Name))
        loop = Loop(self.number(), names, tunes(node.iter, over))
        self._all_loops[loop.number] = loop
        one = element(over)
        self.loops.append(loop)
        binding.assign(self, node.target, one if one is not None or not loop.tunes else Turn(loop.number), None)
        for name in names:
            found = self.scope.get(name)
            if isinstance(found, Estimator):
                found.loops |= {loop.number}
        self.block(node.body)
        self.loops.pop()
        self.block(node.orelse)

    def _if(self, node: ast.If) -> None:
        scores = _scores(self, node.test)
        if scores and self.loops and any(_keeps(part) for part in node.body):
            inside = [one for one in scores if one.loops]
            if inside:
                judging.on_selection(self, inside, node.lineno)
        before = dict(self.scope)
        self.block(node.body)
        after = dict(self.scope)
        self.scope.clear()
        self.scope.update(before)
        self.block(node.orelse)
        for name, value in after.items():
            other = self.scope.get(name)
            if other is value:
                continue
            if isinstance(other, Data) and isinstance(value, Data) and name in before:
                self.scope[name] = _either(value, other)
            elif other is before.get(name) or other is None:
                self.scope[name] = value

    # expressions

    def value(self, node: ast.expr | None) -> Any:  # noqa: C901  # one branch for each kind
        """The value of an expression; None where nothing is known of it."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooMuch
        match node:
            case ast.Name(id=name):
                return self.lookup(name)
            case ast.Constant(value=value):
                return Constant(value)
            case ast.Attribute():
                return self._attribute(node)
            case ast.Call():
                return calling.call(self, node)
            case ast.Subscript():
                return subscripts.subscript(self, node)
            case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
                return Items(self._elements(elements))
            case ast.Dict(keys=keys, values=values):
                return Items([self.value(one) for one in values], [self.value(one) if one else None for one in keys])
            case ast.BinOp(left=left, op=op, right=right):
                return binding.combined(op, self.value(left), self.value(right), node)
            case ast.UnaryOp(operand=operand):
                return self.value(operand)
            case ast.Compare(left=left, comparators=others):
                return self._compared(node, [self.value(left), *(self.value(one) for one in others)])
            case ast.BoolOp(values=values):
                found = [self.value(one) for one in values]
                data = [one for one in found if isinstance(one, Data)]
                return judging.merged(data) if data else (found[-1] if found else None)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                self.value(test)
                first, second = self.value(body), self.value(orelse)
                if isinstance(first, Data) and isinstance(second, Data):
                    return _either(first, second)
                return first if first is not None and not isinstance(first, Constant) else second
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp() | ast.DictComp():
                return self._comprehension(node)
            case ast.Lambda():
                return Function(node, self.scope)
            case ast.NamedExpr(target=target, value=value):
                found = self.value(value)
                binding.assign(self, target, found, value)
                return found
            case ast.Starred(value=value) | ast.Await(value=value):
                return self.value(value)
            case ast.JoinedStr(values=values):
                for one in values:
                    if isinstance(one, ast.FormattedValue):
                        self.value(one.value)
                return None
        return None

    def _elements(self, elements: Sequence[ast.expr]) -> list[Any]:
        found: list[Any] = []
        for one in elements:
            value = self.value(one)
            if isinstance(one, ast.Starred) and isinstance(value, Items):
                found += value.values
            else:
                found.append(value)
        return found

    def _attribute(self, node: ast.Attribute) -> Any:  # one answer for each kind of owner
        owner = self.value(node.value)
        name = node.attr
        match owner:
            case Named(path=path):
                return Named(f"{path}.{name}")
            case Instance(attributes=attributes, cls=cls):
                if name in attributes:
                    return attributes[name]
                method = next(
                    (one for one in cls.node.body if isinstance(one, ast.FunctionDef) and one.name == name), None
                )
                return Function(method, cls.scope, owner) if method is not None else None
            case Data():
                return subscripts.data_attribute(owner, name, node)
            case Estimator():
                return self._estimator_attribute(owner, name)
            case Items(keys=keys, values=values) if keys:
                return next((v for k, v in zip(keys, values, strict=True) if k == Constant(name)), None)
        return None

    def _estimator_attribute(self, owner: Estimator, name: str) -> Any:
        if name == "best_params_" and owner.fitted_on is not None:
            return Tuned(owner.fitted_on, owner.fit_line)
        if name == "best_estimator_":
            inner = owner.inner or Estimator("model", owner.name)
            return replace(
                inner, fitted_on=None, tuned_on=owner.fitted_on, tuned_line=owner.fit_line, loops=owner.loops
            )
        if (
            name in ("feature_importances_", "coef_", "ranking_", "support_", "pvalues_", "scores_")
            and owner.fitted_on is not None
        ):
            taint = judging.learnt(
                "selection", f"{owner.name}.{name}", owner.fit_line, owner.fitted_on, supervised=True
            )
            return Data(rows=owner.fitted_on.rows, role=owner.fitted_on.role, stats=frozenset({taint}))
        return None

    def _compared(self, node: ast.Compare, found: list[Any]) -> Any:
        data = [one for one in found if isinstance(one, Data)]
        if not data:
            return None
        joined = judging.merged(data)
        by = next((one.predicted_by for one in data if one.predicted_by is not None), None)
        turns = frozenset(one.loop for one in found if isinstance(one, Turn))
        if by is not None and turns:
            by = replace(by, loops=by.loops | turns)
        return replace(joined, stats=frozenset(), predicted_by=by, column="")

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Any:
        chosen = binding.chosen_columns(self, node)
        if chosen is not None:
            return chosen
        inner: dict[str, Any] = {}
        self.scopes.append(inner)
        begun = len(self.loops)
        for generator in node.generators:
            over = self.value(generator.iter)
            names = frozenset(one.id for one in ast.walk(generator.target) if isinstance(one, ast.Name))
            loop = Loop(self.number(), names, tunes(generator.iter, over))
            self._all_loops[loop.number] = loop
            self.loops.append(loop)
            one = element(over)
            binding.assign(
                self, generator.target, one if one is not None or not loop.tunes else Turn(loop.number), None
            )
            for condition in generator.ifs:
                self.value(condition)
        made = self.value(node.value if isinstance(node, ast.DictComp) else node.elt)
        del self.loops[begun:]
        self.scopes.pop()
        return made if isinstance(made, Data) else Items([made])


def _definitions(body: Sequence[ast.stmt]) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """The functions and classes of a body, those within others behind them."""
    for node in body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node
        for inner in ("body", "orelse", "finalbody"):
            yield from _definitions(getattr(node, inner, ()))


def _loaded(target: ast.expr) -> ast.expr:
    match target:
        case ast.Name(id=name):
            return ast.copy_location(ast.Name(name, ast.Load()), target)
        case ast.Attribute(value=value, attr=attr):
            return ast.copy_location(ast.Attribute(value, attr, ast.Load()), target)
        case ast.Subscript(value=value, slice=part):
            return ast.copy_location(ast.Subscript(value, part, ast.Load()), target)
    return target


def _either(first: Data, second: Data) -> Data:
    """A value after a branch: what may have happened on one of the ways has happened."""
    return replace(
        first,
        rows=first.rows | second.rows,
        taints=first.taints | second.taints,
        role=first.role if first.role == second.role else "",
        time=first.time | second.time,
        repeated=first.repeated | second.repeated,
        known=first.known and second.known,
        dropped=first.dropped | second.dropped,
    )


def _scores(machine: Machine, test: ast.expr) -> list[Score]:
    found: list[Score] = []
    for node in ast.walk(test):
        if isinstance(node, (ast.Name, ast.Call, ast.Attribute, ast.Subscript)):
            value = machine.value(node)
            if isinstance(value, Score):
                found.append(value)
    return found


def _keeps(node: ast.stmt) -> bool:
    return any(isinstance(one, (ast.Assign, ast.AugAssign)) for one in ast.walk(node))


__all__ = ["Bound", "Fold", "Machine", "TooMuch"]
