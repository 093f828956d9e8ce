"""One difference between two schemas, as plan_migration takes it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.catalog import Index, IndexKey, TableName


@dataclass(frozen=True, slots=True)
class Change:
    """One typed change: a kind of plan_migration with its fields.

    `loss` says what data it loses, empty when none. `rename_of` is the old name where this is a rename, `confidence` from 0
    to 1 how sure that is: below 1 a person must be asked.
    """

    kind: str
    table: TableName | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    loss: str = ""
    rename_of: str = ""
    confidence: float = 1.0

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, diff_schema)."""
        place = {"table": written(self.table)} if self.table is not None else {}
        found = {"kind": self.kind, **place, **self.fields, "loses_data": bool(self.loss)}
        if self.loss:
            found["loss"] = self.loss
        if self.rename_of:
            found["rename_of"] = self.rename_of
        return {**found, "confidence": self.confidence}


def written(name: TableName) -> str:
    """A table's name as text that is read back as the same one, dots and quotes in it included."""
    parts = [part for part in (name.schema, name.name) if part]
    if all("." not in part and not part.startswith('"') for part in parts):
        return ".".join(parts)
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def key_text(key: IndexKey) -> str:
    """An index's key as a change names it."""
    text = f"({key.text})" if key.is_expression else key.text
    return " ".join(part for part in (text, key.suffix, "DESC" if key.descending else "") if part)


def index_fields(index: Index) -> dict[str, Any]:
    """The fields of create_index."""
    found: dict[str, Any] = {"name": index.name, "columns": [key_text(key) for key in index.keys]}
    if index.unique:
        found["unique"] = True
    if index.method and index.method.lower() != "btree":
        found["method"] = index.method
    if index.include:
        found["include"] = list(index.include)
    if index.where is not None:
        found["where"] = index.where
    return found
