"""What a default is: a literal, the time of the statement, or an expression that must stand in brackets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from domain_agents.engines._mysql_tokens import tokens
from domain_agents.engines._sqlite_tokens import Kind

if TYPE_CHECKING:
    from domain_agents.engines._sqlite_tokens import Token

_WITHOUT_LITERAL: Final = re.compile(r"(?:tiny|medium|long)?(?:text|blob)\b|json\b|long\b|geometry\b", re.IGNORECASE)
_NOW: Final = ("CURRENT_TIMESTAMP", "NOW", "LOCALTIME", "LOCALTIMESTAMP")
# https://dev.mysql.com/doc/refman/8.4/en/built-in-function-reference.html and
# https://mariadb.com/docs/server/reference/sql-functions (read 2026-11-20): the same arguments give the same value.
_DETERMINISTIC_LIST: Final = """
abs acos ascii asin atan atan2 bin bit_count ceil ceiling char char_length character_length coalesce concat concat_ws
conv convert cos cot crc32 date date_add date_format date_sub datediff day dayname dayofmonth dayofweek dayofyear degrees
elt exp export_set field find_in_set floor format from_base64 from_days from_unixtime greatest hex hour if ifnull
inet6_aton inet6_ntoa inet_aton inet_ntoa insert instr isnull json_array json_compact json_contains json_depth json_extract
json_insert json_keys json_length json_object json_quote json_remove json_replace json_search json_set json_type
json_unquote json_valid json_value last_day lcase least left length ln locate log log10 log2 lower lpad ltrim makedate
maketime md5 microsecond mid minute mod month monthname nullif oct octet_length ord period_add period_diff pi position pow
power quarter quote radians regexp_instr regexp_replace regexp_substr repeat replace reverse right round rpad rtrim
sec_to_time second sha sha1 sha2 sign sin soundex space sqrt str_to_date strcmp substr substring substring_index subtime
tan time time_format time_to_sec timediff timestampadd timestampdiff to_base64 to_days to_seconds trim truncate ucase
unhex upper week weekday weekofyear weight_string year yearweek cast decimal signed unsigned char binary varchar
"""
_DETERMINISTIC: Final = frozenset(_DETERMINISTIC_LIST.split())
_VOLATILE_WORDS: Final = (
    "SELECT", "UUID", "RAND", "SYSDATE", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_USER", "CURDATE", "CURTIME", "NEXT",
    "UTC_DATE", "UTC_TIME", "UTC_TIMESTAMP",
)  # fmt: skip
_NOT_CALLS: Final = (
    "IN", "AND", "OR", "XOR", "NOT", "CASE", "WHEN", "THEN", "ELSE", "AS", "LIKE", "REGEXP", "RLIKE", "BETWEEN", "IS",
    "DIV", "MOD", "INTERVAL", "ESCAPE", "COLLATE", "USING", "FROM",
)  # fmt: skip


def is_literal(row: tuple[Token, ...]) -> bool:
    """Whether the tokens are one literal: a number with its sign, a string (with its character set or type), a word."""
    if row and (row[0].is_sign("-") or row[0].is_sign("+")):
        return len(row) == 2 and row[1].kind is Kind.NUMBER  # the sign and the number
    if len(row) == 1:
        return row[0].kind in {Kind.NUMBER, Kind.STRING, Kind.BLOB} or row[0].is_word("NULL", "TRUE", "FALSE")
    if len(row) > 1 and all(token.kind is Kind.STRING for token in row):
        return True
    introduced = len(row) == len(("introducer", "text")) and row[1].kind in {Kind.STRING, Kind.BLOB}
    return introduced and (row[0].text.startswith("_") or row[0].is_word("DATE", "TIME", "TIMESTAMP"))


def is_now(row: tuple[Token, ...]) -> bool:
    """Whether the tokens are the time of the statement, which every row gets alike."""
    if not row or not row[0].is_word(*_NOW):
        return False
    rest = [token.text for token in row[1:]]
    return not rest or rest == ["(", ")"] or (len(rest) == 3 and rest[1].isdigit() and (rest[0], rest[2]) == ("(", ")"))


def written_default(default: str) -> str:
    """A default as DEFAULT takes it: a literal or the time bare, an expression in brackets."""
    row = tokens(default)
    inner = row[1:-1] if row and row[0].is_sign("(") and row[-1].is_sign(")") else ()
    return default if is_literal(row) or is_now(row) or is_literal(inner) else f"({default})"


def is_refused_literal(type_: str, default: str) -> bool:
    """Whether MySQL refuses the default of a column of that type (1101): of texts and the like it takes expressions only.

    https://dev.mysql.com/doc/refman/8.4/en/data-type-defaults.html (read 2026-11-21).
    """
    row = tokens(default)
    return _WITHOUT_LITERAL.match(type_) is not None and is_literal(row) and not row[0].is_word("NULL")


def is_plain(default: str) -> bool:
    """Whether a default is a literal without brackets, or the time of the statement."""
    row = tokens(default)
    return is_literal(row) or is_now(row)


def is_deterministic(expression: str) -> bool:
    """Whether every row gets the value that the same row got before; an unknown function is none of these."""
    row = tokens(expression)
    for place, token in enumerate(row):
        if token.kind in {Kind.BROKEN, Kind.PARAMETER} or token.is_word(*_VOLATILE_WORDS):
            return False
        following = row[place + 1] if place + 1 < len(row) else None
        is_call = token.kind in {Kind.WORD, Kind.NAME} and following is not None and following.is_sign("(")
        if is_call and not token.is_word(*_NOT_CALLS, *_NOW) and token.value.lower() not in _DETERMINISTIC:
            return False
    return True
