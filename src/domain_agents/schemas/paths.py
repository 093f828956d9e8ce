"""Access paths -> indexes: what each path looks for, as columns, and as few indexes as serve them all."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from domain_agents.catalog import Index, IndexKey
from domain_agents.schemas._reading import SpecError
from domain_agents.schemas.draft import Draft, DraftTable, Need, PlannedIndex
from domain_agents.schemas.indexing import candidates, serves, tail_of
from domain_agents.schemas.keys import checked_condition
from domain_agents.schemas.names import singular, snake

if TYPE_CHECKING:
    from collections.abc import Sequence

    from domain_agents.schemas.spec import Access

_SHOWN_COLUMNS = 6
_LONGEST_NAME: Final = 63
_SEARCHED: Final = frozenset({"text", "short_text", "email", "url", "slug", "code", "phone", "json", "enum"})
_PLAIN: Final = re.compile(r"""([\w"`]+)\s*(?:=\s*('(?:[^']|'')*'|[\w.]+)|IS\s+NULL)""", re.IGNORECASE)
PAGE_ROWS = 50


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
    table, access = _between(draft, draft.of(access.entity), access)
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
    for field, names in (("equals", equal), ("range", span), ("order_by", [name for name, _ in order])):
        faults += [
            f"{access.place}.{field}: {name} is a document, which is looked into: put it in contains"
            for name in names
            if table.meanings.get(name) == "json"
        ]
    faults += [
        f"{access.place}.contains: {name} is no text and no document; put it in equals or range"
        for name in contains
        if table.meanings.get(name) not in _SEARCHED
    ]
    if faults:
        raise SpecError(faults)
    documents = tuple(name for name in contains if table.meanings.get(name) == "json")
    texts = tuple(name for name in contains if name not in documents)
    where, conditions, constants = _condition(draft, table, access)
    if access.op == "get" and not equal and not span and not contains:
        equal = ("id",) if table.table.column("id") is not None else ()
    if table.tenant and table.tenant not in equal and ("id" in equal or not _is_global(table, equal)):
        equal = (table.tenant, *equal)
    constant_names = tuple(name for name, _ in constants)
    indexed = tuple(dict.fromkeys([*equal, *([] if where else constant_names)]))
    need = Need(access.id, indexed, order, span, where)
    return Path(access, table, equal, need, texts, documents, conditions, constants)


def _between(draft: Draft, table: DraftTable, access: Access) -> tuple[DraftTable, Access]:
    """A path to the rows that belong to one of a many-to-many relation is a path in the table between."""
    if len(access.equals) != 1 or table.names.get(snake(access.equals[0])):
        return table, access
    word = snake(access.equals[0])
    found = table.joins.get(singular(word)) or table.joins.get(singular(word.removesuffix("_id")))
    if found is None:
        return table, access
    if access.range or access.order_by or access.contains or access.only_when:
        says = f"{word} is many-to-many: what sorts or filters too needs the relation as an entity of its own"
        raise SpecError([f"{access.place}.equals: {says}"])
    joined, column = found
    return draft.tables[joined], replace(access, equals=(column,), returns=())


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
        wanted = [need for need in wanted if held_by_key(table, need) is None]
        for candidate in candidates(wanted, table.tenant):
            _add(draft, table, candidate.columns, candidate.where, candidate.descending, candidate.needs)
        for path in own:
            _add_search(draft, table, path)


def _wants_index(table: DraftTable, path: Path) -> bool:
    if path.access.op == "insert" or path.texts or path.documents:
        return False
    return bool(path.need.equal or tail_of(path.need)) and not finds_one(table, path)


def finds_one(table: DraftTable, path: Path) -> str | None:
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


def held_by_key(table: DraftTable, need: Need) -> str | None:
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
    index = draft.physical.indexable(Index(free, table.table.name, keys, where=where or None), table.table)
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
