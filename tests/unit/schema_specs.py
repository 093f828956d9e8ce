"""Made-up specifications: what a person or a model may write, whatever it is about."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from domain_agents.schemas.spec import AUDITS, ENUMS, IDS, KINDS, LIFECYCLES, OPERATIONS, TENANCIES, UNIQUE

NAMES = ("user", "Order", "order item", "group", "Straße", "select", "Team", "person", "event_log", "Tag", "note", "x1")
WORDS = (
    "name",
    "order",
    "status",
    "startsAt",
    "ends_at",
    "price",
    "group",
    "quantity",
    "größe",
    "body",
    "key",
    "value",
)
UNIQUE_KINDS = ("short_text", "email", "slug", "code")
DEFAULTS = {"int": 3, "bool": True, "timestamp": "now", "date": "now", "short_text": "it's", "money": 1.5, "json": {}}


@st.composite
def attributes(draw: st.DrawFn) -> list[dict[str, Any]]:
    found = []
    for name in draw(st.lists(st.sampled_from(WORDS), unique=True, max_size=6)):
        kind = draw(st.sampled_from(KINDS))
        one: dict[str, Any] = {"name": name, "kind": kind, "required": draw(st.booleans())}
        if kind in UNIQUE_KINDS:
            one["unique"] = draw(st.sampled_from(("no", "no", *UNIQUE)))
        if kind == "enum":
            one["values"] = draw(st.lists(st.sampled_from(("a", "it's", "c\\d", "draft")), unique=True, min_size=1))
        if kind in DEFAULTS and draw(st.booleans()):
            one["default"] = DEFAULTS[kind]
        if draw(st.booleans()):
            one["note"] = draw(st.sampled_from(("it's so; -- really", "line\nbreak */", "ok")))
        found.append(one)
    return found


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """A specification: most can be designed, some ask for what their entities do not have."""
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1, max_size=5))
    entities = []
    for name in names:
        held: list[dict[str, Any]] = draw(attributes())
        entity: dict[str, Any] = {"name": name, "attributes": held, "lifecycle": draw(st.sampled_from(LIFECYCLES))}
        has_key = draw(st.booleans())
        if held and has_key:
            entity["natural_key"] = [draw(st.sampled_from(held))["name"]]
        if draw(st.booleans()):
            entity |= {
                "rows_1y": draw(st.sampled_from((10, 10**6, 10**9))),
                "description": "What it's about -- or not.",
            }
        if draw(st.booleans()):
            entity["retention_days"] = 30
        entities.append(entity)
    relations = [
        {
            "child": draw(st.sampled_from(names)),
            "parent": draw(st.sampled_from(names)),
            "kind": draw(st.sampled_from(("many_to_one", "many_to_one", "one_to_one", "many_to_many"))),
            "required": draw(st.booleans()),
            "role": role,
        }
        for role in draw(st.lists(st.sampled_from(("owner", "table", "reply_to", "boss")), unique=True, max_size=3))
    ]
    access = []
    for number in range(draw(st.integers(0, 4))):
        entity = draw(st.sampled_from(entities))
        words = [one["name"] for one in entity["attributes"]] or ["id"]
        lists = st.lists(st.sampled_from(words), unique=True, max_size=2)
        access.append(
            {
                "id": f"p{number}",
                "entity": entity["name"],
                "op": draw(st.sampled_from(OPERATIONS)),
                "equals": draw(lists),
                "range": draw(lists),
                "order_by": [f"{word}{draw(st.sampled_from(('', ' desc')))}" for word in draw(lists)],
            }
        )
    settings = {
        "ids": draw(st.sampled_from(IDS)),
        "tenancy": draw(st.sampled_from(TENANCIES)),
        "audit": draw(st.sampled_from(AUDITS)),
        "enums": draw(st.sampled_from(ENUMS)),
        "table_names": draw(st.sampled_from(("plural", "singular"))),
        "money": draw(st.sampled_from(("decimal", "minor_units"))),
        "currency": draw(st.sampled_from(("", "EUR", "per_row"))),
        "optimistic_lock": draw(st.booleans()),
        "rls": draw(st.booleans()),
    }
    return {"name": "made up", "settings": settings, "entities": entities, "relations": relations, "access": access}
