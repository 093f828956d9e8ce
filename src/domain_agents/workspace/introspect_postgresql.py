"""A live PostgreSQL as the DDL that would make it, from its own functions (pg_get_constraintdef and the like).

The text goes down the same road as a schema file, so both give the same model of a schema.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

_OURS: Final = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
_NO_EXTENSION: Final = "NOT EXISTS (SELECT FROM pg_depend x WHERE x.objid = {0} AND x.deptype = 'e')"
_NAME: Final = "CASE WHEN n.nspname = 'public' THEN '' ELSE quote_ident(n.nspname) || '.' END || quote_ident({0})"
_TABLE: Final = _NAME.format("c.relname")
_TABLES: Final = "pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND " + _OURS

_SCHEMAS: Final = f"""
    SELECT 'CREATE SCHEMA ' || quote_ident(n.nspname) FROM pg_namespace n
    WHERE {_OURS} AND n.nspname <> 'public' AND {_NO_EXTENSION.format("n.oid")} ORDER BY n.nspname"""
_EXTENSIONS: Final = (
    "SELECT 'CREATE EXTENSION ' || quote_ident(extname) FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY 1"
)
_FUNCTIONS: Final = f"""
    SELECT pg_get_functiondef(p.oid) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND {_OURS}
    WHERE p.prokind IN ('f', 'p') AND {_NO_EXTENSION.format("p.oid")} ORDER BY n.nspname, p.proname, p.oid"""
_ENUMS: Final = f"""
    SELECT 'CREATE TYPE ' || {_NAME.format("t.typname")} || ' AS ENUM (' || (
      SELECT string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)
      FROM pg_enum e WHERE e.enumtypid = t.oid) || ')'
    FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {_OURS}
    WHERE t.typtype = 'e' AND {_NO_EXTENSION.format("t.oid")} ORDER BY n.nspname, t.typname"""
_TABLES_WITH_COLUMNS: Final = f"""
    SELECT c.oid, {_TABLE}, c.relpersistence = 'u', CASE WHEN c.relkind = 'p' THEN pg_get_partkeydef(c.oid) END,
      CASE WHEN c.relispartition THEN (SELECT {_NAME.replace("n.", "pn.").format("p.relname")} FROM pg_inherits i
        JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
        WHERE i.inhrelid = c.oid) END,
      pg_get_expr(c.relpartbound, c.oid), obj_description(c.oid, 'pg_class')
    FROM {_TABLES} WHERE c.relkind IN ('r', 'p') AND c.relpersistence <> 't' AND {_NO_EXTENSION.format("c.oid")}
    ORDER BY c.relispartition, n.nspname, c.relname"""
_COLUMNS: Final = f"""
    SELECT c.oid, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
      CASE WHEN a.attcollation <> t.typcollation THEN (SELECT quote_ident(k.collname) FROM pg_collation k
        WHERE k.oid = a.attcollation) END,
      a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attidentity::text, a.attgenerated::text,
      col_description(c.oid, a.attnum)
    FROM {_TABLES} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    WHERE c.relkind IN ('r', 'p') ORDER BY c.oid, a.attnum"""
# A partition's part of its parent's constraint or index comes with the parent's.
_CONSTRAINTS: Final = f"""
    SELECT {_TABLE}, quote_ident(k.conname), pg_get_constraintdef(k.oid)
    FROM {_TABLES} JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype IN ('p', 'u', 'c', 'f', 'x')
    WHERE k.conparentid = 0 AND k.conislocal AND {_NO_EXTENSION.format("c.oid")}
    ORDER BY k.contype = 'f', n.nspname, c.relname, k.conname"""
_INDEXES: Final = f"""
    SELECT pg_get_indexdef(i.indexrelid) FROM {_TABLES} JOIN pg_index i ON i.indrelid = c.oid
    JOIN pg_class x ON x.oid = i.indexrelid
    WHERE NOT x.relispartition AND i.indisvalid AND {_NO_EXTENSION.format("c.oid")}
      AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
    ORDER BY c.relkind = 'm', n.nspname, c.relname, x.relname"""
_VIEWS: Final = f"""
    SELECT CASE c.relkind WHEN 'm' THEN 'CREATE MATERIALIZED VIEW ' ELSE 'CREATE VIEW ' END || {_TABLE} || ' AS '
      || rtrim(pg_get_viewdef(c.oid), '; ')
    FROM {_TABLES} WHERE c.relkind IN ('v', 'm') AND {_NO_EXTENSION.format("c.oid")} ORDER BY c.oid"""
_TRIGGERS: Final = f"""
    SELECT pg_get_triggerdef(t.oid) FROM {_TABLES} JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal
    ORDER BY n.nspname, c.relname, t.tgname"""


def read_ddl(connection: psycopg.Connection[Any]) -> str:
    """The statements that make the schemas of this database, as its user sees them.

    Raises:
        psycopg.Error: the server's.
    """
    # What stands in `public` is written without its schema, as schema files have it.
    connection.execute("SET search_path = public")
    parts = [sql for query in (_SCHEMAS, _EXTENSIONS, _ENUMS) for (sql,) in connection.execute(query)]
    columns: dict[int, list[tuple[Any, ...]]] = {}
    for oid, *column in connection.execute(_COLUMNS):
        columns.setdefault(oid, []).append(tuple(column))
    for oid, name, unlogged, dealt, parent, bound, comment in connection.execute(_TABLES_WITH_COLUMNS):
        own = columns.get(oid, [])
        parts.append(_table(name, own, unlogged=unlogged, dealt=dealt, parent=parent, bound=bound))
        parts += _comments(name, comment, own)
    parts += [
        f"ALTER TABLE {table} ADD CONSTRAINT {name} {says}" for table, name, says in connection.execute(_CONSTRAINTS)
    ]
    parts += [sql for query in (_VIEWS, _INDEXES, _FUNCTIONS, _TRIGGERS) for (sql,) in connection.execute(query)]
    return "".join(f"{sql};\n" for sql in parts)


def _table(
    name: str,
    columns: list[tuple[Any, ...]],
    *,
    unlogged: bool,
    dealt: str | None,
    parent: str | None,
    bound: str | None,
) -> str:
    made = f"CREATE {'UNLOGGED ' if unlogged else ''}TABLE {name}"
    dealt_by = f" PARTITION BY {dealt}" if dealt else ""
    if parent:
        return f"{made} PARTITION OF {parent} {bound}{dealt_by}"
    lines = ",\n  ".join(_column(column) for column in columns)
    return f"{made} (\n  {lines}\n){dealt_by}"


def _column(column: tuple[Any, ...]) -> str:
    name, type_, collation, required, default, identity, generated, _ = column
    parts = [name, type_]
    if collation:
        parts.append(f"COLLATE {collation}")
    if identity:
        parts.append(f"GENERATED {'ALWAYS' if identity == 'a' else 'BY DEFAULT'} AS IDENTITY")
    elif generated:
        parts.append(f"GENERATED ALWAYS AS ({default}) {'STORED' if generated == 's' else 'VIRTUAL'}")
    elif default is not None:
        parts.append(f"DEFAULT {default}")
    if required and not identity:
        parts.append("NOT NULL")
    return " ".join(parts)


def _comments(name: str, comment: str | None, columns: list[tuple[Any, ...]]) -> Iterator[str]:
    if comment:
        yield f"COMMENT ON TABLE {name} IS {_literal(comment)}"
    for column in columns:
        if column[-1]:
            yield f"COMMENT ON COLUMN {name}.{column[0]} IS {_literal(column[-1])}"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
