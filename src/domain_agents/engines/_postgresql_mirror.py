"""A table kept as another one, as PostgreSQL does it: a trigger that writes twice, a procedure that copies in batches."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines import Backfill, CannotSpell
from domain_agents.engines._postgresql_backfill import backfill_statements
from domain_agents.engines._postgresql_views import grants_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from domain_agents.catalog import Schema


def spelled_mirror(
    statement: ddl.Statement,
    quoting: ddl.Quoting,
    object_name: Callable[[TableName, Sequence[str], str], str],
    schema: Schema,
) -> tuple[str, ...] | None:
    """The statement as SQL; None when it is about something else.

    Raises:
        CannotSpell: the table to copy is not known.
    """
    match statement:
        case ddl.MirrorTable(table=table):
            function, trigger = _names(table, object_name)
            words = (
                f"CREATE TRIGGER {quoting.name(trigger)} AFTER INSERT OR UPDATE OR DELETE ON {quoting.table(table)}\n"
                f"FOR EACH ROW EXECUTE FUNCTION {quoting.table(function)}()"
            )
            return (_function(statement, function, quoting), words)
        case ddl.DropMirror(table=table):
            function, trigger = _names(table, object_name)
            return (
                f"DROP TRIGGER {quoting.name(trigger)} ON {quoting.table(table)}",
                f"DROP FUNCTION {quoting.table(function)}()",
            )
        case ddl.CopyPrivileges(table=table, source=source):
            return (grants_of(quoting.table(source), quoting.table(table)),)
        case ddl.CopyRows():
            return _copied(statement, quoting, object_name, schema)
        case ddl.PartitionedNow(table=table):
            found = schema.table(table)
            if found is None or found.partitioned_by is None:
                raise CannotSpell(f"{table} does not become partitioned by one statement")
            return ()
    return None


def _names(table: TableName, object_name: Callable[[TableName, Sequence[str], str], str]) -> tuple[TableName, str]:
    """AFTER triggers run in the order of their names: the cascades of foreign keys (RI_...) come before the mirror."""
    return TableName(object_name(table, (), "mirror"), table.schema), object_name(
        TableName(f"zz_{table.name}"), (), "mirror"
    )


def _function(statement: ddl.MirrorTable, function: TableName, quoting: ddl.Quoting) -> str:
    mirror, columns = quoting.table(statement.mirror), [quoting.name(column) for column in statement.columns]
    key = " AND ".join(f"{quoting.name(column)} = OLD.{quoting.name(column)}" for column in statement.key)
    changing = [quoting.name(column) for column in statement.columns if column not in statement.fixed]
    assigned = ", ".join(f"{column} = NEW.{column}" for column in changing)
    body = f"""BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM {mirror} WHERE {key};
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        UPDATE {mirror} SET {assigned} WHERE {key};
        IF FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    INSERT INTO {mirror} ({", ".join(columns)}) OVERRIDING SYSTEM VALUE
    VALUES ({", ".join(f"NEW.{column}" for column in columns)});
    RETURN NULL;
END
"""
    tag, number = "$mirror$", 0
    while tag in body:
        number += 1
        tag = f"$mirror_{number}$"
    return f"CREATE FUNCTION {quoting.table(function)}() RETURNS trigger\nLANGUAGE plpgsql AS {tag}\n{body}{tag}"


def _copied(
    statement: ddl.CopyRows,
    quoting: ddl.Quoting,
    object_name: Callable[[TableName, Sequence[str], str], str],
    schema: Schema,
) -> tuple[str, ...]:
    table, into = schema.table(statement.table), quoting.table(statement.into)
    if table is None:
        raise CannotSpell(f"there is no table {statement.table}")
    columns = ", ".join(quoting.name(column) for column in statement.columns)
    place = TableName(object_name(statement.table, (), "copy"), statement.table.schema)
    run = TableName(object_name(statement.table, (), "copy_run"), statement.table.schema)
    inserted = (
        f"INSERT INTO {into} ({columns}) OVERRIDING SYSTEM VALUE\n            SELECT {columns}\n"
        f"              FROM {quoting.table(statement.table)}\n             WHERE "
    )
    # The row locks make a writer of a row wait for its batch: what is copied cannot be changed or deleted meanwhile.
    fill = Backfill(statement.table, "", "", statement.key, statement.batch_rows, statement.pause_seconds)
    return backfill_statements(
        fill,
        quote=quoting.name,
        table=table,
        written_table=quoting.table(statement.table),
        progress=quoting.table(place),
        procedure=quoting.table(run),
        write=(inserted, "\n               FOR SHARE\n            ON CONFLICT DO NOTHING;"),
    )
