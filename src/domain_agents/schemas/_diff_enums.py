"""Enum types, before and after: types that come and go, values added, renamed and removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.schemas.change import Change, written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.catalog import Enum, Schema
    from domain_agents.schemas._diff_columns import Followed

_SAME_PLACE = 0.7
"""How sure it is that one value that went and one that came in its place are one value renamed."""


def enum_changes(engine: str, before: Schema, after: Schema) -> Iterator[Followed]:
    """Types that come and values that differ; types that go are another's, at the end."""
    del engine
    for name, wanted in after.enums.items():
        old = before.enums.get(name)
        if old is None:
            fields = {"name": written(name), "values": list(wanted.values)}
            yield Change("create_enum", None, fields), (ddl.CreateEnum(wanted),)
        elif old.values != wanted.values:
            yield from _values(old, wanted)


def _values(old: Enum, wanted: Enum) -> Iterator[Followed]:
    name = written(old.name)
    gone = [value for value in old.values if value not in wanted.values]
    came = [value for value in wanted.values if value not in old.values]
    if len(gone) == len(came) == 1 and old.values.index(gone[0]) == wanted.values.index(came[0]):
        fields = {"name": name, "value": gone[0], "new_value": came[0]}
        change = Change("rename_enum_value", None, fields, rename_of=gone[0], confidence=_SAME_PLACE)
        yield change, (ddl.RenameEnumValue(old.name, gone[0], came[0]),)
        return
    for value in came:
        place = wanted.values.index(value)
        fields = {"name": name, "value": value}
        after = wanted.values[place - 1] if place else ""
        before = next((one for one in wanted.values[place:] if one in old.values), "") if not place else ""
        if before:
            fields["before"] = before
        elif after:
            fields["after"] = after
        yield Change("add_enum_value", None, fields), (ddl.AddEnumValue(old.name, value, before=before, after=after),)
    for value in gone:
        loss = f"the value {value!r} of {name}: rows that hold it need another"
        yield (
            Change("remove_enum_value", None, {"name": name, "value": value}, loss),
            (ddl.RemoveEnumValue(old.name, value),),
        )


def enums_going(before: Schema, after: Schema) -> Iterator[Followed]:
    """Types that nothing uses any more."""
    for name in before.enums:
        if name not in after.enums:
            yield Change("drop_enum", None, {"name": written(name)}), (ddl.DropType(name),)
