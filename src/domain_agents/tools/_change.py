"""One change as data: its fields are those that the operations themselves say they have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, Union

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, create_model

from domain_agents.operations import operation_class, operation_kinds

Name = Annotated[str, Field(min_length=1, max_length=200)]
Expression = Annotated[str, Field(min_length=1, max_length=10_000)]
Query = Annotated[str, Field(min_length=1, max_length=50_000)]


class NewColumn(BaseModel):
    """A column of a new table."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    type: Name
    nullable: bool | None = None
    default: Expression | None = None


class ComputedColumn(BaseModel):
    """A column whose value is computed from others."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    type: Name | None = None
    expression: Expression
    nullable: bool | None = None


_TYPES: Final[dict[str, Any]] = {
    "text": Name,
    "flag": bool,
    "names": Name,
    "columns": NewColumn,
    "expression": Expression,
    "query": Query,
    "parts": ComputedColumn,
}
_LISTS: Final = {"names": 32, "columns": 200, "parts": 32}
"""The kinds of fields that are lists, and how long each may be."""


def _change_model() -> type[BaseModel]:
    kinds: dict[str, dict[str, None]] = {}
    for kind in operation_kinds():
        for field in operation_class(kind).FIELDS:
            kinds.setdefault(field.name, {})[field.kind] = None
    fields: dict[str, Any] = {"kind": (Literal[operation_kinds()], ...), "table": (Name | None, None)}
    fields |= {name: (_type(tuple(used)) | None, None) for name, used in kinds.items()}
    made: type[BaseModel] = create_model("Change", __config__=ConfigDict(extra="allow"), **fields)
    # A field that no kind has is left to the operations: they name the fields of the kind that was meant.
    return made


def _type(kinds: tuple[str, ...]) -> Any:
    """The type of a field that several operations may use in different ways; a list holds what any of them lists."""
    members: list[Any] = [_TYPES[kind] for kind in kinds if kind not in _LISTS]
    listed = [kind for kind in kinds if kind in _LISTS]
    if listed:
        one: Any = Union[tuple(_TYPES[kind] for kind in listed)]  # noqa: UP007 - its members are known when this runs
        several: Any = list
        members.append(Annotated[several[one], Field(max_length=max(_LISTS[kind] for kind in listed))])
    return Union[tuple(members)]  # noqa: UP007 - likewise


def _signature(kind: str) -> str:
    fields = [
        f"{field.name}{'[]' if field.kind in _LISTS else ''}{f' ({field.says})' if field.says else ''}"
        for field in operation_class(kind).FIELDS
    ]
    return f"{kind}: {', '.join(fields)}" if fields else kind


def change_reference() -> str:
    """Every kind of change with its fields, one line each, as Markdown."""
    return "".join(f"- `{kind}`{_signature(kind).removeprefix(kind)}\n" for kind in operation_kinds())


# A list of tools is read in every conversation, so it does not even name the kinds. They and their fields are told by the
# agent that says how to work (`change_reference`) and by the error that a wrong one gets.
_LISTED: Final = {
    "type": "object",
    "properties": {"kind": {"type": "string"}, "table": {"type": "string"}},
    "required": ["kind"],
    "description": "add_column: column, type, ...; all kinds and fields: migration_writer",
}

if TYPE_CHECKING:
    Change = BaseModel  # its fields are the operations' own, known when they are loaded
else:
    Change = Annotated[_change_model(), WithJsonSchema(_LISTED)]
