"""A plain table's place taken by a partitioned one: what the new table has, and the short transaction that swaps them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import Bound, PrimaryKey, TableName, Unique
from domain_agents.operations import CannotPlan
from domain_agents.operations._dependents import texts_by_label
from domain_agents.operations._partitioned import require_partition_key
from domain_agents.operations._views import made_again, views_of

if TYPE_CHECKING:
    from domain_agents.catalog import ForeignKey, PartitionKey, Schema, Table
    from domain_agents.engines import Engine


@dataclass(frozen=True, slots=True)
class NewPartition:
    """A partition to be."""

    name: TableName
    bound: Bound


@dataclass(frozen=True, slots=True)
class Swap:
    """A table, the partitioned one that takes its place, and what the two have to do with others. `schema` is as before.

    `existing` is the partition that the table itself becomes, None where its rows are copied.
    """

    engine: Engine
    schema: Schema
    table: Table
    key: PartitionKey
    partitions: tuple[NewPartition, ...]
    existing: NewPartition | None = None

    @property
    def new_name(self) -> TableName:
        """The partitioned table's name until the swap."""
        return self._free("partitioned")

    @property
    def old_name(self) -> TableName:
        """The plain table's name after it."""
        return self.existing.name if self.existing is not None else self._free("old")

    def _free(self, kind: str) -> TableName:
        number, name = 0, self.engine.object_name(self.table.name, (), kind)
        while self.schema.table(TableName(name, self.table.name.schema)) is not None:
            number += 1
            name = self.engine.object_name(self.table.name, (), f"{kind}{number}")
        return TableName(name, self.table.name.schema)

    @property
    def primary_key(self) -> PrimaryKey:
        """The primary key, with the partition key in it."""
        key = self.table.primary_key or PrimaryKey(())
        missing = tuple(column for column in self.key.columns if column not in key.columns)
        return replace(key, columns=(*key.columns, *missing))

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are written."""
        return tuple(column.name for column in self.table.columns if column.generated is None)

    @property
    def fixed(self) -> tuple[str, ...]:
        """Those of them that no UPDATE may name."""
        return tuple(column.name for column in self.table.columns if column.identity == "always")

    @property
    def incoming(self) -> tuple[tuple[Table, ForeignKey], ...]:
        """The foreign keys of other tables that refer to it."""
        return tuple(
            (child, key)
            for _, child in sorted(self.schema.tables.items())
            for key in child.foreign_keys
            if self.schema.table(key.parent) == self.table and child.name != self.table.name
        )

    def require(self) -> None:
        """What must hold before it can be done at all.

        Raises:
            CannotPlan: with what to change first.
        """
        table, label = self.table, self.table.name
        if table.partitioned_by is not None or table.partition_of is not None:
            raise CannotPlan(
                f"{label} is partitioned already, or a partition itself",
                field="table",
                way_out="add_partition, attach_partition and detach_partition change its partitions",
            )
        if table.primary_key is None or not table.primary_key.name:
            raise CannotPlan(
                f"{label} has no primary key in the schema at hand: its rows cannot be found again in their partitions",
                field="table",
                way_out="add_primary_key first, or give today's CREATE TABLE with its primary key in `schema`",
            )
        for name in self.key.columns:
            column = table.column(name)
            if column is None:
                raise CannotPlan(f"by: {label} has no column {name}", field="by", way_out="name columns of the table")
            if column.nullable and name not in table.primary_key.columns:
                raise CannotPlan(
                    f"{label}.{name} may be NULL, and the primary key of a partitioned table must hold its partition key",
                    field="by",
                    way_out=f"set_not_null of {label}.{name} first",
                )
        require_partition_key(
            replace(table, partitioned_by=self.key), self.primary_key.columns, "the primary key", "by"
        )
        for unique in table.uniques:
            require_partition_key(
                replace(table, partitioned_by=self.key), unique.columns, f"unique constraint {unique.name}", "by"
            )
        for index in self.schema.indexes_of(table.name):
            if index.unique:
                require_partition_key(
                    replace(table, partitioned_by=self.key), index.columns, f"unique index {index.name}", "by"
                )
        self._require_references()
        self._require_dependents()

    def _require_references(self) -> None:
        own = self.table.primary_key.columns if self.table.primary_key else ()
        kept = {frozenset(unique.columns) for unique in self.table.uniques} | {frozenset(self.primary_key.columns)}
        for child, key in self.incoming:
            if frozenset(key.parent_columns or own) in kept:
                continue
            columns = ", ".join(key.parent_columns or own)
            raise CannotPlan(
                f"{child.name} refers to {self.table.name} ({columns}), which nothing keeps unique once the primary key is "
                f"({', '.join(self.primary_key.columns)})",
                field="by",
                way_out=f"partition by {columns} itself, such as HASH ({columns}) or RANGE ({columns}), which keeps the "
                f"key; or drop_constraint {key.name} of {child.name} first, and leave it to the application",
            )
        if any(self.schema.table(key.parent) == self.table for key in self.table.foreign_keys):
            raise CannotPlan(
                f"{self.table.name} refers to itself by a foreign key, whose rows cannot be copied in every order",
                field="table",
                way_out="drop_constraint that key first, and add_foreign_key again afterwards",
            )

    def _require_dependents(self) -> None:
        for view in views_of(self.schema, self.table.name):
            if view.materialized:
                raise CannotPlan(
                    f"materialized view {view.name} reads {self.table.name}: it would go on reading the old table, and "
                    "made anew its query runs while everybody waits",
                    field="table",
                    way_out=f"drop_view {view.name} first, and create_materialized_view again afterwards",
                )
        policies = [label for label in texts_by_label(self.schema) if label.startswith(("policy ", "rule "))]
        if policies:
            raise CannotPlan(
                f"{policies[0]} may stand on {self.table.name}, and would not come along",
                field="table",
                way_out="write the migration by hand: make the policy on the new table before it takes the old one's name",
            )

    def made(self) -> tuple[ddl.Statement, ...]:
        """The partitioned table, empty, with everything that the table has."""
        including = ["CONSTRAINTS", "DEFAULTS"]
        including += ["GENERATED"] if any(one.generated is not None for one in self.table.columns) else []
        new = self.new_name
        found: list[ddl.Statement] = [ddl.CreateTableLike(new, self.table.name, tuple(including), self.key)]
        found += [ddl.AddIdentity(new, one.name, one.identity) for one in self.table.columns if one.identity]
        found.append(ddl.AddConstraint(new, replace(self.primary_key, name=self._renamed(self.primary_key.name))))
        found += [ddl.AddConstraint(new, replace(one, name=self._renamed(one.name))) for one in self.table.uniques]
        found += [
            ddl.CreateIndex(replace(one, name=self._renamed(one.name), table=new))
            for one in self.schema.indexes_of(self.table.name)
        ]
        found += [ddl.CreatePartition(new, one.name, one.bound) for one in self.partitions]
        return (*found, *self._foreign_keys(new), ddl.CopyPrivileges(new, self.table.name))

    def _foreign_keys(self, new: TableName) -> tuple[ddl.Statement, ...]:
        return tuple(
            ddl.AddConstraint(new, replace(key, name=self._renamed(key.name), validated=True))
            for key in self.table.foreign_keys
        )

    def _renamed(self, name: str) -> str:
        """The name of the new table's part until the swap: names of indexes belong to the whole schema."""
        return self.engine.object_name(TableName(name), (), "new")

    def _left(self, name: str) -> str:
        return self.engine.object_name(TableName(name), (), "old")

    def swapped(self, index: str = "", helpers: tuple[ddl.Statement, ...] = ()) -> tuple[ddl.Statement, ...]:
        """Both names exchanged, with everything that knew the table by its name; for one transaction.

        `index` is the one that was built for the new primary key, `helpers` end what was only needed to attach the table.
        """
        name, new, old = self.table.name, self.new_name, self.old_name
        dropped, made = made_again(views_of(self.schema, name))
        triggers = self._triggers()
        keys: list[PrimaryKey | Unique] = [*self.table.uniques]
        keys += [self.table.primary_key] if self.table.primary_key else []
        names = [one.name for one in keys]
        indexes = [index.name for index in self.schema.indexes_of(name)]
        found: list[ddl.Statement] = [*dropped]
        found += [ddl.DropConstraint(child.name, key.name) for child, key in self.incoming]
        found += [
            ddl.DropTrigger(
                name, trigger, f"DROP TRIGGER {self.engine.quote(trigger)} ON {self.engine.quote_table(name)}"
            )
            for trigger, _ in triggers
        ]
        if self.existing is not None and self.primary_key != self.table.primary_key:
            found.append(ddl.DropConstraint(name, self.primary_key.name))
            found.append(ddl.AddConstraint(name, self.primary_key, index))
        found.append(ddl.RenameTable(name, old.name))
        found += [ddl.RenameConstraint(old, one, self._left(one)) for one in names]
        found += [ddl.RenameIndex(one, self._left(one), old) for one in indexes]
        found.append(ddl.RenameTable(new, name.name))
        found += [ddl.RenameConstraint(name, self._renamed(one), one) for one in names]
        found += [ddl.RenameIndex(self._renamed(one), one, name) for one in indexes]
        found += [ddl.RenameConstraint(name, self._renamed(key.name), key.name) for key in self.table.foreign_keys]
        found += self._numbered()
        if self.existing is not None:
            found += [ddl.DropIdentity(old, one.name) for one in self.table.columns if one.identity]
            found.append(ddl.AttachPartition(name, old, self.existing.bound))
        found += helpers
        found += [ddl.CreateTrigger(name, trigger, text) for trigger, text in triggers]
        found += [
            ddl.AddConstraint(child.name, replace(key, parent=name, validated=False)) for child, key in self.incoming
        ]
        return (*found, *made)

    def _numbered(self) -> list[ddl.Statement]:
        """Sequences go on where they are, and go with the new table."""
        name, found = self.table.name, list[ddl.Statement]()
        for column in self.table.columns:
            if column.identity:
                sequence = self.engine.sequence_name(name, column.name)
                found.append(ddl.ContinueIdentity(name, column.name, after_sequence=sequence))
            elif ddl.is_serial(column.type):
                sequence = self.engine.sequence_name(name, column.name)
                found.append(ddl.AlterSequence(sequence, owned_by=(name, column.name)))
        return found

    def _triggers(self) -> tuple[tuple[str, str], ...]:
        """The triggers of the table: name and text."""
        found: list[tuple[str, str]] = []
        for label, text in texts_by_label(self.schema).items():
            kind, _, trigger = label.partition(" ")
            words = text.replace('"', "").split()
            places = [i for i, word in enumerate(words) if word.upper() == "ON"]
            if kind == "trigger" and any(words[i + 1].rpartition(".")[2] == self.table.name.name for i in places):
                found.append((trigger, text))
        return tuple(found)

    def validated(self) -> tuple[ddl.Statement, ...]:
        """The foreign keys of the others tested again, which the swap could not wait for."""
        return tuple(ddl.ValidateConstraint(child.name, key.name) for child, key in self.incoming)

    def locked(self) -> ddl.LockTables:
        """Every table that the swap locks, at once."""
        names = [self.table.name, self.new_name, *(child.name for child, _ in self.incoming)]
        # Attached, the table's own foreign keys become parts of the new one's, which locks what they refer to.
        names += self._referred if self.existing is not None else []
        return ddl.LockTables(tuple(dict.fromkeys(names)))

    def locked_at_the_end(self) -> ddl.LockTables:
        """What the end of the plain table locks.

        DROP TRIGGER locks the partitions of a partitioned table before the table itself, a writer the other way round: that
        was a deadlock, seen by the proof.
        """
        return ddl.LockTables(tuple(dict.fromkeys((self.table.name, self.old_name, *self._referred))))

    @property
    def _referred(self) -> list[TableName]:
        found = (self.schema.table(key.parent) for key in self.table.foreign_keys)
        return [parent.name for parent in found if parent is not None]

    def mirrored(self) -> ddl.MirrorTable:
        """What is written to the table is written to the new one."""
        return ddl.MirrorTable(self.table.name, self.new_name, self.primary_key.columns, self.columns, self.fixed)

    def mirrored_back(self) -> ddl.MirrorTable:
        """What is written to the new table, under the old name, is written to the old one."""
        key = self.table.primary_key.columns if self.table.primary_key else ()
        return ddl.MirrorTable(self.table.name, self.old_name, key, self.columns, self.fixed)

    def copied(self) -> ddl.CopyRows:
        """The rows that are there."""
        key = self.table.primary_key.columns if self.table.primary_key else ()
        return ddl.CopyRows(self.table.name, self.new_name, key, self.columns)

    def uncovered(self) -> str:
        """The condition of rows that no partition takes; empty where every row has one."""
        bounds = [one.bound for one in (*self.partitions, *([self.existing] if self.existing else []))]
        if any(bound.kind in ("default", "hash") for bound in bounds):
            return ""
        quoting = ddl.Quoting(self.engine.quote, self.engine.quote_table)
        parent = replace(self.table, partitioned_by=self.key)
        return " AND ".join(f"NOT ({ddl.bound_condition(parent, bound, quoting)})" for bound in bounds)
