"""What Django is to believe of the models after SQL has changed their tables: state operations, by comparing schemas.

`makemigrations` compares the models with what the migrations say of them, not with the database. SQL without state
operations would be planned a second time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import ForeignKey, Schema, TableName, Unique
from domain_agents.dialects import dialect
from domain_agents.migrations.formats.django._fields import changed, field_of, foreign_key, tidy
from domain_agents.migrations.recognition.alembic_literal import python_literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from domain_agents.catalog import Column, Index, Table
    from domain_agents.migrations.plan import App

_LONGEST_INDEX = 30  # Django's own limit for the name of a model's index (models.E034)
_STATEFUL = (
    ddl.AddColumn, ddl.DropColumn, ddl.RenameColumn, ddl.SetNotNull, ddl.DropNotNull, ddl.SetDefault, ddl.ChangeType,
    ddl.ModifyColumn, ddl.CreateIndex, ddl.DropIndex, ddl.RenameIndex, ddl.CreateTable, ddl.DropTable, ddl.RenameTable,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """A field as the state has it."""

    name: str
    source: str


@dataclass(frozen=True, slots=True)
class StateOperation:
    """One operation: its class, its arguments as source, and what the model says then."""

    name: str
    arguments: tuple[tuple[str, str], ...]
    model: str = ""

    @property
    def source(self) -> str:
        """The call on one line."""
        given = ", ".join(f"{name}={value}" if name else value for name, value in self.arguments)
        return f"migrations.{self.name}({given})"


@dataclass(slots=True)
class State:
    """The models of an app along a plan, and the schema that its SQL has reached."""

    app: App
    engine: str
    version: str
    schema: Schema
    later_keys: Sequence[ForeignKey] = ()
    """Foreign keys that the plan adds at some point: their columns are relations from the start."""
    names: dict[str, str] = field(default_factory=dict)
    fields: dict[tuple[str, str], Known] = field(default_factory=dict)
    keys: set[tuple[str, str]] = field(default_factory=set)
    others: dict[str, str] = field(default_factory=dict)
    """Tables of other apps: "app.Model"."""
    unsaid: list[str] = field(default_factory=list)
    """Changes since it was last asked that no state operation is for."""

    def __post_init__(self) -> None:
        for model in self.app.models:
            self.names[model.table] = model.name
            for one in model.fields:
                self.fields[model.table, one.column] = Known(one.name, one.source)
            self.keys |= {(model.table, name) for name in model.keys}

    def after(self, statements: Iterable[str]) -> list[StateOperation]:
        """What the statements change of the models, and the schema behind them."""
        before = self.schema
        renamed: list[ddl.RenameColumn] = []
        for sql in statements:
            for read in dialect(self.engine).read(sql):
                for atom in read.atoms:
                    try:
                        self.schema = atom.apply(self.schema)
                    except ddl.DoesNotApply:
                        continue
                    renamed += [atom] if isinstance(atom, ddl.RenameColumn) else []
        return list(self._difference(before, self.schema, renamed))

    def _difference(
        self, before: Schema, after: Schema, renamed: Sequence[ddl.RenameColumn]
    ) -> Iterable[StateOperation]:
        for name in sorted({*before.tables, *after.tables}):
            old, new = before.tables.get(name), after.tables.get(name)
            if old is None and new is not None:
                yield from self._created(new)
            elif new is None and name.name in self.names:
                model = self.names.pop(name.name)
                yield StateOperation("DeleteModel", (("name", python_literal(model)),), f"{model} is gone")
            elif old is not None and new is not None and old != new:
                yield from self._columns(old, new, [one for one in renamed if one.table.name == name.name])
                yield from self._uniques(old, new)
        for index in sorted({*before.indexes, *after.indexes}):
            was, now = before.indexes.get(index), after.indexes.get(index)
            owner = after.table(was.table) if was is not None and now is None else None
            became_constraint = owner is not None and any(one.name == index for one in owner.uniques)
            if was is not None and was != now and not became_constraint:
                yield from self._dropped(was)
            if now is not None and was != now:
                yield from self._index(now)

    def _columns(self, old: Table, new: Table, renamed: Sequence[ddl.RenameColumn]) -> Iterable[StateOperation]:
        table = new.name.name
        model = self.names.get(table)
        if model is None:
            self.unsaid.append(f"table {table} is no model of {self.app.label}")
            return
        moved = {one.column: one.new_name for one in renamed if old.column(one.column) and new.column(one.new_name)}
        for was, now in moved.items():
            known = self.fields.pop((table, was), None)
            if known is not None and known.name == was:
                self.fields[table, now] = Known(now, known.source)
                yield self._on(model, "RenameField", f"{now} instead of {was}", old_name=was, new_name=now)
            elif known is not None:
                self.fields[table, now] = known
                self.unsaid.append(f"{model}.{known.name} must say db_column={python_literal(now)}")
        for column in old.columns:
            if new.column(column.name) is None and column.name not in moved:
                gone = self.fields.pop((table, column.name), None)
                if gone is not None:
                    yield self._on(model, "RemoveField", f"{gone.name} is gone", name=gone.name)
        for column in new.columns:
            was_there = old.column(column.name)
            if was_there is None and column.name not in moved.values():
                yield from self._added(model, table, column)
            elif was_there is not None and was_there != column:
                yield from self._altered(model, table, was_there, column)
        for key in new.foreign_keys:
            if key.columns not in {one.columns for one in old.foreign_keys} and len(key.columns) == 1:
                yield from self._related(model, new, key)

    def _added(self, model: str, table: str, column: Column) -> Iterable[StateOperation]:
        if (table, column.name) in self.fields:
            return
        key = next((k for k in self.later_keys if k.columns == (column.name,) and column.name.endswith("_id")), None)
        parent = self._model_of(key.parent) if key is not None else ""
        name = column.name.removesuffix("_id") if parent else column.name
        source = (
            foreign_key(parent, key, column, constraint=False)
            if key is not None and parent
            else field_of(column, self.engine, self.version)
        )
        if not source or "__" in name or name.endswith("_") or not name.isidentifier():
            self.unsaid.append(f"{model} has no field for the new column {column.name} ({column.type})")
            return
        self.fields[table, column.name] = Known(name, source)
        yield self._field(model, "AddField", name, source)

    def _altered(self, model: str, table: str, old: Column, new: Column) -> Iterable[StateOperation]:
        known = self.fields.get((table, new.name))
        if known is None:
            self.unsaid.append(f"{model} has no field for column {new.name}")
            return
        if old.type != new.type:
            source = field_of(new, self.engine, self.version)
            if not source:
                self.unsaid.append(f"{model}.{known.name} is {new.type} now, which no field of Django is")
                return
        else:
            source = changed(known.source, nullable=new.nullable) if old.nullable != new.nullable else known.source
            if old.default != new.default:
                wanted = field_of(new, self.engine, self.version)
                source = wanted if wanted and "db_default" in wanted else changed(source, without_default=True)
        if source == tidy(known.source):
            return
        self.fields[table, new.name] = Known(known.name, source)
        yield self._field(model, "AlterField", known.name, source)

    def _related(self, model: str, table: Table, key: ForeignKey) -> Iterable[StateOperation]:
        column, parent = table.column(key.columns[0]), self._model_of(key.parent)
        known = self.fields.get((table.name.name, key.columns[0]))
        if column is None or known is None or "ForeignKey(" not in known.source or not parent:
            self.unsaid.append(f"{model}: the foreign key on {key.columns[0]} is the database's alone")
            return
        source = foreign_key(parent, key, column, constraint=True)
        self.fields[table.name.name, key.columns[0]] = Known(known.name, source)
        yield self._field(model, "AlterField", known.name, source)

    def _uniques(self, old: Table, new: Table) -> Iterable[StateOperation]:
        table = new.name.name
        model = self.names.get(table)
        if model is None:
            return
        gone = {one.name for one in old.uniques} - {one.name for one in new.uniques}
        for name in sorted(gone):
            if (table, name) in self.keys:
                self.keys.discard((table, name))
                yield self._on(model, "RemoveConstraint", f"constraint {name} is gone", name=name)
        for one in new.uniques:
            if one.name and one.name not in {other.name for other in old.uniques}:
                yield from self._unique(model, table, one.name, one.columns)

    def _unique(self, model: str, table: str, name: str, columns: Sequence[str]) -> Iterable[StateOperation]:
        names = self._field_names(table, columns)
        if names is None or (table, name) in self.keys:
            return
        self.keys.add((table, name))
        made = f"models.UniqueConstraint(fields={_listed(names)}, name={python_literal(name)})"
        yield self._made(model, "AddConstraint", "constraint", made)

    def _index(self, index: Index) -> Iterable[StateOperation]:
        table = index.table.name
        model = self.names.get(table)
        if model is None or (table, index.name) in self.keys:
            return
        if any(key.name == index.name and key.columns == index.columns for key in self.later_keys):
            # MySQL needs it for the key, and has it under the key's name.
            return
        plain = not index.where and not index.include and not index.method.strip().lower().removeprefix("btree")
        plain = plain and not any(key.is_expression or key.suffix for key in index.keys)
        names = self._field_names(table, index.columns)
        if not plain or names is None:
            self.unsaid.append(f"{model}: index {index.name} is the database's alone")
            return
        if index.unique:
            yield from self._unique(model, table, index.name, index.columns)
            return
        if len(index.name) > _LONGEST_INDEX or not index.name[0].isalpha():
            self.unsaid.append(
                f"{model}: Django's names of indexes have at most {_LONGEST_INDEX} characters, unlike {index.name}"
            )
            return
        self.keys.add((table, index.name))
        signed = [f"-{name}" if key.descending else name for name, key in zip(names, index.keys, strict=True)]
        made = f"models.Index(fields={_listed(signed)}, name={python_literal(index.name)})"
        yield self._made(model, "AddIndex", "index", made)

    def _dropped(self, index: Index) -> Iterable[StateOperation]:
        table = index.table.name
        model = self.names.get(table)
        if model is None:
            return
        if (table, index.name) in self.keys:
            self.keys.discard((table, index.name))
            operation = "RemoveConstraint" if index.unique else "RemoveIndex"
            yield self._on(model, operation, f"{index.name} is gone", model_name=model.lower(), name=index.name)
            return
        names = self._field_names(table, index.columns) or ["?"]
        self.unsaid.append(f"{model}.{names[0]} must say db_index=False, in the model and in a migration of its own")

    def _created(self, table: Table) -> Iterable[StateOperation]:
        name = table.name.name
        if not name.startswith(f"{self.app.label}_") or name in self.names:
            return
        model = "".join(part.capitalize() for part in name.removeprefix(f"{self.app.label}_").split("_"))
        key = table.primary_key.columns if table.primary_key else ()
        made: list[str] = []
        for column in table.columns:
            relation = next((k for k in table.foreign_keys if k.columns == (column.name,)), None)
            parent = self._model_of(relation.parent) if relation and column.name.endswith("_id") else ""
            source = (
                foreign_key(parent, relation, column, constraint=True)
                if relation is not None and parent
                else field_of(column, self.engine, self.version, key=key == (column.name,))
            )
            field_name = column.name.removesuffix("_id") if parent else column.name
            if not source or not field_name.isidentifier():
                self.unsaid.append(f"table {name}: no field of Django is column {column.name} ({column.type})")
                return
            made.append(f"({python_literal(field_name)}, {source})")
            self.fields[name, column.name] = Known(field_name, source)
        if len(key) != 1:
            self.unsaid.append(f"table {name} has no key of one column, which a model needs")
            return
        self.names[name] = model
        own = f"{self.app.label}_{model.lower()}"
        options = () if own == name else (("options", f'{{"db_table": {python_literal(name)}}}'),)
        listed = "[\n" + "".join(f"{' ' * 24}{one},\n" for one in made) + f"{' ' * 20}]"
        yield StateOperation(
            "CreateModel", (("name", python_literal(model)), ("fields", listed), *options), f"a new model {model}"
        )
        for unique in table.uniques:
            if unique.name:
                yield from self._unique(model, name, unique.name, unique.columns)

    def _model_of(self, table: TableName) -> str:
        name = self.names.get(table.name)
        return f"{self.app.label}.{name.lower()}" if name else self.others.get(table.name, "")

    def _field_names(self, table: str, columns: Sequence[str]) -> list[str] | None:
        found = [self.fields.get((table, column)) for column in columns]
        return [one.name for one in found if one] if columns and all(found) else None

    def _field(self, model: str, operation: str, name: str, source: str) -> StateOperation:
        given = (("model_name", python_literal(model.lower())), ("name", python_literal(name)), ("field", source))
        return StateOperation(operation, given, f"{model}.{name} = {source}")

    def _made(self, model: str, operation: str, what: str, source: str) -> StateOperation:
        said = f"{model}.Meta.{'indexes' if what == 'index' else 'constraints'}: {source}"
        return StateOperation(operation, (("model_name", python_literal(model.lower())), (what, source)), said)

    def _on(self, model: str, operation: str, said: str, **given: str) -> StateOperation:
        words = {"model_name": model.lower(), **given}
        return StateOperation(
            operation, tuple((name, python_literal(value)) for name, value in words.items()), f"{model}: {said}"
        )


def _listed(names: Sequence[str]) -> str:
    return "[" + ", ".join(map(python_literal, names)) + "]"


class Trace(StrEnum):
    """What a statement leaves behind."""

    MODELS = "what models say: columns, indexes, tables, unique and foreign keys"
    TABLES = "what only the database knows: checks, triggers, views"
    NOTHING = "settings, rows, routines"


def trace(sql: str, engine: str) -> Trace:
    """What of the schema a statement changes."""
    atoms = [atom for read in dialect(engine).read(sql) for atom in read.atoms]
    if any(isinstance(atom, _STATEFUL) or _is_key(atom) for atom in atoms):
        return Trace.MODELS
    return Trace.NOTHING if all(isinstance(atom, ddl.NoCatalogChange) for atom in atoms) else Trace.TABLES


def _is_key(atom: ddl.Statement) -> bool:
    return isinstance(atom, ddl.AddConstraint) and isinstance(atom.constraint, Unique | ForeignKey)
