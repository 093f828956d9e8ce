"""An ordered index on a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.change import Change
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator


class _BtreeOnDocument(Rule):
    severity = Severity.WARNING
    engines = ("postgresql",)
    harm = (
        "A B-tree on jsonb or an array orders whole values: it serves equality with one exact document and "
        "nothing that people ask."
    )
    instead = "USING gin, or an index on the one path that is asked for: ((doc ->> 'name'))"
    sources = (
        "https://www.postgresql.org/docs/18/datatype-json.html#JSON-INDEXING",
        "https://www.postgresql.org/docs/18/indexes-types.html",
    )
    bad = """
        CREATE TABLE a (id bigint PRIMARY KEY, doc jsonb NOT NULL);
        CREATE INDEX a_doc ON a (doc);
    """
    good = """
        CREATE TABLE a (id bigint PRIMARY KEY, doc jsonb NOT NULL);
        CREATE INDEX a_doc ON a USING gin (doc);
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            for index in at.indexes(table):
                if index.method.lower() not in ("", "btree") or index.unique:
                    continue
                for name in index.columns[:1]:
                    column = table.column(name)
                    if column is not None and (
                        at.type_of(column) in ("json", "jsonb") or at.type_of(column).endswith("[]")
                    ):
                        changes = (
                            Change(
                                "create_index",
                                table.name,
                                {"name": f"{index.name}_gin", "columns": [name], "method": "gin"},
                            ),
                            Change("drop_index", table.name, {"name": index.name}),
                        )
                        yield Seen(
                            f"index {index.name} orders whole values of {table.name}.{name}: no path in them is found",
                            table.name,
                            name,
                            index.name,
                            changes,
                        )


RULE = _BtreeOnDocument()
