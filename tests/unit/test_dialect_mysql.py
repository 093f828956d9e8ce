"""MySQL's and MariaDB's SQL is read into atoms, or said not to be; nothing raises, nothing is guessed."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain_agents import ddl
from domain_agents.catalog import Column, ForeignKey, Index, IndexKey, Schema, TableName
from domain_agents.dialects import dialect, replay

MYSQL, MARIADB = dialect("mysql"), dialect("mariadb")
T = TableName("t")
both = pytest.mark.parametrize("reader", [MYSQL, MARIADB], ids=["mysql", "mariadb"])


@both
@given(
    text=st.lists(
        st.sampled_from(
            ["CREATE", "TABLE", "ALTER", "t", "(", ")", ",", ";", "'", '"', "`", "/*!40101", "/*M!", "*/", "-- ", "#", "\n",
             "ADD", "INDEX", "BEGIN", "END", "CASE", "IF", "DELIMITER $$\n", "$$", "\\", "int", "MODIFY", "DEFAULT", "@",
             "\0", "é", "1e", "x'4'", "PROCEDURE", "KEY", "REFERENCES", "CHECK", "AS", "RENAME", "TO", "DROP", "=", "."]
        )
    ).map(" ".join)
    | st.text()
)  # fmt: skip
@example(text="CREATE TABLE t (")
@example(text="/*!40101 ")
@example(text="DELIMITER")
@example(text="ALTER TABLE t ADD (")
def test_no_text_raises_and_every_statement_is_read_or_said_not_to_be(reader, text: str) -> None:  # type: ignore[no-untyped-def]  # a parameter of parametrize beside one of given
    for statement in reader.read(text):
        assert bool(statement.atoms) != bool(statement.problem)
        assert text[statement.start :].startswith(statement.sql)
        assert statement.line == text.count("\n", 0, statement.start) + 1
    reader.fault(text)
    reader.is_volatile(text)


@pytest.mark.parametrize(
    ("sql", "count"),
    [
        ("SELECT ';'; SELECT \";\"; SELECT `;`", 3),
        ("SELECT 'it\\'s; one'; SELECT 'it''s; two'", 2),
        ("SELECT 1; # not; here\nSELECT 2; -- nor; here\nSELECT 3 /* or; here */", 3),
        ("SELECT 5--1; SELECT 2", 2),
        ("DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; END//\nDELIMITER ;\nCALL p();", 2),
        ("delimiter $$\nCREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 1$$\ndelimiter ;\nSELECT 1;", 2),
        ("CREATE PROCEDURE p() BEGIN IF a THEN SELECT CASE WHEN 1 THEN 2 END; END IF; END; CALL p()", 2),
        ("CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.a = IF(1, 2, 3); SELECT 1", 2),
        ("CREATE PROCEDURE p() x: LOOP SELECT 1; LEAVE x; END LOOP; SELECT 2", 2),
        ("BEGIN NOT ATOMIC SELECT 1; SELECT 2; END; SELECT 3", 2),
        ("BEGIN; SELECT 1; COMMIT", 3),
    ],
)
def test_statements_end_where_the_client_ends_them(sql: str, count: int) -> None:
    assert len(MARIADB.read(sql)) == count


def test_vendor_comments_are_run_by_the_server_they_are_for() -> None:
    sql = "/*!40101 SET NAMES utf8 */; CREATE TABLE t (a int /*M! INVISIBLE */ /*!80023 INVISIBLE */)"
    for reader, shown in ((MYSQL, "INVISIBLE"), (MARIADB, "INVISIBLE")):
        setting, table = reader.read(sql)
        assert setting.sql == "/*!40101 SET NAMES utf8 */"
        (atom,) = table.atoms
        assert isinstance(atom, ddl.CreateTable)
        assert atom.table.columns[0].attributes == (shown,)
    assert MYSQL.read("ALTER TABLE t /*!100000 DROP COLUMN a, */ ADD b int")[0].atoms == (
        ddl.AddColumn(T, Column("b", "int")),
    )


def test_one_alter_holds_several_changes_and_says_how_they_are_carried_out() -> None:
    sql = (
        "ALTER TABLE t ADD COLUMN (a int, b int NOT NULL DEFAULT -1), MODIFY c varchar(9) NULL, CHANGE d e date, "
        "ADD UNIQUE KEY u (a, b DESC), DROP INDEX old, RENAME COLUMN f TO g, ALTER h SET DEFAULT (1 + 1), "
        "ADD CONSTRAINT k FOREIGN KEY (a) REFERENCES p (id) ON DELETE SET NULL, ALGORITHM=INPLACE, LOCK = NONE"
    )
    for reader in (MYSQL, MARIADB):
        (statement,) = reader.read(sql)
        assert statement.clauses == ("ALGORITHM=INPLACE", "LOCK=NONE")
        assert statement.atoms == (
            ddl.AddColumn(T, Column("a", "int")),
            ddl.AddColumn(T, Column("b", "int", nullable=False, default="-1")),
            ddl.ModifyColumn(T, Column("c", "varchar(9)")),
            ddl.ModifyColumn(T, Column("e", "date"), old_name="d"),
            ddl.CreateIndex(Index("u", T, (IndexKey("a"), IndexKey("b", descending=True)), unique=True)),
            ddl.DropIndex("old"),
            ddl.RenameColumn(T, "f", "g"),
            ddl.SetDefault(T, "h", "1 + 1"),
            ddl.AddConstraint(T, ForeignKey(("a",), TableName("p"), ("id",), "k", on_delete="SET NULL")),
        )


def test_what_mariadb_alone_says_is_read_too() -> None:
    (statement,) = MARIADB.read("ALTER TABLE t WAIT 5 ADD COLUMN IF NOT EXISTS a int CHECK (a > 0)")
    (atom,) = statement.atoms
    assert statement.clauses == ("WAIT 5",)
    assert atom == ddl.AddColumn(T, Column("a", "int", attributes=("CHECK (a > 0)",)), if_not_exists=True)


@both
@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE t ENGINE=MyISAM",
        "ALTER TABLE t CONVERT TO CHARACTER SET DEFAULT x",
        "ALTER TABLE t ADD PARTITION PARTITIONS 2",
        "ALTER TABLE t REORGANIZE PARTITION p INTO (PARTITION q VALUES LESS THAN (3))",
        "ALTER TABLE t ADD CHECK (a > 0) NOT ENFORCED",
        "ALTER IGNORE TABLE t ADD UNIQUE (a)",
        "ALTER TABLE t ADD COLUMN a int, NONSENSE",
        "CREATE TABLE t LIKE u",
        "CREATE TABLE t SELECT 1",
        "DROP DATABASE d",
        "RENAME TABLE a.t TO b.t",
        "FROBNICATE t",
        "SELECT 'open",
    ],
)
def test_what_is_not_read_is_said_and_never_guessed(reader, sql: str) -> None:  # type: ignore[no-untyped-def]  # as above
    (statement,) = reader.read(sql)
    assert statement.atoms == ()
    assert statement.problem


def test_two_tables_may_have_indexes_of_one_name() -> None:
    schema, unread = replay(
        "CREATE TABLE a (x int, KEY k (x)); CREATE TABLE b (x int, KEY k (x), KEY (x)); DROP INDEX k ON a;", MYSQL
    )
    assert unread == ()
    assert sorted(schema.indexes) == ["b.k", "b.x"]


def test_a_unique_constraint_is_dropped_as_the_index_that_it_is() -> None:
    schema, unread = replay("CREATE TABLE t (a int UNIQUE); ALTER TABLE t DROP INDEX a;", MARIADB)
    assert unread == ()
    assert schema.tables[T].uniques == ()


def test_a_modify_that_changes_one_thing_is_that_change() -> None:
    schema, _ = replay("CREATE TABLE t (a varchar(9) COMMENT 'c', b int DEFAULT 1)", MYSQL)

    def changes(sql: str) -> tuple[ddl.Statement, ...]:
        (statement,) = MYSQL.read(sql)
        (atom,) = statement.atoms
        assert isinstance(atom, ddl.ModifyColumn)
        return atom.changes(schema)

    assert changes("ALTER TABLE t MODIFY a varchar(9) NOT NULL COMMENT 'c'") == (ddl.SetNotNull(T, "a"),)
    assert changes("ALTER TABLE t MODIFY b int DEFAULT 2") == (ddl.SetDefault(T, "b", "2"),)
    assert changes("ALTER TABLE t CHANGE b c int DEFAULT 1") == (ddl.RenameColumn(T, "b", "c"),)
    # It loses the comment: no single change says so.
    (lost,) = changes("ALTER TABLE t MODIFY a varchar(9) NOT NULL")
    assert isinstance(lost, ddl.ModifyColumn)


@pytest.mark.parametrize(
    ("default", "mysql", "mariadb"),
    [
        ("'x'", False, False), ("-1.5", False, False), ("NULL", False, False), ("CURRENT_TIMESTAMP(6)", False, False),
        ("_utf8mb4'x'", False, False), ("(1 + 1)", True, False), ("lower('X')", True, False), ("uuid()", True, True),
        ("(concat('a', rand()))", True, True), ("my_function(1)", True, True), ("('x')", True, False),
    ],
)  # fmt: skip
def test_which_defaults_cost_a_copy(default: str, mysql: bool, mariadb: bool) -> None:
    assert (MYSQL.is_volatile(default), MARIADB.is_volatile(default)) == (mysql, mariadb)


@pytest.mark.parametrize(
    "text",
    ["", "a b", "1; DROP TABLE t", "a, b", "a)", "(a", "a -- x", "a # x", "a /* x */", "a /*! + 1 */", "a +", "'open",
     "@x := 1", "?", "DROP TABLE t", "a INTO OUTFILE 'x'", "`open"],
)  # fmt: skip
def test_what_is_not_one_expression_says_why(text: str) -> None:
    assert MYSQL.fault(text)
    assert MARIADB.fault(text)


@pytest.mark.parametrize(
    "text",
    ["'en'", "lower(email)", "concat(a, ';', \"b\")", "CASE WHEN a IS NULL THEN 1 ELSE b END", "-1", "(a + 1) * 2", "x'41'",
     "DATE_ADD(a, INTERVAL 1 DAY)", "`order` DIV 2", "a IS NOT NULL", "now()", "'it\\'s'", "a COLLATE utf8mb4_bin",
     "(SELECT max(b) FROM u)", "a->>'$.b'", "_latin1'x'", "TRUE", "CAST(a AS UNSIGNED)"],
)  # fmt: skip
def test_an_expression_is_taken(text: str) -> None:
    assert MYSQL.fault(text) == MARIADB.fault(text) == ""


def test_an_empty_schema_of_theirs_keeps_indexes_by_table() -> None:
    schema, _ = replay("", MYSQL)
    assert schema == Schema(indexes_by_table=True, names_ignore_case=frozenset({"columns", "indexes"}))


@pytest.mark.parametrize("name", ["mysql", "mariadb"])
def test_a_key_that_goes_and_one_that_comes_are_one_change(name: str) -> None:
    changed = dialect(name).read("ALTER TABLE t DROP PRIMARY KEY, ADD PRIMARY KEY (a, b)")[0]
    assert changed.atoms == (ddl.ChangePrimaryKey(TableName("t"), ("a", "b")),)
    assert dialect(name).read("ALTER TABLE t DROP PRIMARY KEY")[0].atoms == (ddl.ChangePrimaryKey(TableName("t")),)


def test_where_drizzle_cuts_a_file_is_no_part_of_a_statement() -> None:
    sql = "CREATE TABLE a (id int);--> statement-breakpoint\nCREATE TABLE b (id int);\n--> statement-breakpoint\nSELECT 1--> 2"
    found = dialect("mysql").read(sql)
    assert [(one.sql, one.line, one.problem) for one in found] == [
        ("CREATE TABLE a (id int)", 1, ""),
        ("CREATE TABLE b (id int)", 2, ""),
        ("SELECT 1--> 2", 4, ""),
    ]
