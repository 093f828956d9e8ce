"""The project a call is about: its directory, inside the server's own, and what its files say of its migrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.tools import ToolError

if TYPE_CHECKING:
    from pathlib import Path

    from domain_agents.migrations.plan import Project
    from domain_agents.tools import Settings


def project_directory(settings: Settings, given: str | None) -> Path:
    """The directory that a call may read and write: the server's project, or a directory inside it.

    Raises:
        ToolError: there is no project, or the directory is not inside it.
    """
    if settings.project is None:
        raise ToolError(settings.project_problem or "project: this server was started without a project's directory")
    root = settings.project.resolve()
    if not given or given in (".", "./"):
        return root
    try:
        wanted = (root / given).resolve()
    except (OSError, ValueError, RuntimeError):
        wanted = root.parent
    if wanted != root and not wanted.is_relative_to(root):
        raise ToolError(
            "project: that directory is outside the one this server works in; give a path inside it, or start the "
            "server with --project for the other one"
        )
    if not wanted.is_dir():
        raise ToolError("project: there is no such directory in the one this server works in")
    return wanted


def read_project(settings: Settings, given: str | None, **known: str) -> Project:
    """What the project's files say; nothing when the server has no project and none was asked for.

    `known` is what the caller says of it (engine, version, framework, directory): it is taken as it is, and numbers,
    names and heads are then those of that directory and framework.

    Raises:
        ToolError: a project was asked for that cannot be read.
    """
    from domain_agents.migrations.plan import Project

    if settings.project is None and not given:
        return Project(**known)  # type: ignore[arg-type]  # its fields of these names are texts
    from domain_agents.migrations.project import recognise
    from domain_agents.workspace.files import ProjectFiles

    return recognise(ProjectFiles(project_directory(settings, given)), **known)
