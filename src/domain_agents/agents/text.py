"""Bytes to text and to lines, and the characters a reader cannot see."""

from __future__ import annotations

import re

from domain_agents.agents.diagnostics import Diagnostic
from domain_agents.findings import Severity

_NEWLINE = re.compile(r"\r\n|\r|\n")
_FLAGS = re.compile(
    "\U0001f3f4(?:\U000e0067\U000e0062(?:\U000e0065\U000e006e\U000e0067|\U000e0073\U000e0063\U000e0074|\U000e0077\U000e006c\U000e0073))\U000e007f"
)
"""The three flags that are spelt with tag characters (England, Scotland, Wales): the only honest use of them."""
_INVISIBLE = re.compile(
    "(?P<tag>[\U000e0000-\U000e007f])"
    "|(?P<bidi>[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])"
    "|(?P<zero>[\u180e\u200b\u200c\u200d\u2060-\u2064\u206a-\u206f\ufeff\u115f\u1160\u3164\uffa0])"
    "|(?P<selector>[\U000e0100-\U000e01ef])"
)
_NAMES = {
    "tag": "Unicode tag characters (invisible letters)",
    "bidi": "bidirectional controls (they reorder what is shown)",
    "zero": "zero-width characters",
    "selector": "supplementary variation selectors (invisible data)",
}


def decode(data: bytes) -> tuple[str, tuple[Diagnostic, ...]]:
    """The text of a file, without a byte-order mark, and what was wrong with its bytes.

    Bytes that are not UTF-8 become U+FFFD: the words around them still serve, and the place is said.
    """
    for mark, encoding in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            said = Diagnostic(
                Severity.WARNING,
                "encoding",
                f"the file is {encoding.upper()}, not UTF-8",
                "save the file as UTF-8",
                line=1,
            )
            return data[2:].decode(encoding, errors="replace"), (said,)
    try:
        return data.decode("utf-8-sig").lstrip("\ufeff"), ()
    except UnicodeDecodeError as error:
        start = error.start
    body = data.removeprefix(b"\xef\xbb\xbf")
    before = _NEWLINE.split(body[:start].decode("utf-8", errors="replace"))
    said = Diagnostic(
        Severity.WARNING,
        "encoding",
        f"byte 0x{body[start]:02x} is not UTF-8; it is read as U+FFFD",
        "save the file as UTF-8",
        line=len(before),
        column=len(before[-1]) + 1,
    )
    return body.decode("utf-8", errors="replace"), (said,)


def clean(text: str) -> str:
    """Text that was given as text: no byte-order mark, no lone surrogates."""
    return text.lstrip("\ufeff").encode("utf-8", "replace").decode("utf-8")


def split_lines(text: str) -> list[str]:
    """Lines by LF, CRLF or CR. Not `str.splitlines`: editors do not count a form feed or U+2028 as a line."""
    return _NEWLINE.split(text) if "\r" in text else text.split("\n")


def invisible(lines: list[str]) -> tuple[Diagnostic, ...]:
    """One warning for each kind of invisible character, at its first place, with how many there are."""
    text = "\n".join(lines)
    if text.isascii():
        return ()
    text = _FLAGS.sub(lambda flag: "_" * len(flag.group()), text)
    first: dict[str, int] = {}
    count: dict[str, int] = {}
    for match in _INVISIBLE.finditer(text):
        kind = match.lastgroup or ""
        if match.group() == "\u200d" and _joins_emoji(text, match.start()):
            continue
        first.setdefault(kind, match.start())
        count[kind] = count.get(kind, 0) + 1
    return tuple(_said(kind, text, at, count[kind]) for kind, at in first.items())


def _said(kind: str, text: str, at: int, count: int) -> Diagnostic:
    return Diagnostic(
        Severity.WARNING,
        "invisible_text",
        f"{_NAMES[kind]}: {count} in this file, the first is U+{ord(text[at]):04X}; a model reads them, a reviewer cannot",
        "delete them, or keep the file out of the agents if you did not put them there",
        line=text.count("\n", 0, at) + 1,
        column=at - text.rfind("\n", 0, at),
    )


def _joins_emoji(text: str, at: int) -> bool:
    return at > 0 and at + 1 < len(text) and _is_emoji(text[at - 1]) and _is_emoji(text[at + 1])


def _is_emoji(character: str) -> bool:
    """Emoji, their skin tones and presentation selectors; the gender and other signs that follow a joiner."""
    code = ord(character)
    return 0x1F000 <= code <= 0x1FAFF or 0x2190 <= code <= 0x2BFF or code in (0xFE0F, 0x3030, 0x303D, 0x20E3)
