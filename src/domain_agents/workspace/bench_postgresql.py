"""One proof's place on a scratch PostgreSQL: a database of its own, its rows, its application, and twins for accidents."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import psycopg

from domain_agents.observations import (
    Assumptions,
    Contents,
    Interruption,
    LoadSummary,
    Observation,
    SchemaProblem,
    Seeding,
    ServerFacts,
    Shape,
)
from domain_agents.workspace.live import keyed_as
from domain_agents.workspace.live_postgresql import read_tables
from domain_agents.workspace.load import NEW, Load
from domain_agents.workspace.load_statements import app_table
from domain_agents.workspace.observing import Runner, Sampler, described
from domain_agents.workspace.seeding import PostgresValues, seed
from domain_agents.workspace.seeding_recipes import (
    Recipe,
    Unseedable,
    as_the_new_application,
    known_as,
    recipe_for,
    under_new_names,
)
from domain_agents.workspace.shape_postgresql import read_contents, read_shape
from domain_agents.workspace.sizes import rows_wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from domain_agents.workspace.live import LiveTable
    from domain_agents.workspace.scratch import PostgresScratch
    from domain_agents.workspace.watch import Watch

_REHEARSAL_ROWS: Final = 30_000
_NAMES_A_ROLE: Final = re.compile(
    r"\s*(GRANT|REVOKE|ALTER\s+DEFAULT\s+PRIVILEGES|ALTER\s.*\sOWNER\s+TO)\b", re.IGNORECASE | re.DOTALL
)


class PostgresBench:
    """See `domain_agents.migrations.prove.Bench`, which this fulfils."""

    def __init__(self, scratch: PostgresScratch, watch: Watch) -> None:
        self._scratch = scratch
        self._watch = watch
        self._databases: list[str] = []
        self._open: list[psycopg.Connection[Any]] = []
        self._database, self._role = scratch.create_database()
        self._databases.append(self._database)
        self._admin = self._connect(self._database)
        self._schema: tuple[str, ...] = ()
        self._tables: dict[str, LiveTable] = {}
        self._recipes: dict[str, Recipe] = {}
        self._rows: Mapping[str, int] = {}
        self._assumed = Assumptions()
        self._load: Load | None = None
        self._touched: frozenset[str] = frozenset()
        self.skipped: list[str] = []

    @property
    def facts(self) -> ServerFacts:
        """The server."""
        return self._scratch.facts

    def apply_schema(self, statements: Sequence[str]) -> None:
        """Make the schema to start from, as the role that will own it.

        Raises:
            SchemaProblem: a statement fails; the message names it.
        """
        self._schema = tuple(statements)
        self._make_schema(self._database, statements)
        self._tables = read_tables(self._admin)

    def _make_schema(self, database: str, statements: Sequence[str]) -> None:
        with self._scratch.connect(database, self._role) as connection:
            for sql in statements:
                try:
                    self._watch.execute(connection, sql)
                except psycopg.Error as error:
                    if _NAMES_A_ROLE.match(sql):
                        # Roles are a matter of the production server; what they may do changes no table.
                        self.skipped.append(" ".join(sql.split())[:120])
                        continue
                    raise SchemaProblem(
                        f"the schema to start from does not apply: {described(error)}, at: {' '.join(sql.split())[:200]}"
                    ) from None

    def seed(self, rows: Mapping[str, int], assumed: Assumptions) -> Seeding:
        """See Bench."""
        self._rows, self._assumed = rows, assumed
        seeding, self._recipes = self._seed(self._database, self._tables, rows)
        return seeding

    def _seed(
        self, database: str, tables: Mapping[str, LiveTable], rows: Mapping[str, int]
    ) -> tuple[Seeding, dict[str, Recipe]]:
        with self._scratch.connect(database) as admin:
            row = admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
            return seed(admin, tables, rows, self._assumed, self._watch, as_superuser=bool(row and row[0]))

    def contents(self) -> Contents:
        """What the seeded tables hold now."""
        tables = read_tables(self._admin, with_partitions=True)
        return read_contents(self._admin, keyed_as(tables, self._tables), self._watch)

    def shape(self) -> frozenset[Shape]:
        """The schema as it is now."""
        return read_shape(self._admin)

    def shape_of(self, statements: Sequence[str]) -> frozenset[Shape]:
        """The schema that these statements make of the one we started from, without a row in it.

        Raises:
            SchemaProblem: a statement fails.
        """
        database, _ = self._another(template="")
        self._make_schema(database, (*self._schema, *statements))
        with self._scratch.connect(database) as admin:
            return read_shape(admin)

    def start_application(self, touched: Collection[str]) -> None:
        """Let the old application read and write the tables named (all when none is)."""
        self._touched = frozenset(touched)
        self._load = Load(
            lambda: self._scratch.connect(self._database, self._role),
            self._app_tables(self._recipes),
            psycopg.Error,
            described,
        )
        self._load.start()

    def _app_tables(self, recipes: Mapping[str, Recipe]) -> list[Any]:
        filled = {name: recipe for name, recipe in recipes.items() if recipe.rows}
        chosen = {name: recipe for name, recipe in filled.items() if self._is_touched(recipe.table)}
        return [replace(app_table(recipe, "%s"), name=name) for name, recipe in (chosen or filled).items()]

    def _is_touched(self, table: LiveTable) -> bool:
        return not self._touched or table.name in self._touched or table.name.rpartition(".")[2] in self._touched

    def deploy_new_application(self, going: Mapping[tuple[str, str], str], moved: Mapping[str, str]) -> None:
        """The application that knows every column there is now takes over; again after each file that adds one."""
        if self._load is None:
            return
        recipes: dict[str, Recipe] = {}
        parents = under_new_names(self._recipes, going)
        for live in as_the_new_application(read_tables(self._admin), self._assumed).values():
            table = live.without(going).with_shared_values(live)
            # Under the name it had at the start, so that the numbers of its rows go on.
            name, before = known_as(self._recipes, live, moved)
            if before is None or not table.columns:
                continue
            everything = frozenset((table.name, column.name) for column in table.columns)
            try:
                recipes[name] = recipe_for(PostgresValues(self._admin), table, before.rows, parents, everything)
            except (Unseedable, psycopg.Error):
                recipes[name] = before
        self._load.deploy(NEW, self._app_tables(recipes))

    def let_application_run(self) -> None:
        """Return when the application that is live has done something of everything it does."""
        if self._load is not None:
            self._load.settle(self._watch.check)

    def run_file(self, path: str, statements: Sequence[tuple[str, int]]) -> list[Observation]:
        """Run a file's statements (sql, transaction number) until one fails, and say what each did."""
        if self._load is not None:
            self._load.during(path)
        # A session of its own for each file, as a migration runner would have: no setting leaks into the next.
        connection = self._connect(self._database, self._role)
        pids = [c.info.backend_pid for c in self._load.connections] if self._load else []
        sampler = Sampler(self._scratch.connect(self._database), connection.info.backend_pid, pids)
        try:
            return Runner(connection, sampler, self._load, self._watch).run_file(path, statements)
        finally:
            sampler.stop()
            connection.close()

    def stop_application(self) -> LoadSummary:
        """End it, and say what it did."""
        return self._load.stop() if self._load is not None else LoadSummary()

    def remove_application_rows(self) -> None:
        """Take out the rows that it inserted, so that the seeded ones can be compared."""
        if self._load is None:
            return
        row = self._admin.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        if row and row[0]:
            # Nothing refers to these rows but rows that go too: looking for references in big tables would take minutes.
            self._admin.execute("SET session_replication_role = replica")
        self._load.clean(self._admin)
        self._admin.execute("RESET session_replication_role")

    def empty_twin(self) -> tuple[Callable[[], frozenset[Shape]], Callable[[Sequence[tuple[str, int]]], str]]:
        """See Bench."""
        database, _ = self._another(template="")
        self._make_schema(database, self._schema)
        admin = self._connect(database)
        return lambda: read_shape(admin), lambda statements: self._run_plainly(database, statements)

    def rehearse(
        self, before: Sequence[Sequence[tuple[str, int]]], file: Sequence[tuple[str, int]]
    ) -> tuple[Contents, Contents, str, Interruption]:
        """Run a file in twins without load: undisturbed, then a second time; and killed in the middle, then again.

        Returns what the twin held after its first and its second run, the second run's error, and the interruption.
        """
        first, _ = self._another(template="")
        self._make_schema(first, self._schema)
        with self._scratch.connect(first) as admin:
            tables = read_tables(admin)
        rows = {table.name: min(rows_wanted(table.name, self._rows), _REHEARSAL_ROWS) for table in tables.values()}
        self._seed(first, tables, rows)
        for earlier in before:
            self._run_plainly(first, earlier)
        second, _ = self._another(template=first)
        start = time.perf_counter()
        failed = self._run_plainly(second, file)
        seconds = time.perf_counter() - start
        once = self._contents_of(second)
        again = failed or self._run_plainly(second, file)
        twice = self._contents_of(second)
        return once, twice, again, self._interrupt(first, file, once, seconds)

    def leave_half_applied(self, before: object, file: object) -> tuple[()]:
        """See Bench. What is in a transaction is taken back, and what stands alone has nothing to be cut off from."""
        return ()

    def _interrupt(
        self, database: str, file: Sequence[tuple[str, int]], undisturbed: Contents, seconds: float
    ) -> Interruption:
        before = self._contents_of(database)
        connection = self._connect(database, self._role)
        pid = connection.info.backend_pid
        thread = threading.Thread(target=self._run_on, args=(connection, file), daemon=True)
        started = time.perf_counter()
        thread.start()
        with self._scratch.connect(database) as admin:
            while thread.is_alive():
                self._watch.check()
                # A file that commits as it goes is caught after its first commits, any other one halfway through.
                if self._has_changed(database, before) or time.perf_counter() - started > seconds / 2:
                    break
            admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
        thread.join(10)
        connection.close()
        caught = self._contents_of(database) != undisturbed
        error = self._run_plainly(database, file)
        return Interruption(caught, error, self._contents_of(database), undisturbed)

    def _has_changed(self, database: str, before: Contents) -> bool:
        """Whether a file that runs meanwhile has committed something; a table that goes away while it is read is that."""
        try:
            return self._contents_of(database) != before
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            return True

    def _contents_of(self, database: str) -> Contents:
        with self._scratch.connect(database) as admin:
            return read_contents(admin, read_tables(admin).values(), self._watch)

    def _run_plainly(self, database: str, statements: Sequence[tuple[str, int]]) -> str:
        """Run a file without watching it; the first error, or nothing."""
        connection = self._connect(database, self._role)
        try:
            return self._watch.run(
                lambda: self._run_on(connection, statements), lambda: connection.cancel_safe(timeout=5)
            )
        finally:
            connection.close()

    @staticmethod
    def _run_on(connection: psycopg.Connection[Any], statements: Sequence[tuple[str, int]]) -> str:
        current = 0
        try:
            for sql, number in (*statements, ("", 0)):
                if current and number != current:
                    connection.execute("COMMIT")
                if number and number != current:
                    connection.execute("BEGIN")
                current = number
                if sql:
                    connection.execute(sql)
        except psycopg.Error as error:
            return described(error)
        return ""

    def _another(self, template: str) -> tuple[str, str]:
        made = self._scratch.create_database(template, self._role)
        self._databases.append(made[0])
        return made

    def _connect(self, database: str, role: str = "") -> psycopg.Connection[Any]:
        connection = self._scratch.connect(database, role)
        self._open.append(connection)
        return connection

    def close(self) -> None:
        """Drop everything that was made for this proof."""
        if self._load is not None:
            with contextlib.suppress(psycopg.Error):
                self._load.close()
        for connection in self._open:
            connection.close()
        with contextlib.suppress(psycopg.Error):
            for database in self._databases:
                self._scratch.drop_database(database)
            self._scratch.drop_role(self._role)
