"""What must be unique, and the rules that a person wrote."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain_agents.catalog import Index, IndexKey
from domain_agents.dialects import dialect
from domain_agents.findings import Finding, Severity
from domain_agents.schemas._reading import SpecError, close_to
from domain_agents.schemas.draft import Draft, DraftTable, PlannedIndex
from domain_agents.schemas.names import snake

if TYPE_CHECKING:
    from collections.abc import Sequence

_NAMES: Final = re.compile(r"""'(?:[^']|'')*'|::\s*\w+|"(?:[^"]|"")*"|`[^`]*`|([^\W\d]\w*)(?!\s*\(|\w)""")
_WORDS: Final = frozenset(
    """and or not is null in between like ilike true false case when then else end any all some as cast interval date time
    timestamp current_date current_timestamp current_time collate escape similar to distinct from regexp rlike glob div mod
    day month year hour minute second extract unknown integer text numeric bigint boolean double precision exists varchar
    char decimal unsigned signed""".split()  # noqa: SIM905 - a list of words reads better
)


def add_unique_keys(draft: Draft) -> None:
    """Natural keys and unique attributes, so that they hold for what is alive and inside a tenant."""
    for table in draft.tables.values():
        if table.entity is None:
            continue
        for attribute in table.entity.attributes:
            if attribute.unique == "no" or table.table.column(snake(attribute.name)) is None:
                continue
            if snake(attribute.name) in {"id", f"{table.key}_id"}:
                continue
            per_tenant = attribute.unique == "per_tenant" and bool(table.tenant)
            if table.tenant and not per_tenant:
                draft.assume(
                    f"{table.name}.{snake(attribute.name)} is unique across all tenants (unique: {attribute.unique}); "
                    "per_tenant makes it unique within one"
                )
            folds = attribute.unique == "case_insensitive" or attribute.kind == "email"
            _unique(draft, table, (snake(attribute.name),), folds=folds, per_tenant=per_tenant)
        for column in table.ones:
            _unique(draft, table, (column,), folds=False, per_tenant=bool(table.tenant))
        key = tuple(
            table.found(word, f"{table.entity.place}.natural_key[{number}]")
            for number, word in enumerate(table.entity.natural_key)
        )
        if key and key != ("id",):
            _natural(draft, table, key)


def _natural(draft: Draft, table: DraftTable, key: tuple[str, ...]) -> None:
    for number, name in enumerate(key):
        if table.meanings.get(name) in {"json", "bytes", "float"} and table.entity is not None:
            place = f"{table.entity.place}.natural_key[{number}]"
            raise SpecError([f"{place}: {name} is of the kind {table.meanings[name]}, of which no two are compared"])
        column = table.table.column(name)
        if column is not None and column.nullable:
            table.change(replace(column, nullable=False))
            draft.assume(f"{table.name}.{name} is part of the natural key, so it is required")
    per_tenant = bool(table.tenant) and table.tenant not in key
    folds = len(key) == 1 and table.meanings.get(key[0]) == "email"
    _unique(draft, table, key, folds=folds, per_tenant=per_tenant)
    table.reasons.append(
        f"`{', '.join(key)}` is what people know a row by: unique{' in the tenant' if per_tenant else ''}, beside the id, "
        "so that it may change without touching what refers to it"
    )


def _refuse_long(draft: Draft, table: DraftTable, columns: Sequence[str]) -> None:
    """Raises:
    SpecError: the engine cannot hold a unique key over so long a text.
    """
    for name in columns:
        column = table.table.column(name)
        limit = draft.physical.longest_key
        size = text_length(column.type) if column is not None else 0
        if column is not None and limit and size > limit:
            entity = table.entity
            asked = next((one for one in entity.attributes if snake(one.name) == name), None) if entity else None
            place = f"{asked.place}.max_len" if asked is not None else f"{table.name}.{name}"
            says = f"a unique key over {column.type} is more than {draft.physical.engine.name} can hold"
            raise SpecError([f"{place}: {says}; give a max_len of at most {limit}"])


