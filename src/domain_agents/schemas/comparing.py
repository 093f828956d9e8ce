"""When two ways of writing a type or an expression mean the same: a schema file says int4, a server says integer.

Only spellings are made alike, never meanings: what stays different here is a difference.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from domain_agents.catalog import Table

_SPACES: Final = re.compile(r"\s+")
_TOKEN: Final = re.compile(
    r"""E?'(?:[^'\\]|''|\\.)*' | "(?:[^"]|"")*" | `(?:[^`]|``)*` | \$(\w*)\$.*?\$\1\$
    | [A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]* | \d+(?:\.\d+)?(?:[eE][+-]?\d+)? | ::|<>|!=|<=|>=|\|\||->>|->|=> | \S""",
    re.VERBOSE | re.DOTALL,
)
_PLAIN_NAME: Final = re.compile(r"[a-z_][a-z0-9_$]*")
_POSTGRESQL: Final = {
    "int": "integer", "int4": "integer", "int8": "bigint", "int2": "smallint", "bool": "boolean", "float4": "real",
    "float8": "double precision", "float": "double precision", "decimal": "numeric", "dec": "numeric",
    "varchar": "character varying", "char": "character", "bpchar": "character", "varbit": "bit varying",
    "timestamptz": "timestamp with time zone", "timetz": "time with time zone", "serial": "integer", "serial4": "integer",
    "bigserial": "bigint", "serial8": "bigint", "smallserial": "smallint", "serial2": "smallint",
}  # fmt: skip
_MYSQL: Final = {
    "integer": "int", "int4": "int", "int8": "bigint", "int2": "smallint", "int1": "tinyint", "middleint": "mediumint",
    "bool": "tinyint(1)", "boolean": "tinyint(1)", "numeric": "decimal", "dec": "decimal", "fixed": "decimal",
    "double precision": "double", "real": "double", "character varying": "varchar", "nvarchar": "varchar",
    "character": "char", "nchar": "char",
}  # fmt: skip
_DISPLAY_WIDTH: Final = re.compile(r"\b(tinyint|smallint|mediumint|int|bigint)\(\d+\)")
_DEFAULT_SIZES: Final = {"decimal": "decimal(10,0)", "decimal(10)": "decimal(10,0)", "char": "char(1)", "bit": "bit(1)"}
_CAST_TARGETS: Final = re.compile(
    r"""(?:pg_catalog\s*\.\s*)?(?:character\s+varying|timestamp\s+with(?:out)?\s+time\s+zone|time\s+with(?:out)?\s+time\s+zone
    |double\s+precision|bit\s+varying|"(?:[^"]|"")*"|[\w.]+)(?:\s*\(\s*[\d,\s]+\s*\))?(?:\s*\[\s*\])*""",
    re.VERBOSE | re.IGNORECASE,
)
_ANY_ARRAY: Final = re.compile(r"= any \( (?P<open>\( )?array \[ (?P<values>[^\[\]]*?) \](?(open) \)) \)")
_SAME_CALLS: Final = {"now ( )": "current_timestamp", "current_timestamp ( )": "current_timestamp"}
_JOINING: Final = frozenset({"and", "or", "not"})
_CAST_NUMBER: Final = re.compile(r"\(\s*('(?:[^']|'')*'|-?\d+(?:\.\d+)?)\s*\)\s*::")
_OPTION: Final = re.compile(r"(\w+)\s*(?:=\s*|\s)('(?:[^']|'')*'|\w+)")
_SPELLED: Final = {"!=": "<>"}
_LITERAL_END: Final = re.compile(r"(?:'|\d)\Z")


@lru_cache(maxsize=4_096)
def same_type(engine: str, one: str, other: str) -> bool:
    """Whether two types are the same one."""
    return plain_type(engine, one) == plain_type(engine, other)


@lru_cache(maxsize=4_096)
def plain_type(engine: str, written: str) -> str:
    """A type in the one spelling that is compared."""
    text = _SPACES.sub(" ", written.strip())
    text = _lower(text)
    text = re.sub(r"\s*([(,])\s*", r"\1", text).replace(" )", ")")
    if engine == "postgresql":
        return _postgresql_type(text)
    if engine in ("mysql", "mariadb"):
        return _mysql_type(text, engine)
    return text


def _lower(text: str) -> str:
    """The text in lower case, but for what stands in quotes."""
    parts = re.split(r"('(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")", text)
    return "".join(part if number % 2 else part.lower() for number, part in enumerate(parts))


def _postgresql_type(text: str) -> str:
    text = text.removeprefix("pg_catalog.")
    array = re.search(r"(?:\[\d*\]|\barray\b)+\s*\Z", text)
    base = text[: array.start()].strip() if array else text
    with_zone = re.fullmatch(r"(timestamp|time)(\(\d+\))? (with|without) time zone", base)
    if with_zone:
        name, size, zone = with_zone[1], with_zone[2] or "", with_zone[3]
        plain = f"{name}{size} with time zone" if zone == "with" else f"{name}{size}"
    else:
        found = re.fullmatch(r"([^(]+?)(\(.*\))?", base)
        name, size = (found[1].strip(), found[2] or "") if found else (base, "")
        plain = _POSTGRESQL.get(name, name)
        if plain in ("timestamp with time zone", "time with time zone"):
            plain = f"{plain.split(' ', 1)[0]}{size} with time zone"
        elif plain == "character" and not size and name != "bpchar":
            plain = "character(1)"
        elif plain == "numeric" and re.fullmatch(r"\(\d+\)", size):
            plain = f"numeric({size[1:-1]},0)"
        else:
            plain += size
    return plain + ("[]" if array else "")


