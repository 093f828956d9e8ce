"""Enum types, views and upkeep as PostgreSQL writes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines import CannotSpell
from domain_agents.engines._postgresql_spelling import Spelling

if TYPE_CHECKING:
    from collections.abc import Callable

    from domain_agents.catalog import Enum, Schema


def spelled_object(
    statement: ddl.Statement, schema: Schema, quote: Callable[[str], str], quote_table: Callable[[TableName], str]
) -> tuple[str, ...] | None:
    """The statement as SQL; None when it is about something else.

    Raises:
        CannotSpell: there is no such statement.
    """
    match statement:
        case ddl.Verbatim(text=text):
            return (text,)
        case ddl.CreateEnum(enum=enum):
            return (f"CREATE TYPE {quote_table(enum.name)} AS ENUM ({', '.join(map(literal, enum.values))})",)
        case ddl.AddEnumValue():
            return (_added_value(statement, quote_table),)
        case ddl.RenameEnumValue(enum=name, value=value, new_value=new):
            return (f"ALTER TYPE {quote_table(name)} RENAME VALUE {literal(value)} TO {literal(new)}",)
        case ddl.RemoveEnumValue():
            return _removed_value(statement, schema, quote, quote_table)
        case ddl.RenameType(enum=name, new_name=new_name):
            return (f"ALTER TYPE {quote_table(name)} RENAME TO {quote(new_name)}",)
        case ddl.DropType(enum=name, if_exists=if_exists):
            return (f"DROP TYPE {'IF EXISTS ' if if_exists else ''}{quote_table(name)}",)
        case ddl.DefineView(view=view, restores_privileges=restores):
            return (view.definition, _restored(quote_table(view.name))) if restores else (view.definition,)
        case ddl.DropView():
            known = schema.view(statement.table)
            kind = "MATERIALIZED VIEW" if statement.materialized or (known and known.materialized) else "VIEW"
            gone = quote_table(statement.table)
            dropped = f"DROP {kind} {'IF EXISTS ' if statement.if_exists else ''}{gone}"
            return (_kept(gone), dropped) if statement.keeps_privileges else (dropped,)
        case ddl.SetComment(table=table, column=column, comment=comment):
            place = f"COLUMN {quote_table(table)}.{quote(column)}" if column else f"TABLE {quote_table(table)}"
            return (f"COMMENT ON {place} IS {literal(comment) if comment else 'NULL'}",)
        case ddl.RefreshView(table=table, concurrently=concurrently):
            return (f"REFRESH MATERIALIZED VIEW {'CONCURRENTLY ' if concurrently else ''}{quote_table(table)}",)
        case ddl.Reindex():
            what = f"INDEX {quote_table(TableName(statement.index, statement.schema or statement.table.schema))}"
            what = what if statement.index else f"TABLE {quote_table(statement.table)}"
            kind, _, which = what.partition(" ")
            return (f"REINDEX {kind} {'CONCURRENTLY ' if statement.concurrently else ''}{which}",)
        case ddl.Vacuum(table=table, full=full, analyze=analyze):
            options = ", ".join(word for word, on in (("FULL", full), ("ANALYZE", analyze)) if on)
            return (f"VACUUM {f'({options}) ' if options else ''}{quote_table(table)}",)
    return None


def form_of_object(statement: ddl.Statement, schema: Schema) -> str:
    """The statement's form among the facts, where it depends on more than its kind; else empty."""
    match statement:
        case ddl.DefineView(view=view) if view.materialized:
            return "create_materialized_view"
        case ddl.DefineView(replaces=True, view=view) if schema.view(view.name) is not None:
            return "replace_view"
        case ddl.RefreshView(concurrently=concurrently):
            return "refresh_view_concurrently" if concurrently else "refresh_view"
        case ddl.Reindex(concurrently=True):
            return "reindex_concurrently"
        case ddl.Vacuum(full=True):
            return "vacuum_full"
    return ""


def literal(text: str) -> str:
    """A text as a literal, whatever standard_conforming_strings says."""
    quoted = "'" + text.replace("'", "''") + "'"
    return "E" + quoted.replace("\\", "\\\\") if "\\" in text else quoted


