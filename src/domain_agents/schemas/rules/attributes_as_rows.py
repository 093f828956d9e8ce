"""A table of names and values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.schemas.rules import Rule, Seen, Subject

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = (
    "attribute",
    "attribute_name",
    "attr_name",
    "meta_key",
    "property_name",
    "key",
    "field_name",
    "name",
    "attribute_id",
)
_VALUES = ("value", "attribute_value", "meta_value", "property_value", "field_value", "attr_value")
_LARGEST = 7
"""Columns of a table that is nothing else; our own choice."""


class _AttributesAsRows(Rule):
    severity = Severity.WARNING
    harm = (
        "Attributes as rows have no type, no key and no constraint, and every question joins the table once "
        "per attribute."
    )
    instead = "columns for what is always asked, one JSON column for what differs"
    sources = ("Karwin, SQL Antipatterns, ch. 6 (Entity-Attribute-Value)",)
    bad = """
        CREATE TABLE things (id bigint PRIMARY KEY);
        CREATE TABLE thing_attributes (thing_id bigint NOT NULL REFERENCES things (id), attribute text NOT NULL, value text,
          PRIMARY KEY (thing_id, attribute));
    """
    good = """
        CREATE TABLE things (id bigint PRIMARY KEY, colour text NOT NULL, extra jsonb NOT NULL DEFAULT '{}');
    """

    def looks(self, at: Subject) -> Iterator[Seen]:
        for table in at.tables:
            names = {column.name.lower(): column for column in table.columns}
            name = next((names[one] for one in _NAMES if one in names), None)
            value = next((names[one] for one in _VALUES if one in names), None)
            owner = next((one for one in names if one.endswith("_id")), "")
            if name is None or value is None or not owner or len(table.columns) > _LARGEST:
                continue
            if "char" in at.type_of(value) or "text" in at.type_of(value):
                yield Seen(
                    f"{table.name} keeps attributes as rows ({owner}, {name.name}, {value.name}): no type, no constraint",
                    table.name,
                )


RULE = _AttributesAsRows()
