"""One proof's place in SQLite: a file of its own in a folder of its own, in this process."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Self

from domain_agents.observations import (
    Assumptions,
    Contents,
    How,
    Interruption,
    LoadSummary,
    Observation,
    SchemaProblem,
    Seeding,
    ServerFacts,
    Shape,
)
from domain_agents.workspace.live import LiveTable, keyed_as, quoted
from domain_agents.workspace.live_sqlite import SqliteValues, read_contents, read_shape, read_tables
from domain_agents.workspace.load import NEW, Load
from domain_agents.workspace.load_statements import app_table
from domain_agents.workspace.observing_sqlite import Runner, described
from domain_agents.workspace.seeding_recipes import (
    MAX_STANDING,
    Recipe,
    Unseedable,
    as_the_new_application,
    assuming,
    known_as,
    parents_first,
    recipe_for,
    standing,
    under_new_names,
)
from domain_agents.workspace.sizes import rows_wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from domain_agents.workspace.watch import Watch

_REHEARSAL_ROWS: Final = 30_000
_BUSY_SECONDS: Final = 5.0
"""How long an application waits for the lock before it fails: the default of Python's driver, and of many others."""

_COMMITS_BEFORE_THE_KILL: Final = 4
"""The first ones make the table that keeps the place."""

_REFUSED_PRAGMAS: Final = frozenset(
    {"writable_schema", "temp_store_directory", "data_store_directory", "trusted_schema"}
)
_REFUSED_FUNCTIONS: Final = frozenset({"load_extension", "readfile", "writefile", "edit", "fts3_tokenizer"})

_VICTIM: Final = """
import json, sqlite3, sys
path, statements = json.load(sys.stdin)
connection = sqlite3.connect(path, isolation_level=None, timeout=30)
current = 0
for sql, number in [*statements, ["", 0]]:
    if current and number != current:
        connection.execute("COMMIT")
    if number and number != current:
        connection.execute("BEGIN")
    current = number
    if sql:
        connection.execute(sql).fetchall()
"""
"""Runs a file in a process that can be killed. The statements passed the authorizer before, in a twin."""


