"""Where a file's frontmatter is: between two `---` lines, or where its author plainly meant it to be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from domain_agents.agents.diagnostics import Diagnostic
from domain_agents.findings import Severity

KNOWN_KEYS = frozenset(
    """
    name description title domain version tags triggers trigger workflows workflow arguments tools model tool color colour
    category temperature effort emoji vibe license licence metadata max_turns maxturns skills memory globs author authors
    permissionmode dependencies capabilities model_rationale alwaysapply max_tokens schema_version agent_id agent_type
    resource_tier timeout interactions knowledge allowed-tools model_tier tier user-invocable argument-hint priority
    mcp-servers mcpservers disable-model-invocation allowedtools disallowedtools disallowed-tools hooks handoffs target
    background isolation initialprompt readonly is_background agents infer kind mode agent applyto compatibility
    primary_agent secondary_agents related_agents proactive type role keywords examples whentouse when_to_use
    when-to-use prompt instructions icon id language status created updated date last_updated paths scope
    """.split()  # noqa: SIM905 - a list of ninety quoted words reads worse
)
"""Keys seen in public agent files (lower case). Only where YAML refused a file do they tell a key from prose."""
PROSE_WORDS = frozenset(
    """
    user assistant human context commentary example examples note notes response system question answer input output
    claude agent trigger triggers result reasoning scenario usage important warning tip why how when step http https
    """.split()  # noqa: SIM905
)
"""Words that begin a line of dialogue or prose in descriptions, and so are no keys after one that YAML refused."""
KEY_LINE = re.compile(
    r"^(?P<quote>[\"']?)(?P<key>[A-Za-z_][A-Za-z0-9_.\- ]{0,40}?)(?P=quote)[ \t]*:(?:[ \t\u00a0]+(?P<value>.*)|[ \t]*)$"
)
_KNOWN_LINE = re.compile(r"^(name|description|title|tools|model|domain|globs|alwaysApply)[ \t]*:", re.IGNORECASE)
_DASHES = ("-", "—", "–")
_RULE = re.compile(r"^(-{3,}|[—–]-?|[—–]{2,3})[ \t]*$")
MAX_FENCES = 8
_BARE_FENCE = re.compile(r"^(`{3,}|~{3,})$")
_FENCE = re.compile(r"^(`{3,}|~{3,})[ \t]*[\w-]*$")


@dataclass(frozen=True)
class Split:
    """A file in two: the frontmatter's lines and the body's, and where each begins (lines count from 1; 0: none).

    `indent` is how many characters of indentation were taken from every line.
    """

    front: list[str]
    front_line: int
    body: list[str]
    body_line: int
    indent: int = 0
    said: tuple[Diagnostic, ...] = ()

    @property
    def has_front(self) -> bool:
        """Whether there is frontmatter at all."""
        return self.front_line > 0


def is_known(key: str) -> bool:
    """Whether agent files use this key."""
    return key.lower() in KNOWN_KEYS


def split(lines: list[str]) -> Split:
    """Frontmatter and body of a file's lines."""
    lines, indent, said = _unindented(lines)
    lines, fences = _unfenced(lines)
    start = _first_content(lines)
    if start == len(lines):
        return Split([], 0, lines, 1, indent)
    if not _is_rule(lines[start]):
        return _without_opening(lines, start, indent, said)
    closing = _closing(lines, start + 1)
    if closing is None:
        return _without_closing(lines, start + 1, indent, said)
    front = lines[start + 1 : closing]
    if any(map(str.strip, front)) and not any(KEY_LINE.match(s) or _KNOWN_LINE.match(s) for s in _dedented(front)):
        return Split([], 0, lines[start:], start + 1, indent)  # a rule, prose, a rule: no frontmatter
    body = lines[closing + 1 :]
    return Split(front, start + 2, _without_fences(body, fences), closing + 2, indent, said)


def _dedented(lines: list[str]) -> list[str]:
    return [line.strip() if len(line) - len(line.lstrip()) <= 4 else line for line in lines]