def _mysql_type(text: str, engine: str) -> str:
    text = re.sub(r"\btinyint\(1\)", "tinyint<1>", text)
    text = _DISPLAY_WIDTH.sub(r"\1", text).replace("tinyint<1>", "tinyint(1)")
    found = re.match(r"[a-z0-9 ]+?(?=\(| unsigned| zerofill|\Z)", text)
    name = found[0] if found else text
    text = _MYSQL.get(name, name) + text[len(name) :]
    if engine == "mariadb" and text == "json":
        return "longtext"
    return _DEFAULT_SIZES.get(text, text)


def same_expression(engine: str, one: str | None, other: str | None) -> bool:
    """Whether two expressions (or their absence) say the same."""
    if one is None or other is None:
        return one is other
    return one == other or plain_expression(engine, one) == plain_expression(engine, other)


@lru_cache(maxsize=8_192)
def plain_expression(engine: str, written: str) -> str:
    """An expression in the one spelling that is compared: tokens with one space, words in lower case, casts of literals
    and brackets that group nothing left out."""
    text = _without_literal_casts(_CAST_NUMBER.sub(r"\1::", written)) if engine == "postgresql" else written
    tokens = [_plain_token(found[0]) for found in _TOKEN.finditer(text)]
    text = " ".join(tokens)
    for call, plain in _SAME_CALLS.items():
        text = text.replace(call, plain)
    text = _ANY_ARRAY.sub(r"in ( \g<values> )", text)
    return " ".join(_without_idle_brackets(text.split(" ")))


def _plain_token(token: str) -> str:
    if token[0] in '"`':
        inner = token[1:-1]
        return inner if _PLAIN_NAME.fullmatch(inner) else token.replace("`", '"').replace(" ", "\0")
    if token[0] in "'$" or token.startswith(("E'", "e'")):
        return token.replace(" ", "\0")  # a space parts tokens from here on
    return _SPELLED.get(token, token.lower())


def _without_literal_casts(text: str) -> str:
    """The text without `::type` behind a literal, or behind what is cast to text: the server writes them, people do not."""
    parts: list[str] = []
    rest = text
    while "::" in rest:
        before, _, after = rest.partition("::")
        target = _CAST_TARGETS.match(after.lstrip())
        kept = before.rstrip()
        is_text = (
            target is not None
            and re.match(r"(?:text|character varying|bpchar)\b", target[0], re.IGNORECASE) is not None
        )
        is_literal = (
            _LITERAL_END.search(kept) is not None or kept.endswith("]") or re.search(r"\bnull\Z", kept, re.IGNORECASE)
        )
        if target is None or not (is_literal or is_text):
            parts.append(before + "::")
            rest = after
            continue
        parts.append(kept)
        rest = after.lstrip()[target.end() :]
    return "".join(parts) + rest


def _without_idle_brackets(tokens: list[str]) -> list[str]:
    """The tokens without brackets that group nothing: around all, around one thing, around a comparison beside AND or OR.

    Brackets of a call, of a list and around what binds less than its neighbours stay.
    """
    place = 0
    while place < len(tokens):
        if tokens[place] == "(" and _is_group(tokens, place):
            end = _closing(tokens, place)
            if end is not None and _is_idle(tokens, place, end):
                tokens = [*tokens[:place], *tokens[place + 1 : end], *tokens[end + 1 :]]
                place = 0
                continue
        place += 1
    return tokens


def _is_group(tokens: list[str], place: int) -> bool:
    before = tokens[place - 1] if place else ""
    return not before or before in _JOINING or before in ("(", ",") or not re.match(r"[\w\"`\]']", before[-1])


def _closing(tokens: list[str], place: int) -> int | None:
    depth = 0
    for number in range(place, len(tokens)):
        depth += {"(": 1, ")": -1}.get(tokens[number], 0)
        if depth == 0:
            return number
    return None


def _is_idle(tokens: list[str], place: int, end: int) -> bool:
    inside = tokens[place + 1 : end]
    if not inside or "select" in inside or "," in _top(inside):
        return False
    before = tokens[place - 1] if place else ""
    after = tokens[end + 1] if end + 1 < len(tokens) else ""
    if (not before or (before == "(" and after == ")")) and (not after or after == ")"):
        return True
    if len(inside) == 1 or _is_call(inside):
        return after != "::" or len(inside) == 1
    beside_joining = before in ("", "(", "and", "or") and after in ("", ")", "and", "or")
    return beside_joining and not _JOINING.intersection(_top(inside))


def _is_call(inside: list[str]) -> bool:
    return (
        len(inside) > 2
        and re.match(r"[\w\"]", inside[0]) is not None
        and inside[1] == "("
        and _closing(inside, 1) == len(inside) - 1
    )


def _top(tokens: list[str]) -> list[str]:
    """The tokens that stand in no brackets of their own."""
    depth, found = 0, []
    for word in tokens:
        depth -= word == ")"
        if depth == 0:
            found.append(word)
        depth += word == "("
    return found


def table_options(table: Table) -> dict[str, str]:
    """What stands behind a table's definitions, by its name: engine, charset, collate, row_format, comment.

    What is not written is the server's own choice, so it is compared only where both sides say it.
    """
    text = re.sub(r"\b(?:default\s+)?(?:character\s+set|charset)\b", "charset", table.options, flags=re.IGNORECASE)
    text = re.sub(r"\bdefault\s+collate\b", "collate", text, flags=re.IGNORECASE)
    found = {name.lower(): value.strip("'\"").lower() for name, value in _OPTION.findall(text)}
    found.pop("auto_increment", None)
    return found
