"""Which tables belong together: what foreign keys connect, and large connected groups split where the fewest keys cross."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain_agents.catalog import Schema, Table, TableName

MAX_TABLES: Final = 14
"""More than this in one group is no longer seen at a glance."""
WHOLE: Final = 22
"""A connected group of up to this many stays whole: cutting it would cost more than its size."""


@dataclass(frozen=True, slots=True)
class Domain:
    """Tables that belong together; `name` is the one that most refer to, empty for tables by themselves."""

    name: str
    tables: tuple[TableName, ...]


def domains(schema: Schema) -> tuple[Domain, ...]:
    """All tables in groups, the largest first, tables without any relation last. The same schema gives the same groups."""
    order = {name: number for number, name in enumerate(schema.tables)}
    links = _links(schema)
    related = {name for pair in links for name in pair}
    groups = _merged([[name] for name in order if name in related], links)
    several = [sorted(group, key=order.__getitem__) for group in groups if len(group) > 1]
    found = [Domain(_center(group, schema), tuple(group)) for group in several]
    found.sort(key=lambda one: (-len(one.tables), order[one.tables[0]]))
    grouped = {name for group in several for name in group}
    alone = tuple(name for name in order if name not in grouped)
    return (*found, Domain("", alone)) if alone else tuple(found)


def parent_of(schema: Schema, name: TableName) -> Table | None:
    """The table that a foreign key refers to; None where it is not in the schema."""
    return schema.tables.get(name) or schema.table(name)


def _links(schema: Schema) -> dict[tuple[TableName, TableName], int]:
    links: dict[tuple[TableName, TableName], int] = {}
    for table in schema.tables.values():
        for key in table.foreign_keys:
            parent = parent_of(schema, key.parent)
            if parent is not None and parent.name in schema.tables and parent.name != table.name:
                first, second = sorted((table.name, parent.name), key=str)
                links[first, second] = links.get((first, second), 0) + 1
    return links


def _merged(groups: list[list[TableName]], links: dict[tuple[TableName, TableName], int]) -> list[list[TableName]]:
    """Groups merged while that gains modularity: more keys within a group than chance would put there."""
    of = {name: number for number, group in enumerate(groups) for name in group}
    held = dict(enumerate(groups))
    degree: dict[int, int] = dict.fromkeys(held, 0)
    between: dict[tuple[int, int], int] = {}
    for (one, other), weight in links.items():
        first, second = sorted((of[one], of[other]))
        between[first, second] = between.get((first, second), 0) + weight
        degree[first] += weight
        degree[second] += weight
    total = max(1, sum(links.values()))
    whole = _component_sizes(held, between)

    def gain(pair: tuple[int, int]) -> tuple[float, int, int]:
        first, second = pair
        return between[pair] / total - degree[first] * degree[second] / (2 * total * total), -first, -second

    while True:
        fitting = [
            pair
            for pair in between
            if len(held[pair[0]]) + len(held[pair[1]]) <= (WHOLE if whole[pair[0]] <= WHOLE else MAX_TABLES)
        ]
        if not fitting:
            break
        best = max(fitting, key=gain)
        if gain(best)[0] <= 0 and whole[best[0]] > WHOLE:
            break
        kept, gone = best
        held[kept] += held.pop(gone)
        degree[kept] += degree.pop(gone)
        del between[best]
        for pair in [pair for pair in between if gone in pair]:
            weight = between.pop(pair)
            far = pair[0] if pair[1] == gone else pair[1]
            moved = (min(kept, far), max(kept, far))
            between[moved] = between.get(moved, 0) + weight
    return list(held.values())


def _component_sizes(nodes: Iterable[int], between: Iterable[tuple[int, int]]) -> dict[int, int]:
    root = {node: node for node in nodes}

    def find(node: int) -> int:
        while root[node] != node:
            root[node] = root[root[node]]
            node = root[node]
        return node

    for first, second in between:
        root[find(second)] = find(first)
    sizes: dict[int, int] = {}
    for node in root:
        sizes[find(node)] = sizes.get(find(node), 0) + 1
    return {node: sizes[find(node)] for node in root}


def _center(group: list[TableName], schema: Schema) -> str:
    inside = set(group)
    score = dict.fromkeys(group, 0)
    for table in group:
        for key in schema.tables[table].foreign_keys:
            parent = parent_of(schema, key.parent)
            if parent is not None and parent.name in inside and parent.name != table:
                score[parent.name] += 1
    return str(max(group, key=lambda name: (score[name], -group.index(name))))
