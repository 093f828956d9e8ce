"""Build an index, or all of a table, anew under its name, while writers pass."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.catalog import Index, TableName
from domain_agents.engines import Can
from domain_agents.operations import CannotPlan, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request

if TYPE_CHECKING:
    from domain_agents.catalog import Schema
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class Reindex:
    """Indexes that are bloated or broken; `name` empty is every index of the table."""

    kind: ClassVar[str] = "reindex"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("name", "text", "of an index; all of the table when left out"),)
    table: TableName
    name: str = ""

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        if not self.name:
            return ddl.Reindex(self.table, concurrently=True)
        return ddl.Reindex(TableName("", self.table.schema), self.name, concurrently=True, schema=self.table.schema)

    @classmethod
    def from_change(cls, change: Change) -> Reindex:
        """See Operation."""
        return cls(change.table(), change.word("name"))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> Reindex | None:
        """See Operation."""
        return cls(statement.table, statement.index) if isinstance(statement, ddl.Reindex) else None

    def apply(self, schema: Schema) -> Schema:
        """See Operation. Nothing of the schema changes; the index must be there."""
        if self.table.name and schema.table(self.table) is None and schema.view(self.table) is None:
            raise ddl.DoesNotApply(f"there is no table {self.table}")
        if self.name and schema.tables and self.name not in _index_names(schema):
            raise ddl.DoesNotApply(f"there is no index {self.name}")
        return schema

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        if not engine.can(Can.CONCURRENT_INDEX_BUILD):
            raise CannotPlan(
                f"{engine.name} has no statement that builds an index anew while writers pass",
                field="kind",
                way_out="create_index under another name, then drop_index of the old one; or rebuild the whole table "
                "at a "
                "quiet moment",
            )
        self.apply(schema)
        what = f"index {self.name}" if self.name else f"the indexes of {self.table}"
        validity = engine.index_validity_query(Index(self.name, self.table, ())) if self.name else ""
        return (
            Migration(
                title=f"rebuild {what}",
                slug=f"reindex_{self.name or self.table.name}",
                phase=Phase.MIGRATE,
                why="a new index is built beside the old one while reads and writes pass, and takes its name at the "
                "end; it "
                "needs the space of the old one once more",
                statements=(self.statement,),
                transaction=False,
                validations=(Query(validity, "true", "the index is whole and in use"),) if validity else (),
                undo="none needed: the index does what it did",
                warnings=(
                    "a build that fails leaves an INVALID index whose name ends in _ccnew: drop it and run the file again",
                ),
            ),
        )


def _index_names(schema: Schema) -> set[str]:
    names = set(schema.indexes)
    for table in schema.tables.values():
        keys = (*table.uniques, *((table.primary_key,) if table.primary_key else ()))
        names |= {key.name for key in keys}
    return names
