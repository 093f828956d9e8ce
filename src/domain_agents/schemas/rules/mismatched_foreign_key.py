"""A foreign key between columns of different types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import Column, TableName

_TEXT = ("character varying", "varchar", "character", "char", "text", "citext")

_INTEGERS = ("tinyint", "smallint", "mediumint", "integer", "int", "bigint")


class _MismatchedForeignKey(Rule):
    severity = Severity.ERROR
    engines = (
        "postgresql",
        "mysql",
        "mariadb",
    )
    harm = (
        "The two sides of the key do not hold the same values: the narrower one overflows first, and joins "
        "convert row by row."
    )
    instead = "the type of the column it refers to"
    sources = (
        "https://www.postgresql.org/docs/18/ddl-constraints.html#DDL-CONSTRAINTS-FK",
        "https://dev.mysql.com/doc/refman/8.4/en/create-table-foreign-keys.html",
    )
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY);
        CREATE TABLE b (id bigint PRIMARY KEY, a_id integer NOT NULL REFERENCES a (id));
        CREATE INDEX b_a_id_idx ON b (a_id);
    """
    good = """
        CREATE TABLE a (id int8 PRIMARY KEY);
        CREATE TABLE b (id bigint PRIMARY KEY, a_id int8 NOT NULL REFERENCES a (id));
        CREATE INDEX b_a_id_idx ON b (a_id);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for key in table.foreign_keys:
                parent = at.parent(key)
                for own, other in zip(key.columns, at.parent_columns(key), strict=False):
                    column, target = table.column(own), parent.column(other) if parent else None
                    if parent is None or column is None or target is None:
                        continue
                    if _family(at.type_of(column)) != _family(at.type_of(target)):
                        yield _seen(at, key.name, (table.name, column), (parent.name, target))


def _seen(at: Subject, name: str, own: tuple[TableName, Column], other: tuple[TableName, Column]) -> Seen:
    """Both columns with their types; the cure is to widen the narrower one."""
    (child, column), (parent, target) = own, other
    one, wanted = at.type_of(column), at.type_of(target)
    parent_is_narrow = one in _INTEGERS and wanted in _INTEGERS and _INTEGERS.index(one) > _INTEGERS.index(wanted)
    table, changed, type_ = (parent, target, column.type) if parent_is_narrow else (child, column, target.type)
    change = Change("change_type", table, {"column": changed.name, "type": at.engine.stored_type(type_)})
    return Seen(
        f"{child}.{column.name} is {column.type}, and what it refers to, {parent}.{target.name}, is {target.type}",
        child,
        column.name,
        name,
        (change,),
        Severity.WARNING if parent_is_narrow else None,
    )


def _family(type_: str) -> str:
    """The type without what does not keep values apart: a text's length, a number's width on display."""
    name = type_.partition("(")[0].strip()
    unsigned = " unsigned" if " unsigned" in type_ else ""
    return "text" if name in _TEXT else name.removesuffix(" unsigned") + unsigned


RULE = _MismatchedForeignKey()
