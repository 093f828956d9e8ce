"""PostgreSQL's SQL, read with the server's own grammar (libpg_query through postgast, BSD).

The library's trees stay in the modules of this dialect: what comes out are DDL atoms and the text as it was written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import postgast

from domain_agents import ddl
from domain_agents.catalog import (
    Column,
    Exclusion,
    Index,
    PrimaryKey,
    Table,
    TableName,
    Unique,
)
from domain_agents.dialects import ReadStatement
from domain_agents.dialects._postgresql_exclusions import read_exclusion
from domain_agents.dialects._postgresql_expressions import fault, is_volatile
from domain_agents.dialects._postgresql_numbering import identity_change, locked_tables, sequence_name
from domain_agents.dialects._postgresql_objects import read_other
from domain_agents.dialects._postgresql_partitions import (
    altered,
    index_attached,
    like_clause,
    partition_key,
    partition_made,
)
from domain_agents.dialects._postgresql_parts import NotUnderstood, Parts, enum_name, name_of, strings
from domain_agents.dialects._postgresql_source import Piece, Source, Span, Token
from domain_agents.engines.postgresql import object_name as default_name

_KEPT = {
    "create_domain_stmt", "composite_type_stmt", "create_range_stmt",
    "create_function_stmt", "create_seq_stmt", "create_extension_stmt",
    "create_schema_stmt", "create_policy_stmt", "rule_stmt", "alter_domain_stmt", "alter_seq_stmt",
    "create_cast_stmt", "define_stmt", "create_stats_stmt", "create_event_trig_stmt",
}  # fmt: skip
_NO_CHANGE = {
    "insert_stmt": "data", "update_stmt": "data", "delete_stmt": "data", "merge_stmt": "data", "copy_stmt": "data",
    "truncate_stmt": "data", "variable_set_stmt": "session", "variable_show_stmt": "session",
    "transaction_stmt": "transaction", "call_stmt": "routine", "do_stmt": "routine", "select_stmt": "query",
    "explain_stmt": "query", "comment_stmt": "comment", "vacuum_stmt": "maintenance", "reindex_stmt": "maintenance",
    "cluster_stmt": "maintenance", "grant_stmt": "privileges", "grant_role_stmt": "privileges",
    "alter_default_privileges_stmt": "privileges", "alter_owner_stmt": "privileges", "create_role_stmt": "privileges",
    "lock_stmt": "session", "alter_function_stmt": "routine",
    "discard_stmt": "session", "set_to_default": "session", "constraints_set_stmt": "session",
}  # fmt: skip


# Clauses that no atom holds, by the field of the tree that says them.
_TABLE_CLAUSES = {"options": "WITH (...)", "tablespacename": "TABLESPACE", "access_method": "USING"}
_PERSISTENCE = {"t": "TEMPORARY", "u": "UNLOGGED"}
_INDEX_CLAUSES = {"options": "WITH (...)", "table_space": "TABLESPACE", "nulls_not_distinct": "NULLS NOT DISTINCT"}


class PostgreSQL:
    """The reader of PostgreSQL's SQL."""

    indexes_by_table = False
    names_ignore_case: frozenset[str] = frozenset()

    def read(self, sql: str) -> tuple[ReadStatement, ...]:
        """See Dialect."""
        source = Source(sql)
        found = [_read_piece(source, piece) for piece in source.pieces()]
        for start, end in source.psql_commands:
            found.append(
                ReadStatement(
                    source.text(start, end).strip(),
                    source.characters(start),
                    source.line(start),
                    problem="a psql command, which only psql understands: write it as SQL or leave it out",
                )
            )
        return tuple(sorted(found, key=lambda statement: statement.start))

    def is_volatile(self, expression: str) -> bool:
        """See Dialect."""
        return is_volatile(expression)

    def fault(self, expression: str) -> str:
        """See Dialect."""
        return fault(expression)


DIALECT = PostgreSQL()


def _read_piece(source: Source, piece: Piece) -> ReadStatement:
    sql = source.text(piece.start, piece.end)
    start, line = source.characters(piece.start), source.line(piece.start)
    if piece.fault:
        return ReadStatement(sql, start, line, problem=f"PostgreSQL cannot read this: {piece.fault}")
    understood = _ALREADY_READ.get(sql)
    if understood is None:
        understood = _understood(sql, piece)
        if len(sql) <= _READ_ONCE:
            if len(_ALREADY_READ) >= _MOST_READ:
                _ALREADY_READ.clear()
            _ALREADY_READ[sql] = understood
    return ReadStatement(sql, start, line, *understood)


