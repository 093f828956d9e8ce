"""Django's operations played on models: what a project's migrations leave, before any of it becomes a table."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain_agents.migrations.recognition.django_fields import Field, Unreadable, constant, read_field

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NAMED_KEY = re.compile(
    r"""ALTER\s+TABLE\s+(?:ONLY\s+)?["`]?(\w+)["`]?\s+ADD\s+CONSTRAINT\s+["`]?(\w+)["`]?\s+FOREIGN\s+KEY\s*\(["`]?(\w+)["`]?\)""",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Model:
    """One model as it is at some point of the history."""

    app: str
    name: str
    fields: dict[str, Field]
    table: str = ""
    """As an option or an operation names it; empty is Django's own name."""
    together: tuple[tuple[str, ...], ...] = ()
    indexed_together: tuple[tuple[str, ...], ...] = ()
    indexes: dict[str, ast.Call] = field(default_factory=dict)
    constraints: dict[str, ast.Call] = field(default_factory=dict)
    has_table: bool = True
    left_over: dict[str, Field] = field(default_factory=dict)
    """Fields that the state has lost and the table still has."""


@dataclass(slots=True)
class Models:
    """All of them by app and lower-case name, and the SQL beside them; `problems` are lines with what is not known."""

    found: dict[tuple[str, str], Model] = field(default_factory=dict)
    sql: list[str] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    key_names: dict[tuple[str, str], str] = field(default_factory=dict)
    """Foreign keys that SQL has named, by table and column."""
    state_alone: bool = False
    """Whether what is played changes no table."""

    def play(self, app: str, operations: ast.expr) -> None:
        """The operations of one migration. Never raises: what is not understood is in `problems`."""
        if not isinstance(operations, ast.List | ast.Tuple):
            self.problems.append((operations.lineno, "the operations are made by code"))
            return
        for node in operations.elts:
            try:
                self._operation(app, node)
            except (Unreadable, KeyError, TypeError, AttributeError) as error:
                said = str(error) if isinstance(error, Unreadable) else "it changes a model that is not known"
                self.problems.append((node.lineno, f"{called(node)}: {said}"))

    def _operation(self, app: str, node: ast.expr) -> None:
        if not isinstance(node, ast.Call):
            raise Unreadable("an operation that is made by code")
        name = called(node)
        known = _OPERATIONS.get(name)
        if known is not None:
            known(self, app, Given(node))
        elif name not in _WITHOUT_SCHEMA:
            raise Unreadable("only its own code tells what it does")

    def model(self, app: str, name: str) -> Model:
        """The model of that name."""
        return self.found[app, name.lower()]


class Given:
    """The arguments of an operation, by position or name."""

    def __init__(self, call: ast.Call) -> None:
        self.call = call
        self.words = {word.arg: word.value for word in call.keywords if word.arg}

    def node(self, name: str, position: int = -1) -> ast.expr | None:
        """An argument's source."""
        if name in self.words:
            return self.words[name]
        return self.call.args[position] if 0 <= position < len(self.call.args) else None

    def text(self, name: str, position: int) -> str:
        """An argument that must be a text."""
        found = self.node(name, position)
        value = constant(found) if found is not None else None
        if not isinstance(value, str):
            raise Unreadable(f"{name} is made by code")
        return value

    def needed(self, name: str, position: int) -> ast.expr:
        """An argument that must be there."""
        found = self.node(name, position)
        if found is None:
            raise Unreadable(f"{name} is not given")
        return found


def called(node: ast.expr) -> str:
    """The last name of what is called."""
    target = node.func if isinstance(node, ast.Call) else node
    return target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")


