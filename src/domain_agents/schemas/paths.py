"""Access paths -> indexes, and the matrix that says which index serves which path."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from domain_agents.catalog import Index, IndexKey
from domain_agents.schemas._reading import SpecError
from domain_agents.schemas.draft import Draft, DraftTable, Need, PlannedIndex
from domain_agents.schemas.indexing import candidates, serves, tail_of
from domain_agents.schemas.keys import checked_condition
from domain_agents.schemas.names import snake
from domain_agents.schemas.sizes import entry_bytes, held_rows, size

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.schemas.spec import Access

_SHOWN_COLUMNS = 6
_LONGEST_NAME: Final = 63
_PLAIN: Final = re.compile(r"""([\w"`]+)\s*(?:=\s*('(?:[^']|'')*'|[\w.]+)|IS\s+NULL)""", re.IGNORECASE)
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


@dataclass
class Path:
    """An access path as the table's columns say it."""

    access: Access
    table: DraftTable
    equal: tuple[str, ...]
    need: Need
    texts: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    """What `only_when` says, where it does not become equal columns."""
    constants: tuple[tuple[str, str], ...] = ()
    """Columns that `only_when` compares with one value: column, value as SQL."""


def read_paths(draft: Draft) -> list[Path]:
    """Every path, its words turned into columns.

    Raises:
        SpecError: a path that names what its entity does not have.
    """
    paths: list[Path] = []
    faults: list[str] = []
    for access in draft.spec.access:
        try:
            paths.append(_path(draft, access))
        except SpecError as error:
            faults += error.faults
    if faults:
        raise SpecError(faults)
    return paths


def _path(draft: Draft, access: Access) -> Path:
    table = draft.of(access.entity)
    faults: list[str] = []

    def columns(field: str, words: Sequence[str]) -> tuple[str, ...]:
        found = []
        for number, word in enumerate(words):
            try:
                found.append(table.found(word, f"{access.place}.{field}[{number}]"))
            except SpecError as error:
                faults.extend(error.faults)
        return tuple(dict.fromkeys(found))

    equal = columns("equals", access.equals)
    order = tuple(
        (name, descends)
        for (name, (_, descends)) in zip(
            columns("order_by", [word for word, _ in access.order_by]), access.order_by, strict=False
        )
    )
    span, contains = columns("range", access.range), columns("contains", access.contains)
    columns("returns", access.returns)
    if faults:
        raise SpecError(faults)
    documents = tuple(name for name in contains if table.meanings.get(name) == "json")
    texts = tuple(name for name in contains if name not in documents)
    where, conditions, constants = _condition(draft, table, access)
    if access.op == "get" and not equal and not span and not contains:
        equal = ("id",) if table.table.column("id") is not None else ()
    if table.tenant and table.tenant not in equal and not _is_global(table, equal):
        equal = (table.tenant, *equal)
    constant_names = tuple(name for name, _ in constants)
    indexed = tuple(dict.fromkeys([*equal, *([] if where else constant_names)]))
    need = Need(access.id, indexed, order, span, where)
    return Path(access, table, equal, need, texts, documents, conditions, constants)


def _is_global(table: DraftTable, equal: tuple[str, ...]) -> bool:
    """Whether these columns find one row of all tenants' by a key of their own."""
    if "id" in equal:
        return True
    keys = [one.columns for one in table.table.uniques]
    keys += [tuple(_plain(table, key) for key in one.index.keys) for one in table.indexes if one.index.unique]
    return any(set(key) - {table.alive} <= set(equal) and table.tenant not in key for key in keys)


def _plain(table: DraftTable, key: IndexKey) -> str:
    """The column of a key, also of one that folds its case."""
    return next((name for name, folded in table.folded.items() if folded == key), key.text)


def _condition(
    draft: Draft, table: DraftTable, access: Access
) -> tuple[str, tuple[str, ...], tuple[tuple[str, str], ...]]:
    """The predicate of a partial index (empty where there is none), the conditions of the query, its constants."""
    place = f"{access.place}.only_when"
    when = access.only_when
    if not when:
        return "", (), ()
    if when.sql:
        text = checked_condition(draft, table, when.sql, place)
        partial = draft.physical.has_partial_indexes
        return (text if partial else ""), (text,), () if partial else _constants(table, text)
    parts: list[str] = []
    constants: list[tuple[str, str]] = []
    for word, values in when.values:
        column = table.found(word, f"{place}.{word}")
        quoted, kind = draft.quote(column), table.meanings.get(column, "")
        entity = table.entity
        if entity is not None and kind == "enum":
            attribute = next(one for one in entity.attributes if snake(one.name) == column)
            wrong = next((one for one in values if one is not None and one not in attribute.values), None)
            if wrong is not None:
                raise SpecError([f'{place}.{word}: "{wrong}" is none of its values: {", ".join(attribute.values)}'])
        parts.append(_compared(draft, quoted, values, kind))
        if len(values) == 1:
            constants.append((column, draft.physical.literal(values[0], kind)))
    where = " AND ".join(parts)
    if draft.physical.has_partial_indexes:
        return where, (where,), ()
    return "", (where,), tuple(constants)


def _constants(table: DraftTable, text: str) -> tuple[tuple[str, str], ...]:
    """The columns that a condition compares with one value each, where it is as plain as that."""
    found = []
    for part in re.split(r"\s+AND\s+", text, flags=re.IGNORECASE):
        match = _PLAIN.fullmatch(part.strip())
        name = table.names.get(match[1].strip('"`')) if match else None
        if match is None or name is None:
            return ()
        found.append((name, match[2] or "NULL"))
    return tuple(found)


def _compared(draft: Draft, quoted: str, values: tuple[Any, ...], kind: str) -> str:
    literals = [draft.physical.literal(one, kind) for one in values if one is not None]
    if not literals:
        return f"{quoted} IS NULL"
    text = f"{quoted} = {literals[0]}" if len(literals) == 1 else f"{quoted} IN ({', '.join(literals)})"
    return f"({text} OR {quoted} IS NULL)" if None in values else text


def add_indexes(draft: Draft, paths: Sequence[Path]) -> None:
    """As few indexes as serve every path and every foreign key."""
    for table in draft.tables.values():
        own = [path for path in paths if path.table is table]
        wanted = [*table.needs, *(path.need for path in own if _wants_index(table, path))]
        wanted = [need for need in wanted if _held_by_key(table, need) is None]
        for candidate in candidates(wanted, table.tenant):
            _add(draft, table, candidate.columns, candidate.where, candidate.descending, candidate.needs)
        for path in own:
            _add_search(draft, table, path)


def _wants_index(table: DraftTable, path: Path) -> bool:
    if path.access.op == "insert" or path.texts or path.documents:
        return False
    return bool(path.need.equal or tail_of(path.need)) and not _finds_one(table, path)


def _finds_one(table: DraftTable, path: Path) -> str | None:
    """The key by which a path finds one row at most."""
    equal = set(path.equal)
    key = table.table.primary_key
    if key is not None and set(key.columns) <= equal:
        return key.name or "primary key"
    for unique in table.table.uniques:
        if set(unique.columns) - {table.alive} <= equal:
            return unique.name
    for planned in table.indexes:
        names = {_plain(table, one) for one in planned.index.keys}
        if planned.index.unique and names <= equal:
            return planned.index.name
    return None


def _held_by_key(table: DraftTable, need: Need) -> str | None:
    """The key whose index begins with what a need asks for, so that it wants no other."""
    if any(name in table.folded and table.folded[name].is_expression for name in need.equal):
        return None
    fixed = [(one.columns, one.name) for one in table.table.uniques]
    if table.table.primary_key is not None:
        fixed.append((table.table.primary_key.columns, table.table.primary_key.name))
    mixed = len({down for _, down in need.order}) > 1
    return next((name for columns, name in fixed if not mixed and serves(columns, need, table.tenant)), None)


def _add(
    draft: Draft,
    table: DraftTable,
    columns: Sequence[str],
    where: str,
    descending: dict[str, bool],
    needs: Sequence[Need],
) -> None:
    keys = tuple(
        replace(table.folded.get(name, IndexKey(name)), descending=descending.get(name, False)) for name in columns
    )
    # Two partial indexes may lie on the same columns: the name says which rows, by the path that asks for them.
    by = [snake(need.by) for need in needs if need.where and not need.is_foreign_key] if where else []
    if not by and len("_".join([table.name, *columns, "idx"])) > _LONGEST_NAME:
        by = [snake(need.by) for need in needs if not need.is_foreign_key]
    name = draft.named(table, by[:1] or columns, "idx")
    taken = {one.index.name for one in table.indexes}
    number, free = 1, name
    while free in taken:
        number += 1
        free = draft.named(table, columns, f"idx{number}")
    index = Index(free, table.table.name, keys, where=where or None)
    table.indexes.append(PlannedIndex(index, [need.by for need in needs]))


def _add_search(draft: Draft, table: DraftTable, path: Path) -> None:
    if path.texts:
        name = draft.named(table, path.texts, "search")
        search = table.searches.get(name)
        if search is None:
            search = draft.physical.search(table.table, path.texts, name)
            table.searches[name] = search
            if search.index is not None:
                table.indexes.append(PlannedIndex(search.index, [], "words in text"))
            table.statements += search.statements
        for planned in table.indexes:
            if planned.index is search.index:
                planned.serves.append(path.access.id)
    for column in path.documents:
        name = draft.named(table, (column,), "idx")
        planned_names = {one.index.name for one in table.indexes}
        index = draft.physical.document(table.table.name, column, name)
        if index is not None and name not in planned_names:
            table.indexes.append(PlannedIndex(index, [path.access.id], "what a document contains"))


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
        return "no index needed", "", f"1 row and {count} index entries for each row", True
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
    one = _finds_one(table, path)
    if one is not None:
        return one, f"= {', '.join(path.equal)}", "one row", True
    for planned in table.indexes:
        if path.access.id in planned.serves:
            return planned.index.name, _uses(need), _cost(path) + _size(table, planned.index), True
    held = _held_by_key(table, need) if need.equal or tail_of(need) else None
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
        names = [column.name for column in table.table.columns if column.default is None and not column.identity]
        names = [name for name in names if name != table.alive][:_SHOWN_COLUMNS]
        return f"INSERT INTO {own} ({', '.join(map(quote, names))}, ...) VALUES (...)"
    if access.op == "delete":
        return f"DELETE FROM {own}{where}"
    if access.op == "update":
        changed = next((n for n, kind in table.meanings.items() if kind not in {"id", "tenant", "reference", ""}), "")
        return f"UPDATE {own} SET {quote(changed)} = :new_{changed}{where}"
    if access.op == "aggregate":
        return f"SELECT count(*) FROM {source}{where}"
    order = [f"{quote(name)} DESC" if down else quote(name) for name, down in path.need.order]
    ordered = f" ORDER BY {', '.join(order)}" if order else ""
    page = "" if _finds_one(table, path) is not None else f" LIMIT {PAGE_ROWS}"
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
