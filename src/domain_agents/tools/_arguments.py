"""A tool's arguments, read at the edge: every fault is named by its field, with the way out, in our own words.

The MCP server and the command line both come through here, so both refuse the same things in the same words.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from domain_agents.tools import ToolError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

    from domain_agents.tools import Tool

MAX_FAULTS = 5
_MAX_CHOICES = 24
_MAX_NAME = 80

_KINDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}
_EXAMPLES: dict[str, Any] = {"string": "text", "integer": 1, "number": 1.5, "boolean": True, "array": [], "object": {}}
_BOUNDS = {
    "greater_than": ("gt", "must be greater than"),
    "greater_than_equal": ("ge", "must be at least"),
    "less_than": ("lt", "must be less than"),
    "less_than_equal": ("le", "must be at most"),
    "string_too_short": ("min_length", "must be text of at least this many characters:"),
    "string_too_long": ("max_length", "must be text of at most this many characters:"),
    "too_short": ("min_length", "must hold at least this many entries:"),
    "too_long": ("max_length", "must hold at most this many entries:"),
}


def parse_arguments(tool: Tool, raw: object) -> BaseModel:
    """The arguments as the tool's model.

    Raises:
        ToolError: they do not fit; the message names each field, what was wrong, the nearest valid choice and an
            example. No value that was sent is repeated, so no secret can be.
    """
    from pydantic import ValidationError

    if not isinstance(raw, dict):
        raise ToolError(f"{tool.name}: the arguments must be one JSON object. {_usage(tool)}")
    try:
        return tool.arguments.model_validate(raw)
    except ValidationError as error:
        schema = tool.arguments.model_json_schema(by_alias=True)
        faults = _faults(error.errors(include_url=False, include_input=False), raw, schema)
    except RecursionError:
        faults = ["the arguments are nested too deeply"]
    shown = faults[:MAX_FAULTS]
    if len(faults) > MAX_FAULTS:
        shown.append(f"{len(faults) - MAX_FAULTS} more faults of this kind")
    lines = "\n".join(f"- {fault}" for fault in shown)
    raise ToolError(f"The arguments of {tool.name} do not fit:\n{lines}\n{_usage(tool)}")


def nearest(word: str, choices: Iterable[str]) -> str | None:
    """The choice that was probably meant."""
    lowered = {choice.lower(): choice for choice in reversed(list(choices))}
    found = get_close_matches(word.lower()[:200], list(lowered), n=1, cutoff=0.55)
    return lowered[found[0]] if found else None


def did_you_mean(word: str, choices: Sequence[str]) -> str:
    """A sentence that names the nearest choice and lists what there is."""
    close = nearest(word, choices)
    listed = ", ".join(choices[:_MAX_CHOICES]) + (", ..." if len(choices) > _MAX_CHOICES else "")
    return (f"Did you mean {close}? " if close else "") + (f"There are: {listed}." if choices else "There are none.")


def _usage(tool: Tool) -> str:
    schema = tool.arguments.model_json_schema(by_alias=True)
    properties: dict[str, Any] = schema.get("properties", {})
    required = [name for name in properties if name in schema.get("required", ())]
    shown = required or list(properties)[:1]
    example = {name: _example(_resolved(properties[name], schema)) for name in shown}
    return f"Example: {json.dumps(example, ensure_ascii=False)}. All arguments: {', '.join(properties) or 'none'}."


def _faults(errors: list[ErrorDetails], raw: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """One sentence for each place; what several branches of a choice say of one place is said once."""
    grouped: dict[str, list[str]] = {}
    for error in errors:
        place = _place(error["loc"], raw, schema)
        said = grouped.setdefault(place.path, [])
        sentence = _sentence(error, place)
        if sentence not in said:
            said.append(sentence)
    return [f"`{path}` {', or '.join(said[:4])}" if path else ", or ".join(said[:4]) for path, said in grouped.items()]


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a fault is: the path a person would write, its last name, the schema that stands there (empty where it
    cannot be told), the names that could stand there, and the text that was sent (to find what was meant by it; it is
    never repeated)."""

    path: str
    name: str
    node: dict[str, Any]
    names: tuple[str, ...]
    sent: str


