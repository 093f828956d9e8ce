"""Keys, checks, foreign keys and indexes of one table, before and after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from domain_agents import ddl
from domain_agents.catalog import Check, ForeignKey, Index, IndexKey, PrimaryKey, TableName, Unique
from domain_agents.schemas.change import Change, index_fields, written
from domain_agents.schemas.comparing import plain_expression

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from domain_agents.catalog import Schema, Table
    from domain_agents.schemas._diff_columns import Followed

_IMPLIED = frozenset({"public", "main"})
_SAME_ACTION = {"NO ACTION": "", "RESTRICT": "RESTRICT", "": ""}


@dataclass(frozen=True, slots=True)
class KeyChanges:
    """What comes, what is exchanged under its own name, and what goes, each in its order."""

    first: tuple[Followed, ...]
    """Renames, and what must go because something else takes its name."""
    coming: tuple[Followed, ...]
    going: tuple[Followed, ...]
    problems: tuple[str, ...] = ()


_ONE_AND_THE_SAME = frozenset({"sqlite", "mysql", "mariadb"})
"""Engines where a unique constraint is a unique index and nothing else."""
_UNNAMED = "\0"
"""Begins the name of an index whose constraint has none; no engine lets a name hold it."""


def key_changes(engine: str, before: Schema, after: Schema, table: Table, wanted: Table) -> KeyChanges:
    """The constraints and indexes of one table; `table` is how it is, with its columns as they are to be."""
    if engine in _ONE_AND_THE_SAME:
        before, table = _as_indexes(before, table)
        after, wanted = _as_indexes(after, wanted)
    first: list[Followed] = []
    coming: list[Followed] = []
    going: list[Followed] = []
    problems: list[str] = []
    _primary_key(table, wanted, coming, problems)
    kinds: tuple[tuple[Sequence[Any], Sequence[Any], Callable[[Any], object]], ...] = (
        (table.uniques, wanted.uniques, lambda one: one.columns),
        (table.checks, wanted.checks, lambda one: plain_expression(engine, one.expression)),
        (table.foreign_keys, wanted.foreign_keys, lambda one: _foreign_key(one, before, after)),
    )
    for old, new, said in kinds:
        _constraints(table, old, new, said, _Out(first, coming, going, problems))
    _indexes(engine, before, after, table, wanted, _Out(first, coming, going, problems))
    return KeyChanges(tuple(first), tuple(coming), tuple(going), tuple(problems))


def _as_indexes(schema: Schema, table: Table) -> tuple[Schema, Table]:
    """The table with its unique constraints as what they are: unique indexes. One without a name stands under a sign."""
    for one in table.uniques:
        name = one.name or _UNNAMED + ",".join(one.columns)
        if schema.index(name, table.name) is None:
            keys = tuple(IndexKey(column) for column in one.columns)
            schema = schema.with_index(Index(name, table.name, keys, unique=True))
    return schema, replace(table, uniques=())


@dataclass(frozen=True, slots=True)
class _Out:
    first: list[Followed]
    coming: list[Followed]
    going: list[Followed]
    problems: list[str]


def _primary_key(table: Table, wanted: Table, coming: list[Followed], problems: list[str]) -> None:
    old, new = table.primary_key, wanted.primary_key
    if (old and old.columns) == (new and new.columns):
        return
    if old is None and new is not None:
        made = PrimaryKey(new.columns, new.name)
        fields = {"columns": list(new.columns), **({"name": new.name} if new.name else {})}
        coming.append((Change("add_primary_key", table.name, fields), (ddl.AddConstraint(table.name, made),)))
    elif old is not None and new is not None:
        change = Change("change_primary_key", table.name, {"columns": list(new.columns)})
        coming.append((change, (ddl.ChangePrimaryKey(table.name, new.columns),)))
    elif old is not None and old.name:
        change = Change("drop_constraint", table.name, {"name": old.name})
        coming.append((change, (ddl.DropConstraint(table.name, old.name),)))
    else:
        problems.append(f"the primary key of {table.name} is to go, and has no name to drop it by")


def _constraints(
    table: Table, old: Sequence[Any], new: Sequence[Any], said: Callable[[Any], object], out: _Out
) -> None:
    """One kind of constraint: what is said on both sides stays (under its new name), what is not comes or goes."""
    left = list(old)
    for one in new:
        same = [each for each in left if said(each) == said(one)]
        if not same:
            continue
        kept = next((each for each in same if each.name == one.name), same[0])
        left.remove(kept)
        if kept.name != one.name and kept.name and one.name:
            change = Change(
                "rename_constraint", table.name, {"name": kept.name, "new_name": one.name}, rename_of=kept.name
            )
            out.first.append((change, (ddl.RenameConstraint(table.name, kept.name, one.name),)))
        if getattr(one, "validated", True) and not getattr(kept, "validated", True):
            name = one.name or kept.name
            change = Change("validate_constraint", table.name, {"name": name})
            out.coming.append((change, (ddl.ValidateConstraint(table.name, name),)))
    stays = {id(each) for each in old} - {id(each) for each in left}
    known = [said(each) for each in old if id(each) in stays]
    for one in new:
        if said(one) in known:
            known.remove(said(one))
            continue
        taken = next((each for each in left if each.name and each.name == one.name), None)
        if taken is not None:
            left.remove(taken)
            out.first.append(_dropped(table, taken))
        out.coming.append(_added(table, one))
    for one in left:
        if one.name:
            out.going.append(_dropped(table, one))
        else:
            out.problems.append(f"{_words(one)} of {table.name} is to go, and has no name to drop it by")


def _dropped(table: Table, one: Any) -> Followed:
    return Change("drop_constraint", table.name, {"name": one.name}), (ddl.DropConstraint(table.name, one.name),)


def _words(one: Any) -> str:
    if isinstance(one, Check):
        return f"the check ({one.expression})"
    kind = "unique key" if isinstance(one, Unique) else "foreign key"
    return f"the {kind} on {', '.join(one.columns)}"


def _added(table: Table, one: Any) -> Followed:
    name = {"name": one.name} if one.name else {}
    statement = ddl.AddConstraint(table.name, one)
    if isinstance(one, Check):
        return Change("add_check", table.name, {**name, "expression": one.expression}), (statement,)
    if isinstance(one, Unique):
        return Change("add_unique", table.name, {**name, "columns": list(one.columns)}), (statement,)
    fields: dict[str, Any] = {**name, "columns": list(one.columns), "parent": written(one.parent)}
    if one.parent_columns:
        fields["parent_columns"] = list(one.parent_columns)
    for action in ("on_delete", "on_update"):
        if _SAME_ACTION.get(getattr(one, action), "other"):
            fields[action] = getattr(one, action)
    return Change("add_foreign_key", table.name, fields), (statement,)


def _foreign_key(one: ForeignKey, before: Schema, after: Schema) -> object:
    """What a foreign key says, with the columns it means where it names none."""
    parent = after.table(one.parent) or before.table(one.parent)
    key = parent.primary_key if parent else None
    columns = one.parent_columns or (key.columns if key else ())
    actions = tuple(_SAME_ACTION.get(action, action) for action in (one.on_delete, one.on_update))
    pairs = frozenset(zip(one.columns, columns, strict=False)) if len(columns) == len(one.columns) else one.columns
    return pairs, bare(one.parent), actions, one.deferrable, one.set_columns


def bare(name: TableName) -> TableName:
    """A name without the schema that the engine looks in by itself."""
    return TableName(name.name) if name.schema in _IMPLIED else name


def _indexes(engine: str, before: Schema, after: Schema, table: Table, wanted: Table, out: _Out) -> None:
    left = [one for one in before.indexes_of(table.name) if not _is_brought(one, before, table)]
    new = [one for one in after.indexes_of(wanted.name) if not _is_brought(one, after, wanted)]
    unmatched: list[Index] = []
    for one in new:
        same = [each for each in left if _said(engine, each) == _said(engine, one)]
        if not same:
            unmatched.append(one)
            continue
        kept = next((each for each in same if each.name == one.name), same[0])
        left.remove(kept)
        if kept.name != one.name and _UNNAMED not in kept.name + one.name:
            change = Change("rename_index", table.name, {"name": kept.name, "new_name": one.name}, rename_of=kept.name)
            out.first.append((change, (ddl.RenameIndex(kept.name, one.name, table.name),)))
    for one in unmatched:
        taken = next((each for each in left if each.name == one.name), None)
        if taken is not None:
            left.remove(taken)
            out.first.append(_index_dropped(table, taken))
        if one.name.startswith(_UNNAMED):
            out.coming.append(_added(table, Unique(one.columns)))
            continue
        made = replace(one, table=table.name)
        out.coming.append((Change("create_index", table.name, index_fields(one)), (ddl.CreateIndex(made),)))
    for one in left:
        if one.name.startswith(_UNNAMED):
            said = ", ".join(one.columns)
            out.problems.append(f"the unique key on {said} of {table.name} is to go, and has no name to drop it by")
        else:
            out.going.append(_index_dropped(table, one))


def _is_brought(index: Index, schema: Schema, table: Table) -> bool:
    """Whether a foreign key has it made by itself: it comes and goes with the key."""
    if index.is_brought:
        return True
    return schema.keys_bring_indexes and any(key.name and key.name == index.name for key in table.foreign_keys)


def _index_dropped(table: Table, index: Index) -> Followed:
    return Change("drop_index", table.name, {"name": index.name}), (ddl.DropIndex(index.name, table=table.name),)


def _said(engine: str, index: Index) -> tuple[object, ...]:
    keys = tuple(
        (
            plain_expression(engine, key.text) if key.is_expression else key.text,
            key.descending,
            " ".join(key.suffix.lower().split()),
        )
        for key in index.keys
    )
    where = plain_expression(engine, index.where) if index.where is not None else None
    method = index.method.lower() if index.method.lower() != "btree" else ""
    return keys, index.unique, method, frozenset(index.include), where


def dropped_foreign_keys(tables: Iterable[Table]) -> list[Followed]:
    """The named foreign keys of tables that go, so that they may go in any order."""
    return [_dropped(table, key) for table in tables for key in table.foreign_keys if key.name]
