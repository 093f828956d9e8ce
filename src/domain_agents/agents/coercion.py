"""Values of frontmatter to what an agent holds: text, lists, yes or no, triggers, workflows, arguments.

Files write one thing in many ways (`tools` as text or a list, `triggers` as a list of words). Each reader takes all of
them; what fits none is said once and left out, and the file still serves.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.agents import globs, patterns
from domain_agents.agents.diagnostics import Diagnostic
from domain_agents.agents.model import Argument, Triggers, Workflow
from domain_agents.agents.names import slug
from domain_agents.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterable

    from domain_agents.agents.repair import Fields
    from domain_agents.agents.values import Value

MAX_ITEMS = 200
MAX_PATTERNS = 30
MAX_ITEM_CHARACTERS = 500
TRIGGER_KEYS = ("keywords", "patterns", "files", "stack", "not")
ARGUMENT_TYPES = ("text", "integer", "number", "boolean")
_TRIGGER_NAMES = {"exclude": "not", "tech": "stack", "globs": "files", "words": "keywords", "paths": "files"}
_YES = frozenset({"true", "yes", "on", "1"})
_NO = frozenset({"false", "no", "off", "0", "", "null", "~"})
_ARGUMENT_NAME = re.compile(r"^[A-Za-z_][A-Za-z0-9_]{0,39}$")


def warn(fields: Fields, path: tuple[str | int, ...], message: str, instead: str, code: str = "bad_value") -> None:
    """Say something about a value, at its place."""
    line, column = fields.place(*path)
    shown = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    fields.said.append(Diagnostic(Severity.WARNING, code, message, instead, line=line, column=column, field=shown[:80]))


def text_of(value: Value) -> str:
    """A value as text: a list joined by commas, nothing for what YAML writes as null; mappings have none."""
    if isinstance(value, str):
        return "" if value.strip() in ("null", "~") else value.strip()
    if isinstance(value, list):
        return ", ".join(part for item in value for part in _item_texts(item) if part)
    return ""


def _item_texts(item: Value) -> list[str]:
    """An item as text: `- one: two` in a list of sentences is a sentence with a colon in it."""
    if isinstance(item, dict):
        return [f"{key}: {text_of(value)}" for key, value in item.items()]
    return [text_of(item)]


def read_text(fields: Fields, key: str) -> str:
    """A text field; "" when it is absent, empty or no text."""
    value = fields.value.get(key, "")
    if isinstance(value, dict):
        warn(fields, (key,), f"`{key}` is a mapping, and text is wanted", f"{key}: text (in quotes if it holds `: `)")
    return text_of(value)


def read_list(fields: Fields, key: str) -> tuple[str, ...]:
    """A list of texts: a list, text with commas, text with spaces (where every word could stand alone), mapping keys."""
    return _list(fields.value.get(key, ""))


def read_flag(fields: Fields, key: str) -> bool:
    """Yes or no, as YAML and people write it; anything else is no, and is said."""
    value = text_of(fields.value.get(key, "")).lower()
    if value not in _YES | _NO:
        warn(fields, (key,), f"`{key}` is {value[:30]!r}, neither true nor false", f"{key}: true")
    return value in _YES


def read_triggers(fields: Fields) -> Triggers:
    """`triggers` with its kinds, or a plain list of words; `globs` and `applyTo` of editors' rules are files."""
    given = fields.value.get("triggers", "")
    kinds: dict[str, list[str]] = {key: [] for key in TRIGGER_KEYS}
    if isinstance(given, dict):
        for key, value in given.items():
            kind = _TRIGGER_NAMES.get(key.lower(), key.lower())
            if kind in kinds:
                kinds[kind] += _words(value)
            else:
                warn(
                    fields,
                    ("triggers", key),
                    f"`triggers` has no {key[:40]!r}",
                    f"one of {', '.join(TRIGGER_KEYS)}",
                    "unknown_key",
                )
    else:
        kinds["keywords"] += _list(given)
    for key in ("globs", "applyTo"):
        kinds["files"] += [part.strip() for item in _flat(fields.value.get(key, "")) for part in _outside(item, ",{}")]
    return Triggers(
        keywords=_unique(kinds["keywords"]),
        patterns=_patterns(fields, kinds["patterns"]),
        files=_globs(fields, kinds["files"]),
        stack=_unique(kinds["stack"]),
        exclude=_unique(kinds["not"]),
    )


def read_workflows(fields: Fields) -> tuple[Workflow, ...]:
    """`workflows`: mappings with name, when and steps; a step is an agent's name or a mapping with `agent`."""
    made = []
    given = fields.value.get("workflows", [])
    items = (
        given
        if isinstance(given, list)
        else [{"name": k, **v} for k, v in given.items() if isinstance(v, dict)]
        if isinstance(given, dict)
        else []
    )
    if given and not items:
        warn(
            fields, ("workflows",), "`workflows` is no list", "workflows:\n  - name: a-name\n    steps: [agent, agent]"
        )
    for number, item in enumerate(items[:MAX_ITEMS]):
        if not isinstance(item, dict):
            warn(
                fields,
                ("workflows", number),
                "a workflow is a mapping",
                "- name: a-name\n  when: [a request]\n  steps: [agent, agent]",
            )
            continue
        steps = tuple(name for step in _steps(item.get("steps", [])) if (name := slug(step)))
        name = text_of(item.get("name", "")) or f"workflow-{number + 1}"
        if not steps:
            warn(fields, ("workflows", number), f"the workflow {name[:40]!r} has no steps", "steps: [agent, agent]")
            continue
        made.append(Workflow(name=name, when=tuple(_words(item.get("when", ""))), steps=steps))
    return tuple(made)


