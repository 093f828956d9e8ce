"""SQLite's engine: which versions there are, what they can do, and how a statement is spelled."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_agents import ddl
from domain_agents.catalog import (
    Check,
    Column,
    ForeignKey,
    Index,
    IndexKey,
    PrimaryKey,
    Schema,
    Table,
    TableName,
    Unique,
)
from domain_agents.dialects import dialect, replay
from domain_agents.engines import Blocks, Can, CannotSpell, TableSize, UnknownEngine, engine

READER = dialect("sqlite")
T = TableName("t")


def schema_of(sql: str) -> Schema:
    schema, unread = replay(sql, READER)
    assert not unread
    return schema


def rewritten(before: str, change: ddl.Statement) -> str:
    """The CREATE TABLE with which a rebuild replaces the table."""
    return next(sql for sql in engine("sqlite").spell(change, schema_of(before)) if sql.startswith("CREATE TABLE"))


@pytest.mark.parametrize("version", ["", "3", "3.35", "3.40.1", "3.53.4", "3.100"])
def test_every_version_with_drop_column_is_known(version: str) -> None:
    assert engine("sqlite", version).version == (version if version not in {"", "3"} else "3.40")


@pytest.mark.parametrize("version", ["3.34", "2.8", "4.0", "latest", "3.x", "340"])
def test_other_versions_are_refused_with_those_there_are(version: str) -> None:
    with pytest.raises(UnknownEngine, match=r"3\.35 and newer|numbers joined by dots"):
        engine("sqlite", version)


def test_not_null_in_place_comes_with_3_53() -> None:
    assert not engine("sqlite", "3.52").can(Can.SET_NOT_NULL)
    assert engine("sqlite", "3.53").can(Can.SET_NOT_NULL)
    assert not engine("sqlite", "3.53").can(Can.ADD_FOREIGN_KEY)
    assert engine("sqlite").can(Can.TRANSACTIONAL_DDL)


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_a_quoted_name_is_one_name(name: str) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute(f"CREATE TABLE t ({engine('sqlite').quote(name)} INT)")
    assert connection.execute("SELECT name FROM pragma_table_info('t')").fetchall() == [(name,)]
    connection.close()


def test_keywords_and_odd_names_are_quoted_and_plain_ones_are_not() -> None:
    quote = engine("sqlite").quote
    assert [quote(name) for name in ("a_1", "Order", 'x"y', "1a", "é", "")] == [
        "a_1", '"Order"', '"x""y"', '"1a"', '"é"', '""',
    ]  # fmt: skip
    with pytest.raises(CannotSpell, match="NUL"):
        quote("a\0b")


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (ddl.DropTable(T, if_exists=True), "DROP TABLE IF EXISTS t"),
        (ddl.RenameTable(T, "order"), 'ALTER TABLE t RENAME TO "order"'),
        (
            ddl.AddColumn(T, Column("c", "INT", nullable=False, default="0")),
            "ALTER TABLE t ADD COLUMN c INT NOT NULL DEFAULT 0",
        ),
        (ddl.AddColumn(T, Column("c", "TEXT", default="-1.5")), "ALTER TABLE t ADD COLUMN c TEXT DEFAULT -1.5"),
        (
            ddl.AddColumn(T, Column("c", "INT", generated="a + 1")),
            "ALTER TABLE t ADD COLUMN c INT GENERATED ALWAYS AS (a + 1)",
        ),
        (
            ddl.AddColumn(T, Column("c", "INT"), (ForeignKey(("c",), TableName("p"), ("id",), "f", "CASCADE"),)),
            "ALTER TABLE t ADD COLUMN c INT CONSTRAINT f REFERENCES p (id) ON DELETE CASCADE",
        ),
        (ddl.DropColumn(T, "b"), "ALTER TABLE t DROP COLUMN b"),
        (ddl.RenameColumn(T, "b", "to"), 'ALTER TABLE t RENAME COLUMN b TO "to"'),
        (
            ddl.CreateIndex(Index("i", T, (IndexKey("a", descending=True), IndexKey("lower(b)", True)), where="a > 0")),
            "CREATE INDEX i ON t (a DESC, lower(b)) WHERE a > 0",
        ),
        (
            ddl.CreateIndex(Index("i", T, (IndexKey("a"),), unique=True), concurrently=True),
            "CREATE UNIQUE INDEX i ON t (a)",
        ),
        (ddl.DropIndex("i", if_exists=True), "DROP INDEX IF EXISTS i"),
        (ddl.KeepText("CREATE VIEW v AS SELECT 1"), "CREATE VIEW v AS SELECT 1"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_what_sqlite_has_a_statement_for_is_one_statement(statement: ddl.Statement, expected: str) -> None:
    schema = schema_of("CREATE TABLE t (a INT, b TEXT)")
    assert engine("sqlite").spell(statement, schema) == (expected,)
    assert not engine("sqlite").refuses_transaction(statement, schema)


def test_what_is_there_already_needs_no_statement() -> None:
    schema = schema_of("CREATE TABLE t (a INT)")
    made = engine("sqlite")
    assert made.spell(ddl.AddColumn(T, Column("a", "INT"), if_not_exists=True), schema) == ()
    assert made.spell(ddl.DropColumn(T, "z", if_exists=True), schema) == ()
    assert made.spell(ddl.DropConstraint(T, "z", if_exists=True), schema) == ()


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        (ddl.ValidateConstraint(T, "c"), "no NOT VALID"),
        (ddl.AddConstraint(T, Check("a > 0", "c", validated=False)), "no NOT VALID"),
        (ddl.AddConstraint(T, Unique(("a",)), using_index="i"), "unique index alone"),
        (ddl.CreateIndex(Index("i", T, (IndexKey("a"),), include=("b",))), "neither INCLUDE"),
        (ddl.SetNotNull(T, "z"), "no column z"),
        (ddl.NoCatalogChange("query"), "own text"),
        (ddl.RenameIndex("z", "y"), "no index z"),
    ],
)
def test_what_sqlite_cannot_do_is_refused_with_the_way_out(statement: ddl.Statement, says: str) -> None:
    with pytest.raises(CannotSpell, match=says):
        engine("sqlite").spell(statement, schema_of("CREATE TABLE t (a INT, b TEXT)"))


def test_3_53_changes_checks_and_not_null_in_place_and_keys_by_a_rebuild() -> None:
    schema = schema_of("CREATE TABLE t (a INT CONSTRAINT c CHECK (a > 0), b TEXT, CONSTRAINT u UNIQUE (b))")
    new = engine("sqlite", "3.53")
    assert new.spell(ddl.SetNotNull(T, "a"), schema) == ("ALTER TABLE t ALTER COLUMN a SET NOT NULL",)
    assert new.spell(ddl.AddConstraint(T, Check("b <> ''", "k")), schema) == (
        "ALTER TABLE t ADD CONSTRAINT k CHECK (b <> '')",
    )
    assert new.spell(ddl.DropConstraint(T, "c"), schema) == ("ALTER TABLE t DROP CONSTRAINT c",)
    assert new.refuses_transaction(ddl.DropConstraint(T, "u"), schema)
    assert new.refuses_transaction(ddl.AddConstraint(T, Unique(("a",))), schema)


TEXT = """CREATE TABLE IF NOT EXISTS "t" ( -- the table
  a INTEGER PRIMARY KEY, -- a, key
  -- above b
  b TEXT NULL DEFAULT 'x, y', -- about b
  c INT CONSTRAINT pos CHECK (c > 0) /* of c, too */, -- about c
  UNIQUE (b, c) ON CONFLICT REPLACE -- the last
) STRICT"""


def edited(change: ddl.Statement) -> str:
    return rewritten(TEXT, change).split("\n", 1)[1]


def test_only_the_clause_that_changes_is_written_anew() -> None:
    body = TEXT.split("\n", 1)[1]
    assert edited(ddl.SetNotNull(T, "b")) == body.replace("TEXT NULL DEFAULT", "TEXT NOT NULL DEFAULT")
    assert edited(ddl.SetDefault(T, "b", None)) == body.replace(" DEFAULT 'x, y'", "")
    assert edited(ddl.SetDefault(T, "b", "lower('Z')")) == body.replace(
        "TEXT NULL DEFAULT 'x, y'", "TEXT DEFAULT (lower('Z')) NULL"
    )
    assert edited(ddl.ChangeType(T, "c", "REAL")) == body.replace("c INT CONSTRAINT", "c REAL CONSTRAINT")
    assert edited(ddl.DropConstraint(T, "pos")) == body.replace(" CONSTRAINT pos CHECK (c > 0)", "")


def test_a_comment_stays_with_its_column() -> None:
    key = ForeignKey(("c",), TableName("p"), ("id",), "f")
    assert edited(ddl.AddConstraint(T, key)) == TEXT.split("\n", 1)[1].replace(
        "REPLACE -- the last\n", "REPLACE, -- the last\n  CONSTRAINT f FOREIGN KEY (c) REFERENCES p (id)\n"
    )
    added = edited(ddl.AddColumn(T, Column("d", "TEXT", default="CURRENT_TIME")))
    assert added == TEXT.split("\n", 1)[1].replace("-- about c\n", "-- about c\n  d TEXT DEFAULT CURRENT_TIME,\n")
    dropped = edited(ddl.DropColumn(T, "c"))
    assert "about c" not in dropped
    assert "-- about b" in dropped
    assert "-- a, key" in dropped


def test_a_table_without_text_is_written_from_the_catalog() -> None:
    table = Table(
        T,
        (Column("id", "INTEGER", nullable=False), Column("select", "TEXT", default="f(1)"), Column("p", "INT")),
        PrimaryKey(("id",)),
        (Unique(("select", "p"), "u"),),
        (Check("p > 0 -- ok"),),
        (ForeignKey(("p",), TableName("q"), on_update="CASCADE", deferrable="DEFERRABLE INITIALLY DEFERRED"),),
    )
    (sql,) = engine("sqlite").spell(ddl.CreateTable(table), Schema())
    (read,) = READER.read(sql)
    (atom,) = read.atoms
    assert isinstance(atom, ddl.CreateTable)
    connection = sqlite3.connect(":memory:")
    connection.execute(sql)
    connection.close()
    assert (atom.table.columns, atom.table.uniques, atom.table.checks) == (table.columns, table.uniques, table.checks)
    assert (atom.table.primary_key, atom.table.foreign_keys) == (table.primary_key, table.foreign_keys)


def test_effects_come_from_the_facts_and_know_a_rebuild() -> None:
    schema = schema_of("CREATE TABLE t (a INT, b TEXT)")
    size = TableSize(rows=2_000_000, bytes=1_000)
    rebuild = engine("sqlite").effect(ddl.SetNotNull(T, "a"), schema, size)
    assert (rebuild.operation, rebuild.blocks, rebuild.rewrites_table) == ("rebuild", Blocks.WRITES, True)
    assert rebuild.extra_bytes == 2_000
    assert rebuild.seconds[1] > rebuild.seconds[0] > 0
    assert all("sqlite.org" in source for source in rebuild.sources)
    in_place = engine("sqlite", "3.53").effect(ddl.SetNotNull(T, "a"), schema, size)
    assert (in_place.operation, in_place.rewrites_table, in_place.scans_table) == ("set_not_null", False, True)
    index = engine("sqlite").effect(ddl.CreateIndex(Index("i", T, (IndexKey("a"),))), schema, size, is_new_table=True)
    assert (index.builds_index, index.extra_bytes) == (True, 0)
    assert index.seconds[1] <= 0.1
    assert engine("sqlite").effect(ddl.NoCatalogChange("session"), schema, size).blocks is Blocks.NONE


def test_a_session_waits_for_another_writer() -> None:
    assert engine("sqlite").session_guards((), transaction=True) == ("PRAGMA busy_timeout = 5000",)
