"""Statements about exclusion constraints: rows that must not come into each other's way."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents.ddl._statement import DoesNotApply, constraint_names, table_in

if TYPE_CHECKING:
    from domain_agents.catalog import Exclusion, Schema, TableName


@dataclass(frozen=True, slots=True)
class AddExclusion:
    """ADD CONSTRAINT ... EXCLUDE."""

    table: TableName
    exclusion: Exclusion

    def apply(self, schema: Schema) -> Schema:
        table = table_in(schema, self.table)
        if self.exclusion.name in constraint_names(table):
            raise DoesNotApply(f"table {table.name} has a constraint {self.exclusion.name} already")
        return schema.with_table(replace(table, exclusions=(*table.exclusions, self.exclusion)))