def _added_value(statement: ddl.AddEnumValue, quote_table: Callable[[TableName], str]) -> str:
    words = [f"ALTER TYPE {quote_table(statement.enum)} ADD VALUE"]
    words += ["IF NOT EXISTS"] if statement.if_not_exists else []
    words.append(literal(statement.value))
    words += [f"BEFORE {literal(statement.before)}"] if statement.before else []
    words += [f"AFTER {literal(statement.after)}"] if statement.after else []
    return " ".join(words)


def _removed_value(
    statement: ddl.RemoveEnumValue,
    schema: Schema,
    quote: Callable[[str], str],
    quote_table: Callable[[TableName], str],
) -> tuple[str, ...]:
    """As it is done where nobody else uses the database: every table with the type is written anew."""
    enum = schema.enum(statement.enum)
    if enum is None:
        raise CannotSpell(f"there is no enum type {statement.enum} in the schema at hand")
    old = replace(enum.name, name=f"{enum.name.name}_before")
    values = ", ".join(map(literal, statement.left(enum)))
    away, again = _in_the_way(schema, enum, Spelling(quote, quote_table))
    written = [
        *away,
        f"ALTER TYPE {quote_table(enum.name)} RENAME TO {quote(old.name)}",
        f"CREATE TYPE {quote_table(enum.name)} AS ENUM ({values})",
    ]
    after = statement.apply(schema)
    for table, column in ddl.enum_columns(schema, enum):
        named = ddl.named_type(column.type)
        name = quote(column.name)
        value = statement.value_from(name, is_array=named is not None and named[1])
        wanted = after.table(table.name)
        default = next((one.default for one in wanted.columns if one.name == column.name), None) if wanted else None
        alter = f"ALTER TABLE {quote_table(table.name)} ALTER COLUMN {name}"
        written += [f"{alter} DROP DEFAULT"] if column.default is not None else []
        written.append(f"{alter} TYPE {column.type} USING CAST({value} AS {column.type})")
        written += [f"{alter} SET DEFAULT {default}"] if default is not None else []
    return (*written, f"DROP TYPE {quote_table(old)}", *again)


def _in_the_way(schema: Schema, enum: Enum, spelling: Spelling) -> tuple[list[str], list[str]]:
    """Checks, indexes and views whose operators are those of the type: away before it changes, and again behind it."""
    away: list[ddl.Statement] = [
        ddl.DropView(view.name, materialized=view.materialized) for view in reversed(list(schema.views.values()))
    ]
    again: list[ddl.Statement] = []
    used = ddl.enum_columns(schema, enum)
    for table in {table.name: table for table, _ in used}.values():
        columns = [column.name for owner, column in used if owner.name == table.name]
        for check in table.checks:
            if check.name and any(ddl.mentions(check.expression, name) for name in columns):
                away.append(ddl.DropConstraint(table.name, check.name))
                again.append(ddl.AddConstraint(table.name, check))
        for index in schema.indexes_of(table.name):
            texts = " ".join([*(key.text for key in index.keys if key.is_expression), index.where or ""])
            if any(ddl.mentions(texts, name) for name in columns):
                away.append(ddl.DropIndex(index.name, schema=table.name.schema))
                again.append(ddl.CreateIndex(index))
    away_sql = [
        f"DROP {'MATERIALIZED ' if one.materialized else ''}VIEW {spelling.table(one.table)}"
        if isinstance(one, ddl.DropView)
        else spelling.statement(one)
        for one in away
    ]
    return away_sql, [*map(spelling.statement, again), *(view.definition for view in schema.views.values())]


def _setting(name: str) -> str:
    """Where the privileges of a view wait for its next definition: a setting that ends with the transaction.

    The name of a custom setting takes letters, digits and underscores only.
    """
    return literal("view_privileges.v_" + name.encode().hex())


def _kept(name: str) -> str:
    return f"""SELECT set_config({_setting(name)}, coalesce((
    SELECT string_agg(format('GRANT %s ON TABLE {_in_format(name)} TO %s%s', a.privilege_type,
                             CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(r.rolname) END,
                             CASE WHEN a.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END), '; ')
      FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee
     WHERE c.oid = {literal(name)}::regclass AND a.grantee <> c.relowner), ''), true)"""


def _in_format(name: str) -> str:
    return name.replace("%", "%%").replace("'", "''")


def _restored(name: str) -> str:
    body = f"""
DECLARE
    granted text := current_setting({_setting(name)}, true);
BEGIN
    IF granted <> '' THEN
        EXECUTE granted;
    END IF;
END
"""
    return f"DO $privileges${body}$privileges$"
