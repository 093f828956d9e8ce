"""The columns of one table, before and after: what must change, with what each change loses."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.schemas.change import Change
from domain_agents.schemas.comparing import plain_type, same_expression

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import Column, Table

Followed = tuple[Change, tuple[ddl.Statement, ...]]
"""A change, and the DDL that says what it does to the model."""

_NEXTVAL: Final = re.compile(r"\s*nextval\s*\(", re.IGNORECASE)
_SIZED: Final = re.compile(r"(?P<name>[a-z ]+?)(?:\((?P<size>\d+)(?:,(?P<scale>\d+))?\))?(?P<rest> .*)?")
_INTEGERS: Final = ("tinyint", "smallint", "mediumint", "int", "integer", "bigint")
_TEXTS: Final = ("tinytext", "text", "mediumtext", "longtext")
_WIDENS: Final = {
    ("real", "double precision"), ("float", "double"), ("date", "timestamp"), ("date", "timestamp with time zone"),
    ("timestamp", "timestamp with time zone"), ("json", "jsonb"), ("json", "text"), ("jsonb", "text"), ("uuid", "text"),
    ("date", "datetime"), ("character", "character varying"), ("char", "varchar"),
}  # fmt: skip


def column_changes(engine: str, before: Table, after: Table) -> Iterator[Followed]:
    """Columns that come, and columns that are there on both sides and differ. What goes is another's, at the end."""
    for column in after.columns:
        old = before.column(column.name)
        if old is None:
            yield _added(before, column)
        else:
            yield from _changed(engine, before, after, old, column)


def _added(table: Table, column: Column) -> Followed:
    fields: dict[str, object] = {"column": column.name, "type": column.type}
    if not column.nullable:
        fields["nullable"] = False
    if column.default is not None:
        fields["default"] = column.default
    if column.identity:
        fields["identity"] = column.identity
    if column.generated is not None:
        fields["generated"] = column.generated
        fields["virtual"] = column.virtual
    if column.collation:
        fields["collation"] = column.collation
    # Its comment is a change of its own.
    return Change("add_column", table.name, fields), (ddl.AddColumn(table.name, replace(column, comment="")),)


def comment_changes(before: Table, after: Table) -> Iterator[Followed]:
    """The comments of the table itself and of columns that are there on both sides."""
    yield from _commented(before, "", before.comment, after.comment)
    for column in after.columns:
        old = before.column(column.name)
        if old is not None:
            yield from _commented(before, column.name, old.comment, column.comment)


def _commented(table: Table, column: str, old: str, new: str) -> Iterator[Followed]:
    if old != new:
        fields = {**({"column": column} if column else {}), "comment": new or None}
        yield Change("set_comment", table.name, fields), (ddl.SetComment(table.name, column, new),)


def _changed(engine: str, before: Table, after: Table, old: Column, new: Column) -> Iterator[Followed]:
    table, name = before.name, new.name
    if not same_expression(engine, old.generated, new.generated) or old.virtual != new.virtual:
        yield from _made_anew(before, old, new)
        return
    if old.identity and not new.identity:
        yield Change("drop_identity", table, {"column": name}), (ddl.DropIdentity(table, name),)
    changes_type = plain_type(engine, old.type) != plain_type(engine, new.type)
    if changes_type:
        loss = _loss(engine, before, old, new)
        yield (
            Change("change_type", table, {"column": name, "type": new.type}, loss),
            (ddl.ChangeType(table, name, new.type),),
        )
    if (old.collation or "") != (new.collation or "") and not changes_type:
        yield (
            Change("set_collation", table, {"column": name, "collation": new.collation or ""}),
            (ddl.SetCollation(table, name, new.collation),),
        )
    if not _same_default(engine, old, new):
        fields = {"column": name} if new.default is None else {"column": name, "default": new.default}
        yield Change("set_default", table, fields), (ddl.SetDefault(table, name, new.default),)
    if new.identity and not old.identity:
        yield (
            Change("set_identity", table, {"column": name, "identity": new.identity}),
            (ddl.AddIdentity(table, name, new.identity),),
        )
    elif new.identity != old.identity and new.identity:
        yield (
            Change("set_identity", table, {"column": name, "identity": new.identity}),
            (ddl.SetIdentity(table, name, new.identity),),
        )
    was, wanted = is_nullable(before, old), is_nullable(after, new)
    if was and not wanted and not _in_key(after, name):  # a key makes its own columns NOT NULL
        yield Change("set_not_null", table, {"column": name}), (ddl.SetNotNull(table, name),)
    elif wanted and not was and not _in_key(before, name):
        yield Change("drop_not_null", table, {"column": name}), (ddl.DropNotNull(table, name),)


def _made_anew(table: Table, old: Column, new: Column) -> Iterator[Followed]:
    """A generated column is computed from others, so it can be made anew; one that was stored by itself cannot."""
    loss = (
        ""
        if old.generated is not None
        else f"every value of {table.name}.{old.name} that is not what it is computed from"
    )
    yield Change("drop_column", table.name, {"column": old.name}, loss), (ddl.DropColumn(table.name, old.name),)
    yield _added(table, new)


def is_nullable(table: Table, column: Column) -> bool:
    """Whether NULL can stand there: not in a primary key, whatever is written."""
    return column.nullable and not _in_key(table, column.name) and not column.identity


def _in_key(table: Table, column: str) -> bool:
    return table.primary_key is not None and column in table.primary_key.columns


def _same_default(engine: str, old: Column, new: Column) -> bool:
    return _is_numbered(old) == _is_numbered(new) and (
        _is_numbered(old) or same_expression(engine, _default(old), _default(new))
    )


def _default(column: Column) -> str | None:
    """DEFAULT NULL says what no default says."""
    default = column.default
    return None if default is not None and re.match(r"null\b(?:::.*)?\Z", default.strip(), re.IGNORECASE) else default


def _is_numbered(column: Column) -> bool:
    """Whether a sequence of its own gives its values: `serial` says so, a server says nextval('...')."""
    return ddl.is_serial(column.type) or (column.default is not None and _NEXTVAL.match(column.default) is not None)


def _loss(engine: str, table: Table, old: Column, new: Column) -> str:
    """What a change of type may lose; empty where every value fits as it is."""
    one, other = plain_type(engine, old.type), plain_type(engine, new.type)
    if _holds_all(one, other):
        return ""
    return f"values of {table.name}.{old.name} that {new.type} does not hold as {old.type} did"


def _holds_all(one: str, other: str) -> bool:
    before, after = _SIZED.fullmatch(one), _SIZED.fullmatch(other)
    if before is None or after is None:
        return False
    name, wider = before["name"].strip(), after["name"].strip()
    size, room = before["size"], after["size"]
    if (before["rest"] or "") != (after["rest"] or "") and (name, wider) not in _WIDENS:
        return False
    if name in _INTEGERS and wider in _INTEGERS:
        return _INTEGERS.index(name) <= _INTEGERS.index(wider)
    if wider in _TEXTS:
        if name in _TEXTS:
            return _TEXTS.index(name) <= _TEXTS.index(wider)
        return "char" in name or (name, wider) in _WIDENS
    if name == wider or (name, wider) in _WIDENS:
        if room is None:
            return True
        if size is None:
            return False
        scale, finer = int(before["scale"] or 0), int(after["scale"] or 0)
        return int(size) - scale <= int(room) - finer and scale <= finer
    return name in _INTEGERS and wider in ("numeric", "decimal") and room is None
