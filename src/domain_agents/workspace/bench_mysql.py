"""One proof's place on a scratch MySQL or MariaDB: a database of its own, its rows, its application, and twins."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from domain_agents.observations import (
    Assumptions,
    Contents,
    HalfApplied,
    Interruption,
    LoadSummary,
    Observation,
    SchemaProblem,
    Seeding,
    ServerFacts,
    Shape,
)
from domain_agents.workspace.live import keyed_as
from domain_agents.workspace.live_mysql import read_tables
from domain_agents.workspace.load import NEW, Load
from domain_agents.workspace.load_statements_mysql import app_table
from domain_agents.workspace.mysql_session import described, driver
from domain_agents.workspace.observing_mysql import Runner, Sampler
from domain_agents.workspace.seeding_mysql import MysqlValues, seed
from domain_agents.workspace.seeding_recipes import (
    Recipe,
    Unseedable,
    as_the_new_application,
    known_as,
    recipe_for,
    under_new_names,
)
from domain_agents.workspace.shape_mysql import read_contents, read_shape
from domain_agents.workspace.sizes import rows_wanted

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from domain_agents.workspace.live import LiveTable
    from domain_agents.workspace.mysql_session import Session
    from domain_agents.workspace.scratch_mysql import MysqlScratch
    from domain_agents.workspace.watch import Watch

_REHEARSAL_ROWS: Final = 30_000
_FEW_ROWS: Final = 100
_MAX_CUTS: Final = 3
_KILLS: Final = 2
"""A run that goes on after a crash can crash too."""

_CHANGES_SCHEMA: Final = re.compile(r"\s*(?:/\*M?!\d*\s*)?(?:CREATE|ALTER|DROP|RENAME|TRUNCATE)\b", re.IGNORECASE)
_NAMES_A_ROLE: Final = re.compile(r"\s*(GRANT|REVOKE)\b", re.IGNORECASE)
_ACCOUNT: Final = r"(?:`[^`]*`|'[^']*'|\"[^\"]*\"|[\w$]+)"
_DEFINER: Final = re.compile(
    rf"\bDEFINER\s*=\s*(?:{_ACCOUNT}\s*@\s*{_ACCOUNT}|CURRENT_USER(?:\s*\(\s*\))?)", re.IGNORECASE
)
_MAKES: Final = re.compile(r"\s*(?:/\*!\d*\s*)?(?:CREATE|ALTER)\b", re.IGNORECASE)


class MysqlBench:
    """See `domain_agents.migrations.prove.Bench`, which this fulfils."""

    def __init__(self, scratch: MysqlScratch, watch: Watch) -> None:
        self._scratch = scratch
        self._watch = watch
        self._open: list[Session] = []
        self._database, self._user = scratch.create_database()
        self._databases = [self._database]
        self._admin = self._session(self._database, owner=True)
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

    @property
    def database(self) -> str:
        """The name of the proof's database on its server."""
        return self._database

    def apply_schema(self, statements: Sequence[str]) -> None:
        """Make the schema to start from, as the user who will migrate it.

        Raises:
            SchemaProblem: a statement fails; the message names it.
        """
        self._schema = tuple(statements)
        self._make_schema(self._database, statements)
        self._tables = read_tables(self._admin)

    def _make_schema(self, database: str, statements: Sequence[str]) -> None:
        error_type = driver().MySQLError
        with contextlib.closing(self._scratch.session(database, self._user)) as session:
            for sql in statements:
                # Who defined a view or routine is a matter of the production server, where that user is.
                text = _DEFINER.sub("", sql) if _MAKES.match(sql) else sql
                try:
                    self._watch.execute(session, text)
                except error_type as error:
                    if _NAMES_A_ROLE.match(sql):
                        self.skipped.append(" ".join(sql.split())[:120])
                        continue
                    raise SchemaProblem(
                        f"the schema to start from does not apply: {described(error)}{_hint(error)}, at: "
                        f"{' '.join(sql.split())[:200]}"
                    ) from None

    def seed(self, rows: Mapping[str, int], assumed: Assumptions) -> Seeding:
        """See Bench."""
        self._rows, self._assumed = rows, assumed
        seeding, self._recipes = self._seed(self._database, self._tables, rows)
        return seeding

    def _seed(
        self, database: str, tables: Mapping[str, LiveTable], rows: Mapping[str, int]
    ) -> tuple[Seeding, dict[str, Recipe]]:
        with contextlib.closing(self._scratch.session(database, quoting=True)) as session:
            return seed(session, tables, rows, self._assumed, self._watch)

    def contents(self) -> Contents:
        """What the tables hold now."""
        return read_contents(self._admin, keyed_as(read_tables(self._admin), self._tables), self._watch)

    def shape(self) -> frozenset[Shape]:
        """The schema as it is now."""
        return read_shape(self._admin)

    def shape_of(self, statements: Sequence[str]) -> frozenset[Shape]:
        """See Bench."""
        database = self._another()
        self._make_schema(database, (*self._schema, *statements))
        return self._shape_of(database)

    def start_application(self, touched: Collection[str]) -> None:
        """See Bench."""
        self._touched = frozenset(touched)
        self._load = Load(
            lambda: self._scratch.session(self._database, self._user, quoting=True),
            self._app_tables(self._recipes),
            driver().MySQLError,
            described,
        )
        self._load.start()

    def _app_tables(self, recipes: Mapping[str, Recipe]) -> list[Any]:
        filled = {name: recipe for name, recipe in recipes.items() if recipe.rows}
        chosen = {name: recipe for name, recipe in filled.items() if self._is_touched(recipe.table)}
        return [replace(app_table(recipe), name=name) for name, recipe in (chosen or filled).items()]

    def _is_touched(self, table: LiveTable) -> bool:
        return not self._touched or any(name.rpartition(".")[2] == table.name for name in self._touched)

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
            if before is None or not table.columns:
                continue
            everything = frozenset((table.name, column.name) for column in table.columns)
            try:
                recipes[name] = recipe_for(MysqlValues(self._admin), table, before.rows, parents, everything)
            except (Unseedable, driver().MySQLError):
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
        # A session of its own for each file, as a migration runner would have: no setting leaks into the next.
        session = self._session(self._database)
        sampler = Sampler(
            self._scratch.session(),
            self._scratch.shows_locks,
            self._database,
            session,
            self._load.connections if self._load else (),
        )
        runner = Runner(
            session, self._admin, sampler, self._load, self._watch, self._scratch.facts.engine, self._database
        )
        try:
            return runner.run_file(path, statements)
        finally:
            sampler.stop()
            session.close()

    def stop_application(self) -> LoadSummary:
        """See Bench."""
        return self._load.stop() if self._load is not None else LoadSummary()

    def remove_application_rows(self) -> None:
        """See Bench."""
        if self._load is not None:
            # Nothing refers to these rows but rows that go too.
            self._admin.execute("SET SESSION foreign_key_checks = 0")
            self._load.clean(self._admin)
            self._admin.execute("SET SESSION foreign_key_checks = 1")

    def empty_twin(self) -> None:
        """See Bench."""

    def rehearse(
        self, before: Sequence[Sequence[tuple[str, int]]], file: Sequence[tuple[str, int]]
    ) -> tuple[Contents, Contents, str, Interruption]:
        """See Bench. There is no copying of a database here: each twin is made and filled by itself."""
        first, second = (self._twin(before, _REHEARSAL_ROWS) for _ in range(2))
        start = time.perf_counter()
        failed = self._run_plainly(first, file)
        seconds = time.perf_counter() - start
        once = self._contents_of(first)
        again = failed or self._run_plainly(first, file)
        twice = self._contents_of(first)
        return once, twice, again, self._interrupt(second, file, once, seconds)

    def _twin(self, before: Sequence[Sequence[tuple[str, int]]], most: int) -> str:
        """A database with the schema, no more than `most` rows in a table, and the earlier files applied."""
        database = self._another()
        self._make_schema(database, self._schema)
        with contextlib.closing(self._scratch.session(database, quoting=True)) as admin:
            tables = read_tables(admin)
        self._seed(
            database, tables, {table.name: min(rows_wanted(table.name, self._rows), most) for table in tables.values()}
        )
        for earlier in before:
            self._run_plainly(database, earlier)
        return database

    def leave_half_applied(
        self, before: Sequence[Sequence[tuple[str, int]]], file: Sequence[tuple[str, int]]
    ) -> list[HalfApplied]:
        """See Bench. Every change of the schema commits by itself here, and whatever transaction is open with it."""
        changes = [position for position, (sql, _) in enumerate(file) if _CHANGES_SCHEMA.match(sql)]
        found: list[HalfApplied] = []
        undisturbed: frozenset[Shape] = frozenset()
        for position in changes[:-1][:_MAX_CUTS]:
            if not undisturbed:
                whole = self._twin(before, _FEW_ROWS)
                self._run_plainly(whole, file)
                undisturbed = self._shape_of(whole)
            database = self._twin(before, _FEW_ROWS)
            self._run_plainly(database, file[: position + 1])
            error = self._run_plainly(database, file)
            found.append(HalfApplied(file[position][0], error, self._shape_of(database) == undisturbed))
        return found

    def _shape_of(self, database: str) -> frozenset[Shape]:
        with contextlib.closing(self._scratch.session(database, quoting=True)) as admin:
            return read_shape(admin)

    def _interrupt(
        self, database: str, file: Sequence[tuple[str, int]], undisturbed: Contents, seconds: float
    ) -> Interruption:
        caught = False
        for _ in range(_KILLS):
            self._kill_in_the_middle(database, file, seconds)
            if self._contents_of(database) == undisturbed:
                break
            caught = True
        error = self._run_plainly(database, file)
        return Interruption(caught, error, self._contents_of(database), undisturbed)

    def _kill_in_the_middle(self, database: str, file: Sequence[tuple[str, int]], seconds: float) -> None:
        before = self._contents_of(database)
        session = self._session(database)
        thread = threading.Thread(target=self._run_on, args=(session, file), daemon=True)
        started = time.perf_counter()
        thread.start()
        while thread.is_alive():
            self._watch.check()
            # A file that commits as it goes is caught after its first commits, any other one halfway through.
            if self._has_changed(database, before) or time.perf_counter() - started > seconds / 2:
                break
        session.kill()
        thread.join(10)
        session.close()

    def _has_changed(self, database: str, before: Contents) -> bool:
        """Whether a file that runs meanwhile has committed something that is in a table from before."""
        try:
            now = self._contents_of(database)
        except driver().MySQLError:
            # A table went away while it was read.
            return True
        return any(now.get(table) != held for table, held in before.items())

    def _contents_of(self, database: str) -> Contents:
        with contextlib.closing(self._scratch.session(database, quoting=True)) as admin:
            return read_contents(admin, read_tables(admin).values(), self._watch)

    def _run_plainly(self, database: str, statements: Sequence[tuple[str, int]]) -> str:
        """Run a file without watching it; the first error, or nothing."""
        session = self._session(database)
        try:
            return self._watch.run(lambda: self._run_on(session, statements), session.cancel_safe)
        finally:
            session.close()

    @staticmethod
    def _run_on(session: Session, statements: Sequence[tuple[str, int]]) -> str:
        current = 0
        try:
            for sql, number in (*statements, ("", 0)):
                if current and number != current:
                    session.execute("COMMIT")
                if number and number != current:
                    session.execute("BEGIN")
                current = number
                if sql:
                    session.execute(sql)
        except driver().MySQLError as error:
            return described(error)
        return ""

    def _another(self) -> str:
        database, _ = self._scratch.create_database(self._user)
        self._databases.append(database)
        return database

    def _session(self, database: str, *, owner: bool = False) -> Session:
        """The user's session, as a migration runner has it; or the owner's, with names in double quotes."""
        session = self._scratch.session(database, "" if owner else self._user, quoting=owner)
        self._open.append(session)
        return session

    def close(self) -> None:
        """Drop everything that was made for this proof."""
        error = driver().MySQLError
        if self._load is not None:
            with contextlib.suppress(error):
                self._load.close()
        for session in self._open:
            session.close()
        with contextlib.suppress(error, OSError):
            self._scratch.end_sessions(self._user)
            for database in self._databases:
                self._scratch.drop_database(database)
            self._scratch.drop_user(self._user)


def _hint(error: Exception) -> str:
    """The way out where a name says in which database its table is: no proof may reach another than its own."""
    denied = error.args and error.args[0] in (1044, 1049, 1142)
    return " (leave the database's name out: every proof has one of its own)" if denied else ""
