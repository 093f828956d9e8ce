"""Values for the partition key of a live table: some that each of its partitions takes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.workspace.live import LiveColumn, LivePartition, LiveTable

_RANGE = re.compile(r"FOR VALUES FROM \((?P<lower>.*)\) TO \((?P<upper>.*)\)\Z", re.DOTALL)
_LIST = re.compile(r"FOR VALUES IN \((?P<values>.*)\)\Z", re.DOTALL)
_VALUE = re.compile(r"\s*('(?:[^']|'')*'|[^,']+)\s*(?:,|\Z)")
_DAYS = {"timestamp": "interval '1 hour'", "timestamptz": "interval '1 hour'", "date": "1"}


def partition_values(table: LiveTable) -> dict[str, list[str]]:
    """SQL values by column, for the columns of range and list keys; a partition by hash takes any.

    Nothing for a column that also a default partition takes rows by: then every value has its place.
    """
    found: dict[str, list[str]] = {}
    free: set[str] = set()
    for partition in table.partitions:
        for place, name in enumerate(partition.columns):
            column = table.column(name)
            if partition.bound == "DEFAULT":
                free.add(name)
            elif column is not None:
                found.setdefault(name, []).extend(_values(partition, place, column))
    return {name: values for name, values in found.items() if values and name not in free}


def _values(partition: LivePartition, place: int, column: LiveColumn) -> list[str]:
    listed = _LIST.match(partition.bound)
    if listed:
        return [value for value in _split(listed["values"]) if value != "NULL"]
    ranged = _RANGE.match(partition.bound)
    if not ranged:
        return []
    lower, upper = _split(ranged["lower"])[place], _split(ranged["upper"])[place]
    if lower != "MINVALUE":
        return [f"{lower}::{column.type}"]
    step = _DAYS.get(column.kind, "1" if column.category == "N" else "")
    return [f"{upper}::{column.type} - {step}"] if step and upper != "MAXVALUE" else []


def _split(text: str) -> list[str]:
    return [found[1].strip() for found in _VALUE.finditer(text)]
