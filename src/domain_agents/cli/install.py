"""Register the server with an MCP client: our entry goes into the client's file, everything else in it stays."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from domain_agents.cli.clients import (
    CLIENTS,
    SERVER,
    WORKSPACE,
    deep_link,
    file_of,
    installed_program,
    is_temporary,
    shell_command,
)
from domain_agents.cli.json_text import MalformedJson, Reader, with_value
from domain_agents.cli.options import UsageError, one_of, project_root

if TYPE_CHECKING:
    import argparse

    from domain_agents.cli.clients import Client, Place
    from domain_agents.cli.options import GlobalOptions, Parser
    from domain_agents.cli.terminal import Terminal

MAX_BYTES = 16 * 1024 * 1024
"""Claude Code keeps its whole state in one file, some megabytes; more than this is not a client's file."""


class CannotInstall(Exception):
    """The client's file was left as it is; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a file becomes. `before` is None for a file that does not exist; equal bytes mean nothing is to do."""

    path: Path
    before: bytes | None
    after: bytes
    changed: tuple[str, ...] = ()


def describe(parser: Parser) -> None:
    """The command's own options."""
    names = tuple(CLIENTS)
    parser.add_argument("client", type=one_of(*names), metavar="|".join(names), help="the client")
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--user", action="store_true", help="into the file for everything this user opens")
    where.add_argument("--project-file", action="store_true", help="into the project's own file")
    parser.words += ["--user", "--project-file"]
    parser.add_argument("--print", action="store_true", help="only print the entry and the link; write nothing")
    defaults = "\n".join(f"  {name}: {_where(client.places[0])}" for name, client in CLIENTS.items())
    parser.epilog = f"Written when neither --user nor --project-file is given:\n{defaults}"


def run(arguments: argparse.Namespace, options: GlobalOptions, terminal: Terminal) -> int:
    """Merge our entry into the client's file, or print it.

    Raises:
        UsageError: the client has no such file, or there is no project for the project's file.
    """
    client = CLIENTS[arguments.client]
    is_project = True if arguments.project_file else False if arguments.user else None
    place = client.place(is_project=is_project)
    if place is None:
        raise UsageError(f"{client.title} has no file for {'one project' if is_project else 'one user'}")
    root = project_root(options)
    if place.is_project and root.path is None:
        raise UsageError(f"{client.title} would be told in a project's file. {root.problem}")
    path = file_of(place, root.path)
    entry = client.entry(*our_command(place, options))
    if not place.names_project and options.project is None:
        terminal.note(
            f"{client.title} does not say which project is open there. Tools that read a project need one: give "
            f"--project DIR to this command."
        )
    if arguments.print:
        _print(client, place, path, options, terminal)
        return 0
    try:
        change = planned_change(client, path, entry, replace_arguments=_names_arguments(options))
        backup = write(change)
    except CannotInstall as error:
        terminal.error(str(error))
        return 1
    _report(client, change, backup, terminal)
    if is_temporary(entry["command"]):
        terminal.warning(
            "that command is in uv's cache, which may be cleaned at any time; "
            "`uv tool install domain-agents` keeps one, then run this again"
        )
    return 0


def our_command(place: Place, options: GlobalOptions) -> tuple[str, list[str]]:
    """The absolute command, because a client started from a desktop has no shell's PATH, and its arguments."""
    command, arguments = installed_program()
    if options.project is not None:
        root = project_root(options)
        if root.path is None:
            raise UsageError(root.problem)
        arguments += ["--project", str(root.path)]
    elif place.workspace_variable:
        arguments += ["--project", WORKSPACE]
    for directory in options.agents:
        arguments += ["--agents", str(Path(directory).expanduser().absolute())]
    if options.project_agents:
        arguments.append("--project-agents")
    return command, arguments


def _names_arguments(options: GlobalOptions) -> bool:
    return bool(options.project is not None or options.agents or options.project_agents)


def planned_change(client: Client, path: Path, entry: dict[str, Any], *, replace_arguments: bool) -> Change:
    """What the client's file becomes.

    An entry of ours that is there keeps what a person added to it (environment, arguments); only what starts the server
    is brought up to date, and the arguments when this command names some.

    Raises:
        CannotInstall: the file cannot be read, or is not what the client reads.
    """
    before = _read(path)
    if before is None or not before.strip(b"\xef\xbb\xbf \t\r\n"):
        bom = b"\xef\xbb\xbf" if before and before.startswith(b"\xef\xbb\xbf") else b""
        return Change(path, before, bom + _alone(client, entry).encode(), ("added",))
    try:
        text = before.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CannotInstall(f"{path} is not UTF-8 text; it was left as it is.") from error
    try:
        return _merged(client, path, before, text, entry, replace_arguments=replace_arguments)
    except MalformedJson as error:
        raise CannotInstall(
            f"{path}, {error}. The file was left as it is: correct that line, then run this again, or put the entry in "
            f"by hand (--print shows it)."
        ) from error


