"""Django: one migration per file, in the app whose tables change, chained after the app's leaf.

Every file is `RunSQL`: the statements are those that were planned, each sent by itself and without parameters, with
`state_operations` for what the models say then, so that `makemigrations` finds nothing left to do. Django's own operations
for the same change are not used: `AddField` and `AlterField` hold their locks for as long as the table is read, and
`AddIndexConcurrently` cannot be run again after it failed. What may not run in a transaction has `atomic = False`.

Source: https://docs.djangoproject.com/en/5.2/ref/migration-operations/ ("RunSQL", "SeparateDatabaseAndState"),
https://docs.djangoproject.com/en/5.2/howto/writing-migrations/ ("Non-atomic migrations"); read 2026-11-21. Run with
Django 5.2 in tests.
"""

from __future__ import annotations

import ast
import copy
import pkgutil
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from domain_agents import ddl
from domain_agents.catalog import ForeignKey
from domain_agents.dialects import dialect, replay
from domain_agents.migrations.formats import Format, OutsideTransaction, ReadFile, UnreadPart
from domain_agents.migrations.formats._header import (
    fields,
    in_directory,
    safe_slug,
    visible,
    wrapped,
)
from domain_agents.migrations.formats._script import Made, in_transactions
from domain_agents.migrations.formats._sql import body
from domain_agents.migrations.formats.django._fields import imports
from domain_agents.migrations.formats.django._state import State, StateOperation, Trace, trace
from domain_agents.migrations.plan import App
from domain_agents.migrations.recognition.alembic_literal import python_literal
from domain_agents.migrations.recognition.django import in_order
from domain_agents.migrations.recognition.django_fields import Unreadable
from domain_agents.migrations.recognition.django_models import called
from domain_agents.migrations.recognition.django_operations import Replay
from domain_agents.operations import CannotPlan
from domain_agents.rendering import render as render_template

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from domain_agents.engines import Engine
    from domain_agents.migrations.plan import Plan, PlannedMigration, Project

_TEMPLATE = "template.py.jinja"
_LONGEST_SLUG = 40
_NUMBER = re.compile(r"\d{1,9}")
_WHOLE_FILES = frozenset({"sqlite"})
"""Engines that build a table anew: only the file's end tells what has become of it."""


@dataclass(frozen=True, slots=True)
class _Group:
    """One RunSQL: its statements as source, and what it tells the state."""

    statements: tuple[str, ...]
    operations: tuple[StateOperation, ...] = ()
    has_state: bool = False


class _Django(Format):
    """Migrations of an app."""

    def __init__(self, contents: Mapping[str, str] | None = None) -> None:
        self._contents = dict(contents or {})
        self._found: dict[str, dict[str, ReadFile]] = {}

    @property
    def name(self) -> str:
        return "django"

    @property
    def tried_on(self) -> frozenset[str]:
        return frozenset({"mariadb", "postgresql", "sqlite"})

    @property
    def suffixes(self) -> tuple[str, ...]:
        return (".py",)

    @property
    def outside_transaction(self) -> OutsideTransaction:
        return OutsideTransaction.WHOLE_FILES

    def home(self, project: Project, tables: Collection[str]) -> Project:
        app = _chosen(project, tables)
        return replace(
            project,
            directory=app.directory,
            numbering="0001",
            next_number=app.next_number or "0001",
            heads=app.heads,
            head=app.heads[0] if len(app.heads) == 1 else "",
        )

    def render(self, plan: Plan, project: Project, engine: Engine, *, author: str, date: str) -> Mapping[str, str]:
        app = _app_of(project)
        if len(project.heads) > 1:
            raise CannotPlan(
                f"app {app.label} has {len(project.heads)} leaf migrations: {', '.join(project.heads)}",
                field="project",
                way_out=f"join them first: python manage.py makemigrations --merge {app.label}",
            )
        state = _state(plan, project, app, engine)
        number = project.next_number if _NUMBER.fullmatch(project.next_number) else "0001"
        after, contents = project.head, {}
        for migration in plan.migrations:
            name = f"{number}_{safe_slug(migration.slug, _LONGEST_SLUG)}"
            path = in_directory(project.directory or self.directory, f"{name}.py")
            contents[path] = _content(plan, migration, engine, state, name, after, author=author, date=date)
            after, number = name, f"{int(number) + 1:0{len(number)}}"
        return contents

    def beside(self, contents: Mapping[str, str]) -> Format:
        """With the migrations before a file, what its operations change is known."""
        return _Django(contents)

    def read(self, path: str, content: str, engine: str) -> ReadFile:
        if self._contents.get(path) != content:
            return _read(content, Replay(engine), _label(path.rpartition("/")[0]))
        if engine not in self._found:
            replay = Replay(engine)
            self._found[engine] = {
                other: _read(self._contents[other], replay, _label(other.rpartition("/")[0]))
                for other in in_order(self._contents)
            }
        found = self._found[engine].get(path)
        return found if found is not None else _read(content, Replay(engine), _label(path.rpartition("/")[0]))

    def notes(self, project: Project) -> tuple[str, ...]:
        return (
            "models.py is not changed: each file names under Models what it must say then; makemigrations --check tells",
            "`migrate APP NAME` goes as far as one file; back it refuses: each file is undone by a new migration",
        )


