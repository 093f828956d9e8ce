"""JSON Schemas as a client should see them: small, closed and without a library's traces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

_MAX_DEPTH = 20
_NOT_SHOWN = frozenset({"$defs", "title", "discriminator", "maxLength", "maxItems"})
_GUARD = 10**6


def input_schema(model: type[BaseModel]) -> dict[str, Any]:
    """The schema of a tool's arguments.

    Refs are inlined (many clients cannot follow them), titles and nulls go, optional means absent from `required`.

    Raises:
        ValueError: the model refers to itself, which cannot be inlined.
    """
    raw = model.model_json_schema(by_alias=True, mode="validation")
    schema = _clean(raw, raw.get("$defs", {}), 0)
    schema.setdefault("properties", {})
    schema["additionalProperties"] = False
    schema.pop("description", None)  # the class's docstring is for us; the tool has its own description
    ordered: dict[str, Any] = {
        key: schema[key] for key in ("type", "properties", "required", "additionalProperties") if key in schema
    }
    return {**ordered, **{key: value for key, value in schema.items() if key not in ordered}}


def output_schema(schema: dict[str, Any]) -> dict[str, Any]:
    """A tool's own output schema as it is listed: which fields a result has, and of what type.

    A property that may also be null is left undeclared, because portable schemas have one type for each place. What an
    entry of a list holds is for whoever writes against the contract; the list is read in every conversation. Whoever checks
    a result against this accepts the same results.
    """
    properties: dict[str, Any] = schema.get("properties", {})
    required = schema.get("required", properties)
    return {
        "type": "object",
        "properties": {
            name: {"type": child["type"]}
            for name, child in properties.items()
            if name in required and isinstance(child.get("type"), str)
        },
    }


def _clean(node: dict[str, Any], definitions: dict[str, Any], depth: int) -> dict[str, Any]:
    if depth > _MAX_DEPTH:
        raise ValueError("a schema that refers to itself cannot be inlined")
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        siblings = {key: value for key, value in node.items() if key != "$ref"}
        inherited = {key: value for key, value in target.items() if key != "description"}
        return _clean({**inherited, **siblings}, definitions, depth + 1)
    cleaned: dict[str, Any] = {}
    for key, value in node.items():
        if key in _NOT_SHOWN or _is_guard(key, value) or (key == "pattern" and "description" in node):
            continue
        if key == "properties":
            cleaned[key] = {name: _clean(child, definitions, depth + 1) for name, child in value.items()}
        elif key in ("anyOf", "oneOf", "allOf"):
            cleaned[key] = [_clean(child, definitions, depth + 1) for child in value]
        elif key == "additionalProperties" and value is True:
            continue  # so it is without a word
        elif key == "additionalProperties" and isinstance(value, dict) and ("$ref" in value or "properties" in value):
            continue  # what an entry holds is said by the description's example
        elif key in ("items", "additionalProperties") and isinstance(value, dict):
            cleaned[key] = _clean(value, definitions, depth + 1)
        elif key == "prefixItems":
            cleaned[key] = [_clean(child, definitions, depth + 1) for child in value]
        else:
            cleaned[key] = value
    return _without_null(cleaned)


def _is_guard(key: str, value: object) -> bool:
    """What protects us rather than tells a model something: absurd limits, "not empty", "not negative", empty defaults.

    They hold all the same, and an argument beyond them is answered with the limit; a list of tools is read in every
    conversation, so it does not carry them.
    """
    if key == "default":
        return not value
    return (key, value) in (("minLength", 1), ("minimum", 0)) or (
        key in ("maximum", "exclusiveMaximum") and isinstance(value, int | float) and value >= _GUARD
    )


def _without_null(node: dict[str, Any]) -> dict[str, Any]:
    """An optional argument is one that may be left out, not one that may be null: `anyOf [X, null]` is X."""
    branches = node.get("anyOf")
    if branches is None:
        return node
    kept = [branch for branch in branches if branch.get("type") != "null"]
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    if len(kept) == 1:
        return {**kept[0], **rest}
    return {**rest, "anyOf": kept}
