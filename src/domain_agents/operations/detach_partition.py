"""Detach a partition while readers and writers of the other partitions pass."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from domain_agents import ddl
from domain_agents.engines import Can, Engine
from domain_agents.operations import Deploy, Migration, Phase, Situation, Step
from domain_agents.operations._asking import Change, Field, Request, table_name
from domain_agents.operations._attaching import require_partitions

if TYPE_CHECKING:
    from domain_agents.catalog import ForeignKey, Schema, Table, TableName


@dataclass(frozen=True, slots=True)
class DetachPartition:
    """A partition becomes a table of its own, with its rows; `finalizes` ends a detaching that was cut off."""

    kind: ClassVar[str] = "detach_partition"
    FIELDS: ClassVar[tuple[Field, ...]] = (Field("partition", "text"),)
    table: TableName
    partition: TableName
    concurrently: bool = True
    finalizes: bool = False

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.DetachPartition(self.table, self.partition, finalize=self.finalizes)

    @classmethod
    def from_change(cls, change: Change) -> DetachPartition:
        """See Operation."""
        engine = change.request.engine
        require_partitions(engine)
        partition = table_name(change.text("partition", '"events_2025_01"'))
        return cls(change.table(), partition, engine.can(Can.DETACH_CONCURRENTLY))

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> DetachPartition | None:
        """See Operation. CONCURRENTLY where the version has it, whatever was written."""
        if not isinstance(statement, ddl.DetachPartition):
            return None
        concurrently = request.engine.can(Can.DETACH_CONCURRENTLY) and not statement.finalize
        return cls(statement.table, statement.partition, concurrently, statement.finalize)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        return self.statement.apply(schema)

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        require_partitions(engine)
        after = self.apply(schema)
        parent = schema.table(self.table)
        part = schema.table(self.partition)
        bound = (
            next((one.bound for one in parent.partitions if part and one.name == part.name), None) if parent else None
        )
        back = engine.spell(ddl.AttachPartition(self.table, self.partition, bound), after) if bound else ()
        deploy = Deploy(
            title=f"no application version looks for the rows of {self.partition.name} in {self.table.name}",
            why=f"they are found under {self.partition.name} alone from the next step on, and a new row of that range is "
            "refused until another partition takes it",
        )
        statement = ddl.DetachPartition(self.table, self.partition, self.concurrently, self.finalizes)
        alone = engine.refuses_transaction(statement, schema)
        detach = Migration(
            title=f"detach {self.partition.name} from {self.table.name}",
            slug=f"detach_{self.partition.name}",
            phase=Phase.CONTRACT,
            why=self._why(alone=alone),
            statements=(statement,),
            transaction=not alone,
            undo="; ".join((*back, *self._without_left(engine, schema, statement))) if alone else "; ".join(back),
            warnings=self._warnings(engine, schema, parent, alone=alone) if parent else (),
        )
        left = self._left(engine, schema, statement) if alone else ()
        gone = (one for step in left for one in step.statements)
        detach = replace(detach, undo="; ".join((*back, *(sql for one in gone for sql in engine.spell(one, after)))))
        return (*(() if situation.is_new_table else (deploy,)), detach, *left)

    def _without_left(self, engine: Engine, schema: Schema, statement: ddl.DetachPartition) -> tuple[str, ...]:
        """What takes the server's check away again, once the table is a partition as before."""
        table, asked = statement.apply(schema).table(self.partition), self.apply(schema).table(self.partition)
        checks = [one for one in table.checks if one not in asked.checks] if table and asked else []
        dropped = (ddl.DropConstraint(table.name, one.name, if_exists=True) for one in checks) if table else ()
        return tuple(sql for one in dropped for sql in engine.spell(one, schema))

    def _left(self, engine: Engine, schema: Schema, statement: ddl.DetachPartition) -> tuple[Migration, ...]:
        """What the server leaves on a partition that was detached so: a check that says its bound."""
        after = statement.apply(schema)
        table, asked = after.table(self.partition), self.apply(schema).table(self.partition)
        if table is None or asked is None:
            return ()
        return tuple(
            Migration(
                title=f"drop the check {check.name} that the server left on {table.name.name}",
                slug=f"drop_{check.name}",
                phase=Phase.CONTRACT,
                why="it says the bound of the partition that was, which the table is free of now; keep it, and leave this "
                "file out, if the table is to be attached again: then nothing is read",
                statements=(ddl.DropConstraint(table.name, check.name, if_exists=True),),
                undo="; ".join(
                    (
                        *engine.spell(
                            ddl.AddConstraint(table.name, replace(check, validated=False)), self.apply(schema)
                        ),
                        *engine.spell(ddl.ValidateConstraint(table.name, check.name), self.apply(schema)),
                    )
                ),
            )
            for check in table.checks
            if check not in asked.checks
        )

    def _why(self, *, alone: bool) -> str:
        if self.finalizes:
            return "a detaching that was cut off is brought to its end"
        if alone:
            return (
                "readers and writers pass; between its halves it waits until no transaction uses the partition any more"
            )
        return "a note in the catalog under a lock that lasts milliseconds once it is granted"

    def _warnings(self, engine: Engine, schema: Schema, parent: Table, *, alone: bool) -> tuple[str, ...]:
        written, part = engine.quote_table(self.table), engine.quote_table(self.partition)
        found: list[str] = []
        if alone:
            ending = engine.spell(ddl.DetachPartition(self.table, self.partition, finalize=True), schema)
            found.append(
                f"if it is cut off, {part} is neither in nor out and a second run is refused: end it with "
                f"{'; '.join(ending)}"
            )
        elif any(one.bound.kind == "default" for one in parent.partitions):
            found.append(
                f"{written} has a default partition, beside which none can be detached CONCURRENTLY: reads and writes of "
                f"{written} wait for milliseconds, and behind a long transaction until lock_timeout ends the attempt; rows "
                "of that range go to the default partition from then on, and stand in the way of a new one"
            )
        elif not self.finalizes:
            found.append(f"this version detaches only while reads and writes of {written} wait, for milliseconds")
        found += [
            f"{engine.quote_table(child.name)} refers to {written}: rows of it that refer to rows of {part} make the "
            f"server refuse, and it reads {engine.quote_table(child.name)} to find them while writes to it wait"
            for child, _ in _referring(schema, parent)
        ]
        return tuple(found)


def _referring(schema: Schema, parent: Table) -> list[tuple[Table, ForeignKey]]:
    return [
        (child, key)
        for _, child in sorted(schema.tables.items())
        for key in child.foreign_keys
        if schema.table(key.parent) == parent
    ]
