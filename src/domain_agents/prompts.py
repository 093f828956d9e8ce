"""Prompts: what a client can ask for by name. Templates with typed arguments, and every agent as a prompt of its own.

`NAME.prompt.md` is a prompt (frontmatter and a Jinja body, rendered in the sandbox), `NAME.report.md` a report of ours.
An agent's body is never rendered: it is text that people and models read. Arguments are data and never template source.
"""

from __future__ import annotations

import difflib
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain_agents.agents import coercion, names, text
from domain_agents.agents.catalogue import load_catalogue
from domain_agents.agents.diagnostics import Diagnostic
from domain_agents.agents.frontmatter import split
from domain_agents.agents.model import Argument
from domain_agents.agents.reading import MAX_FILE_BYTES
from domain_agents.agents.repair import Fields, read_fields
from domain_agents.agents.sources import File, fingerprint_of, prompt_sources, scan, shipped_directory
from domain_agents.findings import Severity
from domain_agents.rendering import RenderingError, render

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from domain_agents.agents.model import Agent
    from domain_agents.agents.sources import Places, Source

MAX_ARGUMENT_CHARACTERS = 40_000
MAX_LISTED_DESCRIPTION = 1_024
PROMPT_SUFFIX = ".prompt.md"
REPORT_SUFFIX = ".report.md"
COMPLETIONS = ("", "agents", "engines", "frameworks", "tables", "files")
TASK = Argument(name="task", description="What is to be done, in your own words.")
PROJECT = Argument(name="project", description="The project's directory, if it is not the server's own.", completes="")
_FIELDS = frozenset({"name", "title", "description", "arguments"})
_KINDS: dict[str, tuple[Callable[[str], Any], str]] = {
    "integer": (int, "a whole number, such as 12000000"),
    "number": (float, "a number, such as 0.5"),
    "boolean": (lambda given: {"true": True, "yes": True, "false": False, "no": False}[given.lower()], "true or false"),
}


class PromptError(Exception):
    """A prompt cannot be had as asked; the message is for whoever asked: the argument, the fault, the way out."""


@dataclass(frozen=True)
class Prompt:
    """One prompt as it is listed; `render` takes arguments as text and gives one message's text.

    Raises (render):
        PromptError: an argument is unknown, missing or of another type, or the template is at fault.
    """

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    render: Callable[[Mapping[str, str]], str]
    file: str


@dataclass(frozen=True)
class Template:
    """A prompt file: its frontmatter's fields and its body. `line` is where the body begins in the file."""

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    body: str
    line: int
    file: str

    def rendered(self, given: Mapping[str, str]) -> str:
        """The body with the arguments filled in; one that was not given is empty text.

        Raises:
            PromptError: see `Prompt`.
        """
        values = validated(self.name, self.arguments, given)
        # Empty lines for the frontmatter: an error's line is then the file's own.
        source = "\n" * (self.line - 1) + self.body
        try:
            return render(source, values, trusted=False, name=self.file).strip("\n") + "\n"
        except RenderingError as error:
            raise PromptError(str(error)) from None


def served_prompts(places: Places) -> tuple[Prompt, ...]:
    """Every prompt: agents first, in the catalogue's order, then templates by name. A template never replaces an agent."""
    agents = load_catalogue(places).agents
    taken = {agent.name for agent in agents}
    templates, _ = load_templates(prompt_sources())
    return (
        *(agent_prompt(agent) for agent in agents),
        *(
            Prompt(one.name, one.title, one.description, one.arguments, one.rendered, one.file)
            for one in templates
            if one.name not in taken
        ),
    )


def render_prompt(places: Places, name: str, arguments: Mapping[str, str]) -> str:
    """The text of one prompt.

    Raises:
        PromptError: there is no such prompt, or its arguments do not fit.
    """
    prompts = {prompt.name: prompt for prompt in served_prompts(places)}
    prompt = prompts.get(name)
    if prompt is None:
        near = difflib.get_close_matches(name[:100], prompts, 3, 0.4)
        way = f"did you mean {' or '.join(near)}?" if near else "prompts/list names them"
        raise PromptError(f"there is no prompt {name[:60]!r}; {way}")
    return prompt.render(arguments)


