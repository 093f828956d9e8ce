"""MCP clients: where each keeps its list of servers, in which shape, and what it puts in place of a variable."""

from __future__ import annotations

import base64
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SERVER = "domain-agents"

WORKSPACE = "${workspaceFolder}"
"""What Cursor and VS Code put the opened folder in place of."""


@dataclass(frozen=True, slots=True)
class Place:
    """One file that a client reads: for this project only, or for everything this user opens."""

    is_project: bool
    path: Callable[[Path, Mapping[str, str], str], Path]
    workspace_variable: bool = False
    """Whether the client puts the opened folder in place of ${workspaceFolder} there."""
    names_project: bool = True
    """Whether the server learns there which project is open, by that variable or by one in its environment."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client. The first of `places` is where `install` writes when nothing else is asked for."""

    name: str
    title: str
    key: str
    places: tuple[Place, ...]
    after: str
    comments: bool = False
    trailing_commas: bool = False
    type_named: bool = False
    """Whether an entry says `"type": "stdio"`."""

    def place(self, *, is_project: bool | None) -> Place | None:
        """The project's or the user's file, or the default one for None; None when the client has no such file."""
        if is_project is None:
            return self.places[0]
        return next((place for place in self.places if place.is_project is is_project), None)

    def entry(self, command: str, arguments: list[str]) -> dict[str, Any]:
        """Our entry in the client's list."""
        kind = {"type": "stdio"} if self.type_named else {}
        return {**kind, "command": command, "args": arguments}


def _application_data(home: Path, environment: Mapping[str, str], platform: str, *names: str) -> Path:
    """A file below where the platform's desktop applications keep their settings."""
    if platform == "darwin":
        return home.joinpath("Library", "Application Support", *names)
    if platform == "win32":
        return Path(environment.get("APPDATA") or home / "AppData" / "Roaming").joinpath(*names)
    return Path(environment.get("XDG_CONFIG_HOME") or home / ".config").joinpath(*names)


def _below(*names: str) -> Callable[[Path, Mapping[str, str], str], Path]:
    return lambda base, _environment, _platform: base.joinpath(*names)


def _settings(*names: str) -> Callable[[Path, Mapping[str, str], str], Path]:
    return lambda home, environment, platform: _application_data(home, environment, platform, *names)


CLIENTS = {
    client.name: client
    for client in (
        Client(
            name="cursor",
            title="Cursor",
            key="mcpServers",
            # The user's file first: the entry holds an absolute path, which is no use to others who clone a project.
            places=(
                Place(is_project=False, path=_below(".cursor", "mcp.json"), workspace_variable=True),
                Place(is_project=True, path=_below(".cursor", "mcp.json"), workspace_variable=True),
            ),
            after="Cursor shows it under Settings > MCP; switch it on there if it is off.",
            comments=True,
        ),
        Client(
            name="claude-code",
            title="Claude Code",
            key="mcpServers",
            places=(
                Place(is_project=True, path=_below(".mcp.json")),
                Place(is_project=False, path=_below(".claude.json")),
            ),
            after="Start Claude Code in the project, approve the server once, and see it under /mcp.",
            type_named=True,
        ),
        Client(
            name="claude-desktop",
            title="Claude Desktop",
            key="mcpServers",
            places=(
                Place(is_project=False, path=_settings("Claude", "claude_desktop_config.json"), names_project=False),
            ),
            after="Quit Claude Desktop fully and start it again: it reads the file only then.",
        ),
        Client(
            name="vscode",
            title="VS Code",
            key="servers",
            places=(
                Place(is_project=True, path=_below(".vscode", "mcp.json"), workspace_variable=True),
                Place(is_project=False, path=_settings("Code", "User", "mcp.json"), names_project=False),
            ),
            after="VS Code shows Start above the entry in that file, and the tools in Copilot's agent mode.",
            comments=True,
            trailing_commas=True,
            type_named=True,
        ),
    )
}


def file_of(
    place: Place,
    project: Path | None,
    *,
    home: Path | None = None,
    environment: Mapping[str, str] | None = None,
    platform: str = sys.platform,
) -> Path:
    """The file of that place. A project's place needs `project`."""
    if place.is_project:
        if project is None:
            raise ValueError("a project's file needs a project")
        return place.path(project, {}, platform)
    return place.path(home or Path.home(), os.environ if environment is None else environment, platform)


def installed_program() -> tuple[str, list[str]]:
    """The installed script of the environment that runs this, else its interpreter."""
    name = "domain-agents.exe" if os.name == "nt" else "domain-agents"
    beside = Path(sys.executable).parent / name
    if beside.is_file():
        return str(beside.absolute()), []
    started = Path(sys.argv[0])
    if started.name == name and started.is_file():
        return str(started.absolute()), []
    found = shutil.which(name)
    if found is not None:
        return str(Path(found).absolute()), []
    return str(Path(sys.executable).absolute()), ["-m", "domain_agents"]


def is_temporary(command: str) -> bool:
    """Whether the command lives where `uvx` keeps environments only as long as its cache does."""
    return bool({"archive-v0", "environments-v2"} & set(Path(command).parts))


def deep_link(client: Client, entry: dict[str, Any]) -> str:
    """What registers the server when it is opened in the client's computer; empty where the client has no such link."""
    if client.name == "cursor":
        packed = base64.b64encode(json.dumps(entry, separators=(",", ":")).encode()).decode()
        return f"cursor://anysphere.cursor-deeplink/mcp/install?name={SERVER}&config={quote(packed, safe='')}"
    if client.name == "vscode":
        return "vscode:mcp/install?" + quote(json.dumps({"name": SERVER, **entry}, separators=(",", ":")), safe="")
    return ""


def shell_command(client: Client, entry: dict[str, Any]) -> str:
    """The client's own command that registers the server, empty where it has none."""
    import shlex

    if client.name == "claude-code":
        return shlex.join(["claude", "mcp", "add-json", SERVER, json.dumps(entry)])
    if client.name == "vscode":
        return shlex.join(["code", "--add-mcp", json.dumps({"name": SERVER, **entry})])
    return ""
