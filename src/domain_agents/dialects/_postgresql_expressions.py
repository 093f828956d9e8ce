"""PostgreSQL's expressions: whether a text is one, and whether it may differ from row to row."""

from __future__ import annotations

from functools import cache
from typing import Any

import postgast

# Functions of pg_catalog that are not volatile (pg_proc.provolatile 'i' or 's' on PostgreSQL 18) and that people write
# in defaults. A function that is not listed counts as volatile: a rewrite that did not happen harms nobody.
_NOT_VOLATILE = frozenset({
    "abs", "array_append", "array_length", "array_position", "btrim", "ceil", "ceiling", "char_length", "chr",
    "concat", "concat_ws", "current_database", "current_schema", "current_setting", "date", "date_part",
    "date_trunc", "decode", "encode", "floor", "format", "initcap", "int4", "int8", "json_build_array",
    "json_build_object", "jsonb_build_array", "jsonb_build_object", "left", "length", "lower", "lpad", "ltrim",
    "make_date", "make_interval", "make_timestamp", "md5", "mod", "now", "nullif", "numrange", "octet_length",
    "overlay", "position", "power", "regexp_replace", "repeat", "replace", "reverse", "right", "round", "rpad",
    "rtrim", "sha256", "sign", "split_part", "sqrt", "starts_with", "statement_timestamp", "strpos", "substr",
    "substring", "text", "timezone", "to_char", "to_date", "to_json", "to_jsonb", "to_number", "to_timestamp",
    "to_tsvector", "transaction_timestamp", "translate", "trim", "trunc", "tsrange", "upper",
})  # fmt: skip


def _expression(text: str) -> Any | None:
    """The tree of a text that is exactly one scalar expression, else None.

    It must stand between round brackets and between square ones: the first alone would take a bare SELECT, the second a
    list in brackets. Comments are refused because one at the end would swallow what follows the expression.
    """
    try:
        in_brackets = _only_value(postgast.parse(f"SELECT (\n{text}\n)"))
        in_array = _only_value(postgast.parse(f"SELECT ARRAY[\n{text}\n]"))
        kinds = [token.token for token in postgast.scan(text).tokens]
    except (postgast.PgQueryError, ValueError, UnicodeError, RecursionError):
        return None
    if in_brackets is None or in_array is None or _COMMENTS.intersection(kinds):
        return None
    array = in_array.a_array_expr
    return in_brackets if len(array.elements) == 1 and in_array.WhichOneof("node") == "a_array_expr" else None


_COMMENTS = {postgast.pg_query_pb2.Token.Value(kind) for kind in ("SQL_COMMENT", "C_COMMENT")}


def _only_value(parsed: Any) -> Any | None:
    """The one value that a text selects, if it is one plain SELECT of one value."""
    if len(parsed.stmts) != 1 or parsed.stmts[0].stmt.WhichOneof("node") != "select_stmt":
        return None
    select = parsed.stmts[0].stmt.select_stmt
    plain = len(select.target_list) == 1 and not select.from_clause and not select.HasField("where_clause")
    return select.target_list[0].res_target.val if plain else None


@cache
def is_volatile(text: str) -> bool:
    """Whether the expression may give another value for each row; what cannot be read counts as volatile."""
    tree = _expression(text)
    if tree is None:
        return True
    for _, node in postgast.walk(tree):
        kind = node.DESCRIPTOR.name
        if kind in ("SubLink", "ColumnRef"):
            return True
        if kind == "FuncCall" and node.funcname[-1].string.sval.lower() not in _NOT_VOLATILE:
            return True
    return False


def fault(text: str) -> str:
    """Why the text is not exactly one scalar expression; empty when it is."""
    if not text.strip():
        return "it is empty"
    tree = _expression(text)
    if tree is None:
        return "PostgreSQL does not read it as one expression (no statements, comments or open brackets)"
    nodes = [node for _, node in postgast.walk(tree)]
    kinds = {node.DESCRIPTOR.name for node in nodes}
    for kind, why in _NOT_A_VALUE.items():
        if kind in kinds:
            return why
    calls = [node for node in nodes if node.DESCRIPTOR.name == "FuncCall"]
    if "SubLink" not in kinds and any(call.agg_star or call.funcname[-1].string.sval in _AGGREGATES for call in calls):
        return "an aggregate has no value for one row; put it into a subquery in brackets"
    return ""


_NOT_A_VALUE = {
    "ParamRef": "it holds a parameter ($1): write the value itself",
    "SetToDefault": "DEFAULT is not an expression: write the value itself",
    "RowExpr": "a row is not one value",
    "WindowDef": "a window function has no place in an UPDATE; put it into a subquery in brackets",
}
_AGGREGATES = frozenset({
    "count", "sum", "avg", "min", "max", "array_agg", "string_agg", "json_agg", "jsonb_agg", "bool_and", "bool_or",
    "every", "stddev", "variance", "json_object_agg", "jsonb_object_agg",
})  # fmt: skip


def columns_of(tree: Any) -> tuple[str, ...]:
    """The one column that a check names, for its default name; nothing when it names none or several."""
    names = {
        node.fields[-1].string.sval
        for _, node in postgast.walk(tree)
        if node.DESCRIPTOR.name == "ColumnRef" and node.fields[-1].WhichOneof("node") == "string"
    }
    return tuple(names) if len(names) == 1 else ()
