"""Partitions by month on PostgreSQL: made ahead by a function that a job calls, dropped whole when they are old enough."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.catalog import TableName

if TYPE_CHECKING:
    from domain_agents.engines import Engine


def partition_statements(engine: Engine, table: TableName, *, keep_days: int | None) -> tuple[str, ...]:
    """The default partition, the function that makes a month's with a first call of it, and the one that drops old ones."""
    own = engine.quote_table(table)
    parent = own.replace("'", "''")
    literal = "'" + table.name.replace("'", "''") + "'"
    add = engine.quote_table(TableName(engine.object_name(table, ("add",), "partitions"), table.schema))
    default = engine.quote_table(TableName(engine.object_name(table, (), "default"), table.schema))
    takes_the_rest = (
        "-- Takes what no month takes. Rows in here mean that nobody made the next months.\n"
        f"CREATE TABLE {default} PARTITION OF {own} DEFAULT"
    )
    makes_months = (
        f"-- A job calls this once a week: there is always a partition for the months ahead.\n"
        f"CREATE FUNCTION {add}(months_ahead integer DEFAULT 3) RETURNS void\n"
        "    LANGUAGE plpgsql\n    SET timezone = 'UTC'\nAS $$\nDECLARE\n    first_day date;\nBEGIN\n"
        "    FOR month IN 0..months_ahead LOOP\n"
        "        first_day := date_trunc('month', now()) + make_interval(months => month);\n"
        "        EXECUTE format(\n"
        f"            'CREATE TABLE IF NOT EXISTS %I PARTITION OF {parent} FOR VALUES FROM (%L) TO (%L)',\n"
        f"            {literal} || to_char(first_day, '_YYYY_MM'), first_day, first_day + interval '1 month'\n"
        "        );\n    END LOOP;\nEND\n$$"
    )
    statements = [takes_the_rest, makes_months, f"SELECT {add}()"]
    if keep_days is not None:
        statements.append(_dropping(engine, table, keep_days))
    return tuple(statements)


def _dropping(engine: Engine, table: TableName, keep_days: int) -> str:
    parent = engine.quote_table(table).replace("'", "''")
    drop = engine.quote_table(TableName(engine.object_name(table, ("drop",), "partitions"), table.schema))
    pattern = "'^" + table.name.replace("'", "''") + "_\\d{4}_\\d{2}$'"
    return (
        f"-- A job calls this once a week: months that ended more than {keep_days:,} days ago are dropped.\n"
        f"CREATE FUNCTION {drop}(keep interval DEFAULT '{keep_days} days') RETURNS void\n"
        "    LANGUAGE plpgsql\n    SET timezone = 'UTC'\nAS $$\nDECLARE\n    partition regclass;\nBEGIN\n"
        "    FOR partition IN\n        SELECT child.oid\n        FROM pg_inherits\n"
        "        JOIN pg_class AS child ON child.oid = inhrelid\n"
        f"        WHERE inhparent = '{parent}'::regclass\n"
        f"          AND child.relname ~ {pattern}\n"
        "          AND to_date(right(child.relname, 7), 'YYYY_MM') + interval '1 month' < now() - keep\n"
        "    LOOP\n        EXECUTE format('DROP TABLE %s', partition);\n    END LOOP;\nEND\n$$"
    )
