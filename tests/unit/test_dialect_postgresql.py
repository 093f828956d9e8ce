"""PostgreSQL's SQL is read as the server would, kept as it was written, and never raises."""

from __future__ import annotations

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
from domain_agents.engines import engine

READER = dialect("postgresql")
POSTGRESQL = engine("postgresql", "16")
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


def atoms(sql: str) -> tuple[ddl.Statement, ...]:
    statements = READER.read(sql)
    assert not [statement.problem for statement in statements if statement.problem]
    return tuple(atom for statement in statements for atom in statement.atoms)


def test_types_defaults_and_expressions_are_kept_as_written() -> None:
    (created,) = atoms(
        """CREATE TABLE app.users (
             id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
             email  varchar( 255 )  COLLATE "C" NOT NULL DEFAULT 'a''b;' UNIQUE,
             at timestamp with time zone DEFAULT now() NOT NULL,
             n numeric(10, 2) CHECK (n > (0) AND n < 100),
             total numeric GENERATED ALWAYS AS (n * 2) STORED,
             tags text[] DEFAULT '{}'::text[],
             CONSTRAINT ck CHECK (length(email) > 3)
           )"""
    )
    assert isinstance(created, ddl.CreateTable)
    table = created.table
    assert table.name == TableName("users", "app")
    assert table.columns == (
        Column("id", "bigint", nullable=False, identity="always"),
        Column("email", "varchar( 255 )", nullable=False, default="'a''b;'", collation="C"),
        Column("at", "timestamp with time zone", nullable=False, default="now()"),
        Column("n", "numeric(10, 2)"),
        Column("total", "numeric", generated="n * 2"),
        Column("tags", "text[]", default="'{}'::text[]"),
    )
    assert table.primary_key == PrimaryKey(("id",), "users_pkey")
    assert table.uniques == (Unique(("email",), "users_email_key"),)
    assert table.checks == (Check("n > (0) AND n < 100", "users_n_check"), Check("length(email) > 3", "ck"))


def test_an_index_keeps_its_keys_order_method_and_condition() -> None:
    (created,) = atoms(
        'CREATE UNIQUE INDEX CONCURRENTLY i ON app.t USING btree (lower(email) text_pattern_ops, "B c" DESC NULLS LAST, '
        "(n + 1)) INCLUDE (id) WHERE n > 1 AND (m IS NULL)"
    )
    assert created == ddl.CreateIndex(
        Index(
            "i",
            TableName("t", "app"),
            (
                IndexKey("lower(email)", is_expression=True, suffix="text_pattern_ops"),
                IndexKey("B c", descending=True, suffix="NULLS LAST"),
                IndexKey("n + 1", is_expression=True),
            ),
            unique=True,
            include=("id",),
            where="n > 1 AND (m IS NULL)",
        ),
        concurrently=True,
    )


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("CREATE INDEX ON t (lower(email))", "t_lower_idx"),
        ("CREATE INDEX ON t (a, b)", "t_a_b_idx"),
        ("CREATE INDEX ON t ((a + 1))", "t_expr_idx"),
        (f"CREATE INDEX ON {'t' * 60} ({'c' * 60})", f"{'t' * 29}_{'c' * 29}_idx"),
    ],
)
def test_an_index_without_a_name_gets_the_one_the_server_would_give(sql: str, name: str) -> None:
    (created,) = atoms(sql)
    assert isinstance(created, ddl.CreateIndex)
    assert created.index.name == name


def test_every_action_of_one_alter_table_is_an_atom() -> None:
    table = TableName("t")
    assert atoms(
        "ALTER TABLE t ADD COLUMN a text NOT NULL DEFAULT gen_random_uuid()::text, ALTER COLUMN b SET NOT NULL, "
        "ALTER b SET DEFAULT (1 + 2), ALTER c TYPE bigint USING (c::bigint), DROP COLUMN IF EXISTS d, "
        "ADD CONSTRAINT fk FOREIGN KEY (b) REFERENCES p (id) ON DELETE SET NULL DEFERRABLE NOT VALID, "
        "VALIDATE CONSTRAINT fk, DROP CONSTRAINT old"
    ) == (
        ddl.AddColumn(
            table,
            Column("a", "text", nullable=False, default="gen_random_uuid()::text"),
            default_is_volatile=True,
        ),
        ddl.SetNotNull(table, "b"),
        ddl.SetDefault(table, "b", "(1 + 2)"),
        ddl.ChangeType(table, "c", "bigint", "(c::bigint)"),
        ddl.DropColumn(table, "d", if_exists=True),
        ddl.AddConstraint(
            table,
            ForeignKey(
                ("b",),
                TableName("p"),
                ("id",),
                "fk",
                on_delete="SET NULL",
                deferrable="DEFERRABLE",
                validated=False,
            ),
        ),
        ddl.ValidateConstraint(table, "fk"),
        ddl.DropConstraint(table, "old"),
    )


