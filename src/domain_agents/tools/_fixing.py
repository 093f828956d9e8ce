"""What to write instead of a statement that would hurt: the plan for the very change it makes, as the project's files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain_agents.dialects import dialect
from domain_agents.findings import Severity
from domain_agents.migrations.changes import from_sql
from domain_agents.migrations.plan import PlannedDeploy, PlannedMigration
from domain_agents.migrations.planning import plan
from domain_agents.migrations.rules import rule
from domain_agents.operations import CannotPlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.engines import Engine, TableSize
    from domain_agents.migrations.formats import Format
    from domain_agents.migrations.lint import Linted
    from domain_agents.migrations.plan import Project
    from domain_agents.migrations.rules import Place

MAX_FIXES = 20
"""Statements for which the way out is written out; a set with more of them is read piece by piece anyway."""

Fix = dict[str, Any]
Where = tuple[str, int, str]
"""A statement: its file, its line, its text."""


def fixes(
    linted: Linted, project: Project, form: Format, engine: Engine, sizes: Mapping[str, TableSize], date: str
) -> dict[Where, Fix]:
    """A statement with an error -> `{files: [{path, content}], deploys: [title]}`.

    Only for what can be planned without knowing more: a statement that needs a value for existing rows has no fix, and its
    finding says what to write.
    """
    found: dict[Where, Fix] = {}
    places = {(place.file, place.line, place.sql): place for place in reversed(linted.places)}
    for one in linted.findings:
        where = (one.file, one.line, one.statement)
        if one.severity is not Severity.ERROR or where in found or where not in places or not rule(one.rule).plans:
            continue
        made = _fix(places[where], project, form, engine, sizes, date)
        if made is not None:
            found[where] = made
        if len(found) == MAX_FIXES:
            break
    return found


def _fix(
    place: Place, project: Project, form: Format, engine: Engine, sizes: Mapping[str, TableSize], date: str
) -> Fix | None:
    reader = dialect(engine.name)
    try:
        asked = from_sql(place.sql, reader, engine, {}, place.schema)
        settled = replace(project, framework=form.name, directory=project.directory or form.directory)
        home = form.home(settled, {one.operation.table.name for one in asked})
        arranged = form.arrange(plan(asked, place.schema, engine, sizes).plan, home, engine)
        if any(isinstance(step, PlannedMigration) and step.waits and not step.job for step in arranged.steps):
            return None  # it keeps others waiting too: there is no other way, as the finding says
        contents = form.render(arranged, home, engine, author="", date=date)
    except CannotPlan:
        return None
    if not contents:
        return None
    return {
        "files": [{"path": path, "content": content} for path, content in contents.items()],
        "deploys": [step.title for step in arranged.steps if isinstance(step, PlannedDeploy)],
    }
