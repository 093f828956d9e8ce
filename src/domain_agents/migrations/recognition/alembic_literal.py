"""SQL as a Python literal that Alembic hands to the server unchanged, and back.

`op.execute` takes a string for `sqlalchemy.text`, in which `:name` is a parameter and a backslash before a colon is lost.
SQLAlchemy up to 2.0 counts `$` to a parameter's name and 2.1 does not, so an escape is written only where both undo it;
where they disagree the statement is given as `sqlalchemy.DDL`, which reads percent signs and nothing else.
"""

from __future__ import annotations

import re
import unicodedata


def as_text(sql: str) -> str | None:
    """The text that `sqlalchemy.text` reads as exactly this SQL; None when its versions would read it differently."""
    parts: list[str] = []
    for at, character in enumerate(sql):
        if character == ":":
            touched, undone = _colon(sql, at)
            if touched and not undone:
                return None
            parts.append("\\:" if touched else ":")
        else:
            parts.append(character)
    return "".join(parts)


def from_text(text: str) -> str:
    """The SQL that `sqlalchemy.text` makes of a text: a backslash before a colon is taken away where it is an escape."""
    parts: list[str] = []
    for at, character in enumerate(text):
        if character == "\\" and text[at + 1 : at + 2] == ":" and _colon(text, at + 1)[1]:
            continue
        parts.append(character)
    return "".join(parts)


def _colon(sql: str, at: int) -> tuple[bool, bool]:
    """What happens to the colon at `at` in any version: whether it is acted on, and whether an escape there is undone."""
    before = sql[at - 1 : at] if at else ""
    word = _run(sql, at + 1, "_")
    dollars = _run(sql, at + 1, "_$")
    ends = [sql[at + 1 + len(word) :][:1] != ":", sql[at + 1 + len(dollars) :][:1] != ":"]
    if before == "\\":
        return any(ends), all(ends)
    if before == ":" or (before and (before.isalnum() or before == "_")):
        return False, all(ends)
    binds = (bool(word) and ends[0]) or (bool(dollars) and ends[1] and before != "$")
    return binds, all(ends)


def _run(text: str, start: int, also: str) -> str:
    end = start
    while end < len(text) and (text[end].isalnum() or text[end] in also):
        end += 1
    return text[start:end]


def python_literal(text: str) -> str:
    """The text as Python source, as readable as it can be: raw where it has backslashes, no quote escaped needlessly."""
    quotes = '"' if '"' not in text else "'" if "'" not in text else '"""'
    quotes = '"""' if "\n" in text else quotes
    plain = all(map(_is_plain, text))
    if plain and "\\" in text and quotes not in text and not text.endswith(("\\", '"')):
        return f"r{quotes}{text}{quotes}"
    escaped = "".join(_escaped(character) for character in text)
    if len(quotes) == 1:
        return quotes + escaped + quotes
    # In triple quotes a quote needs a backslash where three follow each other, and at the end.
    return quotes + re.sub(r'"{3,}|"+\Z', lambda match: '\\"' * len(match.group()), escaped) + quotes


def _is_plain(character: str) -> bool:
    return character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if _is_plain(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
