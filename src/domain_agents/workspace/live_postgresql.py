"""Reading the tables of a live PostgreSQL database from its catalog."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain_agents.workspace.live import LiveColumn, LiveForeignKey, LivePartition, LiveTable, quoted

if TYPE_CHECKING:
    import psycopg

OUTSIDE: Final = "n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'"
"""The schemas that are not the server's own."""


def read_tables(connection: psycopg.Connection[Any], *, with_partitions: bool = False) -> dict[str, LiveTable]:
    """Every ordinary or partitioned table, by its quoted name; partitions stand behind their parent, unless asked for."""
    tables = connection.execute(
        f"SELECT c.oid, n.nspname, c.relname, EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid"
        f" AND NOT t.tgisinternal), CASE WHEN c.relispartition THEN (SELECT CASE WHEN m.nspname = 'public' THEN r.relname"
        f" ELSE m.nspname || '.' || r.relname END FROM pg_class r JOIN pg_namespace m ON m.oid = r.relnamespace"
        f" WHERE r.oid = pg_partition_root(c.oid)) ELSE '' END"
        f" FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ('r', 'p') AND (NOT c.relispartition OR {with_partitions})"
        f" AND c.relpersistence <> 't' AND {OUTSIDE} ORDER BY 2, 3"
    ).fetchall()
    columns = _columns(connection)
    keys = _keys(connection)
    constraints = _constraints(connection)
    partitions = _partitions(connection)
    found: dict[str, LiveTable] = {}
    for oid, schema, name, triggers, part_of in tables:
        own = tuple(columns.get(oid, ()))
        by_number = {column.number: column.name for column in own}
        uniques = keys.get(oid, [])
        sql = f"{quoted(schema)}.{quoted(name)}"
        found[sql] = LiveTable(
            name=name if schema == "public" else f"{schema}.{name}",
            sql=sql,
            columns=own,
            key=next((tuple(by_number[n] for n in numbers) for primary, numbers in uniques if primary), ()),
            uniques=tuple(tuple(by_number[n] for n in numbers) for _, numbers in uniques if numbers),
            foreign_keys=tuple(
                LiveForeignKey(tuple(c[1]), f"{quoted(c[2])}.{quoted(c[3])}", tuple(c[4]))
                for c in constraints.get(oid, ())
                if c[0] == "f"
            ),
            checks=tuple(c[5] for c in constraints.get(oid, ()) if c[0] == "c"),
            fires_triggers=triggers,
            partitions=tuple(partitions.get(oid, ())),
            part_of=part_of,
        )
    return found


def _partitions(connection: psycopg.Connection[Any]) -> dict[int, list[LivePartition]]:
    """The partitions on every level, by the table at the top."""
    rows = connection.execute(
        f"""
        SELECT pg_partition_root(c.oid)::oid::bigint,
               CASE WHEN n.nspname = 'public' THEN c.relname ELSE n.nspname || '.' || c.relname END, p.relname,
               ARRAY(SELECT coalesce(a.attname, '') FROM unnest(k.partattrs::int2[]) WITH ORDINALITY u(n, o)
                     LEFT JOIN pg_attribute a ON a.attrelid = k.partrelid AND a.attnum = u.n AND u.n > 0
                     ORDER BY u.o)::text[],
               pg_get_expr(c.relpartbound, c.oid)
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_inherits i ON i.inhrelid = c.oid
        JOIN pg_class p ON p.oid = i.inhparent JOIN pg_partitioned_table k ON k.partrelid = i.inhparent
        WHERE c.relispartition AND c.relkind IN ('r', 'p') AND {OUTSIDE} ORDER BY c.relname
        """
    ).fetchall()
    found: dict[int, list[LivePartition]] = {}
    for root, name, parent, columns, bound in rows:
        found.setdefault(root, []).append(LivePartition(name, parent, tuple(columns), bound or ""))
    return found


