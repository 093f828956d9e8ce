"""Names: what an agent is called on the wire. A name is a key in a table and never part of a path."""

from __future__ import annotations

import re
import unicodedata

MAX_NAME_CHARACTERS = 64
_SIGNS = (("c++", "c-plus-plus"), ("c#", "c-sharp"), ("f#", "f-sharp"), ("&", " and "))
_SUFFIX = re.compile(r"\.(agent|chatmode|prompt|instructions|subagent|skill)$", re.IGNORECASE)
_DOCUMENT = re.compile(
    r"^(readme|contributing|claude|agents|gemini|copilot-instructions|license|licence|changelog|code_of_conduct|security"
    r"|notice|authors|contributors)([._-].*)?$",
    re.IGNORECASE,
)


def slug(text: str) -> str:
    """A name that is safe everywhere: lower-case letters (of any script), digits, `-` and `_`; "" if none are left."""
    lowered = unicodedata.normalize("NFKC", text).strip().lower()
    for sign, spelt in _SIGNS:
        lowered = re.sub(rf"(?<![\w]){re.escape(sign)}(?![\w])" if sign != "&" else "&", spelt, lowered)
    kept = "".join(c if c.isalnum() or c == "_" or unicodedata.category(c) in ("Mn", "Mc") else "-" for c in lowered)
    return re.sub(r"-{2,}", "-", kept)[:MAX_NAME_CHARACTERS].strip("-")


def stem(file: str) -> str:
    """A file's name without folders and extensions; a SKILL.md is called after its folder."""
    parts = file.replace("\\", "/").split("/")
    last = parts[-1].rpartition(".")[0] or parts[-1]
    if last.upper() == "SKILL" and len(parts) > 1:
        return parts[-2]
    return _SUFFIX.sub("", last) or last


def is_document(file: str) -> bool:
    """Whether a file of this name is documentation beside the agents rather than one of them."""
    last = file.replace("\\", "/").rpartition("/")[2]
    return _DOCUMENT.match(last.rpartition(".")[0] or last) is not None


def title_of(name: str) -> str:
    """A name as a person would write it: `schema-designer` is "Schema designer"."""
    words = re.sub(r"[-_\s]+", " ", name).strip()
    return words[:1].upper() + words[1:]
