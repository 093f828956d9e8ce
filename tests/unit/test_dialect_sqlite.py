"""SQLite's SQL is read as SQLite itself reads it, and what is not understood says so."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, IndexKey, PrimaryKey, Schema, Table, TableName, Unique
from domain_agents.dialects import ReadStatement, dialect, replay

READER = dialect("sqlite")


def one(sql: str) -> ReadStatement:
    (found,) = READER.read(sql)
    return found


def atom(sql: str) -> ddl.Statement:
    found = one(sql)
    assert found.problem == ""
    (read,) = found.atoms
    return read


def table(sql: str) -> Table:
    read = atom(sql)
    assert isinstance(read, ddl.CreateTable)
    return read.table


def test_a_statement_keeps_its_text_and_its_place() -> None:
    text = "-- first; a comment\n  CREATE TABLE a (x INT -- why; not\n);\n\n/* ; */ DROP TABLE a ;"
    first, second = READER.read(text)
    assert (first.line, first.start, second.line) == (2, text.index("CREATE"), 5)
    assert first.sql == "CREATE TABLE a (x INT -- why; not\n)"
    assert text[second.start :].startswith(second.sql)


def test_a_trigger_is_one_statement_with_all_its_semicolons() -> None:
    body = "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE a SET x = CASE WHEN 1 THEN 2 END; SELECT 1; END"
    found = READER.read(f"{body}; SELECT 1")
    assert [statement.sql for statement in found] == [body, "SELECT 1"]
    assert found[0].atoms == (ddl.KeepText(body),)


def test_every_clause_of_a_table_is_read() -> None:
    found = table("""CREATE TABLE "or der" (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        a int NOT NULL DEFAULT (1 + 1), b varchar(10, 2) COLLATE nocase CONSTRAINT short CHECK (b <> ';)'),
        c TEXT GENERATED ALWAYS AS (upper(b)) STORED,
        d REFERENCES p (id) ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED,
        CONSTRAINT pair UNIQUE (a, B), CHECK (a > 0) FOREIGN KEY (a, d) REFERENCES q
    )""")
    assert found.name == TableName("or der")
    assert found.columns == (
        Column("id", "INTEGER", nullable=False, identity="by default"),
        Column("a", "int", nullable=False, default="1 + 1"),
        Column("b", "varchar(10, 2)", collation="nocase"),
        Column("c", "TEXT", generated="upper(b)"),
        Column("d", ""),
    )
    assert found.primary_key == PrimaryKey(("id",))
    assert found.uniques == (Unique(("a", "b"), "pair"),)
    assert found.checks == (Check("b <> ';)'", "short"), Check("a > 0"))
    deferred = "DEFERRABLE INITIALLY DEFERRED"
    assert found.foreign_keys == (
        ForeignKey(("d",), TableName("p"), ("id",), on_delete="SET NULL", on_update="CASCADE", deferrable=deferred),
        ForeignKey(("a", "d"), TableName("q")),
    )


@pytest.mark.parametrize(
    ("sql", "nullable"),
    [
        ("CREATE TABLE t (k TEXT PRIMARY KEY)", True),
        ("CREATE TABLE t (k TEXT PRIMARY KEY) WITHOUT ROWID", False),
        ("CREATE TABLE t (k TEXT PRIMARY KEY) STRICT", False),
        ("CREATE TABLE t (k integer, PRIMARY KEY (k))", False),
        ("CREATE TABLE t (k INTEGER PRIMARY KEY DESC)", True),
        ("CREATE TABLE t (k INT PRIMARY KEY)", True),
    ],
)
def test_a_key_can_hold_null_where_sqlite_lets_it(sql: str, nullable: bool) -> None:
    assert table(sql).columns[0].nullable is nullable
    connection = sqlite3.connect(":memory:")
    connection.execute(sql)
    try:
        connection.execute("INSERT INTO t VALUES (NULL)")
        took_null = connection.execute("SELECT k IS NULL FROM t").fetchone() == (1,)
    except sqlite3.IntegrityError:
        took_null = False
    connection.close()
    assert took_null is nullable


T = TableName("t")
FK = ForeignKey(("a",), TableName("p"), ("id",), "f", on_delete="CASCADE")


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER TABLE t RENAME TO u", ddl.RenameTable(T, "u")),
        ("ALTER TABLE main.t RENAME COLUMN a TO [b c]", ddl.RenameColumn(T, "a", "b c")),
        ("ALTER TABLE t RENAME a TO `b`", ddl.RenameColumn(T, "a", "b")),
        ("ALTER TABLE t ADD a INT", ddl.AddColumn(T, Column("a", "INT"))),
        (
            "ALTER TABLE t ADD COLUMN a TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP",
            ddl.AddColumn(
                T, Column("a", "TEXT", nullable=False, default="CURRENT_TIMESTAMP"), default_is_volatile=True
            ),
        ),
        ("ALTER TABLE t DROP a", ddl.DropColumn(T, "a")),
        ("ALTER TABLE t ALTER COLUMN a SET NOT NULL", ddl.SetNotNull(T, "a")),
        ("ALTER TABLE t ALTER a DROP NOT NULL", ddl.DropNotNull(T, "a")),
        ("ALTER TABLE t ALTER COLUMN a SET DEFAULT f(1, 2)", ddl.SetDefault(T, "a", "f(1, 2)")),
        ("ALTER TABLE t ALTER COLUMN a DROP DEFAULT", ddl.SetDefault(T, "a", None)),
        (
            "ALTER TABLE t ALTER COLUMN a TYPE decimal(10, 2) USING round(a, 2)",
            ddl.ChangeType(T, "a", "decimal(10, 2)", "round(a, 2)"),
        ),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0)", ddl.AddConstraint(T, Check("a > 0", "c"))),
        (
            "ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (id) ON DELETE CASCADE",
            ddl.AddConstraint(T, FK),
        ),
        ("ALTER TABLE t DROP CONSTRAINT IF EXISTS c", ddl.DropConstraint(T, "c", if_exists=True)),
        ("DROP TABLE IF EXISTS temp.t", ddl.DropTable(TableName("t", "temp"), if_exists=True)),
        ("DROP INDEX i", ddl.DropIndex("i")),
        ("INSERT OR REPLACE INTO t VALUES (1)", ddl.NoCatalogChange("data", T)),
        ("DELETE FROM t", ddl.NoCatalogChange("data", T)),
        ("PRAGMA foreign_keys = ON", ddl.NoCatalogChange("session")),
        ("BEGIN IMMEDIATE", ddl.NoCatalogChange("transaction")),
        ("CREATE TEMP TRIGGER x AFTER INSERT ON t BEGIN SELECT 1; END", ddl.NoCatalogChange("session")),
        ("DROP VIEW v", ddl.DropView(TableName("v"))),
    ],
)
def test_a_form_is_read_as_what_it_does(sql: str, expected: ddl.Statement) -> None:
    assert atom(sql) == expected


def test_several_actions_of_one_alter_are_several_atoms() -> None:
    found = one("ALTER TABLE t ADD COLUMN a INT, ALTER COLUMN b SET NOT NULL")
    assert found.atoms == (ddl.AddColumn(T, Column("a", "INT")), ddl.SetNotNull(T, "b"))


def test_index_keys_keep_their_expressions_and_suffixes() -> None:
    read = atom("CREATE UNIQUE INDEX IF NOT EXISTS i ON t (lower(a) COLLATE nocase DESC, \"b\" ASC) WHERE a > 'x, y'")
    assert isinstance(read, ddl.CreateIndex)
    assert read.if_not_exists
    assert read.index.unique
    assert read.index.where == "a > 'x, y'"
    assert read.index.keys == (
        IndexKey("lower(a)", is_expression=True, descending=True, suffix="COLLATE nocase"),
        IndexKey("b"),
    )


@pytest.mark.parametrize(
    ("sql", "says"),
    [
        ("CREATE TABLE t AS SELECT 1", "write them out"),
        ("CREATE TABLE t (a INT, a TEXT)", "two columns of the same name"),
        ("CREATE TABLE t (a INT, PRIMARY KEY (b))", "no column b"),
        ("CREATE TABLE t (a INT PRIMARY KEY, b INT PRIMARY KEY)", "two primary keys"),
        ("CREATE TABLE t (a INT", "found the end"),
        ("CREATE TABLE t (a INT) ENGINE=InnoDB", "expected WITHOUT ROWID, found 'ENGINE'"),
        ("ALTER TABLE t FROBNICATE", "expected ALTER"),
        ("ALTER TABLE t ADD CHECK (a > 0) NOT VALID", "no NOT VALID"),
        ("ALTER TABLE t ADD b AS (a) STORED", "write VIRTUAL"),
        ("CREATE INDEX i ON t USING gin (a)", "no index method gin"),
        ("GRANT ALL ON t TO x", "'GRANT'"),
        ("SELECT 'x", "a quote is not closed"),
        ("ALTER TABLE t ADD COLUMN a INT; garbage", "'garbage'"),
    ],
)
def test_what_is_not_understood_says_what_and_why(sql: str, says: str) -> None:
    found = READER.read(sql)[-1]
    assert says in found.problem
    assert found.atoms == ()


def test_one_statement_that_is_not_understood_costs_itself_only() -> None:
    found = READER.read("CREATE TABLE a (x); CREATE GARBAGE; CREATE TABLE b (x)")
    assert [bool(statement.problem) for statement in found] == [False, True, False]


def test_a_turkish_letter_is_no_keyword() -> None:
    assert table("CREATE TABLE t (a TEXT, unıque TEXT)").column("unıque") is not None


def test_renames_under_legacy_alter_table_leave_references_alone() -> None:
    tables = "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (x REFERENCES p (id));"
    plain, unread = replay(tables + "ALTER TABLE p RENAME TO q", READER)
    assert not unread
    assert plain.tables[TableName("c")].foreign_keys[0].parent == TableName("q")
    legacy = "PRAGMA legacy_alter_table = ON; ALTER TABLE p RENAME TO q; PRAGMA legacy_alter_table = OFF"
    kept, unread = replay(tables + legacy, READER)
    assert not unread
    assert kept.tables[TableName("c")].foreign_keys[0].parent == TableName("p")


@given(st.text(max_size=300))
@settings(max_examples=300)
def test_no_text_can_raise(text: str) -> None:
    for statement in READER.read(text):
        assert statement.problem or statement.atoms
    READER.is_volatile(text)
    READER.fault(text)


ROW_OF_WORDS = """
CREATE TABLE TEMP IF NOT EXISTS t "q"" " ( ) , ; a INT PRIMARY KEY DEFAULT - 1 'x' CHECK > REFERENCES p ON DELETE SET NULL
CONSTRAINT c UNIQUE INDEX ALTER ADD COLUMN DROP RENAME TO TRIGGER BEGIN END AS STRICT WITHOUT ROWID COLLATE FOREIGN -- [ `
/* */ . x'00' GENERATED ALWAYS TYPE USING WHERE
"""
WORDS = st.sampled_from(ROW_OF_WORDS.split())


@given(st.lists(WORDS, max_size=40).map(" ".join))
@settings(max_examples=400)
def test_no_row_of_sql_words_can_raise_and_every_statement_is_found_in_the_text(text: str) -> None:
    for statement in READER.read(text):
        assert text[statement.start :].startswith(statement.sql)
        assert statement.line == text.count("\n", 0, statement.start) + 1


NAMES = st.one_of(
    st.text(min_size=1, max_size=12).filter(
        lambda name: not any(character == "\0" or 0xD800 <= ord(character) <= 0xDFFF for character in name)
    ),
    st.sampled_from(["a", "B", "select", 'x"y', "x y", "]", "`", "''", "naïve", "--", "/*"]),
).filter(lambda name: not name.lower().startswith("sqlite_"))
TYPES = st.sampled_from(
    ["", "INT", "INTEGER", "TEXT", "varchar(10)", "decimal(10, 2)", "double precision", '"my type"']
)
LITERALS = st.sampled_from(["1", "-1.5", "'it''s'", "NULL", "(1 + 1)", "x'00'", "CURRENT_DATE", "TRUE", "(')')"])
ACTIONS = st.sampled_from(["CASCADE", "SET NULL", "SET DEFAULT", "RESTRICT", "NO ACTION"])


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@st.composite
def create_tables(draw: st.DrawFn) -> str:
    """A CREATE TABLE that SQLite 3.37 and newer takes, with odd names, spacing and comments."""
    names = draw(st.lists(NAMES, min_size=1, max_size=5, unique_by=lambda name: name.lower()))
    items = []
    key_taken = False
    for name in names:
        parts = [quoted(name), draw(TYPES)]
        if not key_taken and draw(st.integers(0, 5)) == 0:
            key_taken = True
            parts.append(draw(st.sampled_from(["PRIMARY KEY", "PRIMARY KEY ASC", "CONSTRAINT pk PRIMARY KEY"])))
        if draw(st.booleans()):
            parts.append(
                draw(st.sampled_from(["NOT NULL", "NULL", "NOT NULL ON CONFLICT FAIL", "CONSTRAINT nn NOT NULL"]))
            )
        if draw(st.booleans()):
            parts.append(f"DEFAULT {draw(LITERALS)}")
        if draw(st.integers(0, 3)) == 0:
            parts.append("UNIQUE")
        if draw(st.integers(0, 3)) == 0:
            parts.append("COLLATE NOCASE")
        if draw(st.integers(0, 3)) == 0:
            parts.append(f"CHECK ({quoted(name)} <> ')')")
        if draw(st.integers(0, 3)) == 0:
            parts.append(f"REFERENCES {quoted(draw(NAMES))} ({quoted(draw(NAMES))}) ON DELETE {draw(ACTIONS)}")
        items.append(draw(st.sampled_from([" ", "\n", " /* a, b */ ", " -- (\n"])).join(part for part in parts if part))
    if not key_taken and draw(st.booleans()):
        chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
        items.append(f"PRIMARY KEY ({', '.join(quoted(name.upper() if name.isascii() else name) for name in chosen)})")
        key_taken = True
    if draw(st.booleans()):
        items.append(f"FOREIGN KEY ({quoted(names[0])}) REFERENCES p ON UPDATE {draw(ACTIONS)}")
    end = " WITHOUT ROWID" if key_taken and draw(st.booleans()) else ""
    comma = draw(st.sampled_from([",", " ,\n", ", -- ,\n", "/* , */,"]))
    return f"CREATE TABLE {quoted(draw(NAMES))} ({comma.join(items)}\n){end}"


@given(create_tables())
@settings(max_examples=200, deadline=None)
def test_a_table_is_read_as_sqlite_reads_it(sql: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(sql)
    read = table(sql)
    name = read.name.name
    assert connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchone() == (name,)

    def ask(query: str) -> list[tuple[object, ...]]:
        return connection.execute(query, (name,)).fetchall()

    columns = ask("SELECT name, type, dflt_value, pk FROM pragma_table_xinfo(?) ORDER BY cid")
    assert [column.name for column in read.columns] == [row[0] for row in columns]
    assert [column.type.strip('"').upper() for column in read.columns] == [str(row[1]).upper() for row in columns]
    assert [column.default for column in read.columns] == [row[2] for row in columns]
    key = [row[0] for row in sorted((row for row in columns if row[3]), key=lambda row: str(row[3]))]
    assert list(read.primary_key.columns if read.primary_key else ()) == key
    keys = ask(
        'SELECT id, "table", "from", "to", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY id DESC'
    )
    assert [(fk.parent.name, fk.columns[0], fk.on_update, fk.on_delete) for fk in read.foreign_keys] == [
        (row[1], row[2], row[4], row[5]) for row in keys
    ]
    unique = {
        tuple(part[0] for part in connection.execute("SELECT name FROM pragma_index_info(?) ORDER BY seqno", (index,)))
        for (index,) in connection.execute("SELECT name FROM pragma_index_list(?) WHERE origin = 'u'", (name,))
    }
    own_key = {read.primary_key.columns} if read.primary_key else set()
    assert {one.columns for one in read.uniques} - own_key == unique - own_key
    connection.close()


def test_an_expression_is_one_whole_expression_or_a_fault() -> None:
    for good in [
        "1",
        "a + b",
        "lower(x)",
        "f(a, b)",
        "'a;b'",
        "CASE WHEN a THEN 1 END",
        "(SELECT max(a) FROM t)",
        "1 -- x",
    ]:
        assert READER.fault(good) == "", good
    for bad in [
        "",
        "-- x",
        "1;",
        "1, 2",
        "(1",
        "1) UNION SELECT (2",
        "1 FROM t",
        "SELECT 1",
        "a AS b",
        "*",
        "?",
        ":a",
        "'x",
        "count(*)",
        "max(a)",
        "row_number() OVER ()",
        "lower(1, 2)",
    ]:
        assert READER.fault(bad) != "", bad


@given(st.text(max_size=40))
def test_an_expression_without_fault_cannot_leave_its_parentheses(text: str) -> None:
    if READER.fault(text):
        return
    connection = sqlite3.connect(":memory:")
    with pytest.raises(sqlite3.Error):
        connection.execute(f"EXPLAIN SELECT ({text}\n)) FROM nowhere")
    connection.close()


@pytest.mark.parametrize(
    "expression", ["1", "'x'", "lower(a) || b", "coalesce(a, 0)", "date(a)", "a IN (1, 2)", "NULL"]
)
def test_a_constant_or_a_function_of_the_row_is_not_volatile(expression: str) -> None:
    assert not READER.is_volatile(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "random()",
        "CURRENT_TIMESTAMP",
        "datetime('now')",
        "date()",
        "my_function(a)",
        "(SELECT 1)",
        "1 + hex(randomblob(4))",
    ],
)
def test_the_clock_chance_and_unknown_functions_are_volatile(expression: str) -> None:
    assert READER.is_volatile(expression)


def test_replay_arrives_at_the_same_schema_whatever_the_road() -> None:
    straight, unread = replay("CREATE TABLE t (a INT NOT NULL, b TEXT); CREATE INDEX i ON t (b)", READER)
    assert not unread
    around, unread = replay(
        "CREATE TABLE u (a INT, c TEXT, x); ALTER TABLE u DROP COLUMN x; ALTER TABLE u RENAME TO t;"
        "CREATE INDEX i ON t (c); ALTER TABLE t RENAME c TO b; ALTER TABLE t ALTER COLUMN a SET NOT NULL",
        READER,
    )
    assert not unread

    def bare(schema: Schema) -> Schema:
        return replace(schema, tables={name: replace(one, definition="") for name, one in schema.tables.items()})

    assert bare(straight) == bare(around)