def _alone(client: Client, entry: dict[str, Any]) -> str:
    """A file with nothing but our entry."""
    return with_value("{}\n", Reader("{}").read(), (client.key, SERVER), entry)


def _merged(
    client: Client, path: Path, before: bytes, text: str, entry: dict[str, Any], *, replace_arguments: bool
) -> Change:
    def read(source: str) -> Any:
        return Reader(source, comments=client.comments, trailing_commas=client.trailing_commas).read()

    root = read(text)
    expected = root.value
    if not isinstance(expected, dict):
        raise MalformedJson("the file is not an object", text, root.start)
    servers = expected.get(client.key, {})
    ours = servers.get(SERVER) if isinstance(servers, dict) else None
    edits: list[tuple[tuple[str, ...], Any]] = []
    if isinstance(ours, dict):
        kept = () if replace_arguments or "args" not in ours else ("args",)
        wanted = {key: value for key, value in entry.items() if key not in kept and ours.get(key) != value}
        edits.extend(((client.key, SERVER, key), value) for key, value in wanted.items())
    else:
        edits.append(((client.key, SERVER), entry))
    for keys, value in edits:
        text = with_value(text, read(text), keys, value)
    merged = read(text).value
    if _without_ours(merged, client.key) != _without_ours(expected, client.key):
        raise CannotInstall(f"{path} could not be changed without touching other entries; it was left as it is.")
    bom = b"\xef\xbb\xbf" if before.startswith(b"\xef\xbb\xbf") else b""
    changed = tuple(keys[-1] if len(keys) > 2 else "added" for keys, _ in edits)
    return Change(path, before, bom + text.encode(), changed)


def _without_ours(value: dict[str, Any], key: str) -> list[tuple[str, Any]]:
    """Everything else, in its order."""
    servers = [(name, entry) for name, entry in value.get(key, {}).items() if name != SERVER]
    return [(name, servers if name == key else item) for name, item in value.items() if name != key or servers]


def write(change: Change) -> Path | None:
    """Put the new text in the file's place in one step, after a copy of the old one; gives the copy's path.

    Raises:
        CannotInstall: the system does not allow it.
    """
    if change.before == change.after:
        return None
    target = change.path.resolve()  # a linked file (dotfiles) stays a link
    backup: Path | None = None
    temporary: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if change.before is not None:
            backup = _free_name(target)
            shutil.copy2(target, backup)
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        temporary = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(change.after)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(stat.S_IMODE(target.stat().st_mode) if change.before is not None else 0o644)
        temporary.replace(target)
    except OSError as error:
        if temporary is not None:
            temporary.unlink(missing_ok=True)
        raise CannotInstall(f"{change.path} cannot be written: {error.strerror}.") from error
    return backup


def _free_name(target: Path) -> Path:
    backup = target.with_name(f"{target.name}.bak")
    number = 1
    while backup.exists():
        number += 1
        backup = target.with_name(f"{target.name}.bak{number}")
    return backup


def _read(path: Path) -> bytes | None:
    try:
        if not path.exists():
            return None
        if not path.is_file() or path.stat().st_size > MAX_BYTES:
            raise CannotInstall(f"{path} is not a client's configuration file; it was left as it is.")
        return path.read_bytes()
    except OSError as error:
        raise CannotInstall(f"{path} cannot be read: {error.strerror}.") from error


def _report(client: Client, change: Change, backup: Path | None, terminal: Terminal) -> None:
    if change.before == change.after:
        terminal.write(f"{client.title} already has this entry: {change.path}")
        return
    done = "added to" if "added" in change.changed else f"brought up to date ({', '.join(change.changed)}) in"
    terminal.write(f"{terminal.styled(SERVER, 'bold')} {done} {change.path}")
    if backup is not None:
        terminal.write(f"The file as it was: {backup}")
    terminal.write(client.after)


def _where(place: Place) -> str:
    return "the project's file" if place.is_project else "the user's file"


def _print(client: Client, place: Place, path: Path, options: GlobalOptions, terminal: Terminal) -> None:
    entry = client.entry(*our_command(place, options))
    terminal.write(f"{client.title}, {_where(place)}: {path}")
    terminal.write()
    terminal.write(_alone(client, entry).rstrip())
    # A link always writes the user's file, where not every client knows the opened folder.
    user_place = client.place(is_project=False) or place
    linked = client.entry(*our_command(user_place, options))
    if link := deep_link(client, linked):
        terminal.write(f"\nOr open this link:\n{link}")
    if command := shell_command(client, linked):
        terminal.write(f"\nOr run:\n{command}")
