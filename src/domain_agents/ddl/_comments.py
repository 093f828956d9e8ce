"""What a table or a column says of itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, TableName


@dataclass(frozen=True, slots=True)
class SetComment:
    """COMMENT ON TABLE, or ON COLUMN where `column` is not empty; an empty comment takes it away."""

    table: TableName
    column: str = ""
    comment: str = ""

    def apply(self, schema: Schema) -> Schema:
        """The schema with the comment. One on what is not known here, such as a view's column, changes nothing.

        A partition's own columns are not followed: they stand with its parent.
        """
        table = schema.table(self.table)
        if table is None or (self.column and table.partition_of is not None):
            return schema
        if not self.column:
            return schema.with_table(replace(table, comment=self.comment))
        column = table.column(self.column)
        return schema if column is None else schema.with_table(table.with_column(replace(column, comment=self.comment)))
