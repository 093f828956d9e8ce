"""The design as SQL that a person likes to read: tables in load order, each with its indexes and the reason beside them."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from domain_agents.catalog import ForeignKey
    from domain_agents.schemas.design import Design, DesignedTable

_WIDTH = 116
_RULE = 76


def write_sql(design: Design) -> str:
    """The whole schema, ready to load into an empty database."""
    engine = design.engine
    count = f"{len(design.tables)} table{'' if len(design.tables) == 1 else 's'}"
    title = f"-- {design.spec.name}: {count} for {_product(engine.name)} {engine.version}"
    blocks = [f"{title}\n-- Loads into an empty database, once."]
    blocks += [f"{statement};" for statement in (*design.physical.preamble(), *design.before)]
    later: list[str] = []
    made: set[str] = set()
    for place, table in enumerate(design.tables):
        if table.of_tenant and not any(one.of_tenant for one in design.tables[:place]):
            blocks.append(
                f"-- {'=' * _RULE}\n-- From here on: once for each tenant, in its own {design.spec.settings.tenancy}."
            )
        late = tuple(key for key in table.table.foreign_keys if key.parent.name not in made | {table.table.name.name})
        blocks.append(_table(design, table, late))
        later += [f"{text};" for key in late if (text := design.physical.write_foreign_key(table.table, key))]
        made.add(table.table.name.name)
    if later:
        blocks.append("-- References in a circle: both tables must be there first.\n" + "\n".join(later))
    blocks += [f"{statement};" for statement in design.after]
    return "\n\n".join(blocks) + "\n"


def _product(engine: str) -> str:
    return {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite"}.get(engine, engine)


def _table(design: Design, table: DesignedTable, late: tuple[ForeignKey, ...]) -> str:
    physical = design.physical
    name = table.table.name.name
    lines = [f"-- {name} {'-' * max(3, _RULE - len(name))}"]
    if table.table.comment:
        lines += [f"-- {line}" for line in textwrap.wrap(table.table.comment, _WIDTH)]
    indexes = [one.index for one in table.indexes]
    parts = ["\n".join(lines) + "\n" + physical.write_table(table.table, indexes, design.schema, late) + ";"]
    written = [(text, one.why) for one in table.indexes if (text := physical.write_index(one.index))]
    if written:
        parts.append("\n".join(f"{_reason(why)}{text};" for text, why in written))
    parts += [f"{statement};" for statement in table.statements]
    comments = physical.write_comments(table.table)
    if comments:
        parts.append("\n".join(f"{text};" for text in comments))
    return "\n\n".join(parts)


def _reason(why: str) -> str:
    return f"-- {' '.join(why.split())}\n" if why else ""
