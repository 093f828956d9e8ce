"""Jobs beside a migration: gh-ost and pt-online-schema-change, which copy a table while writers pass, as exact commands.

What each cannot do is read off the schema: gh-ost refuses a table with foreign keys or triggers; pt-online-schema-change
must be told what becomes of the keys that refer to the table, and works with triggers only beside its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from domain_agents import ddl
from domain_agents.catalog import Check, TableName
from domain_agents.engines import Blocks, CannotSpell, CopyJob
from domain_agents.engines._mysql_spelling import Spelling

if TYPE_CHECKING:
    from domain_agents.catalog import Schema, Table
    from domain_agents.engines import TableSize
    from domain_agents.engines._mysql_base import MysqlBase

SMALL_ROWS: Final = 100_000
"""Up to so many rows writers can wait: 3 to 7 s at the slowest that was measured, as long as one slow request."""
GH_OST: Final = "https://github.com/github/gh-ost/blob/master/doc/requirements-and-limitations.md"
PT_OSC: Final = "https://docs.percona.com/percona-toolkit/pt-online-schema-change.html"
_TRIGGER_ON: Final = (
    r"\bTRIGGER\b[^;]*?\b(?:BEFORE|AFTER)\s+(?:INSERT|UPDATE|DELETE)\s+ON\s+"
    r"(?:`[^`]+`\.|[\w$]+\.)?[`\"]?{}[`\"]?(?![\w$])"
)


def job_for(engine: MysqlBase, statement: ddl.Statement, schema: Schema, size: TableSize) -> CopyJob | None:
    """The job that changes the table of a statement while writers pass; None where it needs none."""
    effect = engine.effect(statement, schema, size)
    if not effect.is_long or effect.blocks is Blocks.NONE or (size.rows is not None and size.rows <= SMALL_ROWS):
        return None
    name = getattr(statement, "table", None)
    table = schema.table(name) if isinstance(name, TableName) else None
    if isinstance(statement, ddl.CreateIndex):
        table = schema.table(statement.index.table)
    if table is None:
        return None
    try:
        alter = Spelling(engine, schema).action(statement)
    except CannotSpell:
        return None
    own, children = bool(table.foreign_keys), _children(schema, table)
    triggers = has_triggers(schema, table.name)
    reasons = [
        *(["it has foreign keys"] if own else []),
        *([f"{', '.join(sorted(children))} refer to it"] if children else []),
        *(["it has triggers"] if triggers else []),
    ]
    pt = ("pt-online-schema-change", _pt_osc(table.name, alter, has_children=bool(children), has_triggers=triggers))
    commands, cautions = [pt], list[str]()
    if engine.name != "mysql":
        cautions.append(f"gh-ost is made for MySQL's binary log, and is not tried on {engine.name} by its makers")
    elif reasons:
        cautions.append(f"gh-ost refuses {table.name}: {' and '.join(reasons)} ({GH_OST})")
    else:
        commands.insert(0, ("gh-ost", _gh_ost(table.name, alter)))
        cautions.append(
            "gh-ost reads the binary log: binlog_format ROW with full images, and an account with REPLICATION CLIENT and "
            f"REPLICATION SLAVE ({GH_OST})"
        )
    cautions += _pt_cautions(children, own=own, triggers=triggers, statement=statement)
    return CopyJob(
        title=f"change {table.name.name} by a tool that copies it while writes pass",
        why=f"the server can only copy {table.name} for this while every write waits. Wherever the table has "
        f"more than {SMALL_ROWS:,} rows, run one of the commands (first as it stands, which tries it, then with "
        "--execute), and record the next file as applied there without running it; everywhere else the file does it",
        commands=tuple(commands),
        cautions=tuple(cautions),
    )


def _children(schema: Schema, table: Table) -> set[str]:
    return {
        child.name.name
        for child in schema.tables.values()
        for key in child.foreign_keys
        if schema.table(key.parent) == table
    }


def has_triggers(schema: Schema, table: TableName) -> bool:
    """Whether a trigger of the schema stands on the table."""
    on = re.compile(_TRIGGER_ON.format(re.escape(table.name)), re.IGNORECASE | re.DOTALL)
    return any(on.search(text) for text in schema.extras)


def _pt_cautions(children: set[str], *, own: bool, triggers: bool, statement: ddl.Statement) -> list[str]:
    found = [f"pt-online-schema-change writes through triggers of its own until it is done ({PT_OSC})"]
    if own:
        found.append(
            "pt-online-schema-change gives the table's own foreign keys new names, with an underscore in front: a later "
            "migration that names them must know"
        )
    if children:
        found.append(
            f"rebuild_constraints makes the foreign keys of {', '.join(sorted(children))} anew at the end, with an "
            "underscore in front of their names, and copies or locks those tables for it; where they are large, drop_swap "
            "is quick, keeps the names, and leaves no table for a moment"
        )
    if triggers:
        found.append("--preserve-triggers makes the table's own triggers anew on the copy, once its rows are there")
    if isinstance(statement, ddl.AddConstraint) and isinstance(statement.constraint, Check):
        found.append(
            "both tools end at the first row that breaks the check, and leave the table as it was: run the precheck first"
        )
    return found


def shell(text: str) -> str:
    """A text as one word of a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def _gh_ost(table: TableName, alter: str) -> str:
    database = shell(table.schema) if table.schema else '"$DATABASE"'
    return " \\\n  ".join(
        (
            "gh-ost",
            '--conf="$HOME/.my.cnf" --host="$REPLICA"',
            f"--database={database} --table={shell(table.name)}",
            f"--alter={shell(alter)}",
            "--max-lag-millis=1500 --max-load=Threads_running=25 --critical-load=Threads_running=100",
            "--chunk-size=1000 --default-retries=120 --cut-over-lock-timeout-seconds=3 --exact-rowcount --verbose",
        )
    )


def _pt_osc(table: TableName, alter: str, *, has_children: bool, has_triggers: bool) -> str:
    """Commas part the words of a DSN; one in a name stands behind a backslash."""
    database = shell(_dsn(table.schema)) if table.schema else '"$DATABASE"'
    extra = [
        *(["--alter-foreign-keys-method=rebuild_constraints"] if has_children else []),
        *(["--preserve-triggers"] if has_triggers else []),
    ]
    return " \\\n  ".join(
        (
            "pt-online-schema-change",
            f"--alter {shell(alter)}",
            *extra,
            "--max-lag=1s --max-load Threads_running=25 --critical-load Threads_running=100 --chunk-time=0.5",
            "--set-vars lock_wait_timeout=2 --tries create_triggers:10:1,drop_triggers:10:1,swap_tables:10:1 --dry-run",
            f'F="$HOME/.my.cnf",h="$PRIMARY",D={database},t={shell(_dsn(table.name))}',
        )
    )


def _dsn(name: str) -> str:
    return name.replace(",", "\\,")
