"""DynamoDB: one table, every access path a key condition on it or on an index beside it.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-general-nosql-design.html (read 2026-11-21).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from domain_agents.schemas.names import singular, snake

if TYPE_CHECKING:
    from domain_agents.schemas.design import Design
    from domain_agents.schemas.spec import Access, Entity

MAX_INDEXES: Final = 20
"""Global secondary indexes on one table, by default (the service's quotas)."""

_UNSERVED: Final = {
    "search": "not here: words in texts need OpenSearch beside it, fed by the table's stream",
    "aggregate": "not here: a counter item kept by the table's stream, or an export to a warehouse",
}


def sketch(made: Design) -> str:
    """The table, the matrix of paths, and what it gives up."""
    rows, used = _paths(made)
    intro = (
        "One table, keys `pk` and `sk`; an item's type stands in both. Each `gsiN` is one index for all types, filled only "
        "by the items that a path looks for."
    )
    lines = [
        f"# {made.spec.name} on DynamoDB",
        "",
        intro,
        "",
        "## Items",
        "",
        "| item | pk | sk |",
        "| --- | --- | --- |",
    ]
    lines += [_item(made, entity) for entity in made.spec.entities]
    lines += ["", "## Access paths", "", "| path | looks in | key condition |", "| --- | --- | --- |", *rows]
    lines += ["", "## What it costs", "", *(f"- {says}" for says in _costs(made, used))]
    return "\n".join(lines) + "\n"


def _key(name: str) -> str:
    return singular(snake(name)).upper()


def _owner(made: Design, entity: str) -> tuple[str, str]:
    """The parent that an entity's rows are parts of, and what they call it; two empty texts where there is none."""
    table = next((one.table for one in made.tables if one.entity == entity), None)
    keys = [key for key in table.foreign_keys if key.on_delete == "CASCADE"] if table is not None else []
    if len(keys) != 1:
        return "", ""
    parent = next(one.entity for one in made.tables if one.table.name == keys[0].parent)
    return parent, keys[0].columns[-1].removesuffix("_id")


def _item(made: Design, entity: Entity) -> str:
    """A part of a whole lies with it, so that one query reads both."""
    parent, role = _owner(made, entity.name)
    if parent:
        return f"| {entity.name} | `{_key(parent)}#<{role}>` | `{_key(entity.name)}#<id>` |"
    return f"| {entity.name} | `{_key(entity.name)}#<id>` | `{_key(entity.name)}` |"


def _paths(made: Design) -> tuple[list[str], int]:
    """Each path's key condition; the indexes in use. A path of an entity takes the next index that entity has free."""
    used: dict[str, dict[tuple[str, ...], int]] = {}
    rows = []
    for access in made.spec.access:
        if access.op in _UNSERVED or access.contains:
            rows.append(f"| {access.id} | | {_UNSERVED.get(access.op, _UNSERVED['search'])} |")
            continue
        if access.op == "insert":
            rows.append(f"| {access.id} | table | PutItem, in a transaction with the items that keep keys unique |")
            continue
        equal = tuple(snake(word) for word in access.equals)
        if equal in {(), ("id",)} and not access.order_by and not access.range and not access.only_when:
            where = (
                f"`pk = {_key(access.entity)}#<id>`" if access.op == "get" or equal else "Scan: add a path, or do not"
            )
            rows.append(f"| {access.id} | table | {where} |")
            continue
        parent, role = _owner(made, _name(made, access.entity))
        if parent and equal and {name.removesuffix("_id") for name in equal} == {role} and not access.order_by:
            rows.append(
                f"| {access.id} | table | `pk = {_key(parent)}#<{role}>`, sk begins with {_key(access.entity)}# |"
            )
            continue
        held = used.setdefault(singular(snake(access.entity)), {})
        signature = (*equal, "|", *(word for word, _ in access.order_by), *access.range, repr(access.only_when))
        number = held.setdefault(signature, len(held) + 1)
        rows.append(f"| {access.id} | gsi{number} | {_condition(access, number, equal)} |")
    return rows, max((len(held) for held in used.values()), default=0)


def _name(made: Design, written: str) -> str:
    """An entity's own name, however a path writes it."""
    found = made.spec.entity(written)
    return found.name if found is not None else written


def _condition(access: Access, number: int, equal: tuple[str, ...]) -> str:
    prefix = _key(access.entity) + ("" if not access.only_when else f"#{snake(access.id).upper()}")
    key = "#".join([prefix, *(f"<{name}>" for name in equal)])
    text = f"`gsi{number}pk = {key}`"
    sorts = [snake(word) for word, _ in access.order_by] or [snake(word) for word in access.range]
    if sorts:
        text += f", `gsi{number}sk` is {'#'.join(f'<{name}>' for name in sorts)}"
    if access.order_by and access.order_by[0][1]:
        text += ", ScanIndexForward false"
    if access.only_when:
        text += "; only items for which the condition holds carry these attributes"
    if not equal:
        text += (
            "; one partition holds them all: spread it over suffixes when it is written more than 1,000 times a second"
        )
    return text


def _costs(made: Design, used: int) -> list[str]:
    unique = [
        f"{entity.name}.{one.name}" for entity in made.spec.entities for one in entity.attributes if one.unique != "no"
    ]
    unique += [
        f"{entity.name} ({', '.join(entity.natural_key)})" for entity in made.spec.entities if entity.natural_key
    ]
    found = [
        f"{used} global secondary indexes (of {MAX_INDEXES}): each is one more write of an item, and read a moment behind"
    ]
    if unique:
        found.append(
            f"what is unique ({', '.join(unique)}) is an item of its own, written in one transaction with the row"
        )
    found += [
        f"nothing keeps the {len(made.spec.relations)} relations true: the application does, and nothing cascades",
        "a question that nobody listed is a scan of everything, or a new index filled from the start",
    ]
    if any(entity.retention_days for entity in made.spec.entities):
        found.append("rows kept for a time carry an `expires_at` for TTL, which deletes within days, not at the second")
    return found
