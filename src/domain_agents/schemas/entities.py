"""Entities -> tables: identifiers, types by meaning, rules that a meaning implies."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain_agents.catalog import Column
from domain_agents.schemas._reading import SpecError
from domain_agents.schemas.draft import Draft, DraftTable, Question
from domain_agents.schemas.names import said, singular, snake
from domain_agents.schemas.spec import Attribute

if TYPE_CHECKING:
    from domain_agents.schemas.physical import Typed
    from domain_agents.schemas.spec import Entity

MADE_BY_THE_DESIGN: Final = frozenset({"id", "created_at", "updated_at"})
_COUNTED: Final = re.compile(
    r"(?:^|_)(?:quantity|qty|price|capacity|seats|weight|height|width|count|attempts|age|duration|size|stock|"
    r"(?:\w+_)?(?:minutes|seconds|days|hours|bytes))$"
)
_SHARED: Final = frozenset(
    """room seat table desk court lane vehicle car bike boat resource equipment machine device slot bed unit apartment
    practitioner doctor instructor trainer""".split()  # noqa: SIM905 - a list of words reads better
)
"""What only one can have at a time."""

_NOT_NEGATIVE_KINDS: Final = frozenset({"int", "bigint", "decimal", "money", "float", "duration"})
_SPANS: Final = (
    ("starts_at", "ends_at"), ("start_at", "end_at"), ("starts_on", "ends_on"), ("start_date", "end_date"),
    ("start_time", "end_time"), ("valid_from", "valid_to"), ("valid_from", "valid_until"), ("check_in", "check_out"),
    ("checks_in_on", "checks_out_on"), ("from_date", "to_date"), ("period_start", "period_end"), ("opens_at", "closes_at"),
    ("starts", "ends"), ("effective_from", "effective_to"), ("begins_at", "ends_at"), ("check_in_date", "check_out_date"),
    ("current_period_start", "current_period_end"),
)  # fmt: skip


def make_tables(draft: Draft) -> None:
    """A table for every entity, with its identifier and attributes."""
    for entity in draft.spec.entities:
        table = draft.start(entity.name, entity)
        table.ids = _ids(draft, entity)
        key = draft.physical.key(table.ids)
        table.add(key, "id", meaning="id")
        table.primary(("id",), draft.named(table, (), "pkey"))
    if any(table.ids.startswith("uuid") for table in draft.tables.values()):
        return
    draft.questions.append(
        Question(
            "Are identifiers shown to the outside (in addresses, to partners)?",
            "no, so ids are numbers that count by themselves, the smallest and fastest key",
            'settings.ids: "uuid7" for keys that cannot be guessed or counted',
        )
    )


def _ids(draft: Draft, entity: Entity) -> str:
    chosen = {"auto": "bigint"}.get(draft.spec.settings.ids, draft.spec.settings.ids)
    own = next(
        (one for one in entity.attributes if snake(one.name) in {"id", f"{singular(snake(entity.name))}_id"}), None
    )
    if own is None:
        return chosen
    if own.kind == "uuid":
        chosen = chosen if chosen.startswith("uuid") else "uuid7"
    elif own.kind in {"int", "bigint"}:
        chosen = "bigint"
    elif snake(own.name) == "id":
        fault = (
            f"{own.place}.kind: the identifier is made by the design: uuid or bigint, not {own.kind}; what people know "
            'a row by has a name of its own (code, slug, number) and stands in "natural_key"'
        )
        raise SpecError([fault])
    draft.assume(f"{entity.name}.{own.name} is the identifier that every table has ({chosen})")
    return chosen


def _is_own_id(table: DraftTable, attribute: Attribute) -> bool:
    name = snake(attribute.name)
    return name == "id" or (name == f"{table.key}_id" and attribute.kind in {"uuid", "int", "bigint"})


def add_attributes(draft: Draft) -> None:
    """Every attribute as a column, with the rules that its meaning implies. What a relation says already is left out."""
    for table in list(draft.tables.values()):
        if table.entity is None:
            continue
        for attribute in table.entity.attributes:
            name = snake(attribute.name)
            if _is_own_id(table, attribute) or name in {"created_at", "updated_at", "deleted_at"}:
                continue
            if table.table.column(name) is not None:
                draft.assume(f"{table.name}.{name} is the column of a relation; its attribute says nothing more")
                continue
            add_attribute(draft, table, attribute)
        _add_currency(draft, table, [one for one in table.entity.attributes if one.kind == "money"])
        _check_spans(draft, table)


def add_attribute(draft: Draft, table: DraftTable, attribute: Attribute) -> None:
    """One attribute."""
    name = snake(attribute.name)
    if attribute.kind == "geo_point":
        _add_point(draft, table, attribute, name)
        return
    settings, physical = draft.spec.settings, draft.physical
    if attribute.kind == "enum" and settings.enums == "lookup":
        _add_lookup(draft, table, attribute, name)
        return
    typed = physical.typed(attribute, money=settings.money, enums=settings.enums)
    if attribute.kind == "enum" and settings.enums == "native":
        typed = _native(draft, table, attribute, name, typed)
    default = None if attribute.default is None else physical.literal(attribute.default, attribute.kind)
    column = Column(
        name,
        typed.type,
        nullable=not attribute.required,
        default=default,
        collation=typed.collation,
        comment=_comment(draft, attribute, typed),
    )
    table.add(column, attribute.name, meaning=attribute.kind)
    quoted = draft.quote(name)
    for check in typed.checks:
        table.check(check.replace("{column}", quoted), draft.named(table, (name,), "check"))
    if _COUNTED.search(name) and attribute.kind in _NOT_NEGATIVE_KINDS and typed.type != "interval":
        table.check(f"{quoted} >= 0", draft.named(table, (name,), "check"))
        draft.assume("quantities, prices, sizes and counts are not negative (a check says so)")
    if attribute.pii:
        table.pii.append(name)


def _comment(draft: Draft, attribute: Attribute, typed: Typed) -> str:
    parts = [attribute.note, typed.note]
    if attribute.kind == "money" and draft.spec.settings.currency not in {"", "per_row"}:
        parts.append(f"in {draft.spec.settings.currency}")
    if attribute.pii:
        parts.append("personal data")
    return "; ".join(part.strip().rstrip(".;") for part in parts if part.strip())


def _add_point(draft: Draft, table: DraftTable, attribute: Attribute, name: str) -> None:
    """Two numbers: every engine has them, and an index on them finds a box. Six digits are a tenth of a metre."""
    is_sqlite_like = draft.physical.typed(Attribute("x", "float"), money="decimal", enums="check").type
    decimal = draft.physical.typed(Attribute("x", "decimal", precision=6), money="decimal", enums="check").type
    kind = decimal.replace("18", "9") if "18" in decimal else is_sqlite_like
    prefix = "" if name in {"location", "position", "coordinates", "geo", "point", "geo_point"} else f"{name}_"
    for part, limit in (("latitude", 90), ("longitude", 180)):
        column = Column(f"{prefix}{part}", kind, nullable=not attribute.required, comment="degrees, WGS 84")
        table.add(column, *((attribute.name,) if part == "latitude" else ()), meaning="float")
        quoted = draft.quote(column.name)
        table.check(f"{quoted} BETWEEN -{limit} AND {limit}", draft.named(table, (column.name,), "check"))
        if attribute.pii:
            table.pii.append(column.name)
    draft.assume("a place is a latitude and a longitude; searching within a distance wants PostGIS or a geohash column")


def _native(draft: Draft, table: DraftTable, attribute: Attribute, name: str, typed: Typed) -> Typed:
    """A type of its own where the engine has them beside the column."""
    if not draft.physical.has_row_security:
        return typed
    type_name = f"{table.key}_{name}"[:63]
    values = ", ".join(draft.physical.literal(value, "enum") for value in attribute.values)
    draft.before.append(f"CREATE TYPE {draft.quote(type_name)} AS ENUM ({values})")
    return replace(typed, type=draft.quote(type_name), checks=())


def _add_lookup(draft: Draft, table: DraftTable, attribute: Attribute, name: str) -> None:
    """A table of the values: what may stand there is data, and may have a label and an order."""
    from domain_agents.catalog import ForeignKey
    from domain_agents.schemas.draft import Need

    lookup = draft.start(f"{table.key}_{singular(name)}")
    code = draft.physical.typed(Attribute("code", "code"), money="decimal", enums="check")
    label = draft.physical.typed(Attribute("label", "short_text"), money="decimal", enums="check")
    number = draft.physical.typed(Attribute("sort_order", "int"), money="decimal", enums="check")
    lookup.add(Column("code", code.type, nullable=False), meaning="code")
    lookup.add(Column("label", label.type, nullable=False), meaning="short_text")
    lookup.add(Column("sort_order", number.type, nullable=False), meaning="int")
    lookup.primary(("code",), draft.named(lookup, (), "pkey"))
    lookup.unique(("sort_order",), draft.named(lookup, ("sort_order",), "key"))
    lookup.table = replace(lookup.table, comment=f"What {table.name}.{name} may be.")
    lookup.reasons.append(f"the values of {table.name}.{name} are rows (settings.enums: lookup): a new one is no DDL")
    quote, literal = draft.quote, draft.physical.literal
    rows = ",\n    ".join(
        f"({literal(value, 'code')}, {literal(said(value).capitalize(), 'short_text')}, {place})"
        for place, value in enumerate(attribute.values, start=1)
    )
    columns = ", ".join(map(quote, ("code", "label", "sort_order")))
    lookup.statements.append(
        f"INSERT INTO {draft.physical.engine.quote_table(lookup.table.name)} ({columns}) VALUES\n    {rows}"
    )
    default = None if attribute.default is None else literal(attribute.default, "code")
    table.add(Column(name, code.type, nullable=not attribute.required, default=default), attribute.name, meaning="enum")
    table.refer(
        ForeignKey((name,), lookup.table.name, ("code",), draft.named(table, (name,), "fkey"), on_delete="RESTRICT")
    )
    table.needs.append(Need(f"foreign key to {lookup.name}", (name,), is_foreign_key=True))


def _add_currency(draft: Draft, table: DraftTable, amounts: list[Attribute]) -> None:
    """Money without its currency is a number. One column says it for the row, unless one currency is all there is."""
    settings = draft.spec.settings
    if not amounts or settings.currency not in {"", "per_row"}:
        if amounts:
            draft.assume(f"all money is in {settings.currency} (settings.currency)")
        return
    if "currency" in table.meanings.values():
        return
    owner = draft.tables.get(table.owner)
    if owner is not None and owner.entity and any(one.kind == "money" for one in owner.entity.attributes):
        table.reasons.append(f"its money is in the currency of its {said(owner.key)}, which is not repeated here")
        return
    typed = draft.physical.typed(Attribute("currency", "currency"), money="decimal", enums="check")
    column = Column("currency", typed.type, nullable=False, comment=typed.note)
    table.add_behind(snake(amounts[-1].name), column, meaning="currency")
    for check in typed.checks:
        table.check(check.replace("{column}", "currency"), draft.named(table, ("currency",), "check"))
    asked = Question(
        "Is there more than one currency?",
        "yes, so a currency stands beside the amounts of a row",
        'settings.currency: "EUR" if there will only ever be one',
    )
    if not settings.currency and asked not in draft.questions:
        draft.questions.append(asked)


def _check_spans(draft: Draft, table: DraftTable) -> None:
    """What begins ends later. A day may be the first and the last."""
    quote = draft.quote
    for first, last in _SPANS:
        start, end = table.table.column(first), table.table.column(last)
        if start is None or end is None or start.type != end.type:
            continue
        if table.meanings[first] not in {"date", "time", "timestamp", "int", "bigint", "decimal"}:
            continue
        sign = "<=" if table.meanings[first] == "date" else "<"
        table.check(f"{quote(first)} {sign} {quote(last)}", draft.named(table, (first, last), "check"))
        _ask_overlap(draft, table, first, last)


def _ask_overlap(draft: Draft, table: DraftTable, first: str, last: str) -> None:
    """Whether two spans of one parent's may overlap: the server can see to that, where it has exclusion constraints."""
    parents = [name for name, kind in table.meanings.items() if kind == "reference"]
    parents.sort(key=lambda name: name.removesuffix("_id").rpartition("_")[2] in _SHARED)
    if not parents or not draft.physical.has_exclusion or any("overlap" in one.asks for one in draft.questions):
        return
    span = "daterange" if table.meanings[first] == "date" else "tstzrange"
    quote = draft.quote
    draft.questions.append(
        Question(
            f"May two {said(table.name)} of one {said(parents[-1].removesuffix('_id'))} overlap in time?",
            "they may",
            f"EXCLUDE USING gist ({quote(parents[-1])} WITH =, {span}({quote(first)}, {quote(last)}) WITH &&) on "
            f"{table.name} (extension btree_gist); plan_migration's add_exclusion writes it",
        )
    )
