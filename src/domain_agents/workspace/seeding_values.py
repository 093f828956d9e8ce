"""Values for columns: SQL expressions of a row's number `n`, by type.

Every generator is a function from the SQL of a row number to the SQL of a value, so that a child can ask for the very key
that its parent's row number has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from domain_agents.workspace.live import LiveColumn
    from domain_agents.workspace.seeding_recipes import Generator

_INTEGERS: Final = {"int2": 32_000, "int4": 2_000_000_000, "int8": 2_000_000_000_000}

_MINUTE: Final = "(timestamp '2020-01-01' + ({n}) * interval '1 min')"
_SECOND_DAY: Final = "(date '2020-01-01' + (({n}) % 1000000)::int * 2)"

_SIMPLE: Final[dict[str, str]] = {
    "bool": "({n} % 2 = 0)",
    "float4": "({n} % 10000) / 4.0",
    "float8": "({n}) / 4.0",
    "date": "date '2020-01-01' + ({n} % 1000000)::int",
    "timestamp": "timestamp '2020-01-01' + ({n}) * interval '1 second'",
    "timestamptz": "timestamptz '2020-01-01 00:00:00+00' + ({n}) * interval '1 second'",
    "time": "time '00:00' + ({n}) * interval '1 microsecond'",
    "timetz": "timetz '00:00+00' + ({n}) * interval '1 microsecond'",
    "interval": "({n}) * interval '1 second'",
    "uuid": "md5(({n})::text)::uuid",
    "json": "json_build_object('n', {n})",
    "jsonb": "jsonb_build_object('n', {n})",
    "bytea": "decode(md5(({n})::text), 'hex')",
    "inet": "inet '10.0.0.0' + ({n} % 16000000)",
    "cidr": "set_masklen(inet '10.0.0.0' + ({n} % 16000000), 32)::cidr",
    "macaddr": "lpad(to_hex(({n})::bigint), 12, '0')::macaddr",
    "money": "(({n}) % 1000000)::numeric::money",
    "point": "point(({n})::float8, 0)",
    "tsvector": "to_tsvector('simple', ({n})::text)",
    "xml": "('<n>' || ({n}) || '</n>')::xml",
    "int4range": "int4range(({n})::int * 2, ({n})::int * 2 + 1)",
    "int8range": "int8range(({n}) * 2, ({n}) * 2 + 1)",
    "daterange": f"daterange({_SECOND_DAY}, {_SECOND_DAY} + 1)",
    "tsrange": f"tsrange({_MINUTE}, {_MINUTE} + interval '1 min')",
    "tstzrange": f"tstzrange({_MINUTE} AT TIME ZONE 'UTC', ({_MINUTE} + interval '1 min') AT TIME ZONE 'UTC')",
}  # fmt: skip


def literal(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def generator(column: LiveColumn, *, unique: bool) -> Generator | None:
    """Values for a column (all different when it is `unique`), or None when its type is not one we can make."""
    if column.kind in _INTEGERS:
        return _integer(column.kind, unique=unique)
    if column.kind == "numeric":
        return _numeric(column.length, column.scale, unique=unique)
    if column.kind in ("text", "varchar", "bpchar", "citext", "name"):
        return _text(column.name, column.length, unique=unique)
    if column.labels:
        labels = ", ".join(literal(label) for label in column.labels)
        return lambda n: f"(ARRAY[{labels}])[1 + ({n}) % {len(column.labels)}]::{column.type}"
    if column.kind in ("bit", "varbit") and column.length:
        return lambda n: f"(({n}) % 256)::bit({column.length})"
    if column.category == "A":
        return lambda _n: f"'{{}}'::{column.element}[]"
    pattern = _SIMPLE.get(column.kind)
    return (lambda n: pattern.replace("{n}", n)) if pattern else None


def distinct_values(column: LiveColumn) -> int | None:
    """How many different values a column's generator has; None is as many as are asked for."""
    if column.kind == "int2":
        return _INTEGERS["int2"]
    if column.kind == "bool":
        return 2
    if column.labels:
        return len(column.labels)
    if column.kind == "numeric" and column.length:
        return int(10 ** min(column.length, 15)) - 1
    if column.kind in ("varchar", "bpchar") and column.length:
        return int(16 ** min(column.length, 12)) - 1
    return {"date": 1_000_000, "inet": 16_000_000, "cidr": 16_000_000}.get(column.kind)


def _integer(kind: str, *, unique: bool) -> Generator:
    cast = {"int2": "smallint", "int4": "int", "int8": "bigint"}[kind]
    if unique:
        return lambda n: f"({n})::{cast}"
    return lambda n: f"(1 + ({n}) % 1000)::{cast}"


def _numeric(precision: int, scale: int, *, unique: bool) -> Generator:
    limit = 10 ** max(0, min(precision, 15) - max(scale, 0)) if precision else 10**12
    if unique and precision:
        return lambda n: f"({n})::numeric / (10::numeric ^ {max(scale, 0)})"
    if unique:
        return lambda n: f"({n})::numeric"
    return lambda n: f"(({n}) % {min(limit, 10_000)})::numeric"


def _text(name: str, length: int, *, unique: bool) -> Generator:
    if length and length < 24:
        # Hexadecimal says more in few characters.
        return lambda n: f"lpad(to_hex(({n})::bigint), {length if unique else min(length, 4)}, '0')"
    if "email" in name.lower():
        return lambda n: f"'user' || ({n}) || '@example.com'"
    if not unique:
        return lambda n: f"{literal(name[:8])} || ' ' || (({n}) % 1000)"
    return lambda n: f"{literal(name[:8])} || ' ' || ({n})"