def _columns(connection: psycopg.Connection[Any]) -> dict[int, list[LiveColumn]]:
    rows = connection.execute(
        """
        SELECT a.attrelid, a.attname, a.attnum, format_type(a.atttypid, a.atttypmod), b.typname,
               CASE WHEN b.typtype = 'e' THEN 'E' WHEN b.typtype = 'c' THEN 'C' ELSE b.typcategory::text END,
               a.attnotnull OR t.typnotnull, coalesce(pg_get_expr(d.adbin, d.adrelid), t.typdefault, ''),
               a.attidentity::text, a.attgenerated <> '',
               CASE WHEN t.typtype = 'd' THEN t.typtypmod ELSE a.atttypmod END,
               ARRAY(SELECT e.enumlabel FROM pg_enum e WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder)::text[],
               CASE WHEN b.typcategory = 'A' THEN format_type(b.typelem, NULL) ELSE '' END
        FROM pg_attribute a
        JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p')
        JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_type t ON t.oid = a.atttypid
        JOIN pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE a.attnum > 0 AND NOT a.attisdropped AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
        ORDER BY a.attrelid, a.attnum
        """
    ).fetchall()
    found: dict[int, list[LiveColumn]] = {}
    for (
        table,
        name,
        number,
        type_,
        kind,
        category,
        required,
        default,
        identity,
        generated,
        modifier,
        labels,
        element,
    ) in rows:
        length, scale = _modifier(kind, modifier)
        found.setdefault(table, []).append(
            LiveColumn(
                name, number, type_, kind, category, not required, default, identity, generated, length, scale,
                tuple(labels), element,
            )
        )  # fmt: skip
    return found


def _modifier(kind: str, modifier: int) -> tuple[int, int]:
    """Length or precision, and scale, from a type modifier; 0 is unlimited."""
    if modifier < 0:
        return 0, 0
    if kind in ("varchar", "bpchar"):
        return modifier - 4, 0
    if kind == "numeric":
        # The scale is an 11-bit signed number since PostgreSQL 15.
        return (modifier - 4) >> 16 & 0xFFFF, (((modifier - 4) & 0x7FF) ^ 1024) - 1024
    return modifier, 0


def _keys(connection: psycopg.Connection[Any]) -> dict[int, list[tuple[bool, tuple[int, ...]]]]:
    """Unique indexes by table: whether it is the primary key, and the columns it uses (also within expressions)."""
    rows = connection.execute(
        f"""
        SELECT i.indrelid, i.indisprimary,
               CASE WHEN 0 = ANY (i.indkey::int2[]) THEN
                 (SELECT array_agg(DISTINCT d.refobjsubid) FROM pg_depend d
                  WHERE d.objid = i.indexrelid AND d.refobjid = i.indrelid AND d.refobjsubid > 0)
               ELSE (i.indkey::int2[])[0:i.indnkeyatts - 1]::int[] END
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE i.indisunique AND {OUTSIDE} ORDER BY i.indrelid, NOT i.indisprimary, i.indexrelid
        """
    ).fetchall()
    found: dict[int, list[tuple[bool, tuple[int, ...]]]] = {}
    for table, primary, numbers in rows:
        found.setdefault(table, []).append((primary, tuple(numbers or ())))
    return found


def _constraints(connection: psycopg.Connection[Any]) -> dict[int, list[tuple[Any, ...]]]:
    """Foreign keys and checks by table: (kind, columns, parent schema, parent, parent columns, expression)."""
    rows = connection.execute(
        f"""
        SELECT k.conrelid, k.contype::text,
               ARRAY(SELECT a.attname FROM unnest(k.conkey) WITH ORDINALITY u(n, o)
                     JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.n ORDER BY u.o)::text[],
               pn.nspname, p.relname,
               ARRAY(SELECT a.attname FROM unnest(k.confkey) WITH ORDINALITY u(n, o)
                     JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.n ORDER BY u.o)::text[],
               pg_get_expr(k.conbin, k.conrelid)
        FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace
        LEFT JOIN pg_class p ON p.oid = k.confrelid LEFT JOIN pg_namespace pn ON pn.oid = p.relnamespace
        WHERE k.contype IN ('f', 'c') AND k.conrelid <> 0 AND {OUTSIDE} ORDER BY k.oid
        """
    ).fetchall()
    found: dict[int, list[tuple[Any, ...]]] = {}
    for table, *rest in rows:
        found.setdefault(table, []).append(tuple(rest))
    return found
