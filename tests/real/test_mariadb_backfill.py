"""The backfill of MariaDB on a MariaDB: any key, any name, cut off and gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain_agents import ddl
from domain_agents.catalog import Column, TableName
from domain_agents.dialects import dialect, replay
from domain_agents.engines import Backfill, CannotSpell, engine
from domain_agents.migrations.formats._sql import terminated

if TYPE_CHECKING:
    from tests.real.mariadb_server import Database, MariaDB

MARIADB = engine("mariadb", "10.11")
KEYS = {
    "unsigned": ("id bigint unsigned NOT NULL", ("id",), "18446744073709550000 + n"),
    "text in another collation": (
        "id varchar(40) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL",
        ("id",),
        "CONCAT(IF(n % 2, 'a', 'A'), n, ' é')",
    ),
    "binary": ("id binary(16) NOT NULL", ("id",), "UNHEX(MD5(n))"),
    "date and text": ("a date NOT NULL, id varchar(9) NOT NULL", ("a", "id"), "'2026-01-01' + INTERVAL n % 7 DAY, n"),
    "three": (
        "a smallint NOT NULL, b decimal(5,1) NOT NULL, id int NOT NULL",
        ("a", "b", "id"),
        "n % 3, n % 5 / 2, -n",
    ),
    "time with fractions": ("id datetime(6) NOT NULL", ("id",), "'2026-01-01' + INTERVAL n MICROSECOND"),
}


def file_of(database: Database, table: str, *, expression: str, batch_rows: int, pause: float = 0.0) -> str:
    """The statements of a backfill of the column `new` as a file for the client."""
    schema, unread = replay(database.definition(table), dialect("mariadb"))
    assert unread == ()
    (found,) = schema.tables.values()
    assert found.primary_key is not None
    fill = Backfill(found.name, "new", expression, found.primary_key.columns, batch_rows, pause)
    statements = MARIADB.spell_backfill(fill, None, schema)
    return "\n".join(terminated(sql, "mariadb") for sql in statements)


@pytest.mark.parametrize("name", KEYS)
def test_a_backfill_walks_along_any_key(name: str, mariadb: MariaDB) -> None:
    columns, key, values = KEYS[name]
    made = mariadb.database()
    made.run(
        f"CREATE TABLE t ({columns}, n int, new int, PRIMARY KEY ({', '.join(key)}))",
        f"INSERT INTO t ({', '.join(key)}, n, new) SELECT {values}, n, IF(n % 10, NULL, -1) "
        "FROM (SELECT seq AS n FROM seq_1_to_1000) s",
    )
    before = made.fingerprint("SELECT n FROM t")
    assert made.run_file(file_of(made, "t", expression="n + 1", batch_rows=97)) == ""
    assert made.value("SELECT count(*) FROM t WHERE new = n + 1") == 900
    assert made.value("SELECT count(*) FROM t WHERE new = -1") == 100
    assert made.fingerprint("SELECT n FROM t") == before
    assert made.rows("SHOW TABLES") == [("t",)]


def test_a_key_that_sorts_and_compares_differently_is_refused(mariadb: MariaDB) -> None:
    made = mariadb.database()
    made.run("CREATE TABLE t (id enum('z','b','m') PRIMARY KEY, new int)")
    with pytest.raises(CannotSpell, match="sorts by position"):
        file_of(made, "t", expression="1", batch_rows=10)


@pytest.mark.parametrize("rows", [0, 1, 49, 50, 51, 100])
def test_no_row_is_left_at_the_edge_of_a_batch(rows: int, mariadb: MariaDB) -> None:
    made = mariadb.database()
    made.run("CREATE TABLE t (id int PRIMARY KEY, new int)", f"INSERT INTO t SELECT seq * 3, NULL FROM seq_0_to_{rows}")
    made.run(f"DELETE FROM t WHERE id = {rows * 3}")
    assert made.run_file(file_of(made, "t", expression="id", batch_rows=50)) == ""
    assert made.rows("SELECT count(*), count(new) FROM t") == [(rows, rows)]


def test_a_backfill_that_is_killed_goes_on_where_it_stopped(mariadb: MariaDB) -> None:
    made = mariadb.database()
    made.run(
        "CREATE TABLE t (id int PRIMARY KEY, new int, touched int NOT NULL DEFAULT 0)",
        "INSERT INTO t (id) SELECT seq FROM seq_1_to_5000",
        "CREATE TRIGGER counts BEFORE UPDATE ON t FOR EACH ROW SET NEW.touched = OLD.touched + 1",
    )
    text = file_of(made, "t", expression="id * 2", batch_rows=100, pause=0.05)
    reached = 0
    for _ in range(2):
        runs = made.start_file(text)
        while made.value("SELECT count(new) FROM t") < reached + 300:
            assert runs.poll() is None, "the run ended before it could be killed"
        (connection,) = made.rows(
            f"SELECT ID FROM information_schema.PROCESSLIST WHERE DB = '{made.name}' AND ID <> CONNECTION_ID()"
        )
        made.run(f"KILL {connection[0]}")
        assert runs.communicate(timeout=60)[1]
        reached = made.value("SELECT count(new) FROM t")
        place, filled = made.rows("SELECT backfill_key_1, backfill_rows_filled FROM t_new_backfill")[0]
        # What is filled and how far it says it came were committed together.
        assert reached == filled == place - 1
        assert reached % 100 == 0
    made.run("UPDATE t SET new = 0 WHERE id = 5000")
    assert made.run_file(file_of(made, "t", expression="id * 2", batch_rows=100)) == ""
    assert made.value("SELECT count(*) FROM t WHERE new = id * 2") == 4999
    assert made.rows("SELECT DISTINCT touched FROM t") == [(1,)]
    assert made.run_file(file_of(made, "t", expression="id * 2", batch_rows=100)) == ""
    assert made.rows("SELECT DISTINCT touched FROM t") == [(1,)]


def test_rows_that_come_in_meanwhile_are_filled_and_nobody_waits_for_the_whole(mariadb: MariaDB) -> None:
    made = mariadb.database()
    made.run("CREATE TABLE t (id int PRIMARY KEY, new int)", "INSERT INTO t SELECT seq, NULL FROM seq_1_to_2000")
    runs = made.start_file(file_of(made, "t", expression="id", batch_rows=100, pause=0.02))
    written = 0
    while runs.poll() is None:
        written += 1
        made.run(f"INSERT INTO t (id, new) VALUES ({2000 + written}, NULL)", "UPDATE t SET new = new WHERE id = 1")
        if written == 50:
            break
    assert runs.communicate(timeout=60)[1] == ""
    assert written > 1
    assert made.value("SELECT count(*) FROM t WHERE new IS NULL") <= written
    assert made.value("SELECT count(*) FROM t WHERE id <= 2000 AND new IS NULL") == 0


def test_an_error_in_a_batch_leaves_no_half_of_it(mariadb: MariaDB) -> None:
    made = mariadb.database()
    made.run(
        "CREATE TABLE t (id int PRIMARY KEY, new int, CHECK (new <> 150))",
        "INSERT INTO t SELECT seq, NULL FROM seq_1_to_300",
    )
    text = file_of(made, "t", expression="id", batch_rows=100)
    assert "CONSTRAINT" in made.run_file(text)
    assert made.value("SELECT count(new) FROM t") == 100
    made.run("UPDATE t SET new = -1 WHERE id = 150")
    assert made.run_file(text) == ""
    assert made.value("SELECT count(new) FROM t") == 300


_NAMES = st.text(st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"]), min_size=1, max_size=20)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.lists(_NAMES, min_size=3, max_size=3, unique_by=str.casefold), data=st.data())
def test_no_name_escapes(names: list[str], data: st.DataObject, mariadb: MariaDB) -> None:
    table, key, column = names
    try:
        written = [MARIADB.quote(name) for name in names]
    except CannotSpell:
        return
    made = mariadb.database()
    made.run(
        f"CREATE TABLE {written[0]} ({written[1]} int PRIMARY KEY)", f"INSERT INTO {written[0]} VALUES (1), (2), (3)"
    )
    schema, unread = replay(made.definition(table), dialect("mariadb"))
    assert unread == ()
    name = TableName(table)
    default = data.draw(st.sampled_from([None, "'it''s'", "'a\\\\'", '"x"']))
    add = ddl.AddColumn(name, Column(column, "varchar(9)", default=default))
    (sql,) = MARIADB.spell(add, schema)
    (read,) = dialect("mariadb").read(sql)
    assert read.atoms == (add,)
    made.run(sql, f"UPDATE {written[0]} SET {written[2]} = NULL")
    statements = MARIADB.spell_backfill(Backfill(name, column, "'done'", (key,), 2, 0), None, add.apply(schema))
    text = "\n".join(terminated(one, "mariadb") for one in statements)
    assert made.run_file(text) == ""
    assert made.rows(f"SELECT {written[2]} FROM {written[0]}") == [("done",)] * 3
    assert made.rows("SHOW TABLES") == [(table,)]
