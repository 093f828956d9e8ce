"""An Alembic project: its configuration, its revisions and their order, and the schema that they arrive at."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from domain_agents.migrations.plan import Evidence
from domain_agents.migrations.recognition import base, parent
from domain_agents.migrations.recognition.alembic_upgrade import Upgrade, read_module

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from domain_agents.migrations.recognition import Files

DEFAULT_TEMPLATE = "%(rev)s_%(slug)s"
_OPTION = re.compile(
    r"^\s*(script_location|version_locations|file_template|version_table|(?:version_)?path_separator)\s*=\s*(.*)$"
)
_SECTION = re.compile(r"^\s*\[([^\]]+)\]")
_SEPARATORS = {"space": r"\s+", "newline": r"\n", "os": r"[:;]", ":": r":", ";": r";"}
_COUNTED = re.compile(r"(\d{1,6})(_\w+)?")
_TEMPLATE_FIELD = re.compile(r"%\((\w+)\)([#0\- +]?\d*(?:\.\d+)?)[sd]")


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision: where it is, what it follows, and its place."""

    name: str
    down: tuple[str, ...]
    path: str
    line: int
    depends: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class AlembicHistory:
    """What was recognised of an Alembic project."""

    directory: str = ""
    revisions: tuple[Revision, ...] = ()
    heads: tuple[str, ...] = ()
    template: str = DEFAULT_TEMPLATE
    version_table: str = "alembic_version"
    numbering: str = "alembic"
    next_number: str = ""
    schema_sql: str = ""
    schema_from: tuple[str, ...] = ()
    evidence: list[Evidence] = field(default_factory=list)
    unread: list[Evidence] = field(default_factory=list)


@dataclass(slots=True)
class _Configuration:
    script: str = ""
    versions: tuple[str, ...] = ()
    template: str = ""
    table: str = ""


def read_alembic(files: Files, engine: str, directory: str = "") -> AlembicHistory:
    """The history in the given directory of revisions, else in the configured one, else in the one that looks like it."""
    history = AlembicHistory()
    configuration = _configuration(files, history)
    locations = [directory] if directory else list(configuration.versions) or _found_locations(files, configuration)
    history.directory = locations[0] if locations else _joined(configuration.script or "alembic", "versions")
    history.version_table = configuration.table or "alembic_version"
    upgrades: dict[str, Upgrade] = {}
    revisions = tuple(_revisions(files, locations, engine, upgrades, history))
    history.revisions = _ordered(revisions)
    history.heads = _heads(revisions)
    history.directory = _home(history, locations)
    history.template = configuration.template or _observed_template(history.revisions)
    history.numbering, history.next_number = _numbering(history.revisions)
    _read_schema(history, upgrades)
    for revision in history.revisions:
        if revision.name in history.heads:
            says = (
                f"revision {revision.name} is the head"
                if len(history.heads) == 1
                else f"{revision.name} is one of the heads"
            )
            history.evidence.append(Evidence(revision.path, revision.line, says))
    return history


def _home(history: AlembicHistory, locations: Sequence[str]) -> str:
    """Of several directories the one with the head: a revision belongs beside the one it follows."""
    head = next((revision.path for revision in history.revisions if history.heads == (revision.name,)), "")
    return next((one for one in locations if len(locations) > 1 and head.startswith(f"{one}/")), history.directory)


def _configuration(files: Files, history: AlembicHistory) -> _Configuration:
    found = _Configuration()
    paths = files.paths()
    inis = sorted((p for p in paths if base(p) == "alembic.ini"), key=lambda p: (p.count("/"), p))
    if inis:
        _read_options(inis[0], _ini_options(files.text(inis[0])), found, history)
        if not found.script and not found.versions and any(p == _joined(parent(inis[0]), "env.py") for p in paths):
            # Flask-Migrate keeps its alembic.ini beside env.py and names the directory in code.
            found.script = parent(inis[0]) or "."
    projects = [path for path in paths if base(path) == "pyproject.toml" and "[tool.alembic]" in files.text(path)]
    for path in sorted(projects, key=lambda p: (p.count("/"), p))[:1]:
        _read_options(path, _toml_options(files.text(path)), found, history)
    return found