class SqliteBench:
    """See `domain_agents.migrations.prove.Bench`, which this fulfils."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._folder = tempfile.TemporaryDirectory(prefix="dasq-", ignore_cleanup_errors=True)
        self._path = Path(self._folder.name) / "proof.db"
        self._open: list[sqlite3.Connection] = []
        self._admin = self.connect(self._path)
        self._schema: tuple[str, ...] = ()
        self._tables: dict[str, LiveTable] = {}
        self._recipes: dict[str, Recipe] = {}
        self._rows: Mapping[str, int] = {}
        self._assumed = Assumptions()
        self._load: Load | None = None
        self._touched: frozenset[str] = frozenset()
        self._twins = 0
        self.skipped: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def facts(self) -> ServerFacts:
        """SQLite as it is built into this Python."""
        return ServerFacts("sqlite", sqlite3.sqlite_version, How.EMBEDDED)

    def connect(self, path: Path) -> sqlite3.Connection:
        """A connection that commits by itself, checks foreign keys, and can reach nothing but its file."""
        connection = sqlite3.connect(path, isolation_level=None, timeout=_BUSY_SECONDS, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.set_authorizer(_authorized)
        self._open.append(connection)
        return connection

    def apply_schema(self, statements: Sequence[str]) -> None:
        """See Bench."""
        self._schema = tuple(statements)
        self._make_schema(self._path, statements)
        self._tables = read_tables(self._admin)

    def _make_schema(self, path: Path, statements: Sequence[str]) -> None:
        connection = self.connect(path)
        for sql in statements:
            try:
                self._watch.run(partial(_run_out, connection, sql), connection.interrupt)
            except sqlite3.Error as error:
                raise SchemaProblem(
                    f"the schema to start from does not apply: {described(error)}, at: {' '.join(sql.split())[:200]}"
                ) from None
        connection.close()

    def seed(self, rows: Mapping[str, int], assumed: Assumptions) -> Seeding:
        """See Bench."""
        self._rows, self._assumed = rows, assumed
        wanted = {table.name: rows_wanted(table.name, rows) for table in self._tables.values()}
        seeding, self._recipes = self._seed(self._admin, self._tables, wanted)
        return seeding

    def _seed(
        self, connection: sqlite3.Connection, tables: Mapping[str, LiveTable], wanted: Mapping[str, int]
    ) -> tuple[Seeding, dict[str, Recipe]]:
        recipes: dict[str, Recipe] = {}
        there_already: dict[str, Recipe] = {}
        made: dict[str, int] = {}
        failed: dict[str, str] = {}
        for table in parents_first(assuming(tables, self._assumed)):
            self._watch.check()
            if connection.execute(f"SELECT EXISTS (SELECT 1 FROM {table.sql})").fetchone()[0]:
                if table.key:
                    listed = ", ".join(map(quoted, table.key))
                    held = connection.execute(f"SELECT {listed} FROM {table.sql} LIMIT {MAX_STANDING}").fetchall()
                    there_already[table.sql] = standing(table, held)
                continue
            try:
                recipe = recipe_for(
                    SqliteValues(connection),
                    table,
                    wanted[table.name],
                    {**recipes, **there_already},
                    self._assumed.never_null,
                )
                self._fill(connection, recipe)
            except (Unseedable, sqlite3.IntegrityError) as error:
                failed[table.name] = str(error)
                continue
            recipes[table.sql] = recipe
            made[table.name] = recipe.rows
        connection.execute("ANALYZE")
        return Seeding(made, failed), recipes

    def _fill(self, connection: sqlite3.Connection, recipe: Recipe) -> None:
        columns = tuple(recipe.generators)
        if not recipe.rows or not columns:
            return
        sql = (
            f"INSERT INTO {recipe.table.sql} ({', '.join(map(quoted, columns))}) "
            f"WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {recipe.rows}) "
            f"SELECT {recipe.select('n', columns)} FROM g"
        )
        self._watch.run(partial(_run_out, connection, sql), connection.interrupt)

    def contents(self) -> Contents:
        """See Bench."""
        return read_contents(self._admin, keyed_as(read_tables(self._admin), self._tables), self._watch.check)

    def shape(self) -> frozenset[Shape]:
        """See Bench."""
        return read_shape(self._admin)

    def shape_of(self, statements: Sequence[str]) -> frozenset[Shape]:
        """See Bench."""
        path = self._twin()
        self._make_schema(path, (*self._schema, *statements))
        return read_shape(self.connect(path))

    def start_application(self, touched: Collection[str]) -> None:
        """See Bench."""
        self._touched = frozenset(touched)
        self._load = Load(lambda: self.connect(self._path), self._app_tables(self._recipes), sqlite3.Error, described)
        self._load.start()

    def _app_tables(self, recipes: Mapping[str, Recipe]) -> list[Any]:
        filled = {name: recipe for name, recipe in recipes.items() if recipe.rows}
        chosen = {name: recipe for name, recipe in filled.items() if recipe.table.name in self._touched}
        return [replace(app_table(recipe, "?"), name=name) for name, recipe in (chosen or filled).items()]

    def deploy_new_application(self, going: Mapping[tuple[str, str], str], moved: Mapping[str, str]) -> None:
        """See Bench."""
        if self._load is None:
            return
        recipes: dict[str, Recipe] = {}
        parents = under_new_names(self._recipes, going)
        for live in as_the_new_application(read_tables(self._admin), self._assumed).values():
            table = live.without(going)
            # Under the name it had at the start, so that the numbers of its rows go on.
            name, before = known_as(self._recipes, live, moved)
            if before is not None and table.columns:
                everything = frozenset((table.name, column.name) for column in table.columns)
                values = SqliteValues(self._admin)
                try:
                    recipes[name] = recipe_for(values, table, before.rows, parents, everything)
                except Unseedable:
                    recipes[name] = before
        self._load.deploy(NEW, self._app_tables(recipes))

    def let_application_run(self) -> None:
        """See Bench."""
        if self._load is not None:
            self._load.settle(self._watch.check)

    def run_file(self, path: str, statements: Sequence[tuple[str, int]]) -> list[Observation]:
        """See Bench."""
        if self._load is not None:
            self._load.during(path)
        connection = self.connect(self._path)
        runner = Runner(connection, lambda: self.connect(self._path), self._load, self._watch)
        try:
            return runner.run_file(path, statements)
        finally:
            runner.close()
            connection.close()

    def stop_application(self) -> LoadSummary:
        """See Bench."""
        return self._load.stop() if self._load is not None else LoadSummary()

    def remove_application_rows(self) -> None:
        """See Bench."""
        if self._load is not None:
            self._admin.execute("PRAGMA foreign_keys = OFF")
            self._load.clean(self._admin)
            self._admin.execute("PRAGMA foreign_keys = ON")

    def empty_twin(self) -> tuple[Callable[[], frozenset[Shape]], Callable[[Sequence[tuple[str, int]]], str]]:
        """See Bench."""
        path = self._twin()
        self._make_schema(path, self._schema)
        return lambda: self._shape_at(path), lambda statements: self._run_plainly(path, statements)

    def _shape_at(self, path: Path) -> frozenset[Shape]:
        connection = self.connect(path)
        try:
            return read_shape(connection)
        finally:
            connection.close()

    def rehearse(
        self, before: Sequence[Sequence[tuple[str, int]]], file: Sequence[tuple[str, int]]
    ) -> tuple[Contents, Contents, str, Interruption]:
        """See Bench. The twin that is killed runs in a process of its own."""
        paths = [self._twin(), self._twin()]
        for path in paths:
            self._make_schema(path, self._schema)
            connection = self.connect(path)
            tables = read_tables(connection)
            wanted = {t.name: min(rows_wanted(t.name, self._rows), _REHEARSAL_ROWS) for t in tables.values()}
            self._seed(connection, tables, wanted)
            connection.close()
            for earlier in before:
                self._run_plainly(path, earlier)
        start = time.perf_counter()
        failed = self._run_plainly(paths[0], file)
        seconds = time.perf_counter() - start
        once = self._contents_of(paths[0])
        again = failed or self._run_plainly(paths[0], file)
        twice = self._contents_of(paths[0])
        return once, twice, again, self._interrupt(paths[1], file, once, seconds)

    def leave_half_applied(self, before: object, file: object) -> tuple[()]:
        """See Bench. What is in a transaction is taken back, and what stands alone has nothing to be cut off from."""
        return ()

    def _interrupt(
        self, path: Path, file: Sequence[tuple[str, int]], undisturbed: Contents, seconds: float
    ) -> Interruption:
        watcher = self.connect(path)
        commits, last = 0, _data_version(watcher)
        victim = subprocess.Popen(  # noqa: S603 - this very Python, and a program of ours
            [sys.executable, "-I", "-c", _VICTIM],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            if victim.stdin is not None:
                victim.stdin.write(json.dumps([str(path), list(file)]))
                victim.stdin.close()
            # The interpreter needs a moment to start, so a file without commits is given that and half its own time.
            deadline = time.perf_counter() + 1.0 + seconds / 2
            while victim.poll() is None and time.perf_counter() < deadline and commits < _COMMITS_BEFORE_THE_KILL:
                self._watch.check()
                now = _data_version(watcher)
                commits, last = commits + (now != last), now
        finally:
            victim.kill()
            victim.wait()
            watcher.close()
        caught = self._contents_of(path) != undisturbed
        error = self._run_plainly(path, file)
        return Interruption(caught, error, self._contents_of(path), undisturbed)

    def _contents_of(self, path: Path) -> Contents:
        connection = self.connect(path)
        try:
            return read_contents(connection, read_tables(connection).values(), self._watch.check)
        finally:
            connection.close()

    def _run_plainly(self, path: Path, statements: Sequence[tuple[str, int]]) -> str:
        connection = self.connect(path)
        runner = Runner(connection, lambda: self.connect(path), None, self._watch)
        try:
            seen = runner.run_file("", statements)
        finally:
            runner.close()
            connection.close()
        return seen[-1].error if seen else ""

    def _twin(self) -> Path:
        self._twins += 1
        return self._path.with_name(f"twin{self._twins}.db")

    def close(self) -> None:
        """Delete everything that was made for this proof."""
        if self._load is not None:
            self._load.close()
        for connection in self._open:
            connection.close()
        self._folder.cleanup()


def _data_version(connection: sqlite3.Connection) -> int:
    """A number that changes when another connection commits."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def _run_out(connection: sqlite3.Connection, sql: str) -> None:
    connection.execute(sql).fetchall()


def _authorized(action: int, first: str | None, second: str | None, _database: str | None, _trigger: str | None) -> int:
    """SQLite asks this before it prepares anything."""
    name = (second if action == sqlite3.SQLITE_FUNCTION else first) or ""
    refused = (
        # VACUUM attaches a file without a name for itself; VACUUM INTO one that has one.
        (action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH) and first not in ("", "vacuum_db"))
        or (action == sqlite3.SQLITE_PRAGMA and name.lower() in _REFUSED_PRAGMAS)
        or (action == sqlite3.SQLITE_FUNCTION and name.lower() in _REFUSED_FUNCTIONS)
    )
    return sqlite3.SQLITE_DENY if refused else sqlite3.SQLITE_OK
