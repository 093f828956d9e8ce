"""Statements as MySQL and MariaDB write them: every ALTER TABLE with the ALGORITHM and LOCK that its form is done with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, Index, IndexKey, PrimaryKey, Schema, TableName, Unique
from domain_agents.engines import CannotSpell
from domain_agents.engines._mysql_defaults import is_refused_literal, written_default
from domain_agents.engines._mysql_forms import BLOCKING_METHODS, ColumnChange, changed_column, needs_length

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Table
    from domain_agents.engines._mysql_base import MysqlBase


class Spelling:
    """Statements as the two servers write them."""

    def __init__(self, engine: MysqlBase, schema: Schema) -> None:
        self.engine, self.schema = engine, schema
        self.quote, self.table = engine.quote, engine.quote_table

    def alter(self, statement: ddl.Statement) -> str:
        """One statement.

        Raises:
            CannotSpell: with the way out.
        """
        match statement:
            case ddl.CreateTable():
                return self._create_table(statement)
            case ddl.DropTable():
                return f"DROP TABLE {'IF EXISTS ' if statement.if_exists else ''}{self.table(statement.table)}"
            case ddl.AddPartition() | ddl.DropPartition():
                return self._partitioned(statement)
            case ddl.CreateIndex():
                table = statement.index.table
            case ddl.DropIndex() | ddl.RenameIndex():
                table = self._indexed(statement)
            case _:
                table = self._altered(statement)
        action = self.action(statement)
        form = self.engine.form(statement, self.schema)
        return f"{self.engine.opening(table)} {action}, {self.engine.clause(form)}"

    def _create_table(self, statement: ddl.CreateTable) -> str:
        table = statement.table
        if table.partitioned_by:
            raise CannotSpell("a partitioned table is not written by a plan for this engine yet")
        parts = [self.column(column) for column in table.columns]
        keys = (table.primary_key,) if table.primary_key else ()
        constraints: tuple[ddl.Constraint, ...] = (*keys, *table.uniques, *table.checks, *table.foreign_keys)
        parts += [self._constraint(one) for one in constraints]
        exists = "IF NOT EXISTS " if statement.if_not_exists else ""
        return (
            f"CREATE TABLE {exists}{self.table(table.name)} (\n    "
            + ",\n    ".join(parts)
            + "\n)"
            + (f" {table.options}" if table.options else "")
        )

    def _partitioned(self, statement: ddl.AddPartition | ddl.DropPartition) -> str:
        """ALGORITHM and LOCK stand before the partition's clause, or nowhere (measured: 1064 behind it)."""
        how = self.engine.partition_clause
        opening = f"{self.engine.opening(statement.table)} {f'{how}, ' if how else ''}"
        name = self.quote(statement.name)
        if isinstance(statement, ddl.DropPartition):
            return f"{opening}DROP PARTITION {name}"
        bound = statement.bound
        upper = f"({', '.join(bound.upper)})" if bound.upper != ("MAXVALUE",) else "MAXVALUE"
        values = f"IN ({', '.join(bound.values)})" if bound.kind == "list" else f"LESS THAN {upper}"
        return f"{opening}ADD PARTITION (PARTITION {name} VALUES {values})"

    def _indexed(self, statement: ddl.DropIndex | ddl.RenameIndex) -> TableName:
        """The table of an index; the only index of that name tells it too."""
        if statement.table is not None:
            return statement.table
        owners = [index.table for index in self.schema.indexes.values() if index.name == statement.index]
        if len(owners) != 1:
            raise CannotSpell(
                f"index {statement.index}: its table must be known, names of indexes belong to tables here"
            )
        return owners[0]

    @staticmethod
    def _altered(statement: ddl.Statement) -> TableName:
        table = getattr(statement, "table", None)
        if not isinstance(table, TableName):
            raise CannotSpell(f"{type(statement).__name__} is not written by a plan for this engine yet")
        return table

    def action(self, statement: ddl.Statement) -> str:  # noqa: C901 - one line for each kind of statement
        """What stands behind ALTER TABLE and the table's name, without ALGORITHM and LOCK: what a copying tool is given.

        Raises:
            CannotSpell: with the way out.
        """
        match statement:
            case ddl.AddColumn():
                added = [f"ADD {self._constraint(constraint)}" for constraint in statement.constraints]
                return ", ".join([f"ADD COLUMN {self.column(statement.column)}", *added])
            case ddl.DropColumn():
                return f"DROP COLUMN {self.quote(statement.column)}"
            case ddl.RenameColumns():
                return ", ".join(
                    self.action(ddl.RenameColumn(statement.table, old, new)) for old, new in statement.names
                )
            case ddl.RenameColumn():
                self.engine.refuse_rename(statement, self.schema)
                return f"RENAME COLUMN {self.quote(statement.column)} TO {self.quote(statement.new_name)}"
            case ddl.RenameTable():
                return f"RENAME TO {self.table(TableName(statement.new_name, statement.table.schema))}"
            case ddl.SetDefault() if self._has_on_update(statement):
                return f"MODIFY COLUMN {self.column(self._changed(statement))}"
            case ddl.SetDefault(default=None):
                return f"ALTER COLUMN {self.quote(statement.column)} DROP DEFAULT"
            case ddl.SetDefault(default=str(default)):
                table = self.schema.table(statement.table)
                column = table.column(statement.column) if table else None
                said = self._default(column.type, default) if column else written_default(default)
                return f"ALTER COLUMN {self.quote(statement.column)} SET DEFAULT {said}"
            case ddl.ChangeType(using=str(using)):
                raise CannotSpell(
                    f"MODIFY takes every value as it is, and has no USING; add a column of the type {statement.type}, fill "
                    f"it with {using} (`backfill`), and rename the two when the application reads the new one"
                )
            case ddl.SetNotNull() | ddl.DropNotNull() | ddl.ChangeType() | ddl.SetCollation():
                return f"MODIFY COLUMN {self.column(self._changed(statement))}"
            case ddl.ConvertTable():
                collate = f" COLLATE {statement.collation}" if statement.collation else ""
                return f"CONVERT TO CHARACTER SET {statement.character_set}{collate}"
            case ddl.CreateIndex(index=index):
                return f"ADD {self._index(index)}"
            case ddl.DropIndex():
                return f"DROP INDEX {self.quote(statement.index)}"
            case ddl.RenameIndex():
                return f"RENAME INDEX {self.quote(statement.index)} TO {self.quote(statement.new_name)}"
            case ddl.ChangePrimaryKey(columns=columns):
                return f"DROP PRIMARY KEY, ADD PRIMARY KEY ({self._names(columns)})" if columns else "DROP PRIMARY KEY"
            case ddl.AddConstraint(using_index=""):
                return f"ADD {self._constraint(statement.constraint)}"
            case ddl.DropConstraint():
                return self._drop_constraint(statement)
            case ddl.RenameConstraint():
                return self._rename_constraint(statement)
        raise CannotSpell(f"{type(statement).__name__} is not written by a plan for this engine yet")

    def _default(self, type_: str, default: str) -> str:
        if self.engine.name == "mysql" and is_refused_literal(type_, default):
            raise CannotSpell(
                f"MySQL refuses a literal as the default of a column of the type {type_} (error 1101), and takes an "
                f"expression: write the default as ({default}), in brackets, or give the column a type such as varchar(255)"
            )
        return written_default(default)

    def _has_on_update(self, statement: ddl.SetDefault) -> bool:
        """Whether the column follows every UPDATE: ALTER COLUMN ... SET DEFAULT takes that away (seen on MariaDB 10.11)."""
        table = self.schema.table(statement.table)
        column = table.column(statement.column) if table else None
        return column is not None and any(one.upper().startswith("ON UPDATE") for one in column.attributes)

    def _changed(self, statement: ColumnChange) -> Column:
        column = changed_column(statement, self.schema)
        if column is None:
            raise CannotSpell(
                f"{statement.table}.{statement.column}: MODIFY repeats the whole column, and today's definition is not "
                "known; give its CREATE TABLE (SHOW CREATE TABLE) in `schema`"
            )
        return column

    def column(self, column: Column) -> str:
        """A column's definition, whole: what is not repeated in it is lost."""
        parts = [self.quote(column.name), column.type]
        if column.collation:
            parts.append(f"COLLATE {column.collation}")
        if column.generated is not None:
            parts.append(f"GENERATED ALWAYS AS ({column.generated}) {'VIRTUAL' if column.virtual else 'STORED'}")
        if not column.nullable:
            parts.append("NOT NULL")
        elif column.generated is None:
            parts.append("NULL")  # a timestamp without it is NOT NULL on older servers
        if column.default is not None:
            parts.append(f"DEFAULT {self._default(column.type, column.default)}")
        if column.identity:
            parts.append("AUTO_INCREMENT")
        return " ".join([*parts, *column.attributes])

    def _index(self, index: Index) -> str:
        index = self._over_columns(index)
        if index.where is not None:
            raise CannotSpell(
                "there is no partial index here; add a VIRTUAL generated column that is NULL where the condition does not "
                "hold, and index that"
            )
        if index.include:
            raise CannotSpell("an index has no INCLUDE here; put the columns behind its keys")
        for key in index.keys:
            if key.suffix and not key.suffix.startswith("("):
                raise CannotSpell(
                    f"a key of an index has no {key.suffix} here: it sorts by the column's own collation (set_collation)"
                )
            if key.is_expression:
                raise CannotSpell(
                    f"an index of the expression {key.text} is built while writes wait, or not known at all; add the "
                    f"column first (ADD COLUMN name type GENERATED ALWAYS AS ({key.text}) VIRTUAL, at once) and index that"
                )
        short = "" if index.method in BLOCKING_METHODS else needs_length(self.schema.table(index.table), index)
        if short:
            raise CannotSpell(
                f"{index.table}.{short} is a text or blob, which is indexed with a length: in `sql`, CREATE INDEX "
                f"{self.quote(index.name)} ON {self.table(index.table)} ({self.quote(short)}(191))"
            )
        if index.method in BLOCKING_METHODS:
            keys = ", ".join(f"{self.quote(key.text)}{key.suffix}" for key in index.keys)
            return f"{index.method.upper()} INDEX {self.quote(index.name)} ({keys})"
        using = f" USING {index.method.upper()}" if index.method in {"btree", "hash"} else ""
        if index.method and not using:
            raise CannotSpell(f"there is no index method {index.method} here; leave it out for a B-tree")
        keys = ", ".join(f"{self.quote(k.text)}{k.suffix}{' DESC' if k.descending else ''}" for k in index.keys)
        return f"{'UNIQUE ' if index.unique else ''}INDEX {self.quote(index.name)} ({keys}){using}"

    def _over_columns(self, index: Index) -> Index:
        """The index with computed columns in place of its expressions and condition, where the table has them."""
        table = self.schema.table(index.table)
        if table is None or (index.where is None and not any(key.is_expression for key in index.keys)):
            return index
        try:
            keys = tuple(
                replace(key, text=self._computed(table, key.text).name, is_expression=False)
                if key.is_expression
                else key
                for key in index.keys
            )
            if index.where is not None:
                keys = (*keys, IndexKey(self._computed(table, index.where, is_condition=True).name))
        except CannotSpell:
            return index
        return replace(index, keys=keys, where=None)

    def _computed(self, table: Table, expression: str, *, is_condition: bool = False) -> Column:
        column = self.engine.computed_column(table, expression, is_condition=is_condition)
        if table.column(column.name) is None:
            raise CannotSpell(f"there is no column that holds {expression}")
        return column

    def _constraint(self, constraint: ddl.Constraint) -> str:
        named = f"CONSTRAINT {self.quote(constraint.name)} " if constraint.name else ""
        match constraint:
            case PrimaryKey():
                return f"PRIMARY KEY ({self._names(constraint.columns)})"
            case Unique():
                return f"{named}UNIQUE ({self._names(constraint.columns)})"
            case Check():
                return f"{named}CHECK ({constraint.expression})"
            case ForeignKey():
                return named + self._foreign_key(constraint)

    def _foreign_key(self, key: ForeignKey) -> str:
        if key.deferrable:
            raise CannotSpell(f"a foreign key cannot be {key.deferrable} here; leave that out")
        if "SET DEFAULT" in {key.on_delete, key.on_update}:
            raise CannotSpell("InnoDB has no SET DEFAULT for a foreign key; use SET NULL, or do it in the application")
        parts = [f"FOREIGN KEY ({self._names(key.columns)}) REFERENCES {self.table(key.parent)}"]
        parts[0] += f" ({self._names(self._parent_columns(key))})"
        written = (("DELETE", key.on_delete), ("UPDATE", key.on_update))
        parts += [f"ON {event} {action}" for event, action in written if action != "NO ACTION"]
        return " ".join(parts)

    def _parent_columns(self, key: ForeignKey) -> tuple[str, ...]:
        """The parent's columns: unlike elsewhere they must be written, and the primary key is meant when none are."""
        if key.parent_columns:
            return key.parent_columns
        parent = self.schema.table(key.parent)
        if parent is None or parent.primary_key is None:
            raise CannotSpell(f"the primary key of {key.parent} is not known; give `parent_columns`, or it in `schema`")
        return parent.primary_key.columns

    def _drop_constraint(self, statement: ddl.DropConstraint) -> str:
        table, name = self.schema.table(statement.table), self.quote(statement.name)
        if table is not None and any(key.name == statement.name for key in table.foreign_keys):
            return f"DROP FOREIGN KEY {name}"
        if table is not None and any(unique.name == statement.name for unique in table.uniques):
            return f"DROP INDEX {name}"
        return f"DROP CONSTRAINT {name}"

    def _rename_constraint(self, statement: ddl.RenameConstraint) -> str:
        """In one statement, so that no row slips in between: there is none that renames a constraint."""
        table = self.schema.table(statement.table)
        known: tuple[Unique | Check | ForeignKey, ...] = ()
        if table is not None:
            known = (*table.uniques, *table.checks, *table.foreign_keys)
        found = next((one for one in known if one.name == statement.name), None)
        if found is None:
            raise CannotSpell(
                f"{statement.name} of {statement.table}: a constraint is renamed by dropping it and adding it again, and "
                "what it says is not known; a primary key is always called PRIMARY. Give today's CREATE TABLE in `schema`"
            )
        if isinstance(found, Unique):
            return f"RENAME INDEX {self.quote(statement.name)} TO {self.quote(statement.new_name)}"
        drop = self._drop_constraint(ddl.DropConstraint(statement.table, statement.name))
        return f"{drop}, ADD {self._constraint(replace(found, name=statement.new_name))}"

    def _names(self, names: Sequence[str]) -> str:
        return ", ".join(map(self.quote, names))
