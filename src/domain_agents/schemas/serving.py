"""The matrix of access paths: the query that each stands for, what serves it, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from domain_agents.schemas.indexing import tail_of
from domain_agents.schemas.paths import finds_one, held_by_key
from domain_agents.schemas.sizes import entry_bytes, held_rows, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.catalog import Index
    from domain_agents.schemas.draft import Draft, DraftTable, Need
    from domain_agents.schemas.paths import Path

_SHOWN_COLUMNS = 6
PAGE_ROWS = 50


@dataclass(frozen=True, slots=True)
class Served:
    """One access path: the query it stands for, and what serves it."""

    id: str
    entity: str
    op: str
    table: str
    query: str
    served_by: str
    uses: str
    cost: str
    covered: bool
    per_second: float | None = None
    p95_ms: float | None = None


def serve(draft: Draft, paths: Sequence[Path]) -> list[Served]:
    """The matrix."""
    return [_served(draft, path) for path in paths]


def _served(draft: Draft, path: Path) -> Served:
    access, table = path.access, path.table
    by, uses, cost, covered = _by(draft, path)
    return Served(
        access.id,
        table.entity.name if table.entity else table.key,
        access.op,
        table.name,
        query_of(draft, path),
        by,
        uses,
        cost,
        covered,
        access.per_second,
        access.p95_ms,
    )


def _by(draft: Draft, path: Path) -> tuple[str, str, str, bool]:
    table, need = path.table, path.need
    if path.access.op == "insert":
        count = len(table.indexes) + len(table.table.uniques) + (table.table.primary_key is not None)
        return "no index needed", "", f"each row is written with {count} index entries", True
    if path.texts:
        search = table.searches[draft.named(table, path.texts, "search")]
        return (
            search.name,
            f"words in {', '.join(path.texts)}",
            "as many rows as hold the words, then the rest of the query",
            True,
        )
    if path.documents:
        name = draft.named(table, path.documents[:1], "idx")
        if any(one.index.name == name for one in table.indexes):
            return name, f"contained in {path.documents[0]}", "the rows whose document contains it", True
        return "nothing", "", f"reads every row: {draft.physical.engine.name} has no index into a document", False
    one = finds_one(table, path)
    if one is not None:
        return one, f"= {', '.join(path.equal)}", "one row", True
    for planned in table.indexes:
        if path.access.id in planned.serves:
            return planned.index.name, _uses(need), _cost(path) + _size(table, planned.index), True
    held = held_by_key(table, need) if need.equal or tail_of(need) else None
    if held is not None:
        return held, _uses(need), _cost(path), True
    if not need.equal and not tail_of(need):
        key = table.table.primary_key
        says = (
            "reads every row" if path.access.op == "aggregate" else f"{PAGE_ROWS} rows a page, in the order of the key"
        )
        return (key.name or "primary key") if key else "nothing", "", says, path.access.op != "aggregate"
    return "nothing", "", "reads every row", False


def _size(table: DraftTable, index: Index) -> str:
    """What the index will take, where the number of rows is known and it holds them all."""
    rows = held_rows(table.entity) if table.entity is not None else 0
    if not rows or index.where is not None:
        return ""
    return f"; the index takes about {size(rows * entry_bytes(table.table, index.columns, table.meanings))}"


def _uses(need: Need) -> str:
    parts = [f"= {', '.join(need.equal)}"] if need.equal else []
    sorts = [f"{name} desc" if down else name for name, down in need.order if name not in need.equal]
    ranges = [name for name in need.range if name not in need.equal]
    parts += [f"sorted by {', '.join(sorts)}"] if sorts else []
    parts += [f"range of {', '.join(ranges)}"] if ranges else []
    parts += [f"only where {need.where}"] if need.where else []
    return "; ".join(parts)


def _cost(path: Path) -> str:
    need = path.need
    sorts = [name for name, _ in need.order if name not in need.equal]
    ranges = [name for name in need.range if name not in need.equal]
    if sorts and not [name for name in ranges if name not in sorts]:
        return "the rows it returns, already in order"
    if sorts:
        return f"in order; rows outside the range of {', '.join(ranges)} are passed over in the index"
    if len(ranges) > 1:
        return f"the range of {ranges[0]}; {', '.join(ranges[1:])} is looked at in the index"
    return "the rows that match"


def query_of(draft: Draft, path: Path) -> str:
    """The query that a path stands for, its values named after their columns."""
    table, access = path.table, path.access
    quote, own = draft.quote, draft.physical.engine.quote_table(path.table.table.name)
    conditions = [_equal(draft, table, name) for name in path.equal]
    conditions += path.conditions
    for name in path.need.range:
        conditions.append(f"{quote(name)} >= :{name}_from AND {quote(name)} < :{name}_to")
    source = own
    if path.texts:
        search = table.searches[draft.named(table, path.texts, "search")]
        conditions.append(search.condition)
        source = search.source or own
    conditions += [_contained(draft, name) for name in path.documents]
    if table.deleted:
        conditions.append(
            f"{quote(table.alive)} = 1" if table.alive and _by_alive(path) else f"{quote(table.deleted)} IS NULL"
        )
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    if access.op == "insert":
        given = [
            one for one in table.table.columns if one.default is None and not one.identity and one.generated is None
        ]
        names = [one.name for one in given if one.name not in {table.deleted, "id"} or one.nullable is False]
        listed = ", ".join(map(quote, names))
        return f"INSERT INTO {own} ({listed}) VALUES ({', '.join(f':{name}' for name in names)})"
    if access.op == "delete":
        return f"DELETE FROM {own}{where}"
    if access.op == "update":
        changed = next((n for n, kind in table.meanings.items() if kind not in {"id", "tenant", "reference", ""}), "id")
        return f"UPDATE {own} SET {quote(changed)} = :new_{changed}{where}"
    if access.op == "aggregate":
        return f"SELECT count(*) FROM {source}{where}"
    order = [f"{quote(name)} DESC" if down else quote(name) for name, down in path.need.order]
    ordered = f" ORDER BY {', '.join(order)}" if order else ""
    page = "" if finds_one(table, path) is not None else f" LIMIT {PAGE_ROWS}"
    return f"SELECT {_selected(draft, path, source)} FROM {source}{where}{ordered}{page}"


def _by_alive(path: Path) -> bool:
    """Whether the unique key that serves the path counts alive rows by a column of their own."""
    return any(path.table.alive in unique.columns and set(unique.columns) - {path.table.alive} <= set(path.equal)
               for unique in path.table.table.uniques)  # fmt: skip


def _equal(draft: Draft, table: DraftTable, name: str) -> str:
    folded = table.folded.get(name)
    if folded is not None and folded.is_expression:
        return f"{folded.text} = lower(:{name})"
    return f"{draft.quote(name)} = :{name}"


def _contained(draft: Draft, name: str) -> str:
    index = draft.physical.document(draft.tables[next(iter(draft.tables))].table.name, name, "x")
    quoted = draft.quote(name)
    return f"{quoted} @> :{name}" if index is not None else f"json_extract({quoted}, :path) = :{name}"


def _selected(draft: Draft, path: Path, source: str) -> str:
    table = path.table
    wanted = [table.found(word, path.access.place) for word in path.access.returns]
    if not wanted:
        key = table.table.primary_key
        names = [*(key.columns if key else ()), *(name for name, _ in path.need.order), *path.need.range]
        names += [column.name for column in table.table.columns if table.meanings.get(column.name) not in {"", "tenant"}
                  and column.name != table.deleted]  # fmt: skip
        wanted = list(dict.fromkeys(names))[:_SHOWN_COLUMNS]
    own = draft.physical.engine.quote_table(table.table.name)
    prefix = f"{own}." if source != own else ""
    return ", ".join(prefix + draft.quote(name) for name in wanted)
