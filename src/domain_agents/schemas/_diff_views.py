"""Views, and what the model keeps as text only: triggers, functions, policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.schemas.change import Change
from domain_agents.schemas.comparing import plain_expression

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, View
    from domain_agents.schemas._diff_columns import Followed

_SHOWN = 80


@dataclass(frozen=True, slots=True)
class ViewChanges:
    """Views that go before the tables change, those that come after, and texts that no change stands for."""

    going: tuple[Followed, ...]
    coming: tuple[Followed, ...]
    problems: tuple[str, ...]


def view_changes(engine: str, before: Schema, after: Schema) -> ViewChanges:
    """Views that come, go or say something else, and other statements that only one side has."""
    going: list[Followed] = []
    coming: list[Followed] = []
    for name, old in before.views.items():
        new = after.views.get(name)
        if new is None or not _same(engine, old, new):
            change = Change("drop_view", name, {"materialized": True} if old.materialized else {})
            going.append((change, (ddl.DropView(name, materialized=old.materialized),)))
    for name, new in after.views.items():
        found = before.views.get(name)
        if found is None or not _same(engine, found, new):
            kind = "create_materialized_view" if new.materialized else "create_view"
            coming.append((Change(kind, name, {"definition": new.definition}), (ddl.DefineView(new),)))
    views = {_plain(engine, view.definition) for schema in (before, after) for view in schema.views.values()}
    texts = {_plain(engine, text): text for text in before.extras}
    others = {_plain(engine, text): text for text in after.extras}
    problems = [
        *(
            f"to go, and no change says so: {_short(text)}"
            for key, text in texts.items()
            if key not in others and key not in views
        ),
        *(
            f"to come, and no change says so: {_short(text)}"
            for key, text in others.items()
            if key not in texts and key not in views
        ),
    ]
    return ViewChanges(tuple(going), tuple(coming), tuple(problems))


def _same(engine: str, one: View, other: View) -> bool:
    return one.materialized == other.materialized and _plain(engine, one.definition) == _plain(engine, other.definition)


def _plain(engine: str, text: str) -> str:
    return plain_expression(engine, text.rstrip().rstrip(";"))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else line[: _SHOWN - 3] + "..."
