"""Statements about views."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents.catalog import TableName, View
from domain_agents.ddl._others import KeepText
from domain_agents.ddl._statement import DoesNotApply

if TYPE_CHECKING:
    from domain_agents.catalog import Schema
    from domain_agents.ddl._statement import Statement

_PART = r"""(?:"(?:[^"]|"")+"|`(?:[^`]|``)+`|\[[^\]]+\]|[\w$]+)"""
_NAME = rf"({_PART})(?:\s*\.\s*({_PART}))?"
_OPTION = r"(?:ALGORITHM\s*=\s*\w+|DEFINER\s*=\s*\S+|SQL\s+SECURITY\s+\w+|RECURSIVE)\s+"
_MADE = re.compile(
    rf"\s*CREATE\s+(OR\s+REPLACE\s+)?(?:{_OPTION})*VIEW\s+(?:IF\s+NOT\s+EXISTS\s+)?{_NAME}", re.IGNORECASE
)
_GONE = re.compile(rf"\s*DROP\s+VIEW\s+(IF\s+EXISTS\s+)?{_NAME}\s*(?:CASCADE|RESTRICT)?\s*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class DefineView:
    """CREATE VIEW, CREATE OR REPLACE VIEW or CREATE MATERIALIZED VIEW, as its text says it.

    `restores_privileges` gives the privileges back that a DropView before it has kept.
    """

    view: View
    replaces: bool = False
    restores_privileges: bool = False

    def apply(self, schema: Schema) -> Schema:
        name = self.view.name
        if name in schema.tables:
            raise DoesNotApply(f"table {name} exists already")
        before = schema.view(name)
        if before is not None and not self.replaces:
            raise DoesNotApply(f"view {name} exists already")
        texts = tuple(text for text in schema.extras if before is None or text != before.definition)
        kept = {key: view for key, view in schema.views.items() if before is None or key != before.name}
        return replace(schema, views={**kept, name: self.view}, extras=(*texts, self.view.definition))


@dataclass(frozen=True, slots=True)
class DropView:
    """DROP VIEW; `table` is the view's name. A view that is not known is left to the server.

    `keeps_privileges` notes who may use it, for the DefineView that follows in the same transaction.
    """

    table: TableName
    if_exists: bool = False
    materialized: bool = False
    keeps_privileges: bool = False

    def apply(self, schema: Schema) -> Schema:
        found = schema.view(self.table)
        if found is None:
            return schema
        return replace(
            schema,
            views={key: view for key, view in schema.views.items() if key != found.name},
            extras=tuple(text for text in schema.extras if text != found.definition),
            indexes={key: index for key, index in schema.indexes.items() if index.table != found.name},
        )


@dataclass(frozen=True, slots=True)
class RefreshView:
    """REFRESH MATERIALIZED VIEW; `table` is the view's name."""

    table: TableName
    concurrently: bool = False

    def apply(self, schema: Schema) -> Schema:
        view = schema.view(self.table)
        if view is not None and not view.materialized:
            raise DoesNotApply(f"{view.name} is no materialized view: it always shows what its tables hold")
        return schema


def kept(text: str) -> Statement:
    """A statement whose object has no noun of its own in the catalog, unless its text makes a view, or takes one away."""
    made, gone = _MADE.match(text), _GONE.fullmatch(text)
    if made:
        return DefineView(View(_named(made[2], made[3]), text), replaces=bool(made[1]))
    return DropView(_named(gone[2], gone[3]), if_exists=bool(gone[1])) if gone else KeepText(text)


def _named(first: str, second: str | None) -> TableName:
    return TableName(_bare(second), _bare(first)) if second else TableName(_bare(first))


def _bare(name: str) -> str:
    quote = name[0]
    if quote in '"`':
        return name[1:-1].replace(quote * 2, quote)
    return name[1:-1] if quote == "[" else name