def _read_options(
    path: str, options: Iterable[tuple[str, str, int]], found: _Configuration, history: AlembicHistory
) -> None:
    here = parent(path)
    separator = r"[\s,]+"
    given = list(options)
    for name, value, _ in given:
        if name.endswith("path_separator"):
            separator = _SEPARATORS.get(value, separator)
    for name, value, line in given:
        if name == "script_location":
            found.script = _located(value, here)
            history.evidence.append(Evidence(path, line, f"script_location is {found.script}"))
        elif name == "version_locations" and value:
            parts = re.split(separator, value.replace("%(here)s", "\0")) if value else []
            found.versions = tuple(_located(p.replace("\0", "%(here)s").strip(), here) for p in parts if p.strip())
            history.evidence.append(Evidence(path, line, f"version_locations are {', '.join(found.versions)}"))
        elif name == "file_template":
            found.template = value.replace("%%", "%")
            history.evidence.append(Evidence(path, line, f"file_template is {found.template}"))
        elif name == "version_table":
            found.table = value


def _ini_options(text: str) -> list[tuple[str, str, int]]:
    options: list[tuple[str, str, int]] = []
    section = ""
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if found := _SECTION.match(line):
            section = found.group(1).strip()
        elif section == "alembic" and (option := _OPTION.match(line)):
            value = [option.group(2).strip()]
            for following in lines[number:]:
                if not following[:1].isspace() or not following.strip():
                    break
                value.append(following.strip())
            options.append((option.group(1), "\n".join(part for part in value if part), number))
    return options


def _toml_options(text: str) -> list[tuple[str, str, int]]:
    options: list[tuple[str, str, int]] = []
    section = ""
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _SECTION.match(line):
            section = found.group(1).strip()
        elif section == "tool.alembic" and (option := _OPTION.match(line)):
            values = re.findall(r"""["']([^"']*)["']""", option.group(2))
            options.append((option.group(1), "\n".join(values), number))
    return [(name, value.replace("\n", " ") if name == "version_locations" else value, n) for name, value, n in options]


def _located(value: str, here: str) -> str:
    """A configured directory as a path in the project; `package:directory` names one inside a package."""
    value = value.strip().replace("\\", "/")
    rooted = "%(here)s" in value
    value = value.replace("%(here)s", "").lstrip("/") if rooted else value
    if ":" in value:
        package, _, inside = value.partition(":")
        value = f"{package.replace('.', '/')}/{inside}"
    # Alembic reads a relative directory from where it is started, which is where its configuration lies.
    parts: list[str] = []
    for part in f"{here}/{value}".split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts) or "."


def _joined(directory: str, name: str) -> str:
    return name if directory in {"", "."} else f"{directory}/{name}"


def _found_locations(files: Files, configuration: _Configuration) -> list[str]:
    paths = files.paths()
    if configuration.script:
        known = _joined(configuration.script, "versions")
        if any(path.startswith(f"{known}/") for path in paths):
            return [known]
        packaged = [p for p in paths if p.endswith(f"{configuration.script}/env.py")]
        return [_joined(parent(packaged[0]), "versions")] if packaged else [known]
    environments = [parent(path) for path in paths if base(path) == "env.py"]
    return [
        _joined(one, "versions") for one in environments if any(p.startswith(_joined(one, "versions/")) for p in paths)
    ][:1]


def _revisions(
    files: Files, locations: Sequence[str], engine: str, upgrades: dict[str, Upgrade], history: AlembicHistory
) -> Iterable[Revision]:
    prefixes = tuple(f"{location}/" for location in locations if location != ".")
    for path in files.paths():
        inside = path.startswith(prefixes) if prefixes else "/" not in path
        if not inside or not path.endswith(".py") or base(path).startswith(("__init__", ".#")):
            continue
        try:
            module = _parsed(files.text(path))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            history.unread.append(Evidence(path, getattr(error, "lineno", 0) or 0, "this is not Python"))
            continue
        revision = _revision(path, module)
        if revision is None:
            continue
        if revision.name in upgrades:
            history.unread.append(Evidence(path, revision.line, f"revision {revision.name} is there twice"))
            continue
        upgrades[revision.name] = read_module(module, engine)
        yield revision