def agent_prompt(agent: Agent) -> Prompt:
    """An agent as a prompt: one free-text `task`, because clients pass free text best, and the project."""
    declared = {argument.name: argument for argument in agent.arguments}
    arguments = (
        TASK.model_copy(update={"description": declared["task"].description}) if "task" in declared else TASK,
        PROJECT.model_copy(update={"description": declared["project"].description})
        if "project" in declared
        else PROJECT,
        *(argument for name, argument in declared.items() if name not in ("task", "project")),
    )

    def rendered(given: Mapping[str, str]) -> str:
        return instructions(agent, validated(agent.name, arguments, given))

    return Prompt(agent.name, agent.title, agent.brief(MAX_LISTED_DESCRIPTION), arguments, rendered, agent.file)


def instructions(agent: Agent, values: Mapping[str, Any]) -> str:
    """An agent's instructions as they stand, and under them the task in the asker's words."""
    parts = [agent.body.strip() or agent.description]
    task = str(values.get("task", "")).strip()
    if task:
        parts.append("## The task\n\n" + "\n".join(f"> {line}".rstrip() for line in task.splitlines()))
    others = [f"- {name}: {value}" for name, value in values.items() if name != "task" and value not in ("", None)]
    if others:
        parts.append("\n".join(others))
    return "\n\n".join(parts) + "\n"


def validated(prompt: str, arguments: Iterable[Argument], given: Mapping[str, str]) -> dict[str, Any]:
    """Arguments as values of their types; those not given are "".

    Raises:
        PromptError: one is unknown, missing, too long or of another type.
    """
    known = {argument.name: argument for argument in arguments}
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name[:100], known, 1)
            way = f"did you mean {near[0]!r}?" if near else f"it takes {', '.join(known) or 'no arguments'}"
            raise PromptError(f"{prompt} has no argument {name[:40]!r}; {way}")
    return {name: _value(prompt, argument, given.get(name, "")) for name, argument in known.items()}


def _value(prompt: str, argument: Argument, given: str) -> Any:
    if argument.required and not given.strip():
        raise PromptError(f"{prompt} needs the argument {argument.name!r}: {argument.description or 'text'}")
    if len(given) > MAX_ARGUMENT_CHARACTERS:
        raise PromptError(
            f"the argument {argument.name!r} is longer than {MAX_ARGUMENT_CHARACTERS:,} characters; name a file instead"
        )
    if argument.type == "text" or not given.strip():
        return given
    reader, wanted = _KINDS[argument.type]
    try:
        return reader(given.strip().replace(",", "").replace("_", "") if argument.type == "integer" else given.strip())
    except (ValueError, KeyError):
        raise PromptError(f"the argument {argument.name!r} must be {wanted}") from None


def report(agent: str, name: str, values: Mapping[str, Any]) -> str:
    """One of our own reports: the template `prompts/AGENT/NAME.report.md` (`prompts/NAME.report.md` for agent "").

    Raises:
        LookupError: there is no such template.
        RenderingError: a value it names is missing.
    """
    if any(part and names.slug(part) != part for part in (agent, name)):
        raise LookupError(f"no report template named {agent}/{name}")
    file = Path(shipped_directory("prompts"), agent, name + REPORT_SUFFIX)
    try:
        source = file.read_text(encoding="utf-8")
    except OSError:
        raise LookupError(f"no report template named {agent}/{name}") from None
    return render(source, values, name=f"{agent}/{name}{REPORT_SUFFIX}".removeprefix("/"))


_lock = threading.Lock()
_loaded: dict[tuple[Source, ...], tuple[str, tuple[Template, ...], tuple[Diagnostic, ...]]] = {}


def load_templates(sources: tuple[Source, ...]) -> tuple[tuple[Template, ...], tuple[Diagnostic, ...]]:
    """Every prompt file of these sources by name, read again when one changed; a later source replaces an earlier one's."""
    files = [
        entry
        for source in sources
        for entry in scan(source)
        if isinstance(entry, File) and entry.name.endswith(PROMPT_SUFFIX)
    ]
    current = fingerprint_of(files)
    with _lock:
        known = _loaded.get(sources)
        if known is None or known[0] != current:
            known = (current, *_read_all(files))
            _loaded[sources] = known
    return known[1], known[2]


