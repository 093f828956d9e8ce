"""Identity columns, sequences, and the locks under which a numbering changes hands, out of the parser's trees."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import postgast

from domain_agents import ddl
from domain_agents.catalog import TableName
from domain_agents.engines.postgresql import at_version

if TYPE_CHECKING:
    from domain_agents.ddl import Statement

_ENGINE = at_version()
_ALWAYS = {"a": "always", "d": "by default"}
_LOCK = re.compile(r"\bLOCK\s+TABLE\s+[^;]+?\s+IN\s+ACCESS\s+EXCLUSIVE\s+MODE\s*;", re.IGNORECASE)


def sequence_name(table: TableName, column: str) -> str:
    """The name, as SQL, that a serial column's sequence has."""
    return _ENGINE.sequence_name(table, column)


def identity_change(kind: str, table: TableName, tree: Any, definition: Any) -> Statement:
    """ADD GENERATED, SET GENERATED or DROP IDENTITY; `kind` is the parser's word for the action."""
    if kind == "DropIdentity":
        return ddl.DropIdentity(table, tree.name, tree.missing_ok)
    if kind == "AddIdentity":
        constraint = definition.constraint
        sequence = ""
        for option in (node.def_elem for node in constraint.options):
            if option.defname == "sequence_name":
                parts = [node.string.sval for node in option.arg.list.items]
                sequence = _ENGINE.quote_table(TableName(parts[-1], parts[-2] if len(parts) > 1 else ""))
        return ddl.AddIdentity(table, tree.name, _ALWAYS.get(constraint.generated_when, "by default"), sequence)
    for option in (node.def_elem for node in definition.list.items):
        if option.defname == "generated":
            return ddl.SetIdentity(table, tree.name, _ALWAYS.get(chr(option.arg.integer.ival), "by default"))
    # RESTART and the other options of the sequence change no column.
    return ddl.NoCatalogChange("settings", table)


def locked_tables(tree: Any) -> ddl.LockTables | None:
    """The tables that a DO block takes at once, if that is what it is for; None of any other block."""
    for node in tree.args:
        found = _LOCK.search(node.def_elem.arg.string.sval) if node.def_elem.defname == "as" else None
        if found is not None:
            try:
                lock = postgast.parse(found.group()).stmts[0].stmt.lock_stmt
            except postgast.PgQueryError:
                return None
            names = (node.range_var for node in lock.relations)
            return ddl.LockTables(tuple(TableName(name.relname, name.schemaname) for name in names))
    return None
