"""A foreign key between columns of different types."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

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
                    if column is None or target is None:
                        continue
                    one, wanted = at.type_of(column), at.type_of(target)
                    if _family(one) == _family(wanted):
                        continue
                    yield _seen(at, table, key, own, other, parent)


def _family(type_: str) -> str:
    """The type without what does not keep values apart: a text's length, a number's width on display."""
    name = type_.partition("(")[0].strip()
    unsigned = " unsigned" if " unsigned" in type_ else ""
    return "text" if name in _TEXT else name.removesuffix(" unsigned") + unsigned


def _seen(at: Subject, table: Table, key: ForeignKey, own: str, other: str, parent: Table) -> Seen:
    """Both columns with their types; the cure is to widen the narrower one."""
    column, target = table.column(own), parent.column(other)
    assert column is not None
    assert target is not None
    one, wanted = at.type_of(column), at.type_of(target)
    parent_is_narrow = one in _INTEGERS and wanted in _INTEGERS and _INTEGERS.index(one) > _INTEGERS.index(wanted)
    if parent_is_narrow:
        change = Change("change_type", parent.name, {"column": other, "type": at.engine.stored_type(column.type)})
    else:
        change = Change("change_type", table.name, {"column": own, "type": at.engine.stored_type(target.type)})
    return Seen(
        f"{table.name}.{own} is {column.type}, and what it refers to, {parent.name}.{other}, is {target.type}",
        table.name,
        own,
        key.name,
        (change,),
        Severity.WARNING if parent_is_narrow else None,
    )


RULE = _MismatchedForeignKey()