def read_arguments(fields: Fields) -> tuple[Argument, ...]:
    """`arguments`: mappings with name, description, required, completes; or plain names."""
    made: dict[str, Argument] = {}
    given = fields.value.get("arguments", [])
    items = given if isinstance(given, list) else [{"name": name} for name in _list(given)]
    for number, item in enumerate(items[:MAX_ITEMS]):
        entry = item if isinstance(item, dict) else {"name": item}
        name = text_of(entry.get("name", ""))
        if not _ARGUMENT_NAME.match(name):
            warn(
                fields,
                ("arguments", number),
                f"{name[:40]!r} is no name for an argument",
                "letters, digits and `_`, at most 40",
            )
        elif name in made:
            warn(
                fields,
                ("arguments", number),
                f"the argument {name!r} is there twice",
                "keep one of them",
                "repeated_key",
            )
        else:
            made[name] = Argument(
                name=name,
                type=_type(fields, number, text_of(entry.get("type", ""))),
                description=text_of(entry.get("description", "")),
                required=text_of(entry.get("required", "")).lower() in _YES,
                completes=text_of(entry.get("completes", "")),
            )
    return tuple(made.values())


def _type(fields: Fields, number: int, given: str) -> str:
    known = {"": "text", "string": "text", "str": "text", "int": "integer", "float": "number", "bool": "boolean"}
    kind = known.get(given.lower(), given.lower())
    if kind in ARGUMENT_TYPES:
        return kind
    warn(
        fields, ("arguments", number, "type"), f"{given[:40]!r} is no type", f"type: one of {', '.join(ARGUMENT_TYPES)}"
    )
    return "text"


def _steps(value: Value) -> list[str]:
    if isinstance(value, str):
        return [part.split("(")[0].strip() for part in re.split(r"->|→|,", value)]
    items = value if isinstance(value, list) else [value]
    return [text_of(item.get("agent", "")) if isinstance(item, dict) else text_of(item) for item in items]


def _list(value: Value) -> tuple[str, ...]:
    if isinstance(value, dict):  # `write: false` says that it is not one of them
        return _unique(key for key, given in value.items() if text_of(given).lower() not in _NO - {""})
    if isinstance(value, list):
        return _unique(_flat(value))
    text = text_of(value)
    if text.startswith("[") and text.endswith("]"):
        text = text[1:-1]
    lines = [line.strip().removeprefix("- ") for line in text.splitlines()]
    parts = [part for line in lines for part in _outside(line, ",")]
    if len(parts) == 1 and " " in parts[0]:
        words = _outside(parts[0], " ")
        if all(re.match(r"^[\w*:./-]+(\(.*\))?$", word) for word in words):
            parts = words
    return _unique(part.strip().strip("\"'`") for part in parts)


def _words(value: Value) -> list[str]:
    """Phrases: a list as it is, or text with commas."""
    return _flat(value) if isinstance(value, list | dict) else [part.strip() for part in text_of(value).split(",")]


def _flat(value: Value) -> list[str]:
    """All texts of nested lists and mappings, in order; depth is bounded by the parser."""
    if isinstance(value, str):
        return [text_of(value)]
    items = value.values() if isinstance(value, dict) else value
    return [text for item in items for text in _flat(item)]


def _outside(text: str, separators: str) -> list[str]:
    """Split at the first of `separators`, but not inside brackets: `Bash(git add, git commit)` is one tool."""
    parts, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth = max(0, depth - 1)
        elif character == separators[0] and depth == 0:
            parts.append(text[start:at])
            start = at + 1
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


def _unique(items: Iterable[str]) -> tuple[str, ...]:
    kept = (item.strip()[:MAX_ITEM_CHARACTERS] for item in items)
    return tuple(dict.fromkeys(item for item in kept if item))[:MAX_ITEMS]


def _patterns(fields: Fields, given: list[str]) -> tuple[str, ...]:
    kept: list[str] = []
    for pattern in _unique(given):
        if len(kept) == MAX_PATTERNS:
            message = f"only the first {MAX_PATTERNS} patterns are used"
            warn(fields, ("triggers", "patterns"), message, "keywords, where a word will do", "bad_pattern")
            break
        try:
            patterns.compiled(pattern)
        except patterns.PatternError as error:
            warn(
                fields,
                ("triggers", "patterns"),
                f"{pattern[:60]!r}: {error}",
                "patterns: ['(add|create).{0,40}index']",
                "bad_pattern",
            )
        else:
            kept.append(pattern)
    return tuple(kept)


def _globs(fields: Fields, given: list[str]) -> tuple[str, ...]:
    kept = []
    for glob in _unique(given):
        if globs.is_valid(glob):
            kept.append(glob)
        else:
            path = ("triggers", "files") if fields.place("triggers") != (0, 0) else ("globs",)
            warn(
                fields,
                path,
                f"{glob[:60]!r} is too long or has too many alternatives",
                "files: ['**/*.sql']",
                "bad_glob",
            )
    return tuple(kept)