def _chosen(project: Project, tables: Collection[str]) -> App:
    """The app that is continued: the one in the given directory, else the one whose tables change.

    Raises:
        CannotPlan: several could be meant.
    """
    given = next((app for app in project.apps if app.directory == project.directory), None)
    if given is not None or not project.apps:
        return given or App(_label(project.directory), project.directory, project.heads, project.next_number)
    mine = [app for app in project.apps if any(model.table in tables for model in app.models)]
    mine = mine or [app for app in project.apps if any(table.startswith(f"{app.label}_") for table in tables)]
    mine = mine or list(project.apps)
    if len(mine) == 1:
        return mine[0]
    raise CannotPlan(
        f"the project has several apps, and the change is not of one of them alone: {', '.join(a.label for a in mine)}",
        field="directory",
        way_out=f'give "directory": one of {", ".join(app.directory for app in mine)}; or ask for one app at a time',
    )


def _app_of(project: Project) -> App:
    known = next((app for app in project.apps if app.directory == project.directory), None)
    return known or App(_label(project.directory), project.directory, project.heads, project.next_number)


def _label(directory: str) -> str:
    parts = [part for part in directory.split("/") if part not in {"", ".", "migrations"}]
    return re.sub(r"\W", "_", parts[-1]) if parts else "app"


def _state(plan: Plan, project: Project, app: App, engine: Engine) -> State:
    schema, _ = replay(project.schema_sql, dialect(engine.name))
    others = {m.table: f"{one.label}.{m.name.lower()}" for one in project.apps if one != app for m in one.models}
    others.setdefault("auth_user", "auth.user")
    return State(app, engine.name, project.framework_version, schema, tuple(_keys(plan, engine)), others=others)


def _keys(plan: Plan, engine: Engine) -> Iterator[ForeignKey]:
    """The foreign keys that the plan's statements add."""
    for migration in plan.migrations:
        for sql in migration.statements:
            for atom in (atom for read in dialect(engine.name).read(sql) for atom in read.atoms):
                made = atom.table.foreign_keys if isinstance(atom, ddl.CreateTable) else ()
                for one in (getattr(atom, "constraint", None), *getattr(atom, "constraints", ()), *made):
                    if isinstance(one, ForeignKey):
                        yield one


def _content(
    plan: Plan,
    migration: PlannedMigration,
    engine: Engine,
    state: State,
    name: str,
    after: str,
    *,
    author: str,
    date: str,
) -> str:
    runs = body(migration, engine)
    groups = list(_groups(runs.statements, engine.name, state))
    operations = [operation for group in groups for operation in group.operations]
    needed = imports(source for operation in operations for source in _sources(operation))
    if needed is None:
        groups, operations = [replace(group, operations=(), has_state=False) for group in groups], []
        state.unsaid.append("the state of this file: a name in the fields' source is not known to it")
    said = [*(operation.model for operation in operations), *(f"by hand: {text}" for text in state.unsaid)]
    state.unsaid.clear()
    label = state.app.label
    header = [
        *wrapped("Date", date),
        *(wrapped("Author", author) if author else ()),
        *wrapped("Apply with", f"python manage.py migrate {label} {name}"),
        *(line for text in dict.fromkeys(said) for line in wrapped("Models", text)),
        *(line for f in fields(plan, migration, engine, after) for line in wrapped(f.label, f.text)),
    ]
    lines = {"from django.db import migrations"} | set(needed or ())
    if "from django.db import models" in lines:
        lines = lines - {"from django.db import models", "from django.db import migrations"}
        lines.add("from django.db import migrations, models")
    return render_template(
        (pkgutil.get_data(__name__, _TEMPLATE) or b"").decode(),
        {
            "docstring": _docstring(migration.title, header),
            "imports": sorted(lines, key=lambda line: (line.startswith("from"), line)),
            "atomic": runs.transaction,
            "dependencies": [(python_literal(label), python_literal(after))] if after else [],
            "groups": groups,
        },
        name=_TEMPLATE,
    )


