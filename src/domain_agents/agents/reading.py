"""One file to one agent. Whatever the file holds, this returns: an agent, or diagnostics that say why there is none."""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from domain_agents.agents import coercion, names, text
from domain_agents.agents.diagnostics import Diagnostic
from domain_agents.agents.frontmatter import split
from domain_agents.agents.model import Agent
from domain_agents.agents.repair import Fields, read_fields
from domain_agents.findings import Severity

if TYPE_CHECKING:
    from domain_agents.agents.frontmatter import Split

MAX_FILE_BYTES = 256 * 1024
MAX_FRONTMATTER_BYTES = 64 * 1024
MAX_DESCRIPTION_FROM_BODY = 400
FIELDS = frozenset(
    {
        "name",
        "title",
        "description",
        "domain",
        "version",
        "tags",
        "triggers",
        "workflows",
        "arguments",
        "tools",
        "model",
        "tool",
    }
)
POWERS = {
    "hooks": "run commands",
    "mcpServers": "start servers",
    "mcp-servers": "start servers",
    "permissionMode": "change what needs permission",
    "permission": "change what needs permission",
    "permissions": "change what needs permission",
}
_HEADING = re.compile(r"^#{1,6}[ \t]+(?P<text>\S.*)$")
_NOT_PROSE = re.compile(r"^(```|~~~|---|===|\||>|<!--|<[a-z/]|!\[|\[!|[-*+] |\d+\. )", re.IGNORECASE)


def read_agent(data: bytes | str, file: str, source: str = "added") -> tuple[Agent | None, tuple[Diagnostic, ...]]:
    """The agent that a file describes, and what there is to say about it.

    Args:
        data: the file's content.
        file: its name relative to its source, with `/`; shown to clients, never opened.
        source: shipped, user, added, project or client.

    Returns:
        The agent, or None with at least one diagnostic. Nothing is raised for anything a file contains.
    """
    raw = data if isinstance(data, bytes) else data.encode("utf-8", "replace")
    refusal = _refused_bytes(raw)
    if refusal is not None:
        return None, (refusal.located(file, []),)
    content, said = text.decode(raw) if isinstance(data, bytes) else (text.clean(data), ())
    lines = text.split_lines(content)
    agent, more = _read(lines, file, source, raw)
    located = [diagnostic.located(file, lines) for diagnostic in (*said, *more, *text.invisible(lines))]
    if agent is None:  # one file that is not served is one thing to say, the gravest
        located = [d for d in located if d.severity is Severity.ERROR][:1] or located[:1]
    return agent, tuple(located)


def _refused_bytes(raw: bytes) -> Diagnostic | None:
    if len(raw) > MAX_FILE_BYTES:
        return Diagnostic(
            Severity.ERROR,
            "too_large",
            f"the file has {len(raw):,} bytes, and at most {MAX_FILE_BYTES:,} are read",
            "shorter instructions; move reference material to files of the project",
        )
    if b"\0" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return Diagnostic(
            Severity.ERROR, "not_text", "the file holds zero bytes: it is no text", "markdown, saved as UTF-8"
        )
    if not raw.strip().removeprefix(b"\xef\xbb\xbf").strip():
        return Diagnostic(
            Severity.ERROR,
            "empty",
            "the file is empty",
            "---\nname: my-agent\ndescription: When to use it\n---\nInstructions",
        )
    return None


def _read(lines: list[str], file: str, source: str, raw: bytes) -> tuple[Agent | None, list[Diagnostic]]:
    parts = split(lines)
    size = sum(len(line.encode("utf-8", "replace")) + 1 for line in parts.front)
    if size > MAX_FRONTMATTER_BYTES:
        return None, [
            Diagnostic(
                Severity.ERROR,
                "too_large",
                f"the frontmatter has {size:,} bytes, and at most {MAX_FRONTMATTER_BYTES:,} are read",
                "a short description; instructions belong under the closing `---`",
                line=parts.front_line,
            )
        ]
    fields = read_fields(parts.front, parts.front_line, parts.indent) if parts.has_front else Fields()
    fields.said[:0] = parts.said
    _lower_known_keys(fields)
    _lift_nested(fields)
    if fields.refused:
        return None, fields.said
    if names.is_document(file) and not (fields.value.get("name") and fields.value.get("description")):
        return None, [
            Diagnostic(
                Severity.INFO,
                "documentation",
                "documentation beside the agents, not an agent",
                "frontmatter with a name and a description, if it is meant to be one",
            )
        ]
    agent = _agent(fields, parts, file, source, raw)
    return agent, fields.said


def _lower_known_keys(fields: Fields) -> None:
    """`Name:` and `Description:` are the fields they look like."""
    for key in list(fields.value):
        wanted = key.lower()
        if key != wanted and wanted in FIELDS and wanted not in fields.value:
            fields.value[wanted] = fields.value.pop(key)
            if (key,) in fields.places:
                fields.places[(wanted,)] = fields.places[(key,)]


