"""What a table must have before it becomes a partition, so that nothing is read, built or tested while it is attached."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexKey,
    Table,
    TableName,
    Unique,
    schema_of,
)
from domain_agents.engines import Can, Engine, TableSize
from domain_agents.operations import CannotPlan, Migration, Phase, Step
from domain_agents.operations._keys import orphans, violations
from domain_agents.operations._not_null import not_null_steps
from domain_agents.operations._partitioned import build_step

if TYPE_CHECKING:
    from domain_agents.catalog import Bound, Schema


def require_partitions(engine: Engine) -> None:
    """Partitions that are tables.

    Raises:
        CannotPlan: the engine has none.
    """
    if engine.can(Can.PARTITIONS_ARE_TABLES):
        return
    if engine.can(Can.PARTITIONS_IN_TABLE):
        raise CannotPlan(
            f"a partition of {engine.name} stands in its table's own text: this tool does not write such statements yet",
            field="kind",
            way_out="write it by hand, alone in a file: ALTER TABLE ... EXCHANGE PARTITION p WITH TABLE t only changes the "
            "catalog; REORGANIZE PARTITION copies the rows of the partitions it names while writes wait; PARTITION BY "
            "copies the whole table, which gh-ost or pt-online-schema-change do beside the application",
        )
    raise no_partitions(engine)


def no_partitions(engine: Engine) -> CannotPlan:
    """The refusal of an engine without partitions."""
    return CannotPlan(
        f"{engine.name} has no partitioned tables",
        field="kind",
        way_out="keep one table with an index on the column, and delete old rows in batches; or a table for each period "
        "and a view that shows them together (UNION ALL)",
    )


def parent_and_child(schema: Schema, parent: TableName, child: TableName) -> tuple[Table, Table]:
    """Both tables.

    Raises:
        DoesNotApply: one is not there, or the first is not partitioned.
    """
    above, below = schema.table(parent), schema.table(child)
    if above is None or below is None:
        raise ddl.DoesNotApply(f"there is no table {parent if above is None else child}")
    if above.partitioned_by is None:
        raise ddl.DoesNotApply(f"table {above.name} is not partitioned; partition_table makes it so")
    return above, below


@dataclass(slots=True)
class Attaching:
    """The steps that let a table be attached to `parent` under `bound`. `schema` is as it is before them, and grows."""

    engine: Engine
    schema: Schema
    parent: Table
    child: Table
    bound: Bound
    helpers: list[ddl.DropConstraint] = field(default_factory=list)

    @property
    def default(self) -> Table | None:
        """The default partition."""
        found = next((one.name for one in self.parent.partitions if one.bound.kind == "default"), None)
        return self.schema.table(found) if found is not None else None

    @property
    def condition(self) -> str:
        """What the bound says of a row, as SQL; empty of a default partition's."""
        return ddl.bound_condition(self.parent, self.bound, ddl.Quoting(self.engine.quote, self.engine.quote_table))

    def fitting(self) -> tuple[Step, ...]:
        """NOT NULL, checks, foreign keys and indexes that the parent has and the table does not.

        Raises:
            CannotPlan: the columns are not the parent's.
        """
        ours = {column.name: column for column in self.parent.columns}
        theirs = {column.name: column for column in self.child.columns}
        if set(ours) != set(theirs):
            differing = ", ".join(sorted(set(ours) ^ set(theirs)))
            raise CannotPlan(
                f"{self.child.name} and {self.parent.name} do not have the same columns: {differing}",
                field="partition",
                way_out=f"add or drop the columns of {self.child.name} first (add_column, drop_column)",
            )
        wrong = next((name for name in ours if not _is_same_type(self.engine, theirs[name], ours[name].type)), None)
        if wrong is not None:
            raise CannotPlan(
                f"{self.child.name}.{wrong} is {theirs[wrong].type}, in {self.parent.name} it is {ours[wrong].type}",
                field="partition",
                way_out=f'change_type of {self.child.name}.{wrong} to "{ours[wrong].type}" first',
            )
        steps: list[Step] = []
        for name, column in ours.items():
            if not column.nullable and theirs[name].nullable:
                steps += self._taken(*not_null_steps(self.engine, self.schema, self.child.name, name))
        return (*steps, *self._constraints(), *self._indexes())

    def checks(self) -> tuple[Migration, ...]:
        """Checks that say the bound of the table, and that the default partition holds none of its rows."""
        if not self.condition:
            return ()
        engine = self.engine
        wanted = [(self.child, self.condition, (*self._key, "bound"))]
        if self.default is not None:
            wanted.append((self.default, f"NOT ({self.condition})", (self.child.name.name, "rest")))
        made: list[tuple[Table, Check]] = []
        for table, condition, (*labels, kind) in wanted:
            if not any(one.validated and one.expression == condition for one in table.checks):
                made.append((table, Check(condition, engine.object_name(table.name, labels, kind), validated=False)))
        adding = tuple(ddl.AddConstraint(table.name, check) for table, check in made)
        if not adding:
            return ()
        label = " and ".join(str(table.name) for table, _ in made)
        self.helpers += [ddl.DropConstraint(table.name, check.name) for table, check in made]
        drop = "; ".join(sql for one in self.helpers for sql in engine.spell(one, ddl.apply_all(adding, self.schema)))
        prechecks = tuple(violations(engine, table.name, check, _WRONG[table is self.child]) for table, check in made)
        return self._taken(
            Migration(
                title=f"say the bound in a check on {label}, not yet validated",
                slug=f"check_{self.child.name.name}_bound",
                phase=Phase.EXPAND,
                why="new and changed rows are tested from here on; existing rows are not read under the lock",
                statements=adding,
                prechecks=prechecks,
                undo=drop,
            ),
            Migration(
                title=f"validate the check on {label}",
                slug=f"validate_{self.child.name.name}_bound",
                phase=Phase.EXPAND,
                why="existing rows are tested while reads and writes pass, so that attaching need not read them under its "
                "lock; each statement commits by itself",
                statements=tuple(ddl.ValidateConstraint(table.name, check.name) for table, check in made),
                transaction=False,
                prechecks=prechecks,
                undo="none needed: a validated check refuses nothing that the unvalidated one did not",
            ),
        )

    @property
    def _key(self) -> tuple[str, ...]:
        return self.parent.partitioned_by.columns if self.parent.partitioned_by else ()

    def _taken(self, *steps: Step) -> tuple[Migration, ...]:
        """The steps, which the schema has taken."""
        taken = tuple(step for step in steps if isinstance(step, Migration))
        for step in taken:
            self.schema = ddl.apply_all(step.statements, self.schema)
        return taken

    def _constraints(self) -> tuple[Migration, ...]:
        name, engine = self.child.name, self.engine
        have = {check.name for check in self.child.checks}
        checks = [check for check in self.parent.checks if check.name not in have]
        keys = [
            key
            for key in self.parent.foreign_keys
            if not any(
                replace(own, name="", validated=True) == replace(key, name="") for own in self.child.foreign_keys
            )
        ]
        missing: tuple[Check | ForeignKey, ...] = (*checks, *keys)
        if not missing:
            return ()
        adding = tuple(ddl.AddConstraint(name, replace(one, validated=False)) for one in missing)
        after = ddl.apply_all(adding, self.schema)
        dropping = tuple(ddl.DropConstraint(name, one.name) for one in missing)
        undo = "; ".join(sql for one in dropping for sql in engine.spell(one, after))
        tests = tuple(violations(engine, name, check, "make the validation fail") for check in checks)
        tests += tuple(query for key in keys for query in orphans(engine, self.schema, name, key))
        return self._taken(
            Migration(
                title=f"give {name.name} the constraints of {self.parent.name.name}, not yet validated",
                slug=f"constrain_{name.name}",
                phase=Phase.EXPAND,
                why="new and changed rows are tested from here on; a partition must have them, and attaching one would "
                "test them under its lock",
                statements=adding,
                undo=undo,
            ),
            Migration(
                title=f"validate the constraints of {name.name}",
                slug=f"validate_{name.name}",
                phase=Phase.EXPAND,
                why="existing rows are tested while reads and writes pass; each statement commits by itself",
                statements=tuple(ddl.ValidateConstraint(name, one.name) for one in missing),
                transaction=False,
                prechecks=tests,
                undo="none needed: a validated constraint refuses nothing that the unvalidated one did not",
            ),
        )

    def _indexes(self) -> tuple[Migration, ...]:
        steps: list[Migration] = []
        for index in self.schema.indexes_of(self.parent.name):
            if not any(_alike(index, own) for own in self.schema.indexes_of(self.child.name)):
                labels = [key.label for key in index.keys]
                made = replace(index, name=self._free(labels, "idx"), table=self.child.name)
                steps += self._taken(build_step(self.engine, self.schema, made))
        columns = {one.columns for one in self.child.uniques}
        for unique in self.parent.uniques:
            if unique.columns not in columns:
                steps += self._keyed(Unique(unique.columns, self._free(list(unique.columns), "key")))
        key = self.parent.primary_key
        if key is not None and (self.child.primary_key is None or self.child.primary_key.columns != key.columns):
            if self.child.primary_key is not None:
                raise CannotPlan(
                    f"the primary key of {self.child.name} is not that of {self.parent.name}: {', '.join(key.columns)}",
                    field="partition",
                    way_out=f"drop the primary key of {self.child.name} first, or attach a copy of the table",
                )
            steps += self._keyed(replace(key, name=self._free([], "pkey")))
        return tuple(steps)

    def _keyed(self, key: Unique | ddl.Constraint) -> tuple[Migration, ...]:
        columns: tuple[str, ...] = getattr(key, "columns", ())
        index = Index(key.name, self.child.name, tuple(map(IndexKey, columns)), unique=True)
        taken = ddl.AddConstraint(self.child.name, key, using_index=key.name)
        built = self._taken(build_step(self.engine, self.schema, index))
        drop = ddl.DropConstraint(self.child.name, key.name)
        return built + self._taken(
            Migration(
                title=f"make the index {key.name} a constraint",
                slug=f"add_{key.name}",
                phase=Phase.EXPAND,
                why="the index is there and valid, so nothing is read or built",
                statements=(taken,),
                undo="; ".join(self.engine.spell(drop, taken.apply(self.schema))),
            )
        )

    def _free(self, labels: list[str], kind: str) -> str:
        taken = {*self.schema.indexes, *(one.name for one in self.child.uniques)}
        name, number = self.engine.object_name(self.child.name, labels, kind), 0
        while name in taken:
            number += 1
            name = self.engine.object_name(self.child.name, labels, f"{kind}{number}")
        return name


_WRONG = {
    True: "belong to no row range of this partition",
    False: "stand in the default partition and belong to the new one: move them first",
}


def _alike(one: Index, other: Index) -> bool:
    return replace(one, name="", table=other.table) == replace(other, name="")


def _is_same_type(engine: Engine, column: Column, type_: str) -> bool:
    """Whether two texts say one type, such as int and integer: then neither change of one into the other costs anything."""
    name = TableName("compared")

    def costs(before: str, after: str) -> bool:
        alone = schema_of([Table(name, (Column(column.name, before),))])
        return engine.effect(ddl.ChangeType(name, column.name, after), alone, TableSize(rows=1)).is_long

    written, other = engine.stored_type(column.type), engine.stored_type(type_)
    return written.lower() == other.lower() or not (costs(written, other) or costs(other, written))
