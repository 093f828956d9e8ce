"""JSON -> a specification. Every fault is told by its place, all of them at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from domain_agents.schemas._reading import Faults, Reader, close_to, hint, shown
from domain_agents.schemas.names import plural, singular, snake
from domain_agents.schemas.spec import (
    AUDITS,
    ENGINES,
    ENUMS,
    IDS,
    KINDS,
    LIFECYCLES,
    OPERATIONS,
    SKETCHES,
    TENANCIES,
    UNIQUE,
    Access,
    Attribute,
    Condition,
    Entity,
    Relation,
    Settings,
    Spec,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEANT: Final = {
    "string": "short_text", "str": "short_text", "varchar": "short_text", "char": "code", "name": "short_text",
    "title": "short_text", "integer": "int", "smallint": "int", "number": "int or decimal", "serial": "bigint",
    "int4": "int", "int8": "bigint", "long": "bigint", "boolean": "bool", "datetime": "timestamp",
    "timestamptz": "timestamp", "date_time": "timestamp", "instant": "timestamp", "numeric": "decimal (or money)",
    "double": "float", "real": "float", "jsonb": "json", "object": "json", "array": "json", "list": "json",
    "blob": "bytes", "binary": "bytes", "bytea": "bytes", "file": "url", "image": "url", "longtext": "text",
    "markdown": "text", "html": "text", "choice": "enum", "status": "enum", "location": "geo_point", "point": "geo_point",
    "price": "money", "amount": "money", "currency_code": "currency", "country_code": "country", "locale": "language",
    "timezone": "time_zone", "percentage": "percent", "interval": "duration", "password": "password_hash", "guid": "uuid",
    "id": "uuid or bigint", "foreign_key": "none: write a relation", "reference": "none: write a relation",
    "relation": "none: write a relation", "inet": "ip", "counter": "bigint", "telephone": "phone", "uri": "url",
}  # fmt: skip
LONGEST_NAME: Final = 50
"""Bytes: the names of its constraints and indexes begin with it, and the servers keep 63."""

_HIGHEST: Final = 1e30
MAX_ENTITIES: Final = 300
MAX_ATTRIBUTES: Final = 200
_NEVER_UNIQUE: Final = frozenset({"json", "geo_point", "bytes", "float"})
_WITH_CASE: Final = frozenset({"text", "short_text", "email", "url", "slug", "code"})
_SIZED: Final = frozenset({"text", "short_text", "email", "url", "phone", "slug", "code", "bytes"})


def read(data: Mapping[str, Any]) -> Spec:
    """The specification that JSON data is.

    Raises:
        SpecError: with every fault: its place, what is wrong, the nearest thing that would do.
    """
    faults = Faults()
    reader = Reader(data, "spec", faults)
    spec = Spec(
        name=reader.text("name", longest=80) or "schema",
        settings=_settings(reader),
        entities=tuple(
            _entity(one) for one in reader.objects("entities", most=MAX_ENTITIES, example='{"name": "Order", ...}')
        ),
        relations=tuple(
            _relation(one)
            for one in reader.objects("relations", most=2_000, example='{"child": "Order", "parent": "Customer"}')
        ),
        access=tuple(
            _access(number, one)
            for number, one in enumerate(
                reader.objects("access", most=1_000, example='{"entity": "Order", "equals": []}')
            )
        ),
        non_goals=reader.texts("non_goals"),
    )
    reader.done()
    if not spec.entities and "spec.entities" not in " ".join(faults.found):
        reader.fail("entities", 'is required: what is stored, for example [{"name": "Order", "attributes": [...]}]')
    _cross_check(spec, faults)
    faults.settle()
    return spec


def _settings(outer: Reader) -> Settings:
    value = outer.value("settings")
    if value is not None and not isinstance(value, dict):
        outer.fail("settings", f'must be an object, for example {{"engine": "postgresql"}}, not {shown(value)}')
    reader = Reader(value if isinstance(value, dict) else {}, outer.at("settings"), outer.faults)
    version = reader.value("version")
    if isinstance(version, int | float) and not isinstance(version, bool):
        reader = Reader({**reader.data, "version": f"{version}"}, reader.place, reader.faults)
    made = Settings(
        engine=reader.choice("engine", ENGINES, "", {"postgres": "postgresql", "pg": "postgresql"}),
        version=reader.text("version", longest=20, example="16"),
        ids=reader.choice("ids", IDS, "auto", {"uuid": "uuid7", "serial": "bigint"}),
        tenancy=reader.choice("tenancy", TENANCIES, "none", _TENANCY),
        tenant=reader.text("tenant", longest=100, example="Organization"),
        audit=reader.choice("audit", AUDITS, "timestamps", _AUDIT),
        optimistic_lock=reader.flag("optimistic_lock", default=False),
        table_names=reader.choice("table_names", ("plural", "singular"), "plural"),
        money=reader.choice("money", ("decimal", "minor_units"), "decimal", _MONEY),
        currency=_currency(reader),
        enums=reader.choice("enums", ENUMS, "check", {"enum": "native", "table": "lookup"}),
        rls=reader.flag("rls", default=False),
        sketches=_sketches(reader),
        given=frozenset(key for key, one in reader.data.items() if one is not None),
    )
    reader.done()
    return made


def _sketches(reader: Reader) -> tuple[str, ...]:
    names = tuple(name.lower() for name in reader.texts("sketches", most=len(SKETCHES), example='["mongodb"]'))
    for name in names:
        if name not in SKETCHES:
            reader.fail("sketches", f"{shown(name)} is none of them; {hint(name, SKETCHES)}")
    return tuple(name for name in names if name in SKETCHES)


_TENANCY: Final = {
    "single": "none", "no": "none", "row": "column", "shared": "column", "tenant_id": "column", "multi": "column",
    "multi_tenant": "column", "rls": "column (with rls: true)",
}  # fmt: skip
_AUDIT: Final = {
    "history": "history_table",
    "full": "history_table",
    "actor": "timestamps_and_actor",
    "yes": "timestamps",
}
_MONEY: Final = {"numeric": "decimal", "cents": "minor_units", "integer": "minor_units", "bigint": "minor_units"}


def _currency(reader: Reader) -> str:
    text = reader.text("currency", longest=20, example="EUR")
    if text.lower() in {"", "per_row"}:
        return text.lower()
    if len(text) == len("EUR") and text.isascii() and text.isalpha():
        return text.upper()
    reader.fail("currency", f"must be an ISO 4217 code such as EUR when there is one, or per_row, not {shown(text)}")
    return ""


def _attribute(reader: Reader) -> Attribute:
    name = reader.text("name", required=True, longest=100, example="email")
    kind = reader.choice("kind", KINDS, "short_text", _MEANT)
    if "kind" not in reader.data:
        reader.fail("kind", f"is required, a meaning: {', '.join(KINDS)}")
    values = reader.texts("values", most=500, longest=200, example='["draft", "paid"]')
    if kind == "enum" and len(values) < 1 and "values" not in " ".join(reader.faults.found):
        reader.fail("values", 'is required for an enum, for example ["draft", "paid"]')
    if values and kind != "enum" and reader.data.get("kind") in KINDS:
        reader.fail("values", f"belongs to the kind enum, not to {kind}")
    unique = reader.value("unique")
    if isinstance(unique, bool):
        reader = Reader({**reader.data, "unique": "yes" if unique else "no"}, reader.place, reader.faults)
        reader.known += ["name", "kind", "values"]
    made = Attribute(
        name=name,
        kind=kind,
        required=reader.flag("required", default=True),
        unique=reader.choice(
            "unique", UNIQUE, "no", {"global": "yes", "tenant": "per_tenant", "ci": "case_insensitive"}
        ),
        default=reader.value("default"),
        max_len=reader.count("max_len", 1, 2**30),
        precision=reader.count("precision", 0, 30),
        values=values,
        pii=reader.flag("pii", default=False),
        renamed_from=reader.text("renamed_from", longest=100),
        note=reader.text("note", longest=1_000),
        place=reader.place,
    )
    reader.done()
    if made.max_len is not None and kind not in _SIZED:
        reader.fail("max_len", f"does not belong to the kind {kind}; it is for {', '.join(sorted(_SIZED))}")
    if made.precision is not None and kind not in {"decimal", "money", "percent"}:
        reader.fail("precision", f"does not belong to the kind {kind}; it is for decimal, money, percent")
    if made.unique != "no" and kind in _NEVER_UNIQUE:
        reader.fail("unique", f"does not belong to the kind {kind}: no two such values are compared")
    if made.unique == "case_insensitive" and kind not in _WITH_CASE:
        reader.fail("unique", f"case_insensitive is for texts, not for the kind {kind}")
    _check_default(made, reader)
    return made


def _check_default(attribute: Attribute, reader: Reader) -> None:
    value, kind = attribute.default, attribute.kind
    if value is None:
        return
    numbers = {"int", "bigint", "decimal", "money", "percent", "float", "duration"}
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and -_HIGHEST < value < _HIGHEST
    if kind in numbers and not is_number:
        reader.fail("default", f"must be a number for the kind {kind}, not {shown(value)}")
    elif kind in {"int", "bigint"} and value != value // 1:
        reader.fail("default", f"must be a whole number, not {shown(value)}")
    elif kind == "bool" and not isinstance(value, bool):
        reader.fail("default", f"must be true or false, not {shown(value)}")
    elif kind in {"date", "time", "timestamp"} and value != "now":
        reader.fail("default", f'must be "now", not {shown(value)}')
    elif kind == "enum" and value not in attribute.values:
        reader.fail("default", f"{shown(value)} is none of the values; {hint(str(value), attribute.values)}")
    elif kind in {"bytes", "geo_point"}:
        reader.fail("default", f"there is none for the kind {kind}; leave it out")
    elif kind not in {*numbers, "bool", "json"} and not isinstance(value, str):
        reader.fail("default", f"must be text for the kind {kind}, not {shown(value)}")


def _entity(reader: Reader) -> Entity:
    made = Entity(
        name=reader.text("name", required=True, longest=100, example="Order"),
        description=reader.text("description", longest=2_000),
        attributes=tuple(
            _attribute(one)
            for one in reader.objects("attributes", most=MAX_ATTRIBUTES, example='{"name": "email", "kind": "email"}')
        ),
        natural_key=reader.texts("natural_key", most=16, longest=100, example='["number"]'),
        tenant_scoped=reader.flag("tenant_scoped", default=True) if "tenant_scoped" in reader.data else None,
        lifecycle=reader.choice("lifecycle", LIFECYCLES, "mutable", _LIFECYCLE),
        rows_1y=reader.count("rows_1y"),
        writes_per_s=reader.number("writes_per_s", high=1e9),
        retention_days=reader.count("retention_days", 1, 100_000),
        checks=reader.texts("checks", most=50, longest=2_000, example='["quantity > 0"]'),
        renamed_from=reader.text("renamed_from", longest=100),
        place=reader.place,
    )
    reader.value("tenant_scoped")
    reader.done()
    return made


_LIFECYCLE: Final = {
    "immutable": "append_only", "event": "append_only", "log": "append_only", "lookup": "reference",
    "static": "reference", "soft_deleted": "soft_delete", "soft": "soft_delete", "archived": "soft_delete",
    "active": "mutable", "normal": "mutable", "default": "mutable",
}  # fmt: skip


def _relation(reader: Reader) -> Relation:
    made = Relation(
        child=reader.text("child", required=True, longest=100, example="Order"),
        parent=reader.text("parent", required=True, longest=100, example="Customer"),
        kind=reader.choice("kind", ("many_to_one", "one_to_one", "many_to_many"), "many_to_one", _RELATION),
        required=reader.flag("required", default=True),
        on_parent_delete=reader.choice(
            "on_parent_delete", ("auto", "restrict", "cascade", "set_null"), "auto", {"no_action": "restrict"}
        ),
        role=reader.text("role", longest=100, example="billing_address"),
        attributes=tuple(
            _attribute(one)
            for one in reader.objects("attributes", most=MAX_ATTRIBUTES, example='{"name": "quantity", "kind": "int"}')
        ),
        place=reader.place,
    )
    reader.done()
    if made.attributes and made.kind != "many_to_many":
        reader.fail("attributes", "belong to a many_to_many relation; give them to the child instead")
    if made.on_parent_delete == "set_null" and made.required and "required" in reader.data:
        reader.fail("on_parent_delete", "set_null empties the relation, so it cannot be required: say required: false")
    return made


_RELATION: Final = {
    "belongs_to": "many_to_one", "n_1": "many_to_one", "one_to_many": "many_to_one, with child and parent the other way",
    "has_many": "many_to_one, with child and parent the other way", "m_n": "many_to_many", "n_m": "many_to_many",
    "has_one": "one_to_one", "1_1": "one_to_one",
}  # fmt: skip


def _access(number: int, reader: Reader) -> Access:
    has_range = reader.value("range")
    made = Access(
        id=reader.text("id", longest=100) or f"A{number + 1}",
        entity=reader.text("entity", required=True, longest=100, example="Order"),
        op=reader.choice(
            "op", OPERATIONS, "list", {"read": "get", "find": "list", "query": "list", "count": "aggregate"}
        ),
        equals=reader.texts("equals", most=16, longest=100, example='["customer"]'),
        range=reader.texts("range", most=8, longest=100, example='["placed_at"]') if has_range else (),
        order_by=_order(reader),
        contains=reader.texts("contains", most=8, longest=100, example='["title"]'),
        only_when=_condition(reader),
        returns=reader.texts("returns", most=50, longest=100),
        per_second=reader.number("per_second", high=1e9),
        p95_ms=reader.number("p95_ms", high=1e9),
        place=reader.place,
    )
    reader.done()
    return made


def _order(reader: Reader) -> tuple[tuple[str, bool], ...]:
    found: list[tuple[str, bool]] = []
    for text in reader.texts("order_by", most=8, longest=120, example='["placed_at desc"]'):
        name, _, direction = text.partition(" ")
        descends = name.startswith("-") or direction.strip().lower() in {"desc", "descending"}
        if direction.strip().lower() not in {"", "asc", "desc", "ascending", "descending"}:
            reader.fail("order_by", f'{shown(text)} must be an attribute, with " desc" behind it if it descends')
        found.append((name.lstrip("-+"), descends))
    return tuple(found)


def _condition(reader: Reader) -> Condition:
    value = reader.value("only_when")
    if value is None or value == "" or value == {}:
        return Condition()
    if isinstance(value, str):
        return Condition(reader.text("only_when", longest=1_000))
    if not isinstance(value, dict):
        reader.fail(
            "only_when",
            f'must be a condition, for example {{"status": "open"}} or "status = \'open\'", not {shown(value)}',
        )
        return Condition()
    pairs = []
    for name, one in value.items():
        values = tuple(one) if isinstance(one, list) else (one,)
        if not values or not all(each is None or isinstance(each, str | int | float | bool) for each in values):
            reader.fail(f"only_when.{name}", f"must be a value or a list of values, not {shown(one)}")
            continue
        pairs.append((str(name), values))
    return Condition(values=tuple(pairs))


def _cross_check(spec: Spec, faults: Faults) -> None:
    """What can only be told from the whole: names that are used twice, and names that nothing has."""
    seen: dict[str, str] = {}
    for entity in spec.entities:
        key = singular(snake(entity.name))
        if not key and entity.name:
            faults.add(f"{entity.place}.name", f"{shown(entity.name)} has no letters")
        elif len(plural(key).encode()) > LONGEST_NAME:
            faults.add(f"{entity.place}.name", f"is longer than {LONGEST_NAME} characters as a table's name")
        elif key in seen and entity.name:
            faults.add(f"{entity.place}.name", f"{shown(entity.name)} is the same entity as {shown(seen[key])}")
        seen.setdefault(key, entity.name)
        _attributes_once(entity.attributes, faults)
    names = tuple(entity.name for entity in spec.entities)
    for relation in spec.relations:
        _attributes_once(relation.attributes, faults)
        for role in ("child", "parent"):
            wanted = getattr(relation, role)
            if wanted and spec.entity(wanted) is None:
                faults.add(f"{relation.place}.{role}", f"there is no entity {shown(wanted)}; {_near(wanted, names)}")
    if spec.settings.tenant and spec.entity(spec.settings.tenant) is None:
        faults.add(
            "spec.settings.tenant",
            f"there is no entity {shown(spec.settings.tenant)}; {_near(spec.settings.tenant, names)}",
        )
    ids: set[str] = set()
    for access in spec.access:
        if access.id in ids:
            faults.add(f"{access.place}.id", f"{shown(access.id)} is the id of another path too")
        ids.add(access.id)
        if access.entity and spec.entity(access.entity) is None:
            faults.add(
                f"{access.place}.entity", f"there is no entity {shown(access.entity)}; {_near(access.entity, names)}"
            )


def _near(wanted: str, names: tuple[str, ...]) -> str:
    near = close_to(plural(snake(wanted)), tuple(plural(snake(name)) for name in names))
    meant = next((name for name in names if plural(snake(name)) == near), "")
    return f"did you mean {meant}? there are: {', '.join(names)}" if meant else hint(wanted, names)


def _attributes_once(attributes: tuple[Attribute, ...], faults: Faults) -> None:
    seen: set[str] = set()
    for attribute in attributes:
        name = snake(attribute.name)
        if not name and attribute.name:
            faults.add(f"{attribute.place}.name", f"{shown(attribute.name)} has no letters")
        elif len(name.encode()) > LONGEST_NAME:
            faults.add(f"{attribute.place}.name", f"is longer than {LONGEST_NAME} characters as a column's name")
        elif name in seen:
            faults.add(f"{attribute.place}.name", f"{shown(attribute.name)} is written twice")
        seen.add(name)
