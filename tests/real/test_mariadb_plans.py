"""What is planned for MariaDB runs on a MariaDB, by its own client: every ALGORITHM and LOCK accepted, every row kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from domain_agents.operations import Phase
from domain_agents.tools import Job, Settings
from domain_agents.tools.plan_migration import PlanMigration, Ready, planned

if TYPE_CHECKING:
    from tests.real.mariadb_server import Database, MariaDB

ROWS = 20_000
SCHEMA = """
CREATE TABLE customers (
    id bigint unsigned NOT NULL AUTO_INCREMENT,
    email varchar(190) NOT NULL,
    country varchar(10) CHARACTER SET latin1 DEFAULT NULL COMMENT 'ISO 3166; two letters',
    score int NOT NULL DEFAULT 0,
    changed_at timestamp NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP,
    PRIMARY KEY (id),
    KEY score (score)
) ENGINE=InnoDB;
CREATE TABLE orders (
    id bigint NOT NULL PRIMARY KEY,
    customer_id bigint unsigned,
    score int,
    note varchar(190),
    KEY score (score)
) ENGINE=InnoDB;
"""
SEED = (
    "INSERT INTO customers (id, email, country, score, changed_at) "
    f"SELECT seq, CONCAT('c', seq, '@example.org'), IF(seq % 3, 'DE', NULL), seq % 100, '2020-01-01' FROM seq_1_to_{ROWS}",
    f"INSERT INTO orders SELECT seq, seq, seq % 10, CONCAT('n', seq) FROM seq_1_to_{ROWS}",
)
KEPT = (
    "SELECT id, email, score FROM customers",
    "SELECT id, customer_id, score, note FROM orders",
)
CHANGES: dict[str, tuple[dict[str, Any], str]] = {
    "a nullable column": (
        {"sql": "ALTER TABLE customers ADD COLUMN locale varchar(5)"},
        "ALTER TABLE customers ADD COLUMN locale varchar(5)",
    ),
    "a column with a default": (
        {"sql": "ALTER TABLE customers ADD COLUMN plan varchar(20) NOT NULL DEFAULT 'it''s \\\\ free'"},
        "ALTER TABLE customers ADD COLUMN plan varchar(20) NOT NULL DEFAULT 'it''s \\\\ free'",
    ),
    "a required column, filled": (
        {
            "sql": "ALTER TABLE customers ADD COLUMN locale varchar(190) NOT NULL",
            "backfill": {"customers.locale": "concat(lower(email), ';', '$$')"},
        },
        "ALTER TABLE customers ADD COLUMN locale varchar(190) NOT NULL",
    ),
    "a column with another default in every row": (
        {"sql": "ALTER TABLE customers ADD COLUMN token char(36) NOT NULL DEFAULT (uuid())"},
        "ALTER TABLE customers ADD COLUMN token char(36) NOT NULL DEFAULT (uuid())",
    ),
    "a virtual column": (
        {"sql": "ALTER TABLE customers ADD COLUMN mail varchar(190) GENERATED ALWAYS AS (lower(email)) VIRTUAL"},
        "ALTER TABLE customers ADD COLUMN mail varchar(190) GENERATED ALWAYS AS (lower(email)) VIRTUAL",
    ),
    "an index": (
        {"sql": "CREATE INDEX by_country ON customers (country DESC, email(20))"},
        "CREATE INDEX by_country ON customers (country DESC, email(20))",
    ),
    "a unique index": (
        {
            "changes": [
                {"kind": "create_index", "table": "customers", "columns": ["email"], "unique": True, "name": "u"}
            ]
        },
        "CREATE UNIQUE INDEX u ON customers (email)",
    ),
    "a foreign key": (
        {
            "sql": "ALTER TABLE orders ADD CONSTRAINT owner FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE"
        },
        "ALTER TABLE orders ADD CONSTRAINT owner FOREIGN KEY (customer_id) REFERENCES customers (id) ON DELETE CASCADE",
    ),
    "NOT NULL, filled": (
        {
            "sql": "ALTER TABLE customers MODIFY country varchar(10) CHARACTER SET latin1 NOT NULL "
            "COMMENT 'ISO 3166; two letters'",
            "backfill": {"customers.country": "'??'"},
        },
        "UPDATE customers SET country = '??' WHERE country IS NULL; ALTER TABLE customers MODIFY country varchar(10) "
        "CHARACTER SET latin1 NOT NULL COMMENT 'ISO 3166; two letters'",
    ),
}


def plan(database: Database, **asked: Any) -> Ready:
    """A plan for the version that the server has."""
    version = str(database.value("SELECT version()")).partition("-")[0]
    given = {"engine": "mariadb", "version": version, "framework": "raw", "schema": SCHEMA, "date": "2026-11-21"}
    tables = {"customers": {"rows": ROWS}, "orders": {"rows": ROWS}}
    return planned(PlanMigration.model_validate({**given, "tables": tables, **asked}), Settings(project=None), Job())


@pytest.fixture
def database(mariadb: MariaDB) -> Database:
    """The tables with their rows."""
    made = mariadb.database()
    assert made.run_file(SCHEMA) == ""
    made.run(*SEED)
    return made


@pytest.mark.parametrize("name", CHANGES)
def test_a_plan_runs_by_the_client_and_reaches_what_was_asked(name: str, database: Database, mariadb: MariaDB) -> None:
    asked, direct = CHANGES[name]
    ready = plan(database, **asked)
    assert ready.findings == ()
    before = [database.fingerprint(sql) for sql in KEPT]
    for file in ready.files:
        assert database.run_file(file.content) == "", file.path
    other = mariadb.database()
    other.run_file(SCHEMA)
    other.run(*SEED)
    assert other.run_file(direct) == ""
    for table in ("customers", "orders"):
        assert database.definition(table) == other.definition(table)
    assert [database.fingerprint(sql) for sql in KEPT] == before
    assert database.rows("SHOW TABLES") == [("customers",), ("orders",)]
    assert database.rows("SHOW PROCEDURE STATUS WHERE Db = DATABASE()") == []


@pytest.mark.parametrize("name", CHANGES)
def test_only_what_the_plan_says_is_rebuilt_is_rebuilt(name: str, database: Database) -> None:
    for file in plan(database, **CHANGES[name][0]).files:
        before = {table: database.table_id(table) for table in ("customers", "orders")}
        assert database.run_file(file.content) == ""
        rebuilt = any(before[table] != database.table_id(table) for table in before)
        assert rebuilt == any(statement.effect.rewrites_table for statement in file.statements), file.path


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_of_a_table_says_how_and_with_which_lock(name: str, database: Database) -> None:
    for file in plan(database, **CHANGES[name][0]).files:
        for statement in file.statements:
            if statement.sql.startswith("ALTER"):
                assert re.search(r"WAIT 2 .*, ALGORITHM=(INSTANT|NOCOPY|INPLACE|COPY), LOCK=NONE\Z", statement.sql)


@pytest.mark.parametrize("name", CHANGES)
def test_the_undo_of_every_step_runs_too(name: str, database: Database) -> None:
    ready = plan(database, **CHANGES[name][0])
    for file in ready.files:
        assert database.run_file(file.content) == ""
    undo = [migration.undo for migration, _ in reversed(ready.migrations) if "ALTER" in migration.undo]
    for sql in dict.fromkeys(undo):
        assert database.run_file(sql) == ""


def test_a_default_fills_new_rows_while_the_backfill_has_not_run(database: Database) -> None:
    ready = plan(database, **CHANGES["a column with another default in every row"][0])
    for migration, file in ready.migrations:
        if migration.backfill is None and migration.phase is Phase.EXPAND:
            assert database.run_file(file.content) == ""
    database.run("INSERT INTO customers (email) VALUES ('new@example.org')")
    assert len(database.value("SELECT token FROM customers ORDER BY id DESC LIMIT 1")) == len(
        "123e4567-e89b-12d3-a456-426614174000"
    )
    assert database.value("SELECT count(*) FROM customers WHERE token IS NULL") == ROWS


def test_a_null_that_slipped_in_stops_the_step_and_is_not_turned_into_a_value(database: Database) -> None:
    *_, last = plan(database, **CHANGES["NOT NULL, filled"][0]).files
    database.run("SET GLOBAL sql_mode = ''")
    try:
        assert "1265" in database.run_file(last.content)
    finally:
        database.run("SET GLOBAL sql_mode = DEFAULT")
    assert database.value("SELECT count(*) FROM customers WHERE country IS NULL") == ROWS // 3


def test_a_row_without_a_parent_is_found_by_the_check_before_and_after(database: Database) -> None:
    database.run(f"INSERT INTO orders VALUES ({ROWS + 1}, {ROWS + 1}, 1, 'orphan')")
    ready = plan(database, **CHANGES["a foreign key"][0])
    (migration,) = ready.plan.migrations
    assert [database.value(query.sql) for query in migration.prechecks] == [1]
    assert database.run_file(ready.files[0].content) == ""
    assert [database.value(query.sql) for query in migration.validations] == [1]
    with pytest.raises(Exception, match="1452"):
        database.run(f"INSERT INTO orders VALUES ({ROWS + 2}, {ROWS + 2}, 1, 'another')")


def test_waiting_for_a_lock_that_somebody_holds_ends(database: Database) -> None:
    (file,) = plan(database, **CHANGES["a nullable column"][0]).files
    with database.server.connect(database.name) as holder:
        cursor = holder.cursor()
        cursor.execute("START TRANSACTION")
        cursor.execute("SELECT count(*) FROM customers")
        assert "1205" in database.run_file(file.content)
        cursor.execute("COMMIT")
    assert database.run_file(file.content) == ""


def test_a_column_read_from_the_server_and_written_again_is_the_same_column(mariadb: MariaDB) -> None:
    from domain_agents import ddl
    from domain_agents.dialects import dialect, replay
    from domain_agents.engines import engine

    made = mariadb.database()
    made.run("""CREATE TABLE `every thing` (
        `a ``b` bigint unsigned NOT NULL AUTO_INCREMENT PRIMARY KEY COMMENT 'it''s \\\\ "so"',
        b varchar(20) CHARACTER SET latin1 COLLATE latin1_bin DEFAULT 'x''y' CHECK (b <> 'z'),
        c timestamp(3) NULL DEFAULT CURRENT_TIMESTAMP(3) ON UPDATE CURRENT_TIMESTAMP(3),
        d enum('a','b''c') NOT NULL DEFAULT 'a', e decimal(10,2) DEFAULT -1.50, f json,
        g char(36) DEFAULT (concat('a', uuid())), h int INVISIBLE DEFAULT 3, i bit(3) DEFAULT b'101',
        j set('x','y') DEFAULT 'x,y', k double unsigned zerofill, l timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
        m varchar(9) GENERATED ALWAYS AS (upper(b)) VIRTUAL, n text DEFAULT 'long', `order` date NULL)""")
    before = made.definition("every thing")
    reader, spelled = dialect("mariadb"), engine("mariadb", "10.11")
    schema, unread = replay(before, reader)
    assert unread == ()
    (table,) = schema.tables.values()
    for column in table.columns:
        if column.generated is None and column.name != "a `b":
            (sql,) = spelled.spell(ddl.SetDefault(table.name, column.name, column.default), schema)
            made.run(sql)
            if column.type.startswith("timestamp"):
                continue  # NOT NULL of one whose default is the time is refused
            toggle = ddl.SetNotNull if column.nullable else ddl.DropNotNull
            back = ddl.DropNotNull if column.nullable else ddl.SetNotNull
            changed = toggle(table.name, column.name)
            for step, at in ((changed, schema), (back(table.name, column.name), changed.apply(schema))):
                made.run(*spelled.spell(step, at))
    assert made.definition("every thing") == before