@pytest.mark.parametrize(
    ("sql", "clause"),
    [
        ("CREATE INDEX i ON t (a) WITH (fillfactor = 70)", "WITH (...)"),
        ("CREATE INDEX i ON ONLY t (a)", "ONLY"),
        ("CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT", "NULLS NOT DISTINCT"),
        ("ALTER TABLE t ADD CONSTRAINT u UNIQUE (a) DEFERRABLE", "DEFERRABLE"),
        ("ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p MATCH FULL", "MATCH FULL"),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED", "NOT ENFORCED"),
        ("ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NO INHERIT", "NO INHERIT"),
        ("ALTER TABLE IF EXISTS t ADD COLUMN a int", "IF EXISTS"),
        ("ALTER TABLE ONLY t ADD COLUMN a int", "ONLY"),
        ("ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS IDENTITY (START 7)", "the identity's options"),
        ("DROP TABLE t CASCADE", "CASCADE"),
        ("DO $$ BEGIN NULL; END $$", "what the DO block does"),
    ],
)
def test_a_clause_that_the_model_does_not_hold_is_named(sql: str, clause: str) -> None:
    (statement,) = READER.read(sql)
    assert (statement.problem, clause in statement.dropped) == ("", True)


@pytest.mark.parametrize(
    "sql", ["SELECT * INTO t2 FROM t", "CREATE TABLE t2 AS SELECT 1", "ALTER TABLE t SET SCHEMA other"]
)
def test_a_statement_that_changes_tables_in_a_way_that_is_not_modelled_is_not_taken_for_harmless(sql: str) -> None:
    (statement,) = READER.read(sql)
    assert "not understood" in statement.problem


def test_constraints_without_a_name_get_the_servers_names() -> None:
    (created,) = atoms("CREATE TABLE t (a int CHECK (a > 0) CHECK (a < 9), b int, CHECK (b > 0), CHECK (a < b))")
    assert isinstance(created, ddl.CreateTable)
    assert [check.name for check in created.table.checks] == ["t_a_check", "t_a_check1", "t_b_check", "t_check"]


def test_one_strange_statement_costs_only_itself() -> None:
    read = READER.read("CREATE TABLE a (id int);\nALTR TABLE a;\n\\d a\nCREATE TABLE b (id int);\nSELECT 'unclosed")
    assert [(statement.line, bool(statement.problem)) for statement in read] == [
        (1, False),
        (2, True),
        (3, True),
        (4, False),
        (5, True),
    ]
    schema, unread = replay("CREATE TABLE a (id int); ALTER TABLE nope ADD x int; CREATE TABLE b (id int)", READER)
    assert sorted(str(name) for name in schema.tables) == ["a", "b"]
    assert [one.reason for one in unread] == ["there is no table nope"]


def test_semicolons_in_bodies_and_strings_do_not_split_a_statement() -> None:
    sql = (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END;"
        "DO $x$ BEGIN PERFORM 1; END $x$; SELECT ';' AS \";\" /* ; */ -- ;\n;"
    )
    assert [statement.sql.split()[0] for statement in READER.read(sql)] == ["CREATE", "DO", "SELECT"]


def test_offsets_count_characters_and_lines() -> None:
    (first, second) = READER.read("-- é\nSELECT 'é';\n\n  SELECT 2")
    assert (first.start, first.line, first.sql) == (5, 2, "SELECT 'é'")
    assert (second.start, second.line) == (20, 4)


@pytest.mark.parametrize(
    "expression", ["'en'", "0", "now()", "current_timestamp", "'{}'::jsonb", "lower('A')", "coalesce(NULL, 1)", "-1"]
)
def test_an_expression_that_is_the_same_for_every_row_is_not_volatile(expression: str) -> None:
    assert not READER.is_volatile(expression)
    assert READER.fault(expression) == ""