def _lift_nested(fields: Fields) -> None:
    """`agent:` with the name and the description under it, as some tools write it, when neither is at the top."""
    nested = fields.value.get("agent")
    if isinstance(nested, dict) and not fields.value.get("name") and not fields.value.get("description"):
        for key in ("name", "title", "description"):
            if key in nested:
                fields.value[key] = nested[key]
                fields.places[(key,)] = fields.place("agent", key)


def _warn_of_comment(fields: Fields, parts: Split, description: str) -> None:
    """YAML ends a plain text at ` #`; where that cut a sentence, its author wants to know."""
    line, column = fields.place("description")
    offset = line - parts.front_line
    if not 0 <= offset < len(parts.front) or "\n" in description:
        return
    written = parts.front[offset].partition(":")[2].strip()
    if written.startswith(description + " ") and written[len(description) :].lstrip().startswith("#"):
        shown = written.replace("'", "''")
        instead = f"description: '{_shortened(shown)}'"
        message = "to YAML the text ends before ` #`, and so it does for every client"
        fields.said.append(
            Diagnostic(
                Severity.WARNING, "comment_in_text", message, instead, line=line, column=column, field="description"
            )
        )


def _agent(fields: Fields, parts: Split, file: str, source: str, raw: bytes) -> Agent:
    body = "\n".join(parts.body).strip("\n")
    declared = coercion.read_text(fields, "name")
    name, title = _name(fields, declared, file)
    description = coercion.read_text(fields, "description")
    if description:
        _warn_of_comment(fields, parts, description)
    else:
        description = _described_by(parts.body, title)
        _say_missing(
            fields, "description", f"description: {_shortened(description)}", "the first paragraph stands in for it"
        )
    if not body.strip():
        coercion.warn(
            fields,
            ("body",),
            "there are no instructions under the frontmatter",
            "what the agent must know and do",
            "no_instructions",
        )
    for key, power in POWERS.items():
        if key in fields.value:
            line, column = fields.place(key)
            fields.said.append(
                Diagnostic(
                    Severity.INFO,
                    "grants_power",
                    f"`{key}` would {power}; it is kept as data and never acted on",
                    "",
                    line=line,
                    column=column,
                    field=key,
                )
            )
    return Agent(
        name=name,
        title=coercion.read_text(fields, "title") or title,
        description=description,
        domain=coercion.read_text(fields, "domain"),
        version=coercion.read_text(fields, "version"),
        tags=coercion.read_list(fields, "tags"),
        triggers=coercion.read_triggers(fields),
        workflows=coercion.read_workflows(fields),
        arguments=coercion.read_arguments(fields),
        tools=_tools(fields),
        model=coercion.read_text(fields, "model"),
        tool=coercion.read_flag(fields, "tool") if "tool" in fields.value else False,
        body=body,
        source=source,
        file=file,
        sha256=sha256(raw).hexdigest(),
        raw=raw,
        extra=cast("dict[str, Any]", {key: value for key, value in fields.value.items() if key not in FIELDS}),
    )


def _name(fields: Fields, declared: str, file: str) -> tuple[str, str]:
    """The name on the wire and the title a person reads."""
    if declared:
        name = names.slug(declared)
        if name:
            return name, names.title_of(declared) if name == declared else declared
        coercion.warn(
            fields,
            ("name",),
            f"{declared[:40]!r} has no letter or digit to name it by",
            f"name: {names.slug(names.stem(file)) or 'my-agent'}",
        )
    fallback = names.stem(file)
    name = names.slug(fallback) or "agent"
    if not declared:
        _say_missing(fields, "name", f"name: {name}", "the file's name stands in for it")
    return name, names.title_of(fallback) or "Agent"


def _say_missing(fields: Fields, key: str, instead: str, what_follows: str) -> None:
    line, column = fields.place(key)
    fields.said.append(
        Diagnostic(
            Severity.INFO,
            f"missing_{key}",
            f"there is no {key}; {what_follows}",
            instead,
            line=line or 1,
            column=column or 1,
            field=key,
        )
    )


def _tools(fields: Fields) -> tuple[str, ...] | None:
    for key in ("tools", "allowed-tools", "allowedTools"):
        if key in fields.value:
            return coercion.read_list(fields, key)
    return None


def _described_by(lines: list[str], title: str) -> str:
    """The first paragraph of prose; without one the first heading, without that the title."""
    heading, fenced = "", False
    paragraph: list[str] = []
    for line in lines:
        stripped = line.strip()
        if stripped.startswith(("```", "~~~")):
            fenced = not fenced
        match = _HEADING.match(stripped)
        if paragraph and (not stripped or fenced or match or _NOT_PROSE.match(stripped)):
            break
        if fenced or not stripped:
            continue
        if match:
            heading = heading or match["text"].rstrip("#").rstrip()
        elif not _NOT_PROSE.match(stripped):
            paragraph.append(stripped)
    return (
        _shortened(" ".join(paragraph), MAX_DESCRIPTION_FROM_BODY)
        or _shortened(heading, MAX_DESCRIPTION_FROM_BODY)
        or title
    )


def _shortened(sentence: str, limit: int = 80) -> str:
    if len(sentence) <= limit:
        return sentence
    return (sentence[:limit].rpartition(" ")[0] or sentence[:limit]) + " …"
