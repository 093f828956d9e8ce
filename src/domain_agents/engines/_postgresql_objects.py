"""Enum types, views and upkeep as PostgreSQL writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines import CannotSpell

if TYPE_CHECKING:
    from collections.abc import Callable


def spelled_object(
    statement: ddl.Statement, quote: Callable[[str], str], quote_table: Callable[[TableName], str]
) -> tuple[str, ...] | None:
    """The statement as SQL; None when it is about something else.

    Raises:
        CannotSpell: there is no such statement.
    """
    match statement:
        case ddl.CreateEnum(enum=enum):
            return (f"CREATE TYPE {quote_table(enum.name)} AS ENUM ({', '.join(map(literal, enum.values))})",)
        case ddl.AddEnumValue():
            return (_added_value(statement, quote_table),)
        case ddl.RenameEnumValue(enum=name, value=value, new_value=new):
            return (f"ALTER TYPE {quote_table(name)} RENAME VALUE {literal(value)} TO {literal(new)}",)
        case ddl.RemoveEnumValue():
            raise CannotSpell("PostgreSQL removes no value from an enum type: the columns move to another type")
        case ddl.RenameType(enum=name, new_name=new_name):
            return (f"ALTER TYPE {quote_table(name)} RENAME TO {quote(new_name)}",)
        case ddl.DropType(enum=name, if_exists=if_exists):
            return (f"DROP TYPE {'IF EXISTS ' if if_exists else ''}{quote_table(name)}",)
        case ddl.DefineView(view=view, restores_privileges=restores):
            name = quote_table(view.name)
            return (view.definition, _restored(name)) if restores else (view.definition,)
        case ddl.DropView():
            kind = "MATERIALIZED VIEW" if statement.materialized else "VIEW"
            name = quote_table(statement.table)
            dropped = f"DROP {kind} {'IF EXISTS ' if statement.if_exists else ''}{name}"
            return (_kept(name), dropped) if statement.keeps_privileges else (dropped,)
        case ddl.RefreshView(table=table, concurrently=concurrently):
            return (f"REFRESH MATERIALIZED VIEW {'CONCURRENTLY ' if concurrently else ''}{quote_table(table)}",)
        case ddl.Reindex():
            what = f"INDEX {quote_table(TableName(statement.index, statement.schema or statement.table.schema))}"
            what = what if statement.index else f"TABLE {quote_table(statement.table)}"
            kind, _, name = what.partition(" ")
            return (f"REINDEX {kind} {'CONCURRENTLY ' if statement.concurrently else ''}{name}",)
        case ddl.Vacuum(table=table, full=full, analyze=analyze):
            options = ", ".join(word for word, on in (("FULL", full), ("ANALYZE", analyze)) if on)
            return (f"VACUUM {f'({options}) ' if options else ''}{quote_table(table)}",)
    return None


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