@pytest.mark.parametrize(
    "expression", ["random()", "gen_random_uuid()", "clock_timestamp()", "nextval('s')", "f(1)", "lower(email)", "1;"]
)
def test_what_may_differ_from_row_to_row_is_volatile(expression: str) -> None:
    assert READER.is_volatile(expression)


@pytest.mark.parametrize(
    "text", ["", "  ", "1; DROP TABLE t", "1) , (2", "a -- b", "a /* b */", "1, 2", "SELECT 1", "("]
)
def test_what_is_not_one_expression_is_refused(text: str) -> None:
    assert READER.fault(text)


@given(st.text(max_size=200))
def test_no_text_raises(text: str) -> None:
    for statement in READER.read(text):
        assert statement.problem or statement.atoms
        assert 1 <= statement.line <= text.count("\n") + 1
    READER.is_volatile(text)
    READER.fault(text)


@given(
    st.lists(
        st.sampled_from(
            [
                "ALTER",
                "TABLE",
                "t",
                '"a b"',
                "ADD",
                "COLUMN",
                "(",
                ")",
                ",",
                ";",
                "'x'",
                "NOT",
                "NULL",
                "CHECK",
                "$$",
                "1",
            ]
        ),
        max_size=14,
    )
)
def test_no_jumble_of_sql_words_raises(words: list[str]) -> None:
    for statement in READER.read(" ".join(words)):
        assert statement.problem or statement.atoms


@given(table=names, schema=st.one_of(st.just(""), names), column=names, other=names)
def test_whatever_the_names_a_spelled_statement_is_read_back_as_it_was(
    table: str, schema: str, column: str, other: str
) -> None:
    name = TableName(table, schema)
    wanted: tuple[ddl.Statement, ...] = (
        ddl.AddColumn(name, Column(column, "text", nullable=False, default="'a'")),
        ddl.SetNotNull(name, column),
        ddl.SetDefault(name, column, "'a;b'"),
        ddl.AddConstraint(name, ForeignKey((column,), TableName(other), (column,), other, validated=False)),
        ddl.AddConstraint(name, Check(f"{POSTGRESQL.quote(column)} IS NOT NULL", other, validated=False)),
        ddl.ValidateConstraint(name, other),
        ddl.DropConstraint(name, other),
        ddl.CreateIndex(Index(other, name, (IndexKey(column, descending=True),), where="true"), concurrently=True),
        ddl.DropIndex(other, concurrently=True, if_exists=True, schema=schema),
        ddl.DropColumn(name, column),
    )
    for statement in wanted:
        (sql,) = POSTGRESQL.spell(statement, Schema())
        assert atoms(sql) == (statement,)


def test_a_replayed_history_arrives_where_the_statements_lead() -> None:
    schema, unread = replay(
        """
        CREATE TABLE users (id bigserial PRIMARY KEY, email text);
        CREATE TABLE public.orders (id bigint PRIMARY KEY, user_id bigint REFERENCES users);
        CREATE INDEX orders_user ON orders (user_id);
        ALTER TABLE users RENAME COLUMN email TO mail;
        ALTER TABLE public.users ALTER mail SET NOT NULL;
        ALTER TABLE users RENAME TO people;
        DROP INDEX orders_user;
        CREATE VIEW v AS SELECT 1;
        INSERT INTO people (mail) VALUES ('a');
        """,
        READER,
    )
    assert unread == ()
    people = schema.table(TableName("people"))
    assert people == Table(
        TableName("people"),
        (Column("id", "bigserial", nullable=False), Column("mail", "text", nullable=False)),
        PrimaryKey(("id",), "users_pkey"),
    )
    orders = schema.table(TableName("orders"))
    assert orders is not None
    assert orders.foreign_keys[0].parent == TableName("people")
    assert schema.indexes == {}
    assert schema.extras == ("CREATE VIEW v AS SELECT 1",)


def test_the_columns_that_set_null_empties_are_read_and_written() -> None:
    sql = (
        "CREATE TABLE b (t bigint NOT NULL, a_id bigint, CONSTRAINT b_a_id_fkey FOREIGN KEY (t, a_id) REFERENCES a (t, id) "
        "ON DELETE SET NULL (a_id))"
    )
    (statement,) = READER.read(sql)
    assert (statement.problem, statement.dropped) == ("", ())
    (atom,) = statement.atoms
    assert isinstance(atom, ddl.CreateTable)
    assert atom.table.foreign_keys[0].set_columns == ("a_id",)
    assert "ON DELETE SET NULL (a_id)" in POSTGRESQL.spell(atom, Schema())[0]
