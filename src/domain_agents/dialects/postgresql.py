"""PostgreSQL's SQL, read with the server's own grammar (libpg_query through postgast, BSD).

The library's trees never leave this module: what comes out are DDL atoms and the text as it was written.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import postgast

from domain_agents import ddl
from domain_agents.catalog import (
    Check,
    Column,
    Exclusion,
    ForeignKey,
    Index,
    IndexKey,
    PrimaryKey,
    Table,
    TableName,
    Unique,
)
from domain_agents.dialects import ReadStatement
from domain_agents.dialects._postgresql_exclusions import read_exclusion
from domain_agents.dialects._postgresql_expressions import columns_of, fault, is_volatile
from domain_agents.dialects._postgresql_numbering import identity_change, locked_tables, sequence_name
from domain_agents.dialects._postgresql_objects import read_other
from domain_agents.dialects._postgresql_partitions import (
    altered,
    index_attached,
    like_clause,
    partition_key,
    partition_made,
)
from domain_agents.dialects._postgresql_source import Piece, Source, Span, Token
from domain_agents.engines.postgresql import object_name as default_name

_ACTIONS = {"a": "NO ACTION", "r": "RESTRICT", "c": "CASCADE", "n": "SET NULL", "d": "SET DEFAULT"}
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
_CONSTRAINT_CLAUSES = {
    "nulls_not_distinct": "NULLS NOT DISTINCT", "including": "INCLUDE",
    "is_no_inherit": "NO INHERIT", "options": "WITH (...)", "indexspace": "USING INDEX TABLESPACE",
}  # fmt: skip
_TABLE_CLAUSES = {"options": "WITH (...)", "tablespacename": "TABLESPACE", "access_method": "USING"}
_PERSISTENCE = {"t": "TEMPORARY", "u": "UNLOGGED"}
_INDEX_CLAUSES = {"options": "WITH (...)", "table_space": "TABLESPACE", "nulls_not_distinct": "NULLS NOT DISTINCT"}


class _NotUnderstood(Exception):
    """A clause that has no atom."""


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
    except (_NotUnderstood, IndexError) as error:
        reason = str(error) or "this form"
        return (), f"not understood yet: {reason}", ()
    return atoms, "", tuple(dict.fromkeys(reading.dropped))


_READ_ONCE = 10_000
"""Characters up to which what a statement says is kept: a plan's files are read by the check, the linter and the report."""
_MOST_READ = 4_096
_ALREADY_READ: dict[str, tuple[tuple[ddl.Statement, ...], str, tuple[str, ...]]] = {}


def _name(relation: Any) -> TableName:
    return TableName(relation.relname, relation.schemaname)


def _writes(select: Any) -> bool:
    """Whether a SELECT changes data on its way: WITH x AS (DELETE ... RETURNING ...)."""
    changing = {"insert_stmt", "update_stmt", "delete_stmt", "merge_stmt"}
    queries = [cte.common_table_expr.ctequery for cte in select.with_clause.ctes]
    return any(query.WhichOneof("node") in changing for query in queries)


def _strings(nodes: Any) -> tuple[str, ...]:
    return tuple(node.string.sval for node in nodes)


def _enum(message: Any, field: str) -> str:
    """The name of an enumerated field's value."""
    descriptor = message.DESCRIPTOR.fields_by_name[field].enum_type
    return str(descriptor.values_by_number[getattr(message, field)].name)


