"""PostgreSQL's statements about enum types and views, read from the grammar's trees."""

from __future__ import annotations

from typing import Any

from domain_agents import ddl
from domain_agents.catalog import Enum, TableName, View


def read_other(kind: str, tree: Any, sql: str) -> tuple[ddl.Statement, ...] | None:
    """The atoms of a statement about types or views; None when it is about something else."""
    match kind:
        case "create_enum_stmt":
            return (ddl.CreateEnum(Enum(_qualified(tree.type_name), _strings(tree.vals))),)
        case "comment_stmt" if _word(tree, "objtype") in ("OBJECT_TABLE", "OBJECT_COLUMN"):
            return (_commented(tree),)
        case "alter_enum_stmt":
            return (_altered_enum(tree),)
        case "rename_stmt" if _word(tree, "rename_type") == "OBJECT_TYPE":
            return (ddl.RenameType(_qualified(tree.object.list.items), tree.newname, sql),)
        case "view_stmt":
            return (_view(tree.view, sql, replaces=tree.replace),)
        case "create_table_as_stmt" if _word(tree, "objtype") == "OBJECT_MATVIEW":
            name = TableName(tree.into.rel.relname, tree.into.rel.schemaname)
            return (ddl.DefineView(View(name, sql, materialized=True)),)
        case "refresh_mat_view_stmt":
            return (ddl.RefreshView(TableName(tree.relation.relname, tree.relation.schemaname), tree.concurrent),)
        case "insert_stmt" if tree.select_stmt.select_stmt.from_clause and not tree.with_clause.ctes:
            return (ddl.NoCatalogChange("copy", TableName(tree.relation.relname, tree.relation.schemaname)),)
        case "reindex_stmt":
            return _reindexed(tree)
        case "vacuum_stmt" if tree.is_vacuumcmd and len(tree.rels) == 1:
            return (_vacuumed(tree),)
        case "drop_stmt" if len(tree.objects) == 1 or _word(tree, "remove_type") != "OBJECT_TYPE":
            return _dropped(tree, sql)
    return None


def _commented(tree: Any) -> ddl.Statement:
    names = tree.object.list.items
    if _word(tree, "objtype") == "OBJECT_TABLE":
        return ddl.SetComment(_qualified(names), "", tree.comment)
    return ddl.SetComment(_qualified(names[:-1]), names[-1].string.sval, tree.comment)


def _altered_enum(tree: Any) -> ddl.Statement:
    name = _qualified(tree.type_name)
    if tree.old_val:
        return ddl.RenameEnumValue(name, tree.old_val, tree.new_val)
    before = "" if tree.new_val_is_after else tree.new_val_neighbor
    after = tree.new_val_neighbor if tree.new_val_is_after else ""
    return ddl.AddEnumValue(name, tree.new_val, before, after, tree.skip_if_new_val_exists)


def _view(relation: Any, sql: str, *, replaces: bool) -> ddl.Statement:
    if relation.relpersistence == "t":
        return ddl.NoCatalogChange("session")
    return ddl.DefineView(View(TableName(relation.relname, relation.schemaname), sql), replaces)


def _dropped(tree: Any, sql: str) -> tuple[ddl.Statement, ...] | None:
    if _word(tree, "behavior") == "DROP_CASCADE":
        return None
    match _word(tree, "remove_type"):
        case "OBJECT_TYPE":
            return (ddl.DropType(_qualified(tree.objects[0].type_name.names), tree.missing_ok, sql),)
        case "OBJECT_VIEW" | "OBJECT_MATVIEW" as kind:
            names = [_qualified(item.list.items) for item in tree.objects]
            return tuple(ddl.DropView(name, tree.missing_ok, kind == "OBJECT_MATVIEW") for name in names)
    return None


def _reindexed(tree: Any) -> tuple[ddl.Statement, ...] | None:
    name = TableName(tree.relation.relname, tree.relation.schemaname)
    concurrently = any(option.def_elem.defname == "concurrently" for option in tree.params)
    match _word(tree, "kind"):
        case "REINDEX_OBJECT_INDEX":
            return (ddl.Reindex(TableName("", name.schema), name.name, concurrently, name.schema),)
        case "REINDEX_OBJECT_TABLE":
            return (ddl.Reindex(name, "", concurrently),)
    return None


def _vacuumed(tree: Any) -> ddl.Statement:
    relation = tree.rels[0].vacuum_relation.relation
    options = {option.def_elem.defname for option in tree.options if _is_on(option.def_elem)}
    table = TableName(relation.relname, relation.schemaname)
    return ddl.Vacuum(table, "full" in options, "analyze" in options)


def _is_on(option: Any) -> bool:
    """Whether an option is switched on: alone, or with a word for true."""
    value = option.arg.string.sval if option.arg.WhichOneof("node") == "string" else ""
    return value.lower() not in {"false", "off", "0"} and not (
        option.arg.WhichOneof("node") == "integer" and option.arg.integer.ival == 0
    )


def _strings(nodes: Any) -> tuple[str, ...]:
    return tuple(node.string.sval for node in nodes)


def _qualified(nodes: Any) -> TableName:
    *owner, name = _strings(nodes)
    return TableName(name, owner[-1] if owner else "")


def _word(message: Any, field: str) -> str:
    """The name of an enumerated field's value."""
    descriptor = message.DESCRIPTOR.fields_by_name[field].enum_type
    return str(descriptor.values_by_number[getattr(message, field)].name)
