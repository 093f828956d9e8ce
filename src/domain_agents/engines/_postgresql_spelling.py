"""DDL as PostgreSQL writes it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, Index, PrimaryKey, TableName, Unique
from domain_agents.engines import CannotSpell
from domain_agents.engines._postgresql_partitions import key_sql

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from domain_agents.catalog import Exclusion, Schema


def changed_key(
    statement: ddl.ChangePrimaryKey,
    schema: Schema,
    quote: Callable[[str], str],
    quote_table: Callable[[TableName], str],
) -> tuple[str, ...]:
    """The key that goes and the one that comes, in one statement.

    Raises:
        CannotSpell: the key there is now, which goes by its name, is not known.
    """
    table = schema.table(statement.table)
    if table is None or table.primary_key is None:
        raise CannotSpell(f"the primary key of {statement.table} is not known; give today's CREATE TABLE in `schema`")
    name = quote(table.primary_key.name)
    added = (
        f", ADD CONSTRAINT {name} PRIMARY KEY ({', '.join(map(quote, statement.columns))})" if statement.columns else ""
    )
    return (f"ALTER TABLE {quote_table(statement.table)} DROP CONSTRAINT {name}{added}",)


def _exclusion(exclusion: Exclusion, quote: Callable[[str], str]) -> str:
    named = f"CONSTRAINT {quote(exclusion.name)} " if exclusion.name else ""
    return f"{named}EXCLUDE {exclusion.definition}"


class Spelling:
    """Statements as PostgreSQL writes them."""

    def __init__(self, quote: Callable[[str], str], quote_table: Callable[[TableName], str]) -> None:
        self.quote = quote
        self.table = quote_table

    def statement(self, statement: ddl.Statement) -> str:
        match statement:
            case ddl.CreateTable():
                return self._create_table(statement)
            case ddl.KeepText(text=text) | ddl.CreateTrigger(text=text) | ddl.DropTrigger(text=text):
                return text
            case ddl.CreateIndex():
                return self._create_index(statement)
            case ddl.DropIndex():
                name = self.table(TableName(statement.index, statement.schema))
                words = ["DROP INDEX", "CONCURRENTLY" if statement.concurrently else "", self._if(statement), name]
                return " ".join(word for word in words if word)
            case ddl.RenameIndex():
                name = self.table(TableName(statement.index, statement.table.schema if statement.table else ""))
                return f"ALTER INDEX {name} RENAME TO {self.quote(statement.new_name)}"
            case ddl.RenameTable():
                return f"ALTER TABLE {self.table(statement.table)} RENAME TO {self.quote(statement.new_name)}"
            case ddl.DropTable():
                return " ".join(w for w in ("DROP TABLE", self._if(statement), self.table(statement.table)) if w)
            case _:
                only = "ONLY " if isinstance(statement, ddl.AddConstraint) and statement.only else ""
                return f"ALTER TABLE {only}{self.table(self._altered(statement))} {self._action(statement)}"

    @staticmethod
    def _if(statement: ddl.DropIndex | ddl.DropTable | ddl.DropConstraint | ddl.DropColumn) -> str:
        return "IF EXISTS" if statement.if_exists else ""

    @staticmethod
    def _altered(statement: ddl.Statement) -> TableName:
        table = getattr(statement, "table", None)
        if not isinstance(table, TableName):
            raise CannotSpell(f"{type(statement).__name__} is not written by a plan yet")
        return table

    def _action(self, statement: ddl.Statement) -> str:  # noqa: C901 - one case for each statement
        match statement:
            case ddl.AddColumn():
                added = [f"ADD {self._constraint(constraint)}" for constraint in statement.constraints]
                return ", ".join([f"ADD COLUMN {self._column(statement.column)}", *added])
            case ddl.DropColumn():
                return " ".join(w for w in ("DROP COLUMN", self._if(statement), self.quote(statement.column)) if w)
            case ddl.RenameColumn():
                return f"RENAME COLUMN {self.quote(statement.column)} TO {self.quote(statement.new_name)}"
            case ddl.SetNotNull():
                return f"ALTER COLUMN {self.quote(statement.column)} SET NOT NULL"
            case ddl.DropNotNull():
                return f"ALTER COLUMN {self.quote(statement.column)} DROP NOT NULL"
            case ddl.SetDefault(default=None):
                return f"ALTER COLUMN {self.quote(statement.column)} DROP DEFAULT"
            case ddl.SetDefault():
                return f"ALTER COLUMN {self.quote(statement.column)} SET DEFAULT {statement.default}"
            case ddl.ChangeType():
                using = f" USING {statement.using}" if statement.using is not None else ""
                return f"ALTER COLUMN {self.quote(statement.column)} TYPE {statement.type}{using}"
            case ddl.AddExclusion(exclusion=exclusion):
                return f"ADD {_exclusion(exclusion, self.quote)}"
            case ddl.AddConstraint(using_index=""):
                return f"ADD {self._constraint(statement.constraint)}"
            case ddl.AddConstraint(constraint=PrimaryKey() | Unique() as key):
                kind = "PRIMARY KEY" if isinstance(key, PrimaryKey) else "UNIQUE"
                return f"ADD CONSTRAINT {self.quote(key.name)} {kind} USING INDEX {self.quote(statement.using_index)}"
            case ddl.RenameConstraint():
                return f"RENAME CONSTRAINT {self.quote(statement.name)} TO {self.quote(statement.new_name)}"
            case ddl.ValidateConstraint():
                return f"VALIDATE CONSTRAINT {self.quote(statement.name)}"
            case ddl.DropConstraint():
                return " ".join(w for w in ("DROP CONSTRAINT", self._if(statement), self.quote(statement.name)) if w)
        raise CannotSpell(f"{type(statement).__name__} is not written by a plan yet")

    def _column(self, column: Column) -> str:
        parts = [self.quote(column.name), column.type]
        if column.collation:
            parts.append(
                "COLLATE " + ".".join('"' + part.replace('"', '""') + '"' for part in column.collation.split("."))
            )
        if column.default is not None:
            parts.append(f"DEFAULT {column.default}")
        if column.generated is not None:
            parts.append(f"GENERATED ALWAYS AS ({column.generated}) {'VIRTUAL' if column.virtual else 'STORED'}")
        if column.identity:
            parts.append(f"GENERATED {column.identity.upper()} AS IDENTITY")
        elif not column.nullable:
            parts.append("NOT NULL")
        return " ".join(parts)

    def _constraint(self, constraint: ddl.Constraint) -> str:
        named = f"CONSTRAINT {self.quote(constraint.name)} " if constraint.name else ""
        match constraint:
            case PrimaryKey():
                return f"{named}PRIMARY KEY ({self._names(constraint.columns)})"
            case Unique():
                return f"{named}UNIQUE ({self._names(constraint.columns)})"
            case Check():
                return f"{named}CHECK ({constraint.expression})" + ("" if constraint.validated else " NOT VALID")
            case ForeignKey():
                return named + self._foreign_key(constraint)

    def _foreign_key(self, key: ForeignKey) -> str:
        parts = [f"FOREIGN KEY ({self._names(key.columns)}) REFERENCES {self.table(key.parent)}"]
        if key.parent_columns:
            parts[0] += f" ({self._names(key.parent_columns)})"
        for event, action in self._actions(key):
            emptied = f" ({self._names(key.set_columns)})" if event == "DELETE" and key.set_columns else ""
            parts.append(f"ON {event} {action}{emptied}")
        if key.deferrable:
            parts.append(key.deferrable)
        if not key.validated:
            parts.append("NOT VALID")
        return " ".join(parts)

    @staticmethod
    def _actions(key: ForeignKey) -> tuple[tuple[str, str], ...]:
        written = (("DELETE", key.on_delete), ("UPDATE", key.on_update))
        return tuple((event, action) for event, action in written if action != "NO ACTION")

    def _names(self, names: Sequence[str]) -> str:
        return ", ".join(map(self.quote, names))

    def _create_table(self, statement: ddl.CreateTable) -> str:
        table = statement.table
        keys: list[ddl.Constraint] = [table.primary_key] if table.primary_key else []
        items = [self._column(column) for column in table.columns]
        items += [self._constraint(one) for one in (*keys, *table.uniques, *table.checks, *table.foreign_keys)]
        items += [_exclusion(one, self.quote) for one in table.exclusions]
        body = "(\n    " + ",\n    ".join(items) + "\n)" if items else "()"
        words = ["CREATE TABLE", "IF NOT EXISTS" if statement.if_not_exists else "", self.table(table.name), body]
        quoting = ddl.Quoting(self.quote, self.table)
        words.append(f"PARTITION BY {key_sql(table.partitioned_by, quoting)}" if table.partitioned_by else "")
        return " ".join(word for word in words if word)

    def _create_index(self, statement: ddl.CreateIndex) -> str:
        index: Index = statement.index
        words = ["CREATE UNIQUE INDEX" if index.unique else "CREATE INDEX"]
        if statement.concurrently:
            words.append("CONCURRENTLY")
        if statement.if_not_exists:
            words.append("IF NOT EXISTS")
        words += [self.quote(index.name), "ON ONLY" if statement.only else "ON", self.table(index.table)]
        if index.method:
            words += ["USING", self.quote(index.method)]
        keys = []
        for key in index.keys:
            text = f"({key.text})" if key.is_expression else self.quote(key.text)
            keys.append(" ".join(part for part in (text, self._suffix(key.suffix, descending=key.descending)) if part))
        words.append(f"({', '.join(keys)})")
        if index.include:
            words.append(f"INCLUDE ({self._names(index.include)})")
        if index.where is not None:
            words.append(f"WHERE {index.where}")
        return " ".join(words)

    @staticmethod
    def _suffix(suffix: str, *, descending: bool) -> str:
        """DESC stands behind collation and operator class, before NULLS FIRST."""
        nulls = re.search(r"\bNULLS\s+(FIRST|LAST)\s*\Z", suffix, re.IGNORECASE)
        before = suffix[: nulls.start()] if nulls else suffix
        words = (before.strip(), "DESC" if descending else "", nulls[0].strip() if nulls else "")
        return " ".join(word for word in words if word)
