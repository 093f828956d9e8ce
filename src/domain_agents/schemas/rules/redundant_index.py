"""An index that another one begins with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.catalog import IndexKey
from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import Index, PrimaryKey, Unique


class _RedundantIndex(Rule):
    severity = Severity.WARNING
    harm = "Whatever it serves, the longer index serves as well; every write keeps both."
    instead = "the longer one alone"
    sources = (
        "https://www.postgresql.org/docs/18/indexes-multicolumn.html",
        "https://dev.mysql.com/doc/refman/8.4/en/multiple-column-indexes.html",
    )
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY, x bigint NOT NULL, y bigint NOT NULL);
        CREATE INDEX a_x ON a (x);
        CREATE INDEX a_x_y ON a (x, y);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, x bigint NOT NULL, y bigint NOT NULL);
        CREATE UNIQUE INDEX a_x ON a (x);
        CREATE INDEX a_y_x ON a (y, x);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            longer = [(one.keys, one.name) for one in at.indexes(table) if _is_plain(one)]
            keys: list[Unique | PrimaryKey] = [*table.uniques, *([table.primary_key] if table.primary_key else [])]
            longer += [(tuple(IndexKey(name) for name in one.columns), one.name or "a key") for one in keys]
            for index in at.own_indexes(table):
                if index.unique or not _is_plain(index) or index.include:
                    continue
                count = len(index.keys)
                twin = next((name for keys, name in longer if len(keys) > count and keys[:count] == index.keys), None)
                if twin is not None:
                    change = Change("drop_index", table.name, {"name": index.name})
                    yield Seen(
                        f"index {index.name} of {table.name} serves nothing that {twin} does not",
                        table.name,
                        name=index.name,
                        changes=(change,),
                    )


def _is_plain(index: Index) -> bool:
    return index.where is None and index.method.lower() in ("", "btree")


RULE = _RedundantIndex()