def _understood(sql: str, piece: Piece) -> tuple[tuple[ddl.Statement, ...], str, tuple[str, ...]]:
    """One statement alone: its atoms, or why there are none, and the clauses they lose."""
    try:
        parsed = postgast.parse(sql)
    except postgast.PgQueryError as error:
        return (), f"PostgreSQL cannot read this: {error.message}", ()
    except (RecursionError, ValueError, UnicodeError):
        return (), "PostgreSQL cannot read this: it is nested too deeply", ()
    # The statement is parsed alone, so its own text is the source of every location in it.
    tokens = tuple(Token(one.kind, one.start - piece.start, one.end - piece.start) for one in piece.tokens)
    reading = _Statement(Span(Source(sql), tokens))
    try:
        atoms = reading.atoms(parsed.stmts[0].stmt, sql)
    except (NotUnderstood, IndexError) as error:
        reason = str(error) or "this form"
        return (), f"not understood yet: {reason}", ()
    return atoms, "", tuple(dict.fromkeys(reading.dropped))


_READ_ONCE = 10_000
"""Characters up to which what a statement says is kept: a plan's files are read by the check, the linter and the report."""
_MOST_READ = 4_096
_ALREADY_READ: dict[str, tuple[tuple[ddl.Statement, ...], str, tuple[str, ...]]] = {}


def _writes(select: Any) -> bool:
    """Whether a SELECT changes data on its way: WITH x AS (DELETE ... RETURNING ...)."""
    changing = {"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"}
    queries = [cte.common_table_expr.ctequery for cte in select.with_clause.ctes]
    return any(query.WhichOneof("node") in changing for query in queries)