def _is_rule(line: str) -> bool:
    return line[:1] in _DASHES and _RULE.match(line) is not None


def _is_fence(line: str) -> bool:
    return line[:1] in ("`", "~") and _FENCE.match(line.rstrip()) is not None


def _unindented(lines: list[str]) -> tuple[list[str], int, tuple[Diagnostic, ...]]:
    """A file whose opening rule is indented is indented as a whole: pasted from somewhere."""
    first = next((line for line in lines if line.strip()), "")
    margin = first[: len(first) - len(first.lstrip(" \t"))]
    if not margin or not _is_rule(first.strip()):
        return lines, 0, ()
    said = Diagnostic(
        Severity.WARNING,
        "indented_file",
        "the whole file is indented; it is read without that indentation",
        "---",
        line=lines.index(first) + 1,
        column=1,
    )
    return (
        [line.removeprefix(margin) if line.startswith(margin) else line.lstrip(" \t") for line in lines],
        len(margin),
        (said,),
    )


def _unfenced(lines: list[str]) -> tuple[list[str], int]:
    """Without the code fences some files are wrapped in (an editor's answer, saved whole), and how many there were. Their
    lines stay, empty, so that line numbers hold; a fence directly around keys stands for the rules."""
    fences = 0
    for _ in range(MAX_FENCES):
        start = next((n for n, line in enumerate(lines) if line.strip()), len(lines))
        following = next((n for n in range(start + 1, len(lines)) if lines[n].strip()), len(lines))
        if following == len(lines) or not _is_fence(lines[start]):
            break
        if _KNOWN_LINE.match(lines[following]):
            end = next((n for n in range(following, len(lines)) if _is_fence(lines[n]) or _is_rule(lines[n])), None)
            if end is None:
                break
            ruled = {start: "---", end: "---"}
            return [ruled.get(n, line) for n, line in enumerate(lines)], 0
        if not _is_rule(lines[following]) and not _is_fence(lines[following]):
            break
        lines = [*lines[:start], "", *lines[start + 1 :]]
        fences += 1
    return lines, fences


def _without_fences(body: list[str], opened: int) -> list[str]:
    """A body without the fences that close what was opened before the frontmatter; their lines stay, empty."""
    body = list(body)
    for left in range(opened, 0, -1):
        fences = [n for n, line in enumerate(body) if _is_fence(line)]
        content = [n for n, line in enumerate(body) if line.strip()]
        if not fences or len(fences) % 2 != left % 2:
            break
        at = next((n for n in (content[0], content[-1]) if _BARE_FENCE.match(body[n].rstrip())), None)
        if at is None:
            break
        body[at] = ""
    return body


def _first_content(lines: list[str]) -> int:
    """The first line that is neither empty nor part of an HTML comment before a rule or a key."""
    at = 0
    while at < len(lines):
        if not lines[at].strip():
            at += 1
        elif lines[at].lstrip().startswith("<!--"):
            end = next((n for n in range(at, min(len(lines), at + 200)) if "-->" in lines[n]), None)
            if end is None or lines[end].partition("-->")[2].strip():
                return at
            at = end + 1
        else:
            return at
    return at


def _closing(lines: list[str], start: int) -> int | None:
    """The line that closes the frontmatter. A rule inside the description is not it: known keys go on after that."""
    rules = list(islice((n for n in range(start, len(lines)) if _is_rule(lines[n])), 2))
    if not rules:
        return next(
            (n for n in range(start, len(lines)) if lines[n].rstrip() == "..." or _is_rule(lines[n].strip())), None
        )
    if len(rules) > 1 and _continues(lines[start : rules[0]], lines[rules[0] + 1 : rules[1]]):
        return rules[1]
    return rules[0]