def _parsed(source: str) -> ast.Module:
    """A revision's source as a tree, without its way down where that stands at the end.

    Raises:
        SyntaxError: it is not Python (or ValueError, RecursionError, MemoryError, for source that is out of bounds).
    """
    end = source.rfind("\ndef downgrade(")
    if end > source.find("\ndef upgrade(") > 0:
        try:
            return ast.parse(source[:end])
        except SyntaxError:
            pass
    return ast.parse(source)


def _revision(path: str, module: ast.Module) -> Revision | None:
    values: dict[str, tuple[ast.expr, int]] = {}
    for node in module.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                values[name] = (value, node.lineno)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                values[name] = (value, node.lineno)
    names = {name: _names(values[name][0]) if name in values else () for name in _VARIABLES}
    if "revision" not in values or "down_revision" not in values or len(names["revision"]) != 1:
        return None
    return Revision(
        names["revision"][0],
        names["down_revision"],
        path,
        values["revision"][1],
        names["depends_on"],
        names["branch_labels"],
    )


_VARIABLES = ("revision", "down_revision", "depends_on", "branch_labels")


def _names(node: ast.expr) -> tuple[str, ...]:
    if isinstance(node, ast.Constant):
        return (node.value,) if isinstance(node.value, str) else ()
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return tuple(name for element in node.elts for name in _names(element))
    return ()


def _heads(revisions: Sequence[Revision]) -> tuple[str, ...]:
    followed = {name for revision in revisions for name in revision.down}
    # A down revision may be abbreviated, as long as it is plain which is meant.
    names = {revision.name for revision in revisions}
    partial = [name for name in followed if name not in names]
    followed |= {full for name in partial for full in names if full.startswith(name)}
    return tuple(sorted(revision.name for revision in revisions if revision.name not in followed))


def _ordered(revisions: Sequence[Revision]) -> tuple[Revision, ...]:
    """Every revision behind those it follows or depends on."""
    by_name: Mapping[str, Revision] = {revision.name: revision for revision in revisions}
    waiting = {r.name: {name for name in (*r.down, *r.depends) if name in by_name} for r in revisions}
    followers: dict[str, list[str]] = defaultdict(list)
    for name, needs in waiting.items():
        for need in needs:
            followers[need].append(name)
    ready = sorted((name for name, needs in waiting.items() if not needs), reverse=True)
    ordered: list[Revision] = []
    while ready:
        name = ready.pop()
        ordered.append(by_name[name])
        for follower in sorted(followers[name], reverse=True):
            waiting[follower].discard(name)
            if not waiting[follower]:
                ready.append(follower)
    return tuple(ordered)


def _observed_template(revisions: Sequence[Revision]) -> str:
    """The naming that the newest file shows, where the configuration does not name one."""
    if revisions and base(revisions[-1].path).removesuffix(".py") == revisions[-1].name and "_" in revisions[-1].name:
        return "%(rev)s"
    return DEFAULT_TEMPLATE


def _numbering(revisions: Sequence[Revision]) -> tuple[str, str]:
    """Whether the project counts its revisions, and the next number; else Alembic's own way."""
    found = [_COUNTED.fullmatch(revision.name) for revision in revisions]
    counted = [match for match in found if match]
    if len(counted) < 2 or len(counted) != len(revisions):
        return "alembic", ""
    width = len(counted[-1].group(1))
    if any(len(match.group(1)) != width for match in counted):
        return "alembic", ""
    free = max(int(match.group(1)) for match in counted) + 1
    style = "1".rjust(width, "0") + ("_slug" if counted[-1].group(2) else "")
    return style, str(free).rjust(width, "0")


def _read_schema(history: AlembicHistory, upgrades: Mapping[str, Upgrade]) -> None:
    parts: list[str] = []
    for revision in history.revisions:
        upgrade = upgrades[revision.name]
        if upgrade.calls:
            parts.append(f"-- revision {revision.name}\n" + "".join(f"{call.sql};\n" for call in upgrade.calls))
        history.unread.extend(
            Evidence(revision.path, one.line, f"{one.text}: {one.reason}" if one.text else one.reason)
            for one in upgrade.unread
        )
    history.schema_sql = "\n".join(parts)
    history.schema_from = tuple(revision.path for revision in history.revisions)
