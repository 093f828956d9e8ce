"""What a stdio server was asked with, read without the command line's parser."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from domain_agents.cli.serve import ServeOptions
    from domain_agents.tools import Settings

VARIABLES = ("DOMAIN_AGENTS_PROJECT", "CLAUDE_PROJECT_DIR")
FOLDERS_VARIABLE = "WORKSPACE_FOLDER_PATHS"


class Options:
    """The words, and what they come to: `settings` is the full answer where the command line has already given it.

    Also what `agents.sources` asks of `Places`, from which directories agents are read.
    """

    __slots__ = ("_project", "_settings", "agents", "log", "project_agents", "project_word")

    def __init__(
        self,
        project_word: str | None = None,
        agents: tuple[str, ...] = (),
        *,
        project_agents: bool = False,
        log: str = "text",
        settings: "Settings | None" = None,
    ) -> None:
        self.project_word = project_word
        self.agents = agents
        self.project_agents = project_agents
        self.log = log
        self._settings = settings
        self._project: str | None = None

    @property
    def agent_directories(self) -> "tuple[os.PathLike[str], ...]":
        """The directories of `--agents`."""
        if self._settings is not None:
            return self._settings.agent_directories
        return tuple(map(_Directory, self.agents))

    @property
    def project(self) -> "os.PathLike[str] | None":
        """The project's directory; None when there is none, or a refused one."""
        if self._settings is not None:
            return self._settings.project
        if self._project is None:
            self._project = _project(self.project_word)
        return _Directory(self._project) if self._project else None

    def settings(self) -> "Settings":
        """The settings that the server is built from. Loads what the command line needs."""
        if self._settings is None:
            from domain_agents.cli.options import GlobalOptions, read_settings

            options = GlobalOptions(self.project_word, self.agents, self.project_agents, self.log)
            self._settings = read_settings(options)
        return self._settings


class _Directory:
    """A path as `os.fspath` takes it; pathlib would cost more than all of the start."""

    __slots__ = ("_path",)

    def __init__(self, path: str) -> None:
        self._path = os.path.abspath(os.path.expanduser(path))  # noqa: PTH100, PTH111

    def __fspath__(self) -> str:
        return self._path


def options_of(how: "ServeOptions", settings: "Settings") -> Options:
    """The same, where the command line has read the words."""
    return Options(log=how.log, project_agents=settings.project_agents, settings=settings)


def read_options(words: list[str]) -> Options | None:
    """What the words say; None when they are not the plain ones, for the command line's own parser to judge."""
    values: dict[str, str] = {}
    agents: list[str] = []
    project_agents = named = False
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word == "--project-agents":
            project_agents = True
        elif word == "serve" and not named:
            named = True
        elif name == "--agents":
            taken = [value] if equals else _directories(rest, named=named)
            if not taken:
                return None
            agents += taken
        elif name in ("--project", "--log") or (name == "--transport" and named):
            if not equals:
                if not rest or rest[0].startswith("-"):
                    return None
                value = rest.pop(0)
            values[name] = value
        else:
            return None
    log = values.get("--log", "text")
    if log not in ("text", "json") or values.get("--transport", "stdio") != "stdio":
        return None
    return Options(values.get("--project"), tuple(agents), project_agents=project_agents, log=log)


def _directories(rest: list[str], *, named: bool) -> list[str]:
    taken: list[str] = []
    while rest and not rest[0].startswith("-") and (named or not taken or rest[0] != "serve"):
        taken.append(rest.pop(0))
    return taken


def _project(word: str | None) -> str:
    """The project's directory, or "". Plain cases here; `workspace.project_root` has the rules and judges the others."""
    named = word
    for variable in VARIABLES:
        if named is None:
            named = os.environ.get(variable, "").strip() or None
    if named is None and not os.environ.get(FOLDERS_VARIABLE, "").strip():
        named = os.getcwd()  # noqa: PTH109
    if named and not any(sign in named for sign in "$%~\0"):
        path = os.path.realpath(named)
        if _is_plainly_allowed(path):
            return path
    from domain_agents.workspace.project_root import find_project_root

    found = find_project_root(word).path
    return "" if found is None else str(found)


def _is_plainly_allowed(path: str) -> bool:
    homes = [os.path.expanduser("~")]  # noqa: PTH111
    if hasattr(os, "getuid"):
        import pwd

        try:
            homes.append(pwd.getpwuid(os.getuid()).pw_dir)
        except KeyError:  # a container's user without an entry
            return False
    inside = path.rstrip(os.sep) + os.sep
    return os.path.isdir(path) and not any(  # noqa: PTH112
        (os.path.realpath(home) + os.sep).startswith(inside) for home in homes
    )
