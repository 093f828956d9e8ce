"""Turn a plain table into a partitioned one while the application goes on reading and writing it.

Its rows are copied into a partitioned twin, which a trigger keeps up to date; then the two exchange their names. The old
table is kept up to date in turn, until nobody wants to go back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

from domain_agents import ddl
from domain_agents.catalog import Index, IndexKey, PartitionKey
from domain_agents.operations import Deploy, Migration, Phase, Query, Situation, Step
from domain_agents.operations._asking import Change, Field, Request, index_key, table_name
from domain_agents.operations._attaching import Attaching, require_partitions
from domain_agents.operations._bounds import bound_in
from domain_agents.operations._partitioned import build_step
from domain_agents.operations._partitioning import NewPartition, Swap

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table, TableName
    from domain_agents.engines import Engine

_BY: Final = re.compile(r"\s*(?:PARTITION\s+BY\s+)?(RANGE|LIST|HASH)\s*\((.*)\)\s*", re.IGNORECASE | re.DOTALL)
_NEW: Final = re.compile(r'\s*("(?:[^"]|"")+"(?:\."(?:[^"]|"")+")?|[^\s"]+)\s+(\S.*)', re.DOTALL)
_PARTITION: Final = "\"events_2026_03 FROM ('2026-03-01') TO ('2026-04-01')\""


@dataclass(frozen=True, slots=True)
class PartitionTable:
    """A table that becomes partitioned by `key`, with `partitions`; its own primary key takes the partition key in."""

    kind: ClassVar[str] = "partition_table"
    FIELDS: ClassVar[tuple[Field, ...]] = (
        Field("by", "text", "RANGE (at), LIST (region) or HASH (id)"),
        Field("partitions", "names", "name and bound of each, one of them DEFAULT for all other rows"),
        Field(
            "existing", "text", "name and bound of the partition that the table itself becomes: then no row is copied"
        ),
    )
    table: TableName
    key: PartitionKey
    partitions: tuple[NewPartition, ...]
    engine: Engine
    existing: NewPartition | None = None

    @property
    def filled_column(self) -> str:
        """See Operation."""
        return ""

    @property
    def statement(self) -> ddl.Statement:
        """See Operation."""
        return ddl.PartitionedNow(self.table)

    @classmethod
    def from_change(cls, change: Change) -> PartitionTable:
        """See Operation."""
        engine = change.request.engine
        require_partitions(engine)
        existing = _existing(change)
        return cls(change.table(), _key(change), _partitions(change, existing), engine, existing)

    @classmethod
    def from_statement(cls, statement: ddl.Statement, request: Request) -> PartitionTable | None:
        """See Operation. No statement says it."""
        return None

    def _swap(self, schema: Schema) -> Swap:
        table = schema.table(self.table)
        if table is None:
            raise ddl.DoesNotApply(f"there is no table {self.table}")
        return Swap(self.engine, schema, table, self.key, self.partitions, self.existing)

    def making_way(self, schema: Schema) -> tuple[ddl.Statement, ...]:
        """See MakesWay: as if nobody else used the database, and the table were empty."""
        swap = self._swap(schema)
        gone = (ddl.DropTable(swap.old_name),) if self.existing is None else ()
        return (*swap.made(), *swap.swapped(), *swap.validated(), *gone)

    def apply(self, schema: Schema) -> Schema:
        """See Operation."""
        self._swap(schema).require()
        return self.statement.apply(ddl.apply_all(self.making_way(schema), schema))

    def steps(self, engine: Engine, schema: Schema, situation: Situation) -> tuple[Step, ...]:
        """See Operation."""
        swap = self._swap(schema)
        swap.require()
        if self.existing is not None:
            return self._attached(engine, schema, swap, self.existing)
        table, label = swap.table, self.table.name
        make = Migration(
            title=f"make {swap.new_name.name}, the partitioned twin of {label}",
            slug=f"create_{swap.new_name.name}",
            phase=Phase.EXPAND,
            why="it is empty and nobody knows it yet; from the end of this file on a trigger writes to it whatever is "
            f"written to {label}",
            statements=(*swap.made(), swap.mirrored()),
            prechecks=self._covered(engine, swap),
            undo=self._spelled(
                engine, (ddl.DropMirror(self.table, swap.new_name), ddl.DropTable(swap.new_name)), schema
            ),
            warnings=self._warnings(engine, swap),
        )
        copy = Migration(
            title=f"copy the rows of {label} to {swap.new_name.name}",
            slug=f"copy_{label}",
            phase=Phase.MIGRATE,
            why="in batches along the key, each of which commits; a run that was cut off goes on where it stopped, and a "
            "second run changes nothing. Rows are locked while their batch is copied: none is changed or deleted meanwhile",
            statements=(swap.copied(),),
            transaction=False,
            validations=(self._same_count(engine, self.table, swap.new_name),),
            undo="none needed: the rows go with the new table",
        )
        swapping: tuple[ddl.Statement, ...] = (
            swap.locked(),
            ddl.DropMirror(self.table, swap.new_name),
            *swap.swapped(),
            swap.mirrored_back(),
        )
        exchange = Migration(
            title=f"exchange {label} for its partitioned twin",
            slug=f"swap_{label}",
            phase=Phase.CONTRACT,
            why="one short transaction of notes in the catalog; views, triggers and foreign keys come along, and a trigger "
            f"keeps {swap.old_name.name} up to date, so that there is a way back",
            statements=swapping,
            prechecks=(self._same_count(engine, self.table, swap.new_name),),
            undo=f"the other way round, by a new migration: {swap.old_name.name} holds everything and gets its name again",
        )
        validated = swap.validated()
        settled = Deploy(
            title=f"{label} works as a partitioned table, and nobody wants to go back",
            why=f"until here {swap.old_name.name} holds the same rows",
        )
        end = (
            swap.locked_at_the_end(),
            ddl.DropMirror(self.table, swap.old_name),
            ddl.DropTable(swap.old_name),
        )
        contract = Migration(
            title=f"drop {swap.old_name.name}",
            slug=f"drop_{swap.old_name.name}",
            phase=Phase.CONTRACT,
            why="the plain table is needed no more",
            statements=end,
            prechecks=(self._same_count(engine, swap.old_name, self.table),),
            undo="none: a plain table would be made and filled from the partitioned one",
            undo_loses_data=True,
        )
        return (
            make,
            copy,
            self._deploy(table, swap),
            exchange,
            *((self._validate(validated),) if validated else ()),
            settled,
            contract,
        )

    def _attached(self, engine: Engine, schema: Schema, swap: Swap, existing: NewPartition) -> tuple[Step, ...]:
        """The table itself becomes a partition: its rows are tested beside the application, and stay where they are."""
        label, key = self.table.name, swap.primary_key
        parent = replace(swap.table, name=swap.new_name, partitioned_by=self.key)
        work = Attaching(engine, schema, parent, swap.table, existing.bound)
        checks = work.checks()
        new_key = key != swap.table.primary_key
        index = Index(
            engine.object_name(self.table, key.columns, "key"),
            self.table,
            tuple(map(IndexKey, key.columns)),
            unique=True,
        )
        make = Migration(
            title=f"make {swap.new_name.name}, the partitioned table that {label} goes into",
            slug=f"create_{swap.new_name.name}",
            phase=Phase.EXPAND,
            why="it is empty, and nobody knows it yet",
            statements=swap.made(),
            undo=self._spelled(engine, (ddl.DropTable(swap.new_name),), schema),
            warnings=self._kept(engine, swap, existing),
        )
        exchange = Migration(
            title=f"put {label} into the partitioned table as {existing.name.name}, under its own name",
            slug=f"swap_{label}",
            phase=Phase.CONTRACT,
            why="one short transaction of notes in the catalog: the check proves the bound, so no row is read; views, "
            "triggers and foreign keys come along",
            statements=(swap.locked(), *swap.swapped(index.name if new_key else "", tuple(work.helpers))),
            undo=f"the other way round, by a new migration: detach {existing.name.name}, and give both their names again",
        )
        validated = swap.validated()
        return (
            *((build_step(engine, schema, index),) if new_key else ()),
            *checks,
            make,
            self._deploy(swap.table, swap),
            exchange,
            *((self._validate(validated),) if validated else ()),
        )

    def _kept(self, engine: Engine, swap: Swap, existing: NewPartition) -> tuple[str, ...]:
        part = engine.quote_table(existing.name)
        found = [
            f"all rows of today stay in {part}: only a copy deals them out to smaller ones (leave `existing` out)",
            *self._warnings(engine, swap)[1:],
        ]
        return tuple(found)

    def _validate(self, statements: tuple[ddl.Statement, ...]) -> Migration:
        return Migration(
            title=f"validate the foreign keys to {self.table.name}",
            slug=f"validate_keys_to_{self.table.name}",
            phase=Phase.CONTRACT,
            why="they held before and were enforced since; the server tests it while reads and writes pass",
            statements=statements,
            transaction=False,
            undo="none needed: a validated key enforces nothing that the unvalidated one did not",
        )

    def _deploy(self, table: Table, swap: Swap) -> Deploy:
        if table.primary_key is not None and swap.primary_key.columns == table.primary_key.columns:
            return Deploy(
                title=f"every copy of {self.table.name} is complete, and no long transaction is running",
                why="the next step waits for all transactions that use the table, and gives up rather than hold others up",
            )
        columns = ", ".join(swap.primary_key.columns)
        return Deploy(
            title=f"no application version relies on ({', '.join(table.primary_key.columns if table.primary_key else ())}) "
            f"alone being unique in {self.table.name}",
            why=f"the primary key is ({columns}) from the next step on: ON CONFLICT on the old one fails, and two rows "
            "that differ in the partition key alone are no longer refused",
        )

    def _warnings(self, engine: Engine, swap: Swap) -> tuple[str, ...]:
        written, new = engine.quote_table(self.table), engine.quote_table(swap.new_name)
        found = [f"every write to {written} is made twice from the first file to the last, and takes that much longer"]
        if swap.uncovered():
            found.append(
                f"a row that no partition takes is refused from the first file on, for the application too: give a DEFAULT "
                f"partition, or make those of {new} reach far enough and let a job add the next in time"
            )
        if swap.primary_key != swap.table.primary_key:
            before = ", ".join(swap.table.primary_key.columns if swap.table.primary_key else ())
            found.append(
                f"the primary key of {written} becomes ({', '.join(swap.primary_key.columns)}), for each partition knows "
                f"only its own rows: nothing keeps ({before}) alone unique any more"
            )
        found.append(
            f"what {written} has in publications, replica identity, storage settings, comments and statistics targets does "
            "not come along"
        )
        return tuple(found)

    def _covered(self, engine: Engine, swap: Swap) -> tuple[Query, ...]:
        condition = swap.uncovered()
        if not condition:
            return ()
        sql = f"SELECT count(*) FROM {engine.quote_table(self.table)} WHERE {condition}"
        return (Query(sql, "0", "rows that no partition takes make the copy, and every write of them, fail"),)

    @staticmethod
    def _same_count(engine: Engine, one: TableName, other: TableName) -> Query:
        first, second = engine.quote_table(one), engine.quote_table(other)
        sql = f"SELECT (SELECT count(*) FROM {first}) - (SELECT count(*) FROM {second})"
        return Query(sql, "0", "both tables hold the same rows (a statement sees both at one moment)")

    @staticmethod
    def _spelled(engine: Engine, statements: tuple[ddl.Statement, ...], schema: Schema) -> str:
        return "; ".join(sql for one in statements for sql in engine.spell(one, schema))


def _key(change: Change) -> PartitionKey:
    found = _BY.fullmatch(change.text("by", '"RANGE (created_at)" or "HASH (id)"'))
    if found is None:
        raise change.fail(
            "by", "is no partition key", 'for example "RANGE (created_at)", "LIST (region)" or "HASH (id)"'
        )
    keys = tuple(index_key(one) for one in found[2].split(","))
    for key in keys:
        if key.is_expression or key.descending or not key.text:
            raise change.fail(
                "by",
                "takes columns: the primary key must hold the partition key, and cannot hold an expression",
                "add a column with the expression's value first (add_column), and name it here",
            )
    return PartitionKey(found[1].lower(), tuple(IndexKey(key.text.strip('"')) for key in keys))


def _existing(change: Change) -> NewPartition | None:
    if not change.word("existing"):
        return None
    found = _partition(change, "existing", change.text("existing", _PARTITION))
    if found.bound.kind in ("hash", "default"):
        raise change.fail(
            "existing",
            "the rows of today are in a range or a list of values: no check proves anything else beforehand",
            "for example \"events_until_2026 FROM (MINVALUE) TO ('2027-01-01')\"",
        )
    return found


def _partition(change: Change, field: str, text: str) -> NewPartition:
    found = _NEW.fullmatch(text)
    if found is None:
        raise change.fail(field, f"{text[:80]!r} is not a name and its bound", f"for example {_PARTITION}")
    one = Change({**change.fields, field: found[2]}, change.where, change.request)
    name, table = table_name(found[1]), change.table()
    if table.schema and not name.schema:
        name = replace(name, schema=table.schema)
    return NewPartition(name, bound_in(one, field))


def _partitions(change: Change, existing: NewPartition | None) -> tuple[NewPartition, ...]:
    if existing is not None and not change.fields.get("partitions"):
        return ()
    texts = change.names("partitions", f'[{_PARTITION}, "events_rest DEFAULT"]')
    made = [_partition(change, "partitions", text) for text in texts]
    hashed = [one.bound for one in made if one.bound.kind == "hash"]
    if hashed and sum(1 / bound.modulus for bound in hashed) < 1 - 1e-9:
        raise change.fail(
            "partitions",
            "some remainders have no partition: rows that fall there are refused",
            "one partition for each remainder, such as WITH (MODULUS 2, REMAINDER 0) and WITH (MODULUS 2, REMAINDER 1)",
        )
    return tuple(made)
