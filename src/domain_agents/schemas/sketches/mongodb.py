"""MongoDB: collections, what is embedded, and the same access paths as indexes.

https://www.mongodb.com/docs/manual/data-modeling/ and /tutorial/equality-sort-range-guideline/ (read 2026-11-21).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from domain_agents.schemas.names import snake

if TYPE_CHECKING:
    from domain_agents.catalog import IndexKey
    from domain_agents.schemas.design import Design, DesignedTable
    from domain_agents.schemas.spec import Access


def sketch(made: Design) -> str:
    """Collections with their indexes, what is embedded, and what it gives up."""
    parts = _parts(made)
    lines = [f"# {made.spec.name} on MongoDB", "", "## Collections", ""]
    for table in made.tables:
        name = table.table.name.name
        if name in parts:
            lines.append(
                f"- `{name}`: embedded in `{parts[name]}`, while one document stays well under 16 MB and 200 of them"
            )
            continue
        refers = [f"`{key.columns[-1]}` → `{key.parent.name}`" for key in table.table.foreign_keys]
        lines.append(f"- `{name}`" + (f": refers to {', '.join(refers)}" if refers else ""))
    lines += ["", "## Indexes", "", "```javascript"]
    for table in made.tables:
        if table.table.name.name not in parts:
            lines += _indexes(made, table)
    lines += ["```", "", "## What it costs", ""]
    lines += [f"- {says}" for says in _costs(made, parts)]
    return "\n".join(lines) + "\n"


def _parts(made: Design) -> dict[str, str]:
    """Tables whose rows are parts of one parent, and are not found on their own: they can lie inside it."""
    referred = {key.parent.name for table in made.tables for key in table.table.foreign_keys}
    found = {}
    for table in made.tables:
        name = table.table.name.name
        owners = [key for key in table.table.foreign_keys if key.on_delete == "CASCADE"]
        paths = [one for one in made.access if one.table == name]
        own = owners[0].columns[-1] if len(owners) == 1 else ""
        if own and name not in referred and all(f"= {own}" in one.uses for one in paths):
            found[name] = owners[0].parent.name
    return found


def _indexes(made: Design, table: DesignedTable) -> list[str]:
    name = table.table.name.name
    by_id = {access.id: access for access in made.spec.access}
    found = [_create(name, dict.fromkeys(one.columns, 1), {"unique": True}) for one in table.table.uniques]
    for one in table.indexes:
        path = by_id.get(one.why.split(",")[0].split(";")[0].strip())
        keys: dict[str, Any] = {_field(key, table): -1 if key.descending else 1 for key in one.index.keys}
        if "words in text" in one.why and path is not None:
            keys = dict.fromkeys(map(snake, path.contains), "text")
        options: dict[str, Any] = {"unique": True} if one.index.unique else {}
        only = _filter(path) if one.index.where else {}
        if one.index.where and (only or one.index.unique):
            options["partialFilterExpression"] = only or {"deleted_at": None}
        found.append(_create(name, keys, options))
    entity = made.spec.entity(table.entity)
    if entity is not None and entity.retention_days:
        moment = next((column for column, kind in table.meanings if kind == "timestamp"), "created_at")
        found.append(_create(name, {moment: 1}, {"expireAfterSeconds": entity.retention_days * 86_400}))
    return found


def _field(key: IndexKey, table: DesignedTable) -> str:
    """The field that a key is about; of an expression, the column in it."""
    if not key.is_expression:
        return key.text
    named = (column.name for column in table.table.columns if re.search(rf"\b{re.escape(column.name)}\b", key.text))
    return next(named, key.text)


def _filter(path: Access | None) -> dict[str, Any]:
    if path is None or not path.only_when.values:
        return {}
    return {
        snake(word): values[0] if len(values) == 1 else {"$in": list(values)} for word, values in path.only_when.values
    }


def _create(name: str, keys: dict[str, Any], options: dict[str, Any]) -> str:
    text = f"db.{name}.createIndex({json.dumps(keys, ensure_ascii=False)}"
    return text + (f", {json.dumps(options, ensure_ascii=False)})" if options else ")")


def _costs(made: Design, parts: dict[str, str]) -> list[str]:
    relations = sum(len(table.table.foreign_keys) for table in made.tables)
    checks = sum(len(table.table.checks) for table in made.tables)
    lost = relations - len(parts)
    found = [
        f"nothing keeps {lost} references between collections true: $lookup joins when read, the application deletes",
        f"the {checks} rules that are checks in the tables go into a $jsonSchema validator, or are not kept",
        "what changes in several collections at once needs a transaction on a replica set, and is slower for it",
    ]
    if parts:
        found.insert(
            0, f"embedding {', '.join(parts)} reads a whole in one go; each change of a part writes the whole anew"
        )
    if made.spec.settings.tenancy == "column":
        found.append("the tenant leads every index and is the shard key, with the id behind it")
    return found