def text_length(type_: str) -> int:
    """How many characters a type may hold; 0 where it is no text."""
    found = re.fullmatch(r"(?:var)?char\((\d+)\)", type_)
    if found:
        return int(found[1])
    return 65_535 if type_ in {"text", "mediumtext", "longtext", "json"} or "blob" in type_ else 0


def _unique(draft: Draft, table: DraftTable, columns: Sequence[str], *, folds: bool, per_tenant: bool) -> None:
    physical = draft.physical
    names = (table.tenant, *columns) if per_tenant else tuple(columns)
    _refuse_long(draft, table, columns)
    if folds:
        for name in columns:
            column = table.table.column(name)
            if column is not None:
                table.change(physical.case_insensitive(column))
                table.folded[name] = physical.folded(name)
    is_expression = any(table.folded.get(name, IndexKey(name)).is_expression for name in names)
    if table.deleted and table.alive:
        names = (*names, table.alive)
    partial = f"{draft.quote(table.deleted)} IS NULL" if table.deleted and not table.alive else None
    if not is_expression and partial is None:
        table.unique(names, draft.named(table, [n for n in names if n != table.alive], "key"))
        return
    keys = tuple(table.folded.get(name, IndexKey(name)) for name in names)
    made = Index(draft.named(table, names, "key"), table.table.name, keys, unique=True, where=partial)
    if made.name not in {one.index.name for one in table.indexes}:
        said = "unique among the rows that are alive" if partial else "unique whatever its case"
        table.indexes.append(PlannedIndex(made, [], said))


def add_rules(draft: Draft) -> None:
    """The checks that a person wrote, each read as the engine reads it.

    Raises:
        SpecError: one that the engine would not read, or that names a column there is none of.
    """
    for table in draft.tables.values():
        if table.entity is None:
            continue
        for number, text in enumerate(table.entity.checks):
            place = f"{table.entity.place}.checks[{number}]"
            expression = checked_condition(draft, table, text, place)
            used = [name for name in columns_in(expression) if table.table.column(name) is not None]
            table.check(expression, draft.named(table, tuple(dict.fromkeys(used)), "check"))


def note_references(draft: Draft) -> None:
    """What is named like a reference and is none: a relation that was forgotten."""
    for table in draft.tables.values():
        held = {name for key in table.table.foreign_keys for name in key.columns}
        for column in table.table.columns:
            parent = draft.tables.get(column.name.removesuffix("_id"))
            if column.name in held or not column.name.endswith("_id") or parent is None or not parent.ids:
                continue
            entity = table.entity.name if table.entity is not None else table.key
            meant = parent.entity.name if parent.entity is not None else parent.key
            draft.findings.append(
                Finding(
                    "unconstrained_reference",
                    Severity.WARNING,
                    f"{table.name}.{column.name} is named like a reference to {parent.name}, and nothing keeps it true",
                    f'add {{"child": "{entity}", "parent": "{meant}"}} to relations; the column is then made by it',
                    file="spec",
                )
            )


def columns_in(expression: str) -> list[str]:
    """The bare names in an expression that are no words of SQL."""
    return [name for name in _NAMES.findall(expression) if name and name.lower() not in _WORDS]


def checked_condition(draft: Draft, table: DraftTable, text: str, place: str) -> str:
    """A condition as this table's columns say it.

    Raises:
        SpecError: with what is wrong in it.
    """
    expression = text.strip().rstrip(";").strip()
    fault = dialect(draft.physical.engine.name).fault(expression)
    outside = re.sub(r"'(?:[^']|'')*'", "", expression)
    if "--" in outside or "/*" in outside or "#" in outside:
        fault = fault or "it holds a comment"
    if fault:
        raise SpecError([f"{place}: {fault}"])
    for name in dict.fromkeys(columns_in(expression)):
        if table.table.column(name) is not None:
            continue
        known = table.names.get(snake(name))
        if known is None:
            near = close_to(snake(name), tuple(table.names))
            meant = f"did you mean {near}? " if near else ""
            there = ", ".join(column.name for column in table.table.columns)
            raise SpecError([f'{place}: there is no "{name}" here; {meant}there are: {there}'])
        expression = re.sub(rf"(?<![\w.'\"]){re.escape(name)}(?![\w('\"])", draft.quote(known), expression)
    return expression