def _continues(before: list[str], after: list[str]) -> bool:
    have = {match["key"].lower() for line in before if (match := KEY_LINE.match(line))}
    for line in after:
        if line.startswith(("#", "```", "~~~")):
            return False
        match = KEY_LINE.match(line)
        if (
            match
            and match["key"].lower() in ("name", "description", "tools", "model", "color")
            and "description" in have
        ):
            return match["key"].lower() not in have
    return False


def _without_opening(lines: list[str], start: int, indent: int, said: tuple[Diagnostic, ...]) -> Split:
    """A file that begins with keys, or with a heading before the frontmatter; else a plain file."""
    if _KNOWN_LINE.match(lines[start]):
        closing = next((n for n in range(start, len(lines)) if _is_rule(lines[n])), None)
        end = _end_of_keys(lines, start)
        keys = [
            line for line in lines[start : end if closing is None else min(closing, end)] if _KNOWN_LINE.match(line)
        ]
        if len(keys) >= 2 or (closing is not None and closing <= end):
            missing = Diagnostic(
                Severity.WARNING,
                "missing_opening",
                "the `---` that opens the frontmatter is missing; the keys are read all the same",
                f"---\n{lines[start][:80]}",
                line=start + 1,
                column=1,
            )
            stop = end if closing is None or closing > end else closing
            follow = stop + 1 if stop < len(lines) and _is_rule(lines[stop]) else stop
            return Split(lines[start:stop], start + 1, lines[follow:], follow + 1, indent, (*said, missing))
    late = _late_opening(lines, start)
    if late is not None:
        opening, closing_line = late
        moved = Diagnostic(
            Severity.WARNING,
            "text_before_frontmatter",
            "there is text before the frontmatter; most clients would not read the frontmatter",
            "put the opening `---` on the first line",
            line=opening + 1,
            column=1,
        )
        body = [*lines[start:opening], *lines[closing_line + 1 :]]
        return Split(lines[opening + 1 : closing_line], opening + 2, body, closing_line + 2, indent, (*said, moved))
    return Split([], 0, lines[start:], start + 1, indent, said)


def _late_opening(lines: list[str], start: int) -> tuple[int, int] | None:
    """Frontmatter after a few lines of heading: two rules close together, with both a name and a description between."""
    opening = next((n for n in range(start, min(len(lines), start + 12)) if _is_rule(lines[n])), None)
    if opening is None:
        return None
    closing = next((n for n in range(opening + 1, min(len(lines), opening + 80)) if _is_rule(lines[n])), None)
    if closing is None:
        return None
    keys = {match["key"].lower() for line in lines[opening + 1 : closing] if (match := KEY_LINE.match(line))}
    return (opening, closing) if {"name", "description"} <= keys else None


def _end_of_keys(lines: list[str], start: int) -> int:
    """Where lines stop being keys and their continuations: at a rule, a heading, or an empty line before no key."""
    at = start
    while at < len(lines):
        line = lines[at]
        if _is_rule(line) or line.startswith(("# ", "## ", "### ")):
            return at
        if not line.strip():
            following = next((n for n in range(at, len(lines)) if lines[n].strip()), len(lines))
            match = KEY_LINE.match(lines[following]) if following < len(lines) else None
            if match is None or not is_known(match["key"]):
                return at
        at += 1
    return at


def _without_closing(lines: list[str], start: int, indent: int, said: tuple[Diagnostic, ...]) -> Split:
    """An opening rule and no other: keys as far as they go, if there are any."""
    first = next((n for n in range(start, len(lines)) if lines[n].strip()), len(lines))
    if first == len(lines) or not KEY_LINE.match(lines[first]):
        return Split([], 0, lines[start:], start + 1, indent, said)
    end = _end_of_keys(lines, first)
    missing = Diagnostic(
        Severity.WARNING,
        "missing_closing",
        "the `---` that closes the frontmatter is missing; it is taken to end here",
        "---",
        line=min(end, len(lines) - 1) + 1,
        column=1,
    )
    return Split(lines[start:end], start + 1, lines[end:], end + 1, indent, (*said, missing))
