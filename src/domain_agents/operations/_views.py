"""The views that show a column: taken away before the column is exchanged, and made again behind it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import View
from domain_agents.engines import Can
from domain_agents.operations import CannotPlan

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Schema, TableName
    from domain_agents.engines import Engine
    from domain_agents.operations._asking import Change

_STAR = re.compile(r"(?:\bSELECT|\bDISTINCT|,)\s*(?:[\w$\"]+\s*\.\s*){0,2}\*", re.IGNORECASE)


def says(text: str, name: str) -> bool:
    """Whether the text holds the name as a word."""
    return re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", text, re.IGNORECASE) is not None


def written_view(change: Change, verb: str, *, materialized: bool = False) -> View:
    """The view that a change's name and query make.

    Raises:
        CannotPlan: one of them is missing, or the query ends in a semicolon with more behind it.
    """
    name, query = (
        change.table("name"),
        change.text("query", '"SELECT id, email FROM users"').strip().rstrip(";").strip(),
    )
    return View(name, f"{verb} {change.request.engine.quote_table(name)} AS {query}", materialized)


def refuse_materialized(views: Sequence[View]) -> None:
    """Views that keep rows are not made again while everybody waits.

    Raises:
        CannotPlan: with the first of them.
    """
    kept = next((view for view in views if view.materialized), None)
    if kept is not None:
        raise CannotPlan(
            f"materialized view {kept.name} reads it; its query would run again while everybody waits",
            field="name",
            way_out=f"drop_view {kept.name} first, and create_materialized_view again afterwards",
        )


def views_of(schema: Schema, name: TableName) -> tuple[View, ...]:
    """The views that read a table or view, and those that read these; each behind what it reads."""
    found: dict[TableName, View] = {}
    names = [name.name]
    for one in schema.views.values():
        if any(says(one.definition, known) for known in names) and one.name != name:
            found[one.name] = one
            names.append(one.name.name)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Shown:
    """What shows a column: the statements that take it away, those that make it again, and what to know of it."""

    dropped: tuple[ddl.Statement, ...] = ()
    made: tuple[ddl.Statement, ...] = ()
    warnings: tuple[str, ...] = ()


def views_showing(engine: Engine, schema: Schema, table: TableName, columns: Sequence[str]) -> Shown:
    """The views that must be made again when columns are exchanged for others of their names, or change their type.

    Raises:
        CannotPlan: one shows every column there is, or keeps rows of its own.
    """
    if not engine.can(Can.VIEWS_HOLD_COLUMNS):
        return Shown()
    direct = [
        view
        for view in schema.views.values()
        if says(view.definition, table.name)
        and (any(says(view.definition, column) for column in columns) or _STAR.search(view.definition))
    ]
    found: dict[TableName, View] = {view.name: view for view in direct}
    for view in direct:
        found |= {one.name: one for one in views_of(schema, view.name)}
    for view in found.values():
        _refuse(view, table, columns, shows_all=view in direct and _STAR.search(view.definition) is not None)
    order = list(schema.views)
    return Shown(*made_again(tuple(sorted(found.values(), key=lambda view: order.index(view.name)))))


def made_again(views: Sequence[View]) -> tuple[tuple[ddl.Statement, ...], tuple[ddl.Statement, ...]]:
    """The views dropped, the last first, while who may use them is noted; and made again for the same."""
    return (
        tuple(ddl.DropView(view.name, keeps_privileges=True) for view in reversed(views)),
        tuple(ddl.DefineView(view, restores_privileges=True) for view in views),
    )


def _refuse(view: View, table: TableName, columns: Sequence[str], *, shows_all: bool) -> None:
    what = f"{table}.{' and '.join(columns)}"
    if view.materialized:
        raise CannotPlan(
            f"materialized view {view.name} keeps rows with {what} as it is; its query would run again "
            "while everybody waits",
            field="column",
            way_out=f"drop_view {view.name} first, and create_materialized_view again after the change",
        )
    if shows_all:
        raise CannotPlan(
            f"view {view.name} shows every column of {table} (SELECT *), the old and the new one alike",
            field="column",
            way_out=f"replace_view {view.name} with the columns named one by one first",
        )