def _sources(operation: StateOperation) -> Iterator[str]:
    yield from (value for name, value in operation.arguments if name in {"field", "index", "constraint", "fields"})


def _groups(statements: Sequence[str], engine: str, state: State) -> Iterator[_Group]:
    """What models know of, and what only the database knows of, are told apart: whoever reads the file as a history takes
    the state's word for the one and the SQL for the other."""
    if engine in _WHOLE_FILES:
        yield _group(statements, state, has_state=False)
        return
    held: list[str] = []
    kind = Trace.NOTHING
    for sql in statements:
        leaves = trace(sql, engine)
        if leaves is not Trace.NOTHING and kind not in {leaves, Trace.NOTHING}:
            yield _group(held, state, has_state=kind is Trace.MODELS)
            held = []
        kind = kind if leaves is Trace.NOTHING else leaves
        held.append(sql)
    if held:
        yield _group(held, state, has_state=kind is Trace.MODELS)


def _group(statements: Iterable[str], state: State, *, has_state: bool) -> _Group:
    texts = tuple(statements)
    unsaid = len(state.unsaid)
    operations = tuple(state.after(texts))
    # What the state cannot say must stay to be read from the SQL.
    known = has_state and len(state.unsaid) == unsaid
    return _Group(tuple(python_literal(sql) for sql in texts), operations, known or bool(operations))


def _docstring(title: str, header: list[str]) -> str:
    text = "\n".join([visible(" ".join(title.split())), "", *header, ""])
    # visible() has left no control character; backslashes and quotes are all that Python would act on.
    return '"""' + text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + '"""'


def _read(content: str, replay: Replay, app: str) -> ReadFile:
    """What a file does, on the models that the replay has reached; the replay then is behind it."""
    try:
        module = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return ReadFile((), (UnreadPart(getattr(error, "lineno", 0) or 0, "", "this is not Python"),))
    made = next((n for n in module.body if isinstance(n, ast.ClassDef) and n.name == "Migration"), None)
    if made is None:
        return ReadFile((), (UnreadPart(0, "", "there is no class Migration"),))
    values = {
        target.id: node.value
        for node in made.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    atomic = values.get("atomic")
    is_atomic = not (isinstance(atomic, ast.Constant) and atomic.value is False)
    # Where DDL commits by itself Django opens no transaction around it.
    transaction = is_atomic and replay.engine in {"postgresql", "sqlite"}
    statements: list[Made] = []
    unread: list[UnreadPart] = []
    _read_operations(values.get("operations"), replay, app, statements, unread)
    return ReadFile(tuple(in_transactions(statements, replay.engine, opened=transaction)), tuple(unread))


def _read_operations(
    node: ast.expr | None, replay: Replay, app: str, statements: list[Made], unread: list[UnreadPart]
) -> None:
    for one in node.elts if isinstance(node, ast.List | ast.Tuple) else ():
        name = called(one)
        words = {w.arg: w.value for w in one.keywords if w.arg} if isinstance(one, ast.Call) else {}
        given = one.args if isinstance(one, ast.Call) else []
        if name == "RunSQL":
            _read_sql(words.get("sql") or next(iter(given), None), statements, unread)
            replay.state(app, words.get("state_operations"))
        elif name == "SeparateDatabaseAndState":
            ours = words.get("database_operations") or next(iter(given), None)
            _read_operations(ours, copy.deepcopy(replay), app, statements, unread)
            replay.state(app, ast.List([one], ast.Load()))
        elif name == "RunPython":
            unread.append(UnreadPart(one.lineno, name, "only running its code tells which rows it changes"))
        else:
            try:
                statements += [Made(sql, one.lineno) for sql in replay.sql(app, one)]
            except Unreadable as error:
                unread.append(UnreadPart(one.lineno, name, f"{error}; `manage.py sqlmigrate` shows its SQL"))


def _read_sql(node: ast.expr | None, statements: list[Made], unread: list[UnreadPart]) -> None:
    for one in node.elts if isinstance(node, ast.List | ast.Tuple) else [node]:
        if isinstance(one, ast.Constant) and isinstance(one.value, str):
            statements.append(Made(one.value, one.lineno))
        elif one is not None:
            unread.append(UnreadPart(one.lineno, "RunSQL", "its SQL is made by code, or has parameters"))


FORMAT = _Django()