class _Statement:
    """One statement's tree turned into atoms, with the tokens to cut its texts from."""

    def __init__(self, span: Span) -> None:
        self.span = span
        self.dropped: list[str] = []
        self.named: set[str] = set()

    def _drop(self, tree: Any, clauses: dict[str, str]) -> None:
        self.dropped += [words for field, words in clauses.items() if getattr(tree, field, None)]

    def _free_name(self, table: TableName, columns: tuple[str, ...], kind: str) -> str:
        """The default name, with the number the server adds when the statement has used the name already."""
        name, number = default_name(table, columns, kind), 0
        while name in self.named:
            number += 1
            name = default_name(table, columns, f"{kind}{number}")
        self.named.add(name)
        return name

    def atoms(self, node: Any, sql: str) -> tuple[ddl.Statement, ...]:
        kind = node.WhichOneof("node")
        tree = getattr(node, kind)
        other = read_other(kind, tree, sql)
        if other is not None:
            return other
        if kind == "select_stmt" and tree.HasField("into_clause"):
            raise _NotUnderstood("SELECT INTO, which makes a table")
        if kind == "select_stmt" and _writes(tree):
            return (ddl.NoCatalogChange("data"),)
        if kind == "do_stmt":
            locked = locked_tables(tree)
            if locked is not None:
                return (locked,)
            self.dropped.append("what the DO block does")
        if kind in _NO_CHANGE:
            has_table = "relation" in tree.DESCRIPTOR.fields_by_name and hasattr(tree.relation, "relname")
            table = _name(tree.relation) if has_table and tree.relation.relname else None
            return (ddl.NoCatalogChange(_NO_CHANGE[kind], table),)
        if kind in _KEPT:
            routine = kind == "create_function_stmt" and tree.is_procedure
            return (ddl.NoCatalogChange("routine"),) if routine else (ddl.KeepText(sql),)
        read = getattr(self, f"_{kind}", None)
        if read is None:
            raise _NotUnderstood(kind.removesuffix("_stmt").replace("_", " "))
        atoms: tuple[ddl.Statement, ...] = read(tree)
        return atoms

    # Tables

    def _create_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        name = _name(tree.relation)
        if tree.HasField("partbound"):
            return self._partition(name, tree)
        if tree.inh_relations:
            raise _NotUnderstood("a table that inherits from another")
        if tree.HasField("of_typename"):
            raise _NotUnderstood("a table of a composite type")
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
            elif which == "constraint" and _enum(element.constraint, "contype") == "CONSTR_EXCLUSION":
                exclusions.append(read_exclusion(name, element.constraint, self.span))
            elif which == "constraint":
                constraints.append(self._constraint(name, element.constraint, ()))
            else:
                raise _NotUnderstood("CREATE TABLE ... LIKE among other columns")
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
        kind = _enum(tree, "remove_type")
        if _enum(tree, "behavior") == "DROP_CASCADE":
            self.dropped.append("CASCADE")
        if kind in ("OBJECT_PROCEDURE", "OBJECT_FUNCTION"):
            return (ddl.NoCatalogChange("routine"),)
        if kind == "OBJECT_TRIGGER":
            *owner, table, name = _strings(tree.objects[0].list.items)
            text = self.span.text(0, len(self.span.tokens))
            return (ddl.DropTrigger(TableName(table, owner[-1] if owner else ""), name, text),)
        if kind not in ("OBJECT_TABLE", "OBJECT_INDEX"):
            return (ddl.KeepText(self.span.text(0, len(self.span.tokens))),)
        found: list[ddl.Statement] = []
        for item in tree.objects:
            parts = _strings(item.list.items)
            schema, name = (parts[-2] if len(parts) > 1 else ""), parts[-1]
            if kind == "OBJECT_TABLE":
                found.append(ddl.DropTable(TableName(name, schema), tree.missing_ok))
            else:
                found.append(ddl.DropIndex(name, tree.concurrent, tree.missing_ok, schema))
        return tuple(found)

    def _create_trig_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        text = self.span.text(0, len(self.span.tokens))
        return (ddl.CreateTrigger(_name(tree.relation), tree.trigname, text),)

    def _rename_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        kind = _enum(tree, "rename_type")
        if kind == "OBJECT_TABLE":
            return (ddl.RenameTable(_name(tree.relation), tree.newname),)
        if kind == "OBJECT_COLUMN" and _enum(tree, "relation_type") == "OBJECT_TABLE":
            return (ddl.RenameColumn(_name(tree.relation), tree.subname, tree.newname),)
        if kind == "OBJECT_INDEX":
            return (ddl.RenameIndex(tree.relation.relname, tree.newname),)
        if kind == "OBJECT_TABCONSTRAINT":
            return (ddl.RenameConstraint(_name(tree.relation), tree.subname, tree.newname),)
        return (ddl.KeepText(self.span.text(0, len(self.span.tokens))),)

    # Columns and constraints

    def _column(self, table: TableName, tree: Any) -> tuple[Column, tuple[ddl.Constraint, ...]]:
        at = self.span.index_at(tree.location)
        end = self.span.item_end(at)
        marks = sorted(c.constraint.location for c in tree.constraints if c.constraint.location >= 0)
        collate = tree.coll_clause.location if tree.HasField("coll_clause") else -1
        type_start = self.span.index_at(tree.type_name.location) if tree.HasField("type_name") else at + 1
        stops = [self.span.index_at(mark) for mark in marks if self.span.index_at(mark) >= type_start]
        if collate >= 0:
            stops.append(self.span.index_at(collate))
        type_end = min([end, *stops])
        options = [i for i in range(type_start, type_end) if self.span.tokens[i].kind in ("STORAGE", "COMPRESSION")]
        values: dict[str, Any] = {"name": tree.colname, "type": self.span.text(type_start, min([type_end, *options]))}
        constraints: list[ddl.Constraint] = []
        self.dropped += ["STORAGE or COMPRESSION"] if options else []
        for node in tree.constraints:
            constraint = node.constraint
            kind = _enum(constraint, "contype")
            if kind.startswith("CONSTR_ATTR_"):
                self.dropped.append(kind.removeprefix("CONSTR_ATTR_").replace("_", " "))
            later = [self.span.index_at(mark) for mark in marks if mark > constraint.location]
            until = min([end, *later])
            start = self.span.index_at(constraint.location)
            if kind == "CONSTR_NOTNULL":
                values["nullable"] = False
            elif kind == "CONSTR_DEFAULT":
                values["default"] = self.span.text(start + 1, until)
            elif kind == "CONSTR_IDENTITY":
                values["identity"] = "always" if constraint.generated_when == "a" else "by default"
                values["nullable"] = False
                self._drop(constraint, {"options": "the identity's options"})
            elif kind == "CONSTR_GENERATED":
                opening = self.span.find("ASCII_40", start)
                values["generated"] = self.span.text(opening + 1, self.span.closing(opening))
                values["virtual"] = constraint.generated_kind == "v"
            elif kind in ("CONSTR_PRIMARY", "CONSTR_UNIQUE", "CONSTR_CHECK", "CONSTR_FOREIGN"):
                constraints.append(self._constraint(table, constraint, (tree.colname,)))
        if collate >= 0:
            values["collation"] = ".".join(_strings(tree.coll_clause.collname))
        return Column(**values), tuple(constraints)

    def _constraint(self, table: TableName, tree: Any, own: tuple[str, ...]) -> ddl.Constraint:
        kind = _enum(tree, "contype")
        self._drop(tree, _CONSTRAINT_CLAUSES)
        if kind == "CONSTR_PRIMARY":
            self._drop(tree, {"deferrable": "DEFERRABLE"})
            return PrimaryKey(_strings(tree.keys) or own, tree.conname or self._free_name(table, (), "pkey"))
        if kind == "CONSTR_UNIQUE":
            self._drop(tree, {"deferrable": "DEFERRABLE"})
            columns = _strings(tree.keys) or own
            return Unique(columns, tree.conname or self._free_name(table, columns, "key"))
        if kind in ("CONSTR_CHECK", "CONSTR_FOREIGN") and not (tree.is_enforced or own):
            self.dropped.append("NOT ENFORCED")
        if kind == "CONSTR_CHECK":
            opening = self.span.find("ASCII_40", self.span.index_at(tree.location))
            expression = self.span.text(opening + 1, self.span.closing(opening))
            name = tree.conname or self._free_name(table, columns_of(tree.raw_expr), "check")
            return Check(expression, name, not tree.skip_validation)
        if kind == "CONSTR_FOREIGN":
            columns = _strings(tree.fk_attrs) or own
            if tree.fk_matchtype not in ("", "s"):
                self.dropped.append("MATCH FULL")
            return ForeignKey(
                columns=columns,
                parent=_name(tree.pktable),
                parent_columns=_strings(tree.pk_attrs),
                name=tree.conname or self._free_name(table, columns, "fkey"),
                on_delete=_ACTIONS.get(tree.fk_del_action, "NO ACTION"),
                on_update=_ACTIONS.get(tree.fk_upd_action, "NO ACTION"),
                deferrable=("DEFERRABLE" + (" INITIALLY DEFERRED" if tree.initdeferred else ""))
                if tree.deferrable
                else "",
                validated=not tree.skip_validation,
                set_columns=_strings(tree.fk_del_set_cols),
            )
        raise _NotUnderstood(f"the constraint {tree.conname or kind.removeprefix('CONSTR_').lower()}")

    # ALTER TABLE

    def _alter_table_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        attached = index_attached(tree)
        if attached is not None:
            return (attached,)
        if _enum(tree, "objtype") != "OBJECT_TABLE":
            return (ddl.KeepText(self.span.text(0, len(self.span.tokens))),)
        table = _name(tree.relation)
        self.dropped += ["ONLY"] if not tree.relation.inh else []
        self._drop(tree, {"missing_ok": "IF EXISTS"})
        found: list[ddl.Statement] = []
        for node in tree.cmds:
            found.extend(self._alter(table, node.alter_table_cmd))
        if not tree.relation.inh:
            found = [replace(one, only=True) if isinstance(one, ddl.AddConstraint) else one for one in found]
        return tuple(found)

    def _alter(self, table: TableName, tree: Any) -> tuple[ddl.Statement, ...]:
        kind = _enum(tree, "subtype").removeprefix("AT_")
        definition = getattr(tree, "def")
        self.dropped += ["CASCADE"] if _enum(tree, "behavior") == "DROP_CASCADE" else []
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
        raise _NotUnderstood(f"ALTER TABLE, action {kind}")

    def _new_default(self, tree: Any, definition: Any) -> str | None:
        if definition.WhichOneof("node") is None:
            return None
        for i, token in enumerate(self.span.tokens[:-2]):
            after = [t.kind for t in self.span.tokens[i : i + 2]]
            if after == ["SET", "DEFAULT"] and self._names_column(i, tree.name):
                return self.span.text(i + 2, self.span.item_end(i + 2))
            del token
        raise _NotUnderstood("SET DEFAULT")

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
        if _enum(tree, "contype") == "CONSTR_NOTNULL":
            column = _strings(tree.keys)[0]
            if tree.skip_validation:
                raise _NotUnderstood("NOT NULL ... NOT VALID")
            self._drop(tree, {"conname": "the name of the NOT NULL constraint"})
            return ddl.SetNotNull(table, column)
        if _enum(tree, "contype") == "CONSTR_EXCLUSION":
            return ddl.AddExclusion(table, read_exclusion(table, tree, self.span))
        if tree.indexname:
            self._drop(tree, {"deferrable": "DEFERRABLE"})
            made = PrimaryKey if _enum(tree, "contype") == "CONSTR_PRIMARY" else Unique
            return ddl.AddConstraint(table, made((), tree.conname or tree.indexname), tree.indexname)
        return ddl.AddConstraint(table, self._constraint(table, tree, ()))

    # Indexes

    def _index_stmt(self, tree: Any) -> tuple[ddl.Statement, ...]:
        table = _name(tree.relation)
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

    def _index_key(self, tree: Any, start: int, end: int) -> IndexKey:
        descending = _enum(tree, "ordering") == "SORTBY_DESC"
        if tree.name:
            text, behind, is_expression = tree.name, start + 1, False
        else:
            opening = self.span.find("ASCII_40", start)
            closing = self.span.closing(opening)
            text = self.span.text(start, closing + 1) if opening != start else self.span.text(start + 1, closing)
            behind, is_expression = closing + 1, True
        suffix = [i for i in range(behind, end) if self.span.tokens[i].kind not in ("ASC", "DESC")]
        return IndexKey(text, is_expression, descending, " ".join(self.span.text(i, i + 1) for i in suffix))