def _place(loc: tuple[int | str, ...], raw: object, schema: dict[str, Any]) -> _Place:
    """Steps that name a branch of a choice are in the library's path, not in the person's: they are left out."""
    path, name = "", ""
    names: tuple[str, ...] = ()
    value: Any = raw
    node: dict[str, Any] = schema
    for index, step in enumerate(loc):
        here = _resolved(node, schema)
        if isinstance(step, int) and isinstance(value, list):
            path, name = f"{path}[{step}]", str(step)
            value = value[step] if step < len(value) else None
            node = here.get("items", {})
        elif isinstance(step, str) and isinstance(value, dict) and (step in value or index == len(loc) - 1):
            name = step[:_MAX_NAME]
            path = f"{path}.{name}" if path else name
            value = value.get(step)
            properties, extra = here.get("properties", {}), here.get("additionalProperties")
            names = tuple(properties)
            node = properties.get(step, extra if isinstance(extra, dict) else {})
        else:
            node = _branch(node, step, schema)
    return _Place(path, name, _resolved(node, schema), names, value if isinstance(value, str) else "")


def _branch(node: dict[str, Any], step: int | str, schema: dict[str, Any]) -> dict[str, Any]:
    """The branch of a choice that a step of the library's path names: by its discriminator or its model's name."""
    here = _resolved(node, schema)
    mapping = here.get("discriminator", {}).get("mapping", {})
    if step in mapping:
        return {"$ref": mapping[step]}
    for branch in (*here.get("oneOf", ()), *here.get("anyOf", ())):
        if str(branch.get("$ref", "")).rpartition("/")[2] == step:
            return {"$ref": branch["$ref"]}
    return here


def _resolved(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The node behind a ref, and behind `X or nothing`."""
    for _ in range(8):
        if "$ref" in node:
            rest = {key: value for key, value in node.items() if key != "$ref"}
            node = {**schema.get("$defs", {}).get(node["$ref"].rpartition("/")[2], {}), **rest}
            continue
        kept = [branch for branch in node.get("anyOf", ()) if branch.get("type") != "null"]
        if len(kept) != 1:
            break
        node = {**kept[0], **{key: value for key, value in node.items() if key not in ("anyOf", "default")}}
    return node


def _sentence(error: ErrorDetails, place: _Place) -> str:
    kind, context, node = error["type"], error.get("ctx", {}), place.node
    if kind == "missing":
        return f"is required: {_expected(node)}"
    if kind == "extra_forbidden":
        return f"is not known here. {did_you_mean(place.name, place.names)}"
    if kind in ("literal_error", "enum"):
        choices = [str(choice) for choice in node.get("enum", ())] or _quoted(context.get("expected", ""))
        close = nearest(place.sent, choices) if place.sent else None
        return f"must be one of: {_choices(choices)}" + (f". Did you mean {close}?" if close else "")
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        choices = list(node.get("discriminator", {}).get("mapping", ())) or _quoted(context.get("expected_tags", ""))
        field = str(context.get("discriminator", "kind")).strip("'")
        return f"must name its `{field}`: {_choices(choices)}"
    if kind in _BOUNDS:
        key, words = _BOUNDS[kind]
        return f"{words} {context.get(key)}"
    if kind in ("value_error", "assertion_error") and (own := context.get("error")) is not None:
        # Raised by a model of ours, in words of ours.
        return str(own) or "does not fit"
    if kind == "string_pattern_mismatch":
        return f"must look like {_example_text(node)}"
    return f"must be {_expected(node)}"


def _choices(choices: list[str]) -> str:
    return ", ".join(choices[:_MAX_CHOICES]) + (", ..." if len(choices) > _MAX_CHOICES else "")


def _quoted(listed: object) -> list[str]:
    """The words of `'a', 'b' or 'c'`."""
    return str(listed).split("'")[1::2]


def _expected(node: dict[str, Any]) -> str:
    if "enum" in node:
        return f"one of {_choices([str(choice) for choice in node['enum']])}"
    if "const" in node:
        return json.dumps(node["const"])
    if "anyOf" in node or "oneOf" in node:
        kinds = [_KINDS[b["type"]] for b in (*node.get("anyOf", ()), *node.get("oneOf", ())) if b.get("type") in _KINDS]
        return " or ".join(dict.fromkeys(kinds)) or "a value of another shape; see the tool's input schema"
    words = _KINDS.get(str(node.get("type")), "a value of another kind; see the tool's input schema")
    return f"{words}, for example {_example_text(node)}"


def _example_text(node: dict[str, Any]) -> str:
    return json.dumps(_example(node), ensure_ascii=False)


def _example(node: dict[str, Any]) -> Any:
    """A value that would fit: the author's example, the default, the first choice, else one of the right kind."""
    if node.get("examples"):
        return node["examples"][0]
    if node.get("default") is not None:
        return node["default"]
    if node.get("enum"):
        return node["enum"][0]
    if "const" in node:
        return node["const"]
    return _EXAMPLES.get(str(node.get("type")), "...")
