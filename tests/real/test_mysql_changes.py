"""Changes of types, checks, names, keys and texts as they are planned, run on MariaDB and MySQL: no row lost, no surprise."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pymysql
import pytest

from domain_agents.observations import ScratchProblem
from domain_agents.operations import Phase
from domain_agents.tools import Job, Settings
from domain_agents.tools.plan_migration import PlanMigration, Ready, planned
from domain_agents.workspace.mysql_process import ServerProcess, choose, installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.real.mariadb_server import Database, MariaDB

ROWS = 20_000
DIGITS = "(SELECT 0 d UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4 UNION ALL SELECT 5 UNION ALL "
DIGITS += "SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9)"
NUMBERS = (
    f"(SELECT 1 + a.d + 10 * b.d + 100 * c.d + 1000 * e.d + 10000 * f.d AS seq FROM {DIGITS} a, {DIGITS} b, {DIGITS} c, "
    f"{DIGITS} e, (SELECT 0 d UNION ALL SELECT 1) f) AS numbers"
)
"""1 to ROWS, in words that both servers know."""
SCHEMA = """
CREATE TABLE parent (
    id int NOT NULL AUTO_INCREMENT, code varchar(10) NOT NULL, PRIMARY KEY (id), UNIQUE KEY code (code)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
CREATE TABLE child (
    id int NOT NULL AUTO_INCREMENT,
    parent_id int,
    name varchar(30) CHARACTER SET latin1 NOT NULL DEFAULT 'it''s' COMMENT 'a; name',
    mail varchar(60) NOT NULL,
    state enum('new','old') NOT NULL DEFAULT 'new',
    amount int unsigned DEFAULT 7,
    PRIMARY KEY (id),
    UNIQUE KEY mail (mail),
    KEY amounts (amount, name),
    CONSTRAINT child_parent FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE,
    CONSTRAINT name_is_one CHECK (name <> '')
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
"""
SEED = (
    f"INSERT INTO parent (code) SELECT CONCAT('p', seq) FROM {NUMBERS} WHERE seq <= {ROWS // 10}",
    "INSERT INTO child (parent_id, name, mail, state, amount) SELECT 1 + seq % "
    f"{ROWS // 10}, CONCAT('n', seq), CONCAT('Mail', seq, '@x'), IF(seq % 2, 'new', 'old'), seq FROM {NUMBERS}",
)
KEPT = ("SELECT id, code FROM parent", "SELECT id, parent_id, name, state, amount FROM child")
CHANGES: dict[str, tuple[str | list[dict[str, Any]], str]] = {
    "a longer text": (
        "ALTER TABLE child ALTER name TYPE varchar(300)",
        "ALTER TABLE child MODIFY name varchar(300) CHARACTER SET latin1 NOT NULL DEFAULT 'it''s' COMMENT 'a; name'",
    ),
    "a shorter text": (
        "ALTER TABLE child ALTER name TYPE varchar(20)",
        "ALTER TABLE child MODIFY name varchar(20) CHARACTER SET latin1 NOT NULL DEFAULT 'it''s' COMMENT 'a; name'",
    ),
    "a larger number": (
        [{"kind": "change_type", "table": "child", "column": "amount", "type": "bigint"}],
        "ALTER TABLE child MODIFY amount bigint DEFAULT 7",
    ),
    "one more value": (
        "ALTER TABLE child MODIFY state enum('new','old','gone') NOT NULL DEFAULT 'new'",
        "ALTER TABLE child MODIFY state enum('new','old','gone') NOT NULL DEFAULT 'new'",
    ),
    "another collation": (
        "ALTER TABLE child MODIFY mail varchar(60) COLLATE utf8mb4_bin NOT NULL",
        "ALTER TABLE child MODIFY mail varchar(60) COLLATE utf8mb4_bin NOT NULL",
    ),
    "a key and what refers to it": (
        [{"kind": "change_type", "table": "parent", "column": "id", "type": "bigint"}],
        "ALTER TABLE child DROP FOREIGN KEY child_parent; ALTER TABLE parent MODIFY id bigint NOT NULL AUTO_INCREMENT; "
        "ALTER TABLE child MODIFY parent_id bigint; "
        "ALTER TABLE child ADD CONSTRAINT child_parent FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE",
    ),
    "a check": (
        "ALTER TABLE child ADD CONSTRAINT mail_is_one CHECK (mail LIKE '%@%')",
        "ALTER TABLE child ADD CONSTRAINT mail_is_one CHECK (mail LIKE '%@%')",
    ),
    "another name of a foreign key": (
        [{"kind": "rename_constraint", "table": "child", "name": "child_parent", "new_name": "to_parent"}],
        "ALTER TABLE child DROP FOREIGN KEY child_parent; ALTER TABLE child ADD CONSTRAINT to_parent FOREIGN KEY (parent_id) "
        "REFERENCES parent (id) ON DELETE CASCADE",
    ),
    "another name of a check": (
        [{"kind": "rename_constraint", "table": "child", "name": "name_is_one", "new_name": "named"}],
        "ALTER TABLE child DROP CONSTRAINT name_is_one, ADD CONSTRAINT named CHECK (name <> '')",
    ),
    "another name of a column, at once": (
        [{"kind": "rename_column", "table": "child", "column": "mail", "new_name": "e-mail", "at_once": True}],
        "ALTER TABLE child RENAME COLUMN mail TO `e-mail`",
    ),
    "another name of a column": (
        [{"kind": "rename_column", "table": "child", "column": "mail", "new_name": "e-mail"}],
        "ALTER TABLE child RENAME COLUMN mail TO `e-mail`",
    ),
}
every_change = pytest.mark.parametrize("name", CHANGES)


def plan(database: Database, asked: str | list[dict[str, Any]], schema: str = SCHEMA, rows: int = ROWS) -> Ready:
    """A plan for the version that the server has."""
    version = str(database.value("SELECT version()")).partition("-")[0]
    given: dict[str, Any] = {
        "engine": database.server.product,
        "version": version,
        "framework": "raw",
        "schema": schema,
    }
    given |= {"sql": asked} if isinstance(asked, str) else {"changes": asked}
    given |= {"date": "2026-11-21", "tables": {table: {"rows": rows} for table in ("parent", "child", "users")}}
    return planned(PlanMigration.model_validate(given), Settings(project=None), Job())


def made(server: MariaDB) -> Database:
    database = server.database()
    assert database.run_file(SCHEMA) == ""
    database.run(*SEED)
    return database


@pytest.fixture(scope="session")
def mysql() -> Iterator[MariaDB]:
    """A running MySQL. Debian's releases do not package it, so that a skip is no failure in CI either."""
    from tests.real.mariadb_server import MariaDB

    try:
        process = ServerProcess(choose("mysql", "", installed()))
    except ScratchProblem as problem:
        pytest.skip(f"no MySQL to run on: {problem}")
    yield MariaDB(process.socket, None, product="mysql")
    process.stop()


@pytest.fixture(params=["mariadb", "mysql"])
def server(request: pytest.FixtureRequest) -> MariaDB:
    """Each of the two."""
    found: MariaDB = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def database(server: MariaDB) -> Database:
    """The tables with their rows."""
    return made(server)


@every_change
def test_a_plan_reaches_what_was_asked_and_rebuilds_only_what_it_says(
    name: str, database: Database, server: MariaDB
) -> None:
    asked, direct = CHANGES[name]
    ready = plan(database, asked)
    assert ready.findings == ()
    before = [database.fingerprint(sql) for sql in KEPT]
    for file in ready.files:
        numbers = {table: database.table_id(table) for table in ("parent", "child")}
        assert database.run_file(file.content) == "", file.path
        rebuilt = any(numbers[table] != database.table_id(table) for table in numbers)
        assert rebuilt == any(statement.effect.rewrites_table for statement in file.statements), file.path
    assert [database.fingerprint(sql) for sql in KEPT] == before
    other = server.database()
    other.run_file(SCHEMA)
    assert other.run_file(direct) == ""
    for table in ("parent", "child"):
        shown, wanted = (
            sorted(line.rstrip(",") for line in re.sub(r" AUTO_INCREMENT=\d+", "", one.definition(table)).splitlines())
            for one in (database, other)
        )
        assert shown == wanted
    assert database.rows("SHOW TRIGGERS") == []
    assert sorted(database.rows("SHOW TABLES")) == [("child",), ("parent",)]


def test_two_application_versions_live_beside_each_other_until_the_old_one_is_gone(database: Database) -> None:
    ready = plan(database, CHANGES["another name of a column"][0])
    number = iter(range(10**6))

    def old(cursor: Any) -> None:
        mail = f"OLD{next(number)}@x"
        cursor.execute("INSERT INTO child (parent_id, mail) VALUES (1, %s)", (mail,))
        cursor.execute("UPDATE child SET mail = LOWER(mail) WHERE mail = %s", (mail,))
        cursor.execute("SELECT mail FROM child WHERE id = LAST_INSERT_ID()")
        assert cursor.fetchone() == (mail.lower(),)

    def new(cursor: Any) -> None:
        mail = f"NEW{next(number)}@x"
        cursor.execute("INSERT INTO child (parent_id, `e-mail`) VALUES (1, %s)", (mail,))
        cursor.execute("UPDATE child SET `e-mail` = LOWER(`e-mail`) WHERE `e-mail` = %s", (mail,))
        cursor.execute("SELECT `e-mail` FROM child WHERE id = LAST_INSERT_ID()")
        assert cursor.fetchone() == (mail.lower(),)

    with database.server.connect(database.name) as connection, connection.cursor() as cursor:
        before = [pair for pair in ready.migrations if pair[0].phase is not Phase.CONTRACT]
        contract = ready.migrations[len(before) :]
        old(cursor)
        for migration, file in before:
            assert database.run_file(file.content) == ""
            old(cursor)
            if migration.phase is not Phase.EXPAND:
                new(cursor)
        for query in contract[0][0].prechecks:
            assert str(database.value(query.sql)) == query.expect
        for _, file in contract:
            assert database.run_file(file.content) == ""
            new(cursor)
        with pytest.raises(pymysql.err.OperationalError, match="1054"):
            old(cursor)
    assert database.value("SELECT count(*) FROM child WHERE BINARY `e-mail` LIKE 'old%'") == 1 + len(before)
    assert database.value("SELECT count(*) FROM child WHERE `e-mail` = ''") == 0


def test_a_value_that_does_not_fit_stops_the_change_and_loses_nothing(database: Database) -> None:
    (file,) = plan(database, "ALTER TABLE child ALTER mail TYPE varchar(6)").files
    before = database.definition("child")
    database.run("SET GLOBAL sql_mode = ''")
    try:
        assert "1406" in database.run_file(file.content) or "1265" in database.run_file(file.content)
    finally:
        database.run("SET GLOBAL sql_mode = DEFAULT")
    assert database.definition("child") == before


def test_an_index_that_a_foreign_key_brought_is_where_the_schema_says(database: Database) -> None:
    schema = plan(database, "ALTER TABLE parent ADD COLUMN a int").schema
    ours = {index.name for index in schema.indexes.values() if index.table.name == "child"}
    theirs = {str(row[2]) for row in database.rows("SHOW INDEX FROM child")} - {"PRIMARY"}
    assert ours == theirs
    both = [
        {"kind": "drop_constraint", "table": "child", "name": "child_parent"},
        {"kind": "drop_index", "table": "child", "name": "child_parent"},
    ]
    for file in plan(database, both).files:
        assert database.run_file(file.content) == ""


USERS = """
CREATE TABLE users (
    id int NOT NULL AUTO_INCREMENT PRIMARY KEY, email varchar(190) COLLATE utf8mb4_bin NOT NULL, deleted_at datetime, age int
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_general_ci;
"""


def users(server: MariaDB) -> Database:
    """Every third user is deleted, and has the address of one who is not; addresses are in any case."""
    database = server.database()
    assert database.run_file(USERS) == ""
    database.run(
        "INSERT INTO users (email, deleted_at, age) SELECT CONCAT(IF(seq % 2, 'U', 'u'), seq - seq % 3, '@x', IF(seq % 3 = 2, "
        f"'y', '')), IF(seq % 3 = 1, NOW(), NULL), seq % 90 FROM {NUMBERS}"
    )
    return database


def refused(database: Database, sql: str) -> bool:
    try:
        database.run(sql)
    except pymysql.err.IntegrityError as error:
        return bool(error.args[0] == 1062)
    return False


def test_an_address_is_unique_among_the_users_that_are_not_deleted(server: MariaDB) -> None:
    database = users(server)
    asked = [
        {"kind": "add_unique", "table": "users", "columns": ["email"], "where": "deleted_at IS NULL", "name": "live"}
    ]
    ready = plan(database, asked, USERS)
    assert ready.findings == ()
    for migration, file in ready.migrations:
        for query in migration.prechecks:
            assert database.rows(query.sql) == []
        number = database.table_id("users")
        assert database.run_file(file.content) == ""
        assert database.table_id("users") == number
    (email,) = database.rows("SELECT email FROM users WHERE deleted_at IS NULL LIMIT 1")[0]
    assert refused(database, f"INSERT INTO users (email) VALUES ('{email}')")
    database.run(f"INSERT INTO users (email, deleted_at) VALUES ('{email}', NOW()), ('{email}', NOW())")
    database.run(f"UPDATE users SET deleted_at = NOW() WHERE email = '{email}'")
    assert not refused(database, f"INSERT INTO users (email) VALUES ('{email}')")
    assert refused(database, f"UPDATE users SET deleted_at = NULL WHERE email = '{email}'")
    assert len(database.rows("SELECT * FROM users LIMIT 1")[0]) == len(("id", "email", "deleted_at", "age"))
    database.run("INSERT INTO users VALUES (NULL, 'without a list of columns', NULL, 1)")


def test_an_address_is_unique_in_any_case(server: MariaDB) -> None:
    database = users(server)
    ready = plan(database, "CREATE UNIQUE INDEX one ON users (lower(email))", USERS)
    first, second = ready.files
    (query,) = ready.migrations[1][0].prechecks
    assert database.rows(query.sql) != []
    assert database.run_file(first.content) == ""
    assert "1062" in database.run_file(second.content)
    database.run("DELETE FROM users WHERE deleted_at IS NOT NULL")
    assert database.rows(query.sql) == []
    assert database.run_file(second.content) == ""
    assert refused(database, "INSERT INTO users (email) SELECT UPPER(email) FROM users LIMIT 1")
    undo = [migration.undo for migration, _ in reversed(ready.migrations)]
    for sql in undo:
        assert database.run_file(sql) == ""
    assert "lower" not in database.definition("users")


def test_texts_that_become_equal_are_found_before_and_stop_the_change(server: MariaDB) -> None:
    database = users(server)
    database.run("DELETE FROM users WHERE deleted_at IS NOT NULL", "ALTER TABLE users ADD UNIQUE KEY u (email)")
    schema = USERS.replace("age int", "age int, UNIQUE KEY u (email)")
    asked = [{"kind": "set_collation", "table": "users", "column": "email", "collation": "utf8mb4_general_ci"}]
    ready = plan(database, asked, schema)
    (migration,) = ready.plan.migrations
    (query,) = migration.prechecks
    assert database.rows(query.sql) == []
    database.run("INSERT INTO users (email) SELECT UPPER(email) FROM users LIMIT 1")
    assert len(database.rows(query.sql)) == 1
    (file,) = ready.files
    assert "1062" in database.run_file(file.content)
    database.run("DELETE FROM users ORDER BY id DESC LIMIT 1")
    assert database.run_file(file.content) == ""
    assert database.run_file(migration.undo) == ""


def test_a_table_and_its_texts_get_another_collation(server: MariaDB) -> None:
    database = users(server)
    asked = [{"kind": "set_collation", "table": "users", "collation": "utf8mb4_unicode_ci"}]
    before = database.fingerprint("SELECT id, email, age FROM users")
    for file in plan(database, asked, USERS).files:
        number = database.table_id("users")
        assert database.run_file(file.content) == ""
        rewrites = any(statement.effect.rewrites_table for statement in file.statements)
        assert (database.table_id("users") != number) == rewrites
    assert database.fingerprint("SELECT id, email, age FROM users") == before
    assert "utf8mb4_unicode_ci" in database.definition("users")
    assert "_bin" not in database.definition("users")


def test_orphans_are_listed_before_and_never_slip_in_unseen(database: Database) -> None:
    database.run("SET foreign_key_checks = 0", "INSERT INTO child (parent_id, mail) VALUES (-1, 'orphan@x')")
    ready = plan(database, CHANGES["a key and what refers to it"][0])
    *_, (last, file) = ready.migrations
    for one in ready.files[:-1]:
        assert database.run_file(one.content) == ""
    assert [database.value(query.sql) for query in last.prechecks] == [1]
    errors = database.run_file(file.content)
    if errors:
        assert "1452" in errors  # from 11.2 on the server tests the rows
        return
    assert [database.value(query.sql) for query in last.validations] == [1]


@pytest.mark.parametrize(
    ("old", "new", "good", "bad"),
    [
        ("varchar(40)", "json", ("{}", "[1]", '"a"'), ("{", "a")),
        ("varchar(40)", "int", ("1", "-2147483648"), ("a", "2147483648", "")),
        ("varchar(40)", "datetime", ("2026-11-21 10:00:00", "2026-01-01"), ("2026-02-31", "never")),
        ("varchar(40)", "varchar(3)", ("abc", "äöü"), ("abcd",)),
        ("varchar(40)", "enum('a','b')", ("a", "b"), ("c",)),
        ("bigint", "tinyint unsigned", (0, 255), (-1, 256)),
        ("decimal(10,2)", "decimal(5,2)", ("999.99",), ("1000",)),
    ],
)
def test_values_that_do_not_fit_are_listed_and_stop_the_change(
    old: str, new: str, good: tuple[Any, ...], bad: tuple[Any, ...], server: MariaDB
) -> None:
    database = server.database()
    schema = f"CREATE TABLE users (id int PRIMARY KEY AUTO_INCREMENT, c {old}) DEFAULT CHARSET=utf8mb4;"
    assert database.run_file(schema) == ""
    with server.connect(database.name) as connection, connection.cursor() as cursor:
        cursor.executemany("INSERT INTO users (c) VALUES (%s)", [(None,), *((one,) for one in (*good, *bad))])
    ready = plan(database, [{"kind": "change_type", "table": "users", "column": "c", "type": new}], schema)
    ((migration, file),) = ready.migrations
    (query,) = migration.prechecks
    listed = [row[0] for row in database.rows(query.sql)]
    assert len(listed) == len(bad)
    assert database.run_file(file.content) != ""
    database.run(f"DELETE FROM users WHERE id IN ({', '.join(map(str, listed))})")
    assert database.run_file(file.content) == ""
    assert database.value("SELECT count(*) FROM users") == 1 + len(good)