class _Statement(Parts):
    """One statement's tree turned into atoms, with the tokens to cut its texts from."""

    def atoms(self, node: Any, sql: str) -> tuple[ddl.Statement, ...]:
        kind = node.WhichOneof("node")
        tree = getattr(node, kind)
        other = read_other(kind, tree, sql)
        if other is not None:
            return other
        if kind == "select_stmt" and tree.HasField("into_clause"):
            raise NotUnderstood("SELECT INTO, which makes a table")
        if kind == "select_stmt" and _writes(tree):
            return (ddl.NoCatalogChange("data"),)
        if kind == "do_stmt":
            locked = locked_tables(tree)
            if locked is not None:
                return (locked,)
            self.dropped.append("what the DO block does")
        if kind in _NO_CHANGE:
            has_table = "relation" in tree.DESCRIPTOR.fields_by_name and hasattr(tree.relation, "relname")
            table = name_of(tree.relation) if has_table and tree.relation.relname else None
            return (ddl.NoCatalogChange(_NO_CHANGE[kind], table),)
        if kind in _KEPT:
            routine = kind == "create_function_stmt" and tree.is_procedure
            return (ddl.NoCatalogChange("routine"),) if routine else (ddl.KeepText(sql),)
        read = getattr(self, f"_{kind}", None)
        if read is None:
            raise NotUnderstood(kind.removesuffix("_stmt").replace("_", " "))
        atoms: tuple[ddl.Statement, ...] = read(tree)
        return atoms

    # Tables

    def _create_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        name = name_of(tree.relation)
        if tree.HasField("partbound"):
            return self._partition(name, tree)
        if tree.inh_relations:
            raise NotUnderstood("a table that inherits from another")
        if tree.HasField("of_typename"):
            raise NotUnderstood("a table of a composite type")
        self._drop(tree, _TABLE_CLAUSES)
        self.dropped += [_PERSISTENCE[kind] for kind in tree.relation.relpersistence if kind in _PERSISTENCE]
        copied = like_clause(tree)
        if copied is not None:
            return (ddl.CreateTableLike(name, *copied, partition_key(tree, self.span)),)
        columns: list[Column] = []
        constraints: list[ddl.Constraint] = []
        exclusions: list[Exclusion] = []
        for element in tree.table_elts:
            which = element.WhichOneof("node")
            if which == "column_def":
                column, own = self._column(name, element.column_def)
                columns.append(column)
                constraints.extend(own)
            elif which == "constraint" and enum_name(element.constraint, "contype") == "CONSTR_EXCLUSION":
                exclusions.append(read_exclusion(name, element.constraint, self.span))
            elif which == "constraint":
                constraints.append(self._constraint(name, element.constraint, ()))
            else:
                raise NotUnderstood("CREATE TABLE ... LIKE among other columns")
        key = partition_key(tree, self.span)
        table = Table(name, tuple(columns), exclusions=tuple(exclusions), partitioned_by=key)
        for constraint in constraints:
            table = ddl.with_constraint(table, constraint)
        return (ddl.CreateTable(table, tree.if_not_exists),)

    def _partition(self, name: TableName, tree: Any) -> tuple[ddl.Statement, ...]:
        self._drop(tree, _TABLE_CLAUSES)
        made, lost = partition_made(tree, self.span)
        self.dropped += lost
        own = [one.constraint for one in tree.table_elts if one.WhichOneof("node") == "constraint"]
        return (made, *(ddl.AddConstraint(name, self._constraint(name, constraint, ())) for constraint in own))

    def _drop_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        kind = enum_name(tree, "remove_type")
        if enum_name(tree, "behavior") == "DROP_CASCADE":
            self.dropped.append("CASCADE")
        if kind in ("OBJECT_PROCEDURE", "OBJECT_FUNCTION"):
            return (ddl.NoCatalogChange("routine"),)
        if kind == "OBJECT_TRIGGER":
            *owner, table, name = strings(tree.objects[0].list.items)
            text = self.span.text(0, len(self.span.tokens))
            return (ddl.DropTrigger(TableName(table, owner[-1] if owner else ""), name, text),)
        if kind not in ("OBJECT_TABLE", "OBJECT_INDEX"):
            return (ddl.KeepText(self.span.text(0, len(self.span.tokens))),)
        found: list[ddl.Statement] = []
        for item in tree.objects:
            parts = strings(item.list.items)
            schema, name = (parts[-2] if len(parts) > 1 else ""), parts[-1]
            if kind == "OBJECT_TABLE":
                found.append(ddl.DropTable(TableName(name, schema), tree.missing_ok))
            else:
                found.append(ddl.DropIndex(name, tree.concurrent, tree.missing_ok, schema))
        return tuple(found)

    def _create_trig_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        text = self.span.text(0, len(self.span.tokens))
        return (ddl.CreateTrigger(name_of(tree.relation), tree.trigname, text),)

    def _rename_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        kind = enum_name(tree, "rename_type")
        if kind == "OBJECT_TABLE":
            return (ddl.RenameTable(name_of(tree.relation), tree.newname),)
        if kind == "OBJECT_COLUMN" and enum_name(tree, "relation_type") == "OBJECT_TABLE":
            return (ddl.RenameColumn(name_of(tree.relation), tree.subname, tree.newname),)
        if kind == "OBJECT_INDEX":
            return (ddl.RenameIndex(tree.relation.relname, tree.newname),)
        if kind == "OBJECT_TABCONSTRAINT":
            return (ddl.RenameConstraint(name_of(tree.relation), tree.subname, tree.newname),)
        return (ddl.KeepText(self.span.text(0, len(self.span.tokens))),)

    # Columns and constraints

    # ALTER TABLE

    def _alter_table_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        attached = index_attached(tree)
        if attached is not None:
            return (attached,)
        if enum_name(tree, "objtype") != "OBJECT_TABLE":
            return (ddl.KeepText(self.span.text(0, len(self.span.tokens))),)
        table = name_of(tree.relation)
        self.dropped += ["ONLY"] if not tree.relation.inh else []
        self._drop(tree, {"missing_ok": "IF EXISTS"})
        found: list[ddl.Statement] = []
        for node in tree.cmds:
            found.extend(self._alter(table, node.alter_table_cmd))
        if not tree.relation.inh:
            found = [replace(one, only=True) if isinstance(one, ddl.AddConstraint) else one for one in found]
        return tuple(found)

    def _alter(self, table: TableName, tree: Any) -> tuple[ddl.Statement, ...]:
        kind = enum_name(tree, "subtype").removeprefix("AT_")
        definition = getattr(tree, "def")
        self.dropped += ["CASCADE"] if enum_name(tree, "behavior") == "DROP_CASCADE" else []
        match kind:
            case "AddColumn":
                column, constraints = self._column(table, definition.column_def)
                volatile = column.default is not None and is_volatile(column.default)
                return (ddl.AddColumn(table, column, constraints, tree.missing_ok, volatile),)
            case "DropColumn":
                return (ddl.DropColumn(table, tree.name, tree.missing_ok),)
            case "SetNotNull":
                return (ddl.SetNotNull(table, tree.name),)
            case "DropNotNull":
                return (ddl.DropNotNull(table, tree.name),)
            case "ColumnDefault":
                return (ddl.SetDefault(table, tree.name, self._new_default(tree, definition)),)
            case "AddIdentity" | "SetIdentity" | "DropIdentity":
                return (identity_change(kind, table, tree, definition),)
            case "AlterColumnType":
                return (self._new_type(table, tree, definition.column_def),)
            case "AddConstraint":
                return (self._added(table, definition.constraint),)
            case "ValidateConstraint":
                return (ddl.ValidateConstraint(table, tree.name),)
            case "DropConstraint":
                return (ddl.DropConstraint(table, tree.name, tree.missing_ok),)
            case (
                "ChangeOwner"
                | "SetStatistics"
                | "SetStorage"
                | "SetRelOptions"
                | "EnableRowSecurity"
                | "ForceRowSecurity"
                | "SetOptions"
            ):
                return (ddl.NoCatalogChange("settings", table),)
        partitioning = altered(table, tree, self.span)
        if partitioning is not None:
            return (partitioning,)
        raise NotUnderstood(f"ALTER TABLE, action {kind}")

    def _new_default(self, tree: Any, definition: Any) -> str | None:
        if definition.WhichOneof("node") is None:
            return None
        for i, token in enumerate(self.span.tokens[:-2]):
            after = [t.kind for t in self.span.tokens[i : i + 2]]
            if after == ["SET", "DEFAULT"] and self._names_column(i, tree.name):
                return self.span.text(i + 2, self.span.item_end(i + 2))
            del token
        raise NotUnderstood("SET DEFAULT")

    def _new_type(self, table: TableName, tree: Any, column: Any) -> ddl.ChangeType:
        start = self.span.index_at(column.type_name.location)
        end = self.span.item_end(start)
        using = self.span.find("USING", start)
        using = using if 0 <= using < end else -1
        collate = self.span.find("COLLATE", start)
        stops = [i for i in (using, collate) if 0 <= i < end]
        expression = self.span.text(using + 1, end) if using >= 0 else None
        sequence = sequence_name(table, tree.name)
        return ddl.ChangeType(table, tree.name, self.span.text(start, min([end, *stops])), expression, sequence)

    def _names_column(self, before: int, name: str) -> bool:
        """Whether the token before an index is that column's name, however it was quoted or cased."""
        if before == 0:
            return False
        written = self.span.text(before - 1, before)
        return written == '"' + name.replace('"', '""') + '"' or written.lower() == name

    def _added(self, table: TableName, tree: Any) -> ddl.Statement:
        if enum_name(tree, "contype") == "CONSTR_NOTNULL":
            column = strings(tree.keys)[0]
            if tree.skip_validation:
                raise NotUnderstood("NOT NULL ... NOT VALID")
            self._drop(tree, {"conname": "the name of the NOT NULL constraint"})
            return ddl.SetNotNull(table, column)
        if enum_name(tree, "contype") == "CONSTR_EXCLUSION":
            return ddl.AddExclusion(table, read_exclusion(table, tree, self.span))
        if tree.indexname:
            self._drop(tree, {"deferrable": "DEFERRABLE"})
            made = PrimaryKey if enum_name(tree, "contype") == "CONSTR_PRIMARY" else Unique
            return ddl.AddConstraint(table, made((), tree.conname or tree.indexname), tree.indexname)
        return ddl.AddConstraint(table, self._constraint(table, tree, ()))

    # Indexes

    def _index_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        table = name_of(tree.relation)
        self._drop(tree, _INDEX_CLAUSES)
        self.dropped += ["ONLY"] if not tree.relation.inh else []
        opening = self.span.find("ASCII_40", self.span.index_at(tree.relation.location))
        keys = tuple(
            self._index_key(node.index_elem, *span)
            for node, span in zip(tree.index_params, self.span.items(opening), strict=True)
        )
        where = self.span.find("WHERE", opening)
        index = Index(
            name=tree.idxname or default_name(table, tuple(key.label for key in keys), "idx"),
            table=table,
            keys=keys,
            unique=tree.unique,
            method="" if tree.access_method == "btree" else tree.access_method,
            include=tuple(node.index_elem.name for node in tree.index_including_params),
            where=self.span.text(where + 1, len(self.span.tokens)) if where >= 0 else None,
        )
        return (ddl.CreateIndex(index, tree.concurrent, tree.if_not_exists, not tree.relation.inh),)
