"""What SQLite's ALTER TABLE cannot do is done by a rebuild that loses nothing, on the server itself.

Each case runs on the standard library's SQLite, and on a current one where the `apsw` wheel is installed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain_agents import ddl
from domain_agents.catalog import Check, Column, ForeignKey, Index, IndexKey, PrimaryKey, Schema, TableName, Unique
from domain_agents.dialects import dialect, replay
from domain_agents.engines import Blocks, CannotSpell, Engine, TableSize, engine

if TYPE_CHECKING:
    from pathlib import Path

READER = dialect("sqlite")
Rows: TypeAlias = list[tuple[Any, ...]]
Run: TypeAlias = Callable[[str], Rows]
Open: TypeAlias = Callable[[str], Run]


@pytest.fixture(params=["library", "apsw"])
def opened(request: pytest.FixtureRequest) -> Iterator[Open]:
    """A function that opens a database and gives what runs one statement in it, in autocommit."""
    connections: list[Any] = []

    def library(path: str) -> Run:
        connection = sqlite3.connect(path, isolation_level=None, timeout=0)
        connections.append(connection)
        return lambda sql: connection.execute(sql).fetchall()

    def current(path: str) -> Run:
        connection = pytest.importorskip("apsw").Connection(path)
        connections.append(connection)
        return lambda sql: list(connection.execute(sql))

    yield library if request.param == "library" else current
    for connection in connections:
        connection.close()


def statements(sql: str) -> list[str]:
    return [statement.sql for statement in READER.read(sql)]


def made(run: Run, sql: str) -> Schema:
    """The schema that a text makes, in the database and as it is read."""
    run("PRAGMA foreign_keys = ON")
    for statement in statements(sql):
        run(statement)
    schema, unread = replay(sql, READER)
    assert not unread
    return schema


def bare(schema: Schema) -> Schema:
    tables = {name: replace(table, definition="") for name, table in sorted(schema.tables.items())}
    for name, table in tables.items():
        tables[name] = replace(
            table,
            uniques=tuple(sorted(table.uniques, key=str)),
            checks=tuple(sorted(table.checks, key=str)),
            foreign_keys=tuple(sorted(table.foreign_keys, key=str)),
        )
    return Schema(tables, dict(sorted(schema.indexes.items())))


def in_database(run: Run) -> Schema:
    texts = run("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite!_%' ESCAPE '!'")
    schema, unread = replay(";\n".join(text for (text,) in texts), READER)
    assert not unread
    return schema


def kept_texts(run: Run) -> Rows:
    return run("SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY 1, 2")


def everything(run: Run) -> Rows:
    """All that the database holds, to compare byte by byte."""
    found = run("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2, 3")
    for kind, name, *_ in list(found):
        if kind == "table":
            quoted = name.replace('"', '""')
            found += sorted(run(f'SELECT * FROM "{quoted}"'), key=repr)
    return found


SHOP = """
CREATE TABLE makers (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT, boss INTEGER REFERENCES makers (id)) STRICT;
CREATE TABLE things (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice
    maker INTEGER REFERENCES makers (id) ON DELETE CASCADE,
    name TEXT COLLATE NOCASE, /* as printed */
    price REAL DEFAULT 1.5 CHECK (price >= 0),
    label TEXT GENERATED ALWAYS AS (name || '!') STORED,
    twice REAL AS (price * 2),
    code TEXT,
    CONSTRAINT named UNIQUE (maker, name)
);
CREATE TABLE parts (thing INTEGER NOT NULL REFERENCES things (id) ON DELETE CASCADE, "no" INT, note TEXT,
    seen INT NOT NULL DEFAULT 0, PRIMARY KEY (thing, "no")) WITHOUT ROWID;
CREATE TABLE log (what TEXT);
CREATE INDEX things_name ON things (lower(name) DESC, price) WHERE price > 0;
CREATE UNIQUE INDEX things_code ON things (code);
CREATE VIEW cheap AS SELECT id, name, label FROM things WHERE price < 10;
CREATE TRIGGER things_log AFTER UPDATE OF price ON things BEGIN INSERT INTO log VALUES ('t' || new.id); END;
CREATE TRIGGER makers_log AFTER DELETE ON makers BEGIN INSERT INTO log SELECT 'm' || id FROM things; END;
"""
ROWS = """
INSERT INTO makers (name, boss) VALUES ('Ada', NULL), ('Bob', 1);
INSERT INTO things (maker, name, price, code)
    VALUES (1, 'bolt', 2, 'a'), (2, 'Nut', 12.5, 'b'), (2, 'rod', NULL, 'c'), (1, 'x', 1, 'd');
