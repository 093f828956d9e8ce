"""Two indexes that are the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import Index


class _DuplicateIndex(Rule):
    severity = Severity.WARNING
    harm = "Every write keeps both, and no query is served better for it."
    instead = "one of them: the constraint's where there is one"
    sources = ("https://www.postgresql.org/docs/18/indexes-intro.html",)
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY, x bigint NOT NULL);
        CREATE INDEX a_x ON a (x);
        CREATE INDEX a_x_again ON a (x);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, x bigint NOT NULL, y bigint);
        CREATE INDEX a_x ON a (x);
        CREATE INDEX a_x_for_y ON a (x) WHERE y > 5;
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            first: dict[object, str] = {}
            keys = [(one.columns, one.name or "a unique key") for one in table.uniques]
            if table.primary_key:
                keys.append((table.primary_key.columns, table.primary_key.name or "the primary key"))
            for columns, name in keys:
                first[_said(tuple(columns))] = name
            for index in at.own_indexes(table):
                said = _of(index)
                plain = _said(index.columns) if len(index.columns) == len(index.keys) and index.where is None else None
                twin = first.get(said) or (first.get(plain) if plain and _is_default(index) else None)
                if twin is not None and twin != index.name:
                    change = Change("drop_index", table.name, {"name": index.name})
                    yield Seen(
                        f"index {index.name} of {table.name} is {twin} once more",
                        table.name,
                        name=index.name,
                        changes=(change,),
                    )
                first.setdefault(said, index.name)


def _said(columns: tuple[str, ...]) -> object:
    return ("key", columns)


def _of(index: Index) -> object:
    method = "" if index.method.lower() == "btree" else index.method.lower()
    return index.keys, index.unique, method, frozenset(index.include), index.where


def _is_default(index: Index) -> bool:
    """Whether it serves nothing that a key's own index does not."""
    plain = not any(key.descending or key.suffix for key in index.keys)
    return plain and not index.include and index.method.lower() in ("", "btree")


RULE = _DuplicateIndex()