def _create_model(models: Models, app: str, given: Given) -> None:
    name = given.text("name", 0)
    model = Model(app, name, {})
    listed = given.needed("fields", 1)
    for pair in listed.elts if isinstance(listed, ast.List | ast.Tuple) else ():
        match pair:
            case (
                ast.Tuple(elts=[ast.Constant(value=str(called)), made])
                | ast.List(elts=[ast.Constant(value=str(called)), made])
            ):
                model.fields[called] = read_field(called, made)
            case _:
                models.problems.append((pair.lineno, f"{name}: a field is made by code"))
    options = given.node("options", 2)
    for key, value in zip(options.keys, options.values, strict=True) if isinstance(options, ast.Dict) else ():
        _option(model, constant(key) if key is not None else None, value)
    models.found[app, name.lower()] = model


def _option(model: Model, name: object, value: ast.expr) -> None:
    match name:
        case "db_table":
            model.table = str(constant(value) or "")
        case "unique_together":
            model.together = _groups(constant(value))
        case "index_together":
            model.indexed_together = _groups(constant(value))
        case "proxy" | "abstract" if constant(value) is True:
            model.has_table = False
        case "managed" | "swappable" if constant(value) is False:
            model.has_table = False
        case "indexes" | "constraints":
            kept = model.indexes if name == "indexes" else model.constraints
            kept.update(_named(value))


def _named(value: ast.expr) -> Iterator[tuple[str, ast.Call]]:
    for node in value.elts if isinstance(value, ast.List | ast.Tuple) else ():
        if isinstance(node, ast.Call):
            yield Given(node).text("name", -1), node


def _groups(value: object) -> tuple[tuple[str, ...], ...]:
    """unique_together as Django takes it: one group, or several."""
    if not isinstance(value, list | tuple | set) or not value:
        return ()
    if all(isinstance(one, str) for one in value):
        return (tuple(value),)
    return tuple(sorted(tuple(one) for one in value))


def _delete_model(models: Models, app: str, given: Given) -> None:
    name = given.text("name", 0).lower()
    if not models.state_alone:
        del models.found[app, name]


def _rename_model(models: Models, app: str, given: Given) -> None:
    old, new = given.text("old_name", 0), given.text("new_name", 1)
    model = models.found.pop((app, old.lower()))
    model.name = new
    models.found[app, new.lower()] = model
    for other in models.found.values():
        for name, one in other.fields.items():
            target = str(one.options.get("to", "")).lower()
            if target == f"{app}.{old}".lower() or (target == old.lower() and other.app == app):
                other.fields[name] = replace(one, options={**one.options, "to": f"{app}.{new}"})


def _alter_table(models: Models, app: str, given: Given) -> None:
    models.model(app, given.text("name", 0)).table = str(constant(given.needed("table", 1)) or "")


def _field(models: Models, app: str, given: Given) -> None:
    name = given.text("name", 1)
    fields = models.model(app, given.text("model_name", 0)).fields
    before = fields.get(name)
    kept = before.keyed_as if before is not None and before.is_indexed else ""
    fields[name] = replace(read_field(name, given.needed("field", 2)), keyed_as=kept)


def _remove_field(models: Models, app: str, given: Given) -> None:
    model, name = models.model(app, given.text("model_name", 0)), given.text("name", 1)
    if models.state_alone:
        model.left_over[name] = model.fields.pop(name)
    elif name in model.left_over:
        del model.left_over[name]
    else:
        del model.fields[name]


def _rename_field(models: Models, app: str, given: Given) -> None:
    model = models.model(app, given.text("model_name", 0))
    old, new = given.text("old_name", 1), given.text("new_name", 2)
    model.fields = {
        new if name == old else name: replace(one, name=new, keyed_as=one.keyed_as or one.column)
        if name == old
        else one
        for name, one in model.fields.items()
    }
    model.together = tuple(tuple(new if part == old else part for part in group) for group in model.together)


def _add_index(models: Models, app: str, given: Given) -> None:
    model = models.model(app, given.text("model_name", 0))
    made = given.needed("index", 1)
    model.indexes.update(_named(ast.List([made])))


def _remove_index(models: Models, app: str, given: Given) -> None:
    del models.model(app, given.text("model_name", 0)).indexes[given.text("name", 1)]


