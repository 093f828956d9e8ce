"""A live PostgreSQL schema as comparable facts, and the contents of its tables as checksums."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain_agents.observations import Contents, Shape, TableContents
from domain_agents.workspace.live import LiveTable, quoted
from domain_agents.workspace.live_postgresql import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterable

    import psycopg

    from domain_agents.workspace.watch import Watch

_READABLE: Final = "CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END"
_TABLES: Final = f"FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND {OUTSIDE}"

# A NOT NULL that is not validated (PostgreSQL 18) is kept apart: `attnotnull` alone says yes to both. Read through JSON,
# for older versions have neither the row nor need it.
_QUERIES: Final = (
    f"""SELECT 'column', {_READABLE}, a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
          || CASE WHEN NOT a.attnotnull THEN ''
                  WHEN EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'n'
                               AND k.conkey = ARRAY[a.attnum] AND NOT k.convalidated) THEN ' NOT NULL NOT VALID'
                  ELSE ' NOT NULL' END
          || coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), '')
          || CASE a.attidentity WHEN '' THEN '' ELSE ' IDENTITY ' || a.attidentity::text END
          || CASE a.attgenerated WHEN '' THEN '' ELSE ' GENERATED ' || a.attgenerated::text END, a.attname
        {_TABLES} JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'p', 'v', 'm')""",
    f"""SELECT 'constraint', {_READABLE}, pg_get_constraintdef(k.oid), k.conname
        {_TABLES} JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype NOT IN ('n', 't') AND k.conparentid = 0""",
    f"""SELECT 'partition', {_READABLE}, 'of ' || p.relname || ' ' || pg_get_expr(c.relpartbound, c.oid), c.relname
        {_TABLES} JOIN pg_inherits i ON i.inhrelid = c.oid JOIN pg_class p ON p.oid = i.inhparent WHERE c.relispartition""",
    f"""SELECT 'partition key', {_READABLE}, pg_get_partkeydef(c.oid), c.relname {_TABLES} WHERE c.relkind = 'p'""",
    f"""SELECT 'index', {_READABLE},
          regexp_replace(pg_get_indexdef(i.indexrelid), 'INDEX \\S+ ON', 'INDEX ON')
          || CASE WHEN i.indisvalid AND i.indisready THEN '' ELSE ' (INVALID)' END, x.relname
        {_TABLES} JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
        WHERE NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))""",
    f"""SELECT 'trigger', {_READABLE}, pg_get_triggerdef(t.oid), t.tgname
        {_TABLES} JOIN pg_trigger t ON t.tgrelid = c.oid AND NOT t.tgisinternal""",
    f"""SELECT 'view', {_READABLE}, pg_get_viewdef(c.oid), c.relname {_TABLES} WHERE c.relkind IN ('v', 'm')""",
    f"""SELECT 'sequence', CASE WHEN o.oid IS NULL THEN '' WHEN n.nspname = 'public' THEN o.relname
          ELSE n.nspname || '.' || o.relname END, format_type(s.seqtypid, NULL) || coalesce(' of ' || a.attname, ''),
          q.relname
        FROM pg_sequence s JOIN pg_class q ON q.oid = s.seqrelid JOIN pg_namespace n ON n.oid = q.relnamespace AND {OUTSIDE}
        LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = q.oid AND d.deptype IN ('a', 'i')
          AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
        LEFT JOIN pg_class o ON o.oid = d.refobjid
        LEFT JOIN pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.refobjsubid""",
    f"""SELECT 'routine', '', n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
          p.proname
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace AND {OUTSIDE}
        WHERE NOT EXISTS (SELECT FROM pg_depend x WHERE x.objid = p.oid AND x.deptype = 'e')""",
    f"""SELECT 'type', '', n.nspname || '.' || t.typname || coalesce(' ' || (SELECT string_agg(e.enumlabel, ',' ORDER BY
          e.enumsortorder) FROM pg_enum e WHERE e.enumtypid = t.oid), ''), t.typname
        FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace AND {OUTSIDE}
        WHERE t.typtype IN ('e', 'd') AND NOT EXISTS (SELECT FROM pg_depend x WHERE x.objid = t.oid AND x.deptype = 'e')""",
)  # fmt: skip


def read_shape(connection: psycopg.Connection[Any]) -> frozenset[Shape]:
    """Columns, constraints, indexes, triggers, views, routines and types; the order of columns is no part of it."""
    found: set[Shape] = set()
    for query in _QUERIES:
        for kind, table, definition, name in connection.execute(query).fetchall():
            found.add(Shape(str(kind), str(table), str(definition), str(name)))
    return frozenset(found)


def read_contents(connection: psycopg.Connection[Any], tables: Iterable[LiveTable], watch: Watch) -> Contents:
    """Rows, and for each column the number of its values and a checksum that binds each value to its row's key."""
    found: dict[str, TableContents] = {}
    for table in tables:
        key = " || '|' || ".join(f"{quoted(name)}::text" for name in table.key) or "''"
        columns = [column.name for column in table.columns]
        sums = "".join(
            f", count({quoted(name)}) || ':' || coalesce(sum(hashtextextended({key} || '=' || {quoted(name)}::text, 0)), 0)"
            for name in columns
        )
        row = watch.execute(connection, f"SELECT count(*){sums} FROM {table.sql}").fetchone()
        found[table.name] = TableContents(int(row[0]), dict(zip(columns, row[1:], strict=True)), table.part_of)
    return found
