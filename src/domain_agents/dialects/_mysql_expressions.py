"""Whether a text is one expression: enough grammar to see where one ends, none to say what it means."""

from __future__ import annotations

from typing import Final

from domain_agents.engines._mysql_tokens import tokens
from domain_agents.engines._sqlite_tokens import Kind, Token

# Words that join or open operands; between two operands there must be one of them, or a sign.
_JOINING_LIST: Final = """
ALL AND ANY AS ASC AT BETWEEN BINARY BOTH BY CASE CHARACTER CHARSET COLLATE CROSS DATE DESC DISTINCT DIV ELSE END ESCAPE
EXISTS FALSE FOR FROM FULL GROUP HAVING IN INNER INTERVAL IS JOIN LEADING LEFT LIKE LIMIT MOD NATURAL NOT NULL OF OFFSET
ON OR ORDER OUTER OVER PARTITION REGEXP RETURNING RIGHT RLIKE ROW SELECT SEPARATOR SET SIGNED SOME SOUNDS STRAIGHT_JOIN
THEN TIME TIMESTAMP TRAILING TRUE UNION UNKNOWN UNSIGNED USING WHEN WHERE WITH XOR MICROSECOND SECOND MINUTE HOUR DAY
WEEK MONTH QUARTER YEAR DAY_HOUR DAY_MINUTE DAY_SECOND HOUR_MINUTE HOUR_SECOND MINUTE_SECOND YEAR_MONTH PRECEDING
FOLLOWING ROWS RANGE CURRENT UNBOUNDED MEMBER PATH COLUMNS EMPTY ERROR DEFAULT MATCH AGAINST BOOLEAN LANGUAGE MODE QUERY
EXPANSION
"""
_JOINING: Final = tuple(_JOINING_LIST.split())
_OPERANDS: Final = frozenset({Kind.WORD, Kind.NAME, Kind.NUMBER, Kind.STRING, Kind.BLOB})
_PREFIX_SIGNS: Final = frozenset({"-", "+", "~", "!"})
_STATEMENT_WORDS: Final = (
    "INSERT", "UPDATE", "DELETE", "DROP", "ALTER", "CREATE", "TRUNCATE", "GRANT", "CALL", "SET", "BEGIN", "COMMIT",
    "INTO", "DELIMITER",
)  # fmt: skip
_CLOSING_WORDS: Final = ("END", "NULL", "TRUE", "FALSE", "UNKNOWN")


def fault(expression: str) -> str:
    """Why a text is not exactly one scalar expression; empty when it is."""
    row = tokens(expression)
    if not row:
        return "there is no expression"
    open_brackets: list[Token] = []
    for place, token in enumerate(row):
        said = _token_fault(token)
        if said:
            return said
        if token.is_sign("("):
            open_brackets.append(token)
        elif token.is_sign(")"):
            if not open_brackets:
                return "')' ends the expression"
            open_brackets.pop()
        elif token.is_sign(",") and not open_brackets:
            return "',' ends the expression"
        if place and _stand_side_by_side(row[place - 1], token):
            return f"{token.text[:40]!r} ends the expression"
    if open_brackets:
        return "a parenthesis is not closed"
    return _end_fault(row)


def _token_fault(token: Token) -> str:
    if token.kind is Kind.BROKEN:
        return f"{token.text[:20]!r} is a comment, is not closed, or has no meaning in an expression"
    if token.kind is Kind.PARAMETER:
        return f"{token.text[:40]!r} is a parameter or variable: write the value itself"
    if token.is_sign(";") or token.is_sign(":=") or token.is_sign(":") or token.is_sign("{") or token.is_sign("}"):
        return f"{token.text!r} ends the expression"
    if token.is_word(*_STATEMENT_WORDS):
        return f"{token.text!r} begins a statement, and is no part of an expression"
    return ""


def _is_operand(token: Token) -> bool:
    return token.kind in _OPERANDS and not token.is_word(*_JOINING)


def _stand_side_by_side(before: Token, token: Token) -> bool:
    if before.kind is Kind.STRING and token.kind is Kind.STRING:
        return False  # two strings side by side are one
    if before.kind is Kind.WORD and before.text.startswith("_") and token.kind in {Kind.STRING, Kind.BLOB}:
        return False  # a character set before its text
    return (_is_operand(before) or before.is_sign(")")) and _is_operand(token)


def _end_fault(row: tuple[Token, ...]) -> str:
    """An operator or an opening word with nothing behind it, or a binary operator with nothing before it."""
    first, last = row[0], row[-1]
    if first.kind is Kind.SIGN and first.text not in {*_PREFIX_SIGNS, "("}:
        return f"{first.text!r} has nothing before it"
    joining = last.is_word(*_JOINING) and not last.is_word(*_CLOSING_WORDS)
    if (last.kind is Kind.SIGN and not last.is_sign(")")) or (joining and last.kind is Kind.WORD and len(row) > 1):
        unit_or_name = last.is_word(
            "DATE", "TIME", "TIMESTAMP", "DAY", "YEAR", "MONTH", "HOUR", "WEEK", "MINUTE", "SECOND"
        )
        return "" if unit_or_name else f"nothing stands behind {last.text!r}"
    return ""