def _rename_index(models: Models, app: str, given: Given) -> None:
    model = models.model(app, given.text("model_name", 0))
    new = given.text("new_name", 1)
    fields = constant(given.words["old_fields"]) if "old_fields" in given.words else None
    if fields:
        columns = tuple(str(one) for one in fields) if isinstance(fields, list | tuple) else ()
        model.indexed_together = tuple(group for group in model.indexed_together if group != columns)
        listed = ast.List([ast.Constant(one) for one in columns])
        words = [ast.keyword("fields", listed), ast.keyword("name", ast.Constant(new))]
        model.indexes[new] = ast.Call(ast.Name("Index"), [], words)
        return
    model.indexes[new] = model.indexes.pop(given.text("old_name", 2))


def _add_constraint(models: Models, app: str, given: Given) -> None:
    model = models.model(app, given.text("model_name", 0))
    model.constraints.update(_named(ast.List([given.needed("constraint", 1)])))


def _remove_constraint(models: Models, app: str, given: Given) -> None:
    del models.model(app, given.text("model_name", 0)).constraints[given.text("name", 1)]


def _together(models: Models, app: str, given: Given) -> None:
    name = "unique_together" if "Unique" in called(given.call) else "index_together"
    _option(models.model(app, given.text("name", 0)), name, given.needed(name, 1))


def _run_sql(models: Models, app: str, given: Given) -> None:
    state = given.node("state_operations", 2)
    value = constant(given.needed("sql", 0))
    several = value if isinstance(value, list | tuple) else [value]
    if isinstance(state, ast.List | ast.Tuple):
        for table, name, column in _NAMED_KEY.findall("\n".join(str(one) for one in several)):
            models.key_names[table, column] = name
        models.play(app, state)
        return
    for one in several:
        text = one[0] if isinstance(one, list | tuple) and len(one) == 1 else one
        if not isinstance(text, str):
            raise Unreadable("its SQL is made by code, or has parameters")
        if text.strip():
            models.sql.append(text.strip())


def _apart(models: Models, app: str, given: Given) -> None:
    """Where both sides are given, what the state says is what the tables are for."""
    state, database = given.node("state_operations", 1), given.node("database_operations", 0)
    has_state = isinstance(state, ast.List | ast.Tuple) and bool(state.elts)
    has_database = isinstance(database, ast.List | ast.Tuple) and bool(database.elts)
    before = models.state_alone
    models.state_alone = has_state and not has_database
    played = state if has_state else database
    if played is not None:
        models.play(app, played)
    models.state_alone = before


_OPERATIONS: dict[str, Callable[[Models, str, Given], None]] = {
    "CreateModel": _create_model,
    "DeleteModel": _delete_model,
    "RenameModel": _rename_model,
    "AlterModelTable": _alter_table,
    "AddField": _field,
    "AlterField": _field,
    "RemoveField": _remove_field,
    "RenameField": _rename_field,
    "AddIndex": _add_index,
    "AddIndexConcurrently": _add_index,
    "RemoveIndex": _remove_index,
    "RemoveIndexConcurrently": _remove_index,
    "RenameIndex": _rename_index,
    "AddConstraint": _add_constraint,
    "AddConstraintNotValid": _add_constraint,
    "RemoveConstraint": _remove_constraint,
    "AlterUniqueTogether": _together,
    "AlterIndexTogether": _together,
    "RunSQL": _run_sql,
    "SeparateDatabaseAndState": _apart,
}
_WITHOUT_SCHEMA = frozenset(
    {
        "RunPython", "AlterModelOptions", "AlterModelManagers", "AlterOrderWithRespectTo", "AlterModelTableComment",
        "ValidateConstraint", "CreateExtension", "BtreeGinExtension", "BtreeGistExtension", "CITextExtension",
        "CryptoExtension", "HStoreExtension", "TrigramExtension", "UnaccentExtension", "CreateCollation",
        "RemoveCollation",
    }
)  # fmt: skip