def _read_all(files: list[File]) -> tuple[tuple[Template, ...], tuple[Diagnostic, ...]]:
    by_name: dict[str, Template] = {}
    said: list[Diagnostic] = []
    for file in files:
        try:
            with Path(file.path).open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            said.append(
                Diagnostic(
                    Severity.ERROR,
                    "unreadable",
                    error.strerror or "it cannot be read",
                    "a file that you may read",
                    file.shown,
                )
            )
            continue
        template, more = read_template(data, file.shown)
        said += more
        if template is not None:
            by_name[template.name] = template
    return tuple(by_name[name] for name in sorted(by_name)), tuple(said)


def read_template(data: bytes, file: str) -> tuple[Template | None, tuple[Diagnostic, ...]]:
    """The prompt in a file, and what there is to say about its frontmatter. Raises nothing for what a file contains."""
    if len(data) > MAX_FILE_BYTES:
        return None, (
            Diagnostic(
                Severity.ERROR, "too_large", f"at most {MAX_FILE_BYTES:,} bytes are read", "a shorter prompt", file
            ),
        )
    content, said = text.decode(data)
    lines = text.split_lines(content)
    parts = split(lines)
    fields = read_fields(parts.front, parts.front_line, parts.indent) if parts.has_front else Fields()
    fields.said[:0] = [*said, *parts.said]
    template = None if fields.refused else _template(fields, "\n".join(parts.body), parts.body_line, file)
    found = [*fields.said, *text.invisible(lines)]
    return template, tuple(diagnostic.located(file, lines) for diagnostic in found)


def _template(fields: Fields, body: str, line: int, file: str) -> Template:
    stem = names.stem(file)
    name = names.slug(coercion.read_text(fields, "name") or stem) or "prompt"
    description = coercion.read_text(fields, "description")
    if not description:
        coercion.warn(
            fields,
            ("description",),
            "there is no description",
            "description: What the prompt is for",
            "missing_description",
        )
    for key in fields.value:
        if key not in _FIELDS:
            coercion.warn(
                fields,
                (key,),
                f"{key[:40]!r} is no field of a prompt",
                f"one of {', '.join(sorted(_FIELDS))}",
                "unknown_key",
            )
    arguments = coercion.read_arguments(fields)
    for number, argument in enumerate(arguments):
        if argument.completes not in COMPLETIONS:
            known = ", ".join(COMPLETIONS[1:])
            coercion.warn(
                fields,
                ("arguments", number, "completes"),
                f"nothing completes {argument.completes[:40]!r}",
                f"completes: one of {known}",
            )
    title = coercion.read_text(fields, "title") or names.title_of(name)
    return Template(name, title, description, arguments, body, line, file)


def check_template(data: bytes, file: str) -> tuple[Diagnostic, ...]:
    """Everything wrong with a prompt file: its frontmatter, its Jinja, and names in it that no argument has."""
    template, said = read_template(data, file)
    if template is None:
        return said
    from jinja2 import TemplateError, TemplateSyntaxError, meta

    from domain_agents.rendering import environment

    lines = text.split_lines(text.decode(data)[0])
    try:
        tree = environment(trusted=False).parse("\n" * (template.line - 1) + template.body)
        names = meta.find_undeclared_variables(tree)  # a filter that there is not shows only here
    except TemplateSyntaxError as error:
        fault = Diagnostic(
            Severity.ERROR,
            "bad_template",
            error.message or "not a template",
            "Jinja: {{ name }}, {% if name %} ... {% endif %}",
            line=error.lineno,
        )
        return (*said, fault.located(file, lines))
    except (TemplateError, RecursionError, ValueError, OverflowError) as error:
        return (*said, Diagnostic(Severity.ERROR, "bad_template", type(error).__name__, "a simpler template", file))
    known = {argument.name for argument in template.arguments}
    unknown = sorted(names - known)
    missing = [_undeclared(name, template, known).located(file, lines) for name in unknown]
    return (*said, *missing)


def _undeclared(name: str, template: Template, known: set[str]) -> Diagnostic:
    near = difflib.get_close_matches(name, known, 1)
    at = next((n for n, line in enumerate(template.body.split("\n")) if name in line), 0)
    column = template.body.split("\n")[at].find(name) + 1
    way = f"{{{{ {near[0]} }}}}" if near else f"arguments:\n  - name: {name}"
    return Diagnostic(
        Severity.ERROR,
        "undeclared_argument",
        f"the template uses {name!r}, and no argument has that name",
        way,
        line=template.line + at,
        column=column,
        field="arguments",
    )
