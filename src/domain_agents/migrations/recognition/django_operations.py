"""Django's operations as the SQL that `manage.py sqlmigrate` would show: what a migration does to its tables.

Source: Django 5.2, db/backends/base/schema.py (which statements each change is made of); read 2026-11-21. On SQLite Django
builds most tables anew; such an operation is not read.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from domain_agents.migrations.recognition.django_fields import Field, Unreadable, index_name
from domain_agents.migrations.recognition.django_models import Given, Model, Models, called
from domain_agents.migrations.recognition.django_schema import Tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NOTHING = frozenset({"AlterModelOptions", "AlterModelManagers", "AlterOrderWithRespectTo"})
_BACKTICKED = frozenset({"mysql", "mariadb"})
_ONCE = {"uuid": "'00000000-0000-0000-0000-000000000000'", "text": "''", "varchar": "''", "jsonb": "'{}'"}
"""What stands for a default that Python makes: Django makes it once, and gives it as a constant."""


class Replay:
    """Operations one after the other: each as SQL, on the models that those before it have left."""

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.models = Models()

    def sql(self, app: str, node: ast.expr) -> list[str]:
        """The statements of one operation.

        Raises:
            Unreadable: they are not known.
        """
        name = called(node)
        if not isinstance(node, ast.Call):
            raise Unreadable("an operation that is made by code")
        if name in _NOTHING:
            self._play(app, node)
            return []
        maker = _MAKERS.get(name)
        if maker is None:
            raise Unreadable("only its own code tells what it does")
        given = Given(node)
        try:
            return list(maker(self, app, given))
        except (KeyError, TypeError, AttributeError) as error:
            raise Unreadable("it changes a model that is not known") from error

    def state(self, app: str, operations: ast.expr | None) -> None:
        """Operations that change what is known of the models alone."""
        if operations is not None:
            self.models.play(app, operations)

    def tables(self) -> Tables:
        """The tables of the models as they are."""
        return Tables(self.models, self.engine)

    def model(self, app: str, name: str) -> Model:
        """The model of that name; one of a migration that is not here has no fields."""
        return self.models.found.setdefault((app, name.lower()), Model(app, name, {}))

    def _play(self, app: str, node: ast.Call) -> None:
        before = len(self.models.problems)
        self.models.play(app, ast.List([node], ast.Load()))
        found = self.models.problems[before:]
        del self.models.problems[before:]
        if found:
            raise Unreadable(found[0][1].partition(": ")[2])

    def play(self, app: str, given: Given) -> None:
        """Change the models as an operation does."""
        self._play(app, given.call)


def _create_model(replay: Replay, app: str, given: Given) -> Iterator[str]:
    replay.play(app, given)
    model, tables = replay.model(app, given.text("name", 0)), replay.tables()
    if model.has_table:
        yield from tables.table(model)
    if tables.problems:
        raise Unreadable(tables.problems[0])


def _delete_model(replay: Replay, app: str, given: Given) -> Iterator[str]:
    tables = replay.tables()
    table = tables.table_of(replay.model(app, given.text("name", 0)))
    replay.play(app, given)
    yield f"DROP TABLE {tables.quoted(table)}{'' if replay.engine == 'sqlite' else ' CASCADE'}"


def _renamed(replay: Replay, app: str, given: Given) -> Iterator[str]:
    tables = replay.tables()
    is_rename = called(given.call) == "RenameModel"
    old = given.text("old_name" if is_rename else "name", 0)
    before = tables.table_of(replay.model(app, old))
    replay.play(app, given)
    after = tables.table_of(replay.model(app, given.text("new_name", 1) if is_rename else old))
    if before != after:
        yield f"ALTER TABLE {tables.quoted(before)} RENAME TO {tables.quoted(after)}"


def _add_field(replay: Replay, app: str, given: Given) -> Iterator[str]:
    model, tables = replay.model(app, given.text("model_name", 0)), replay.tables()
    replay.play(app, given)
    one, table = model.fields[given.text("name", 1)], tables.table_of(model)
    if one.kind == "ManyToManyField":
        yield from tables.between(model, one)
        return
    column, *keys = tables.column(model, one, table)
    quoted = tables.quoted(table)
    once = "" if one.is_set("null") and one.options.get("default") is None else _once(one, tables.type(model, one))
    if replay.engine == "sqlite" and (once or one.is_unique):
        raise Unreadable("on SQLite Django builds the table anew for it")
    yield f"ALTER TABLE {quoted} ADD COLUMN {column}{once}"
    if once:
        yield f"ALTER TABLE {quoted} ALTER COLUMN {tables.quoted(one.column)} DROP DEFAULT"
    if replay.engine != "sqlite":
        yield from (f"ALTER TABLE {quoted} ADD {key}" for key in keys)
    yield from tables.index_of(model, one, table)


def _once(one: Field, kind: str) -> str:
    if one.options.get("db_default") is not None:
        return ""
    value = one.options.get("default")
    if isinstance(value, bool):
        return f" DEFAULT {str(value).lower()}"
    if isinstance(value, int | float):
        return f" DEFAULT {value}"
    if isinstance(value, str):
        return " DEFAULT '" + value.replace("'", "''") + "'"
    if "default" not in one.options and not kind.startswith(("varchar", "text")):
        return ""
    named = next((text for start, text in _ONCE.items() if kind.startswith(start)), "")
    return f" DEFAULT {named or ('CURRENT_TIMESTAMP' if 'time' in kind else '0')}"


def _remove_field(replay: Replay, app: str, given: Given) -> Iterator[str]:
    model, tables = replay.model(app, given.text("model_name", 0)), replay.tables()
    name = given.text("name", 1)
    one = model.fields.get(name) or model.left_over.get(name) or Field(name, "")
    if name in model.fields or name in model.left_over:
        replay.play(app, given)
    if one.kind != "ManyToManyField":
        cascade = " CASCADE" if replay.engine == "postgresql" else ""
        yield f"ALTER TABLE {tables.quoted(tables.table_of(model))} DROP COLUMN {tables.quoted(one.column)}{cascade}"


def _rename_field(replay: Replay, app: str, given: Given) -> Iterator[str]:
    model, tables = replay.model(app, given.text("model_name", 0)), replay.tables()
    old = model.fields.get(given.text("old_name", 1)) or Field(given.text("old_name", 1), "")
    replay.play(app, given)
    new = model.fields.get(given.text("new_name", 2)) or Field(given.text("new_name", 2), "")
    if old.column != new.column:
        table = tables.quoted(tables.table_of(model))
        yield f"ALTER TABLE {table} RENAME COLUMN {tables.quoted(old.column)} TO {tables.quoted(new.column)}"


def _alter_field(replay: Replay, app: str, given: Given) -> Iterator[str]:
    model, tables = replay.model(app, given.text("model_name", 0)), replay.tables()
    old = model.fields.get(given.text("name", 1))
    replay.play(app, given)
    new = model.fields[given.text("name", 1)]
    if old is None:
        raise Unreadable("what the field was before is told by a migration that is not here")
    if "ManyToManyField" in {old.kind, new.kind}:
        return
    table, quoted = tables.table_of(model), tables.quoted(tables.table_of(model))
    column, kind = tables.quoted(new.column), tables.type(model, new)
    changes_type, changes_null = tables.type(model, old) != kind, old.is_set("null") != new.is_set("null")
    if replay.engine == "sqlite" and (changes_type or changes_null or old.is_unique != new.is_unique):
        raise Unreadable("on SQLite Django builds the table anew for it")
    if replay.engine in _BACKTICKED and (changes_type or changes_null):
        yield f"ALTER TABLE {quoted} MODIFY {column} {kind} {'NULL' if new.is_set('null') else 'NOT NULL'}"
    elif changes_type or changes_null:
        is_same = tables.type(model, old).partition("(")[0] == kind.partition("(")[0]
        using = "" if is_same else f" USING {column}::{kind}"
        actions = [f"ALTER COLUMN {column} TYPE {kind}{using}"] if changes_type else []
        actions += [f"ALTER COLUMN {column} {'DROP' if new.is_set('null') else 'SET'} NOT NULL"] if changes_null else []
        yield f"ALTER TABLE {quoted} {', '.join(actions)}"
    if new.is_unique and not old.is_unique:
        name = tables.quoted(index_name(table, (new.column,), replay.engine, "_uniq"))
        yield f"ALTER TABLE {quoted} ADD CONSTRAINT {name} UNIQUE ({column})"
    if new.is_indexed and not old.is_indexed:
        yield from tables.index_of(model, new, table)


def _declare(replay: Replay, app: str, given: Given) -> Iterator[str]:
    name = called(given.call)
    model, tables = replay.model(app, given.text("model_name", 0)), replay.tables()
    made = given.needed("constraint" if "Constraint" in name else "index", 1)
    if not isinstance(made, ast.Call):
        raise Unreadable("it is made by code")
    replay.play(app, given)
    parts: list[str] = []
    after: list[str] = []
    tables.declared(model, made, tables.table_of(model), parts, after)
    if parts and replay.engine == "sqlite":
        raise Unreadable("on SQLite Django builds the table anew for it")
    valid = " NOT VALID" if name == "AddConstraintNotValid" else ""
    yield from (f"ALTER TABLE {tables.quoted(tables.table_of(model))} ADD {part}{valid}" for part in parts)
    how = "INDEX CONCURRENTLY " if name.endswith("Concurrently") else "INDEX "
    yield from (text.replace("INDEX ", how, 1) for text in after)


def _undeclare(replay: Replay, app: str, given: Given) -> Iterator[str]:
    name = called(given.call)
    model, tables = replay.model(app, given.text("model_name", 0)), replay.tables()
    gone = given.text("name", 1)
    if gone in model.indexes or gone in model.constraints:
        replay.play(app, given)
    table = tables.quoted(tables.table_of(model))
    if "Constraint" in name:
        verb = "VALIDATE" if name == "ValidateConstraint" else "DROP"
        yield f"ALTER TABLE {table} {verb} CONSTRAINT {tables.quoted(gone)}"
        return
    how = "CONCURRENTLY " if name.endswith("Concurrently") else ""
    on = f" ON {table}" if replay.engine in _BACKTICKED else ""
    exists = "IF EXISTS " if replay.engine == "postgresql" else ""
    yield f"DROP INDEX {how}{exists}{tables.quoted(gone)}{on}"


def _together(replay: Replay, app: str, given: Given) -> Iterator[str]:
    model, tables = replay.model(app, given.text("name", 0)), replay.tables()
    before = {*model.together, *model.indexed_together}
    replay.play(app, given)
    table = tables.table_of(model)
    for group in (*model.together, *model.indexed_together):
        if group in before:
            continue
        columns = tuple(model.fields[one].column if one in model.fields else one for one in group)
        listed = ", ".join(map(tables.quoted, columns))
        if group in model.together:
            name = tables.quoted(index_name(table, columns, replay.engine, "_uniq"))
            yield f"ALTER TABLE {tables.quoted(table)} ADD CONSTRAINT {name} UNIQUE ({listed})"
        else:
            name = tables.quoted(index_name(table, columns, replay.engine, "_idx"))
            yield f"CREATE INDEX {name} ON {tables.quoted(table)} ({listed})"


_MAKERS: dict[str, Callable[[Replay, str, Given], Iterator[str]]] = {
    "CreateModel": _create_model,
    "DeleteModel": _delete_model,
    "RenameModel": _renamed,
    "AlterModelTable": _renamed,
    "AddField": _add_field,
    "AlterField": _alter_field,
    "RemoveField": _remove_field,
    "RenameField": _rename_field,
    "AddIndex": _declare,
    "AddIndexConcurrently": _declare,
    "RemoveIndex": _undeclare,
    "RemoveIndexConcurrently": _undeclare,
    "AddConstraint": _declare,
    "AddConstraintNotValid": _declare,
    "ValidateConstraint": _undeclare,
    "RemoveConstraint": _undeclare,
    "AlterUniqueTogether": _together,
    "AlterIndexTogether": _together,
}
