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
    if _expression(text) is None:
        return "PostgreSQL does not read it as one expression (no statements, comments or open brackets)"
    return ""