DELETE FROM things WHERE name = 'x';
INSERT INTO parts (thing, "no", note) VALUES (1, 1, 'one'), (3, 2, NULL), (2, 1, 'three');
INSERT INTO log VALUES ('start'), ('then');
"""
THINGS, PARTS, MAKERS, LOG = (TableName(name) for name in ("things", "parts", "makers", "log"))
CHANGES: list[ddl.Statement] = [
    ddl.SetNotNull(THINGS, "name"),
    ddl.SetNotNull(MAKERS, "name"),
    ddl.SetNotNull(LOG, "what"),
    ddl.DropNotNull(PARTS, "seen"),
    ddl.SetDefault(THINGS, "name", "'unnamed'"),
    ddl.SetDefault(THINGS, "price", None),
    ddl.SetDefault(PARTS, "note", "lower('X')"),
    ddl.ChangeType(THINGS, "code", "VARCHAR(20)", "upper(code)"),
    ddl.ChangeType(LOG, "what", "BLOB"),
    ddl.AddConstraint(THINGS, Unique(("name",), "one_name")),
    ddl.AddConstraint(THINGS, Check("length(code) < 9", "short")),
    ddl.AddConstraint(LOG, PrimaryKey(("what",))),
    ddl.AddConstraint(PARTS, ForeignKey(("no",), MAKERS, ("id",), "by", on_delete="CASCADE")),
    ddl.DropConstraint(THINGS, "named"),
    ddl.AddColumn(THINGS, Column("made", "TEXT", nullable=False, default="CURRENT_TIMESTAMP")),
    ddl.AddColumn(PARTS, Column("mark", "TEXT"), (Unique(("mark",)),)),
    ddl.AddColumn(THINGS, Column("owner", "INTEGER", default="1"), (ForeignKey(("owner",), MAKERS),)),
    ddl.AddColumn(THINGS, Column("stock", "INT", nullable=False, default="0"), (Check("stock >= 0", "in_stock"),)),
    ddl.DropColumn(THINGS, "code"),
    ddl.DropColumn(THINGS, "maker"),
    ddl.DropColumn(THINGS, "twice"),
    ddl.DropColumn(PARTS, "seen"),
    ddl.DropColumn(MAKERS, "boss"),
    ddl.RenameConstraint(THINGS, "named", "renamed"),
    ddl.RenameIndex("things_code", "things_code_key"),
    ddl.RenameColumn(LOG, "what", "which"),
    ddl.RenameColumn(MAKERS, "id", "number"),
    ddl.RenameColumn(MAKERS, "name", "title"),
    ddl.CreateIndex(Index("p", PARTS, (IndexKey("note", suffix="COLLATE NOCASE", descending=True), IndexKey("thing")))),
    ddl.DropIndex("things_name"),
]


@pytest.mark.parametrize(
    ("opened", "version"), [("library", "3.40"), ("apsw", "3.40"), ("apsw", "3.53")], indirect=["opened"]
)
@pytest.mark.parametrize(
    "change", CHANGES, ids=lambda change: f"{type(change).__name__} {getattr(change, 'table', '')}"
)
def test_a_change_arrives_at_the_schema_asked_for_and_loses_nothing(
    change: ddl.Statement, version: str, opened: Open
) -> None:
    run = opened(":memory:")
    schema = made(run, SHOP)
    for statement in statements(ROWS):
        run(statement)
    after = change.apply(schema)

    def rows() -> list[Rows]:
        """The rows of every table, in the columns that the change leaves alone."""
        found = []
        for table in schema.tables.values():
            now = after.tables[table.name]
            names = [f'"{column.name}"' for column in table.columns if now.column(column.name) == column] or ["1"]
            found.append(sorted(run(f"SELECT {', '.join(names)} FROM {table.name}"), key=repr))
        return found

    before, texts, sequence = rows(), kept_texts(run), run("SELECT * FROM sqlite_sequence ORDER BY name")
    for sql in engine("sqlite", version).spell(change, schema):
        run(sql)
    assert bare(in_database(run)) == bare(after)
    assert rows() == before
    assert kept_texts(run) == texts
    assert run("SELECT * FROM sqlite_sequence ORDER BY name") == sequence
    assert run("PRAGMA integrity_check") == [("ok",)]
    assert run("PRAGMA foreign_key_check") == []
    assert run("PRAGMA foreign_keys") == [(1,)]
    assert run("PRAGMA legacy_alter_table") == [(0,)]
    assert run("SELECT count(*) FROM sqlite_temp_schema") == [(0,)]


def test_what_the_catalog_has_no_noun_for_stays_in_the_text(opened: Open) -> None:
    run = opened(":memory:")
    schema = made(run, SHOP)
    for sql in engine("sqlite").spell(ddl.SetNotNull(THINGS, "name"), schema):
        run(sql)
    ((text,),) = run("SELECT sql FROM sqlite_schema WHERE name = 'things'")
    assert text == schema.tables[THINGS].definition.replace("name TEXT COLLATE", "name TEXT NOT NULL COLLATE")
    for sql in engine("sqlite").spell(ddl.SetDefault(PARTS, "note", "'-'"), schema):
        run(sql)
    ((text,),) = run("SELECT sql FROM sqlite_schema WHERE name = 'parts'")
    assert text.endswith("WITHOUT ROWID")


def test_changes_follow_each_other_on_one_table(opened: Open) -> None:
    run = opened(":memory:")
    schema = made(run, SHOP)
    for change in (
        ddl.AddColumn(THINGS, Column("colour", "TEXT")),
        ddl.RenameColumn(THINGS, "code", "ean"),
        ddl.DropColumn(THINGS, "twice"),
        ddl.RenameColumn(LOG, "what", "event"),
        ddl.SetNotNull(LOG, "event"),
        ddl.RenameColumn(MAKERS, "id", "number"),
        ddl.SetNotNull(MAKERS, "name"),
        ddl.SetNotNull(THINGS, "colour"),
        ddl.AddConstraint(THINGS, Check("colour <> ''", "painted")),
        ddl.DropColumn(THINGS, "ean"),
        ddl.DropConstraint(THINGS, "painted"),
        ddl.SetDefault(THINGS, "colour", "'red'"),
    ):
        for sql in engine("sqlite").spell(change, schema):
            run(sql)
        schema = change.apply(schema)
        assert bare(in_database(run)) == bare(schema)


def test_a_rename_is_followed_into_expressions_by_the_next_rebuild(opened: Open) -> None:
    run = opened(":memory:")
    schema = made(
        run,
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT CHECK (a > 0), b AS (a + 1), up REFERENCES t (id), z,"
        "    CHECK (z <> a));"
        "CREATE INDEX i ON t (abs(a)) WHERE a > 1; CREATE TABLE c (x REFERENCES t (id))",
    )
    run("INSERT INTO t (id, a, up) VALUES (1, 2, NULL), (2, 3, 1)")
    table = TableName("t")
    for change in (
        ddl.RenameColumn(table, "a", "amount"),
        ddl.RenameColumn(table, "id", "number"),
        ddl.SetNotNull(table, "amount"),
        ddl.DropColumn(table, "z"),
        ddl.SetDefault(table, "amount", "1"),
    ):
        for sql in engine("sqlite").spell(change, schema):
            run(sql)
        schema = change.apply(schema)
        assert bare(in_database(run)) == bare(schema)
    assert run("SELECT number, amount, b, up FROM t") == [(1, 2, 3, None), (2, 3, 4, 1)]


def test_the_file_read_back_says_the_same_as_the_database(opened: Open) -> None:
    run = opened(":memory:")
    schema = made(run, SHOP)
    for change in CHANGES:
        written = engine("sqlite").spell(change, schema)
        after, unread = replay(";\n".join(written), READER, schema)
        assert not unread
        assert bare(after) == bare(change.apply(schema)), change


def ignoring_errors(run: Run, sqls: tuple[str, ...]) -> list[str]:
    """Run like `sqlite3 app.db < file.sql`, which goes on after an error."""
    errors = []
    for sql in sqls:
        try:
            run(sql)
        except Exception as error:  # noqa: BLE001 - two drivers, two hierarchies
            errors.append(str(error))
    return errors


def until_error(run: Run, sqls: tuple[str, ...]) -> list[str]:
    """Run like a framework, which stops at the first error."""
    for sql in sqls:
        try:
            run(sql)
        except Exception as error:  # noqa: BLE001 - two drivers, two hierarchies
            return [str(error)]
    return []


RUNNERS = pytest.mark.parametrize("runner", [ignoring_errors, until_error])


@RUNNERS
@pytest.mark.parametrize(
    ("spoil", "change", "says"),
    [
        ("UPDATE things SET name = NULL WHERE id = 2", ddl.SetNotNull(THINGS, "name"), "NOT NULL"),
        ("UPDATE things SET price = 3", ddl.AddConstraint(THINGS, Unique(("price",))), "UNIQUE"),
        ("SELECT 1", ddl.AddConstraint(THINGS, Check("price < 10", "cheap")), "cheap"),
        ("SELECT 1", ddl.AddConstraint(PARTS, ForeignKey(("no",), LOG, ("rowid",))), "foreign key mismatch"),
        ("UPDATE parts SET no = 77", ddl.AddConstraint(PARTS, ForeignKey(("no",), MAKERS)), "rows_without_parent"),
        ("CREATE INDEX unknown ON things (price)", ddl.SetNotNull(THINGS, "name"), "unknown_indexes_or_triggers"),
        ("CREATE TRIGGER u AFTER DELETE ON things BEGIN SELECT 1; END", ddl.SetNotNull(THINGS, "name"), "unknown_indexes"),
        ("SELECT 1", ddl.AddConstraint(THINGS, Check("no_such > 1", "odd")), "no such column"),
        ("SELECT 1", ddl.ChangeType(THINGS, "code", "TEXT", "no_such(code)"), "no such function"),
        ("SELECT 1", ddl.ChangeType(MAKERS, "name", "INTEGER"), "cannot store TEXT"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)  # fmt: skip
def test_a_rebuild_that_cannot_succeed_changes_nothing(
    spoil: str, change: ddl.Statement, says: str, runner: Callable[[Run, tuple[str, ...]], list[str]], opened: Open
) -> None:
    run = opened(":memory:")
    schema = made(run, SHOP)
    for statement in [*statements(ROWS), spoil]:
        run(statement)
    before = everything(run)
    errors = runner(run, engine("sqlite").spell(change, schema))
    assert any(says in error for error in errors), errors
    ignoring_errors(run, ("ROLLBACK",))
    assert everything(run) == before


def test_a_rebuild_cut_off_anywhere_has_happened_wholly_or_not_at_all(opened: Open, tmp_path: Path) -> None:
    change = ddl.SetNotNull(THINGS, "name")
    results = set()
    for cut in range(30):
        path = str(tmp_path / f"{cut}.db")
        schema = made(opened(path), SHOP)
        for statement in statements(ROWS):
            opened(path)(statement)
        before = everything(opened(path))
        run = opened(path)
        spelled = engine("sqlite").spell(change, schema)
        for sql in spelled[:cut]:
            run(sql)
        seen = everything(opened(path))
        assert seen == before or bare(in_database(opened(path))) == bare(change.apply(schema))
        results.add(seen == before)
    assert results == {True, False}


def test_a_busy_file_leaves_the_table_as_it_was_or_as_asked_for(opened: Open, tmp_path: Path) -> None:
    """Another writer holds the file while the first statements run; the runner goes on after every error."""
    change = ddl.SetNotNull(THINGS, "name")
    for released_after in range(8):
        path = str(tmp_path / f"{released_after}.db")
        run, other = opened(path), opened(path)
        schema = made(run, SHOP)
        for statement in statements(ROWS):
            run(statement)
        before = everything(run)
        spelled = engine("sqlite").spell(change, schema)
        other("BEGIN IMMEDIATE")
        errors = ignoring_errors(run, spelled[:released_after])
        other("COMMIT")
        errors += ignoring_errors(run, spelled[released_after:])
        if errors:
            assert everything(run) == before, released_after
        else:
            assert bare(in_database(run)) == bare(change.apply(schema))


def test_an_expression_that_does_not_end_is_refused_before_it_is_written(opened: Open) -> None:
    schema = made(opened(":memory:"), SHOP)
    with pytest.raises(CannotSpell, match="cannot be read"):
        engine("sqlite").spell(ddl.SetDefault(THINGS, "name", "f(1"), schema)


def test_rows_that_no_column_numbers_keep_their_rowid(opened: Open) -> None:
    run = opened(":memory:")
    schema = made(run, "CREATE TABLE t (rowid TEXT, b TEXT)")
    run("INSERT INTO t (_rowid_, rowid, b) VALUES (7, 'x', 'y'), (40, 'z', 'w')")
    for sql in engine("sqlite").spell(ddl.SetNotNull(TableName("t"), "b"), schema):
        run(sql)
    assert run("SELECT _rowid_, rowid, b FROM t ORDER BY 1") == [(7, "x", "y"), (40, "z", "w")]


def test_an_empty_tables_counter_survives(opened: Open) -> None:
    run = opened(":memory:")
    schema = made(run, "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, b TEXT)")
    run("INSERT INTO t (b) VALUES ('x'), ('y')")
    run("DELETE FROM t")
    for sql in engine("sqlite").spell(ddl.SetNotNull(TableName("t"), "b"), schema):
        run(sql)
    run("INSERT INTO t (b) VALUES ('z')")
    assert run("SELECT id FROM t") == [(3,)]


def test_the_declared_lock_is_the_lock_taken(opened: Open, tmp_path: Path) -> None:
    """Readers pass in WAL while the rebuild holds its transaction open; a second writer is turned away."""
    path = str(tmp_path / "app.db")
    run, other = opened(path), opened(path)
    run("PRAGMA journal_mode = WAL")
    schema = made(run, SHOP)
    for statement in statements(ROWS):
        run(statement)
    change = ddl.SetNotNull(THINGS, "name")
    spelled = engine("sqlite").spell(change, schema)
    effect = engine("sqlite").effect(change, schema, TableSize(rows=3))
    assert (effect.operation, effect.blocks, effect.rewrites_table) == ("rebuild", Blocks.WRITES, True)
    commit = spelled.index("COMMIT")
    for sql in spelled[:commit]:
        run(sql)
    assert other("SELECT count(*) FROM things") == [(3,)]
    with pytest.raises(Exception, match="locked"):
        other("UPDATE log SET what = 'mine'")
    for sql in spelled[commit:]:
        run(sql)
    other("UPDATE log SET what = 'mine'")


def test_a_key_that_never_holds_null_cannot_be_made_to(opened: Open) -> None:
    schema = made(opened(":memory:"), SHOP)
    with pytest.raises(CannotSpell, match=r"parts\.thing is part of a key that never holds NULL"):
        engine("sqlite").spell(ddl.DropNotNull(PARTS, "thing"), schema)


def test_a_column_in_use_is_not_dropped_by_a_rebuild(opened: Open) -> None:
    sql = "CREATE TABLE t (a INT UNIQUE, b INT, g AS (a + 1)); CREATE VIEW v AS SELECT a FROM t"
    schema = made(opened(":memory:"), sql)
    with pytest.raises(CannotSpell, match=r"v, g: uses t\.a; drop or change it first"):
        engine("sqlite").spell(ddl.DropColumn(TableName("t"), "a"), schema)


NAMES = st.one_of(
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=10),
    st.sampled_from(
        ["select", 'x"y', "]", "it's", "a;b", "--", "/*", "x\ny", "T", "rowid", "é", "%s", "{x}", "$1", "?"]
    ),
).filter(lambda name: not name.lower().startswith("sqlite_"))


@given(st.lists(NAMES, min_size=5, max_size=5, unique_by=lambda name: name.casefold()))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_name_can_escape(names: list[str]) -> None:
    table, column, index, other, parent = names
    made_by: Engine = engine("sqlite")
    connection = sqlite3.connect(":memory:", isolation_level=None)

    def run(sql: str) -> Rows:
        return connection.execute(sql).fetchall()

    run("PRAGMA foreign_keys = ON")
    q = made_by.quote
    sql = (
        f"CREATE TABLE {q(parent)} ({q(column)} INTEGER PRIMARY KEY);"
        f"CREATE TABLE {q(table)} ({q(column)} TEXT, {q(other)} INT);"
        f"CREATE INDEX {q(index)} ON {q(table)} ({q(column)} DESC)"
    )
    schema = made(run, sql)
    name = TableName(table)
    run(f"INSERT INTO {q(table)} VALUES ('x', 1)")
    run(f"INSERT INTO {q(parent)} VALUES (1)")
    for change in (
        ddl.SetNotNull(name, column),
        ddl.AddConstraint(name, ForeignKey((other,), TableName(parent), (column,), "f")),
        ddl.AddColumn(name, Column(column + "_2", "TEXT", default="CURRENT_TIMESTAMP")),
        ddl.RenameColumn(name, column, index),
        ddl.SetDefault(name, index, "'d'"),
        ddl.DropColumn(name, index),
        ddl.RenameTable(name, column + "_3"),
    ):
        for statement in made_by.spell(change, schema):
            assert [read.problem for read in READER.read(statement)] == [""]
            run(statement)
        schema = change.apply(schema)
        assert bare(in_database(run)) == bare(schema)
    assert run(f"SELECT count(*) FROM {q(column + '_3')}") == [(1,)]
    connection.close()
