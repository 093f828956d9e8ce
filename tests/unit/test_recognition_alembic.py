"""Recognition of Alembic projects: the configuration in all its forms, the order of revisions, what upgrade() does."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_agents.engines import engine
from domain_agents.migrations.formats import framework
from domain_agents.migrations.recognition.alembic_upgrade import read_upgrade
from domain_agents.operations import CannotPlan
from tests.unit.format_plans import NOT_NULL_COLUMN
from tests.unit.test_recognition import project

INI = "[alembic]\nscript_location = {}\n"


def revision(name: str, down: str = "None", body: str = "pass", *, annotated: bool = False, more: str = "") -> str:
    kind = ": str" if annotated else ""
    return f"revision{kind} = {name!r}\ndown_revision{kind} = {down}\n{more}\n\ndef upgrade():\n    {body}\n"


def versions(directory: str = "alembic/versions") -> dict[str, str]:
    return {f"{directory}/a_one.py": revision("a"), f"{directory}/b_two.py": revision("b", "'a'")}


def sql(body: str, on: str = "postgresql") -> list[str]:
    found = read_upgrade(revision("a", body=body), on)
    assert found.unread == []
    return [call.sql for call in found.calls]


def unread(body: str) -> list[str]:
    return [one.reason for one in read_upgrade(revision("a", body=body), "postgresql").unread]


@pytest.mark.parametrize(
    ("files", "directory"),
    [
        ({"alembic.ini": INI.format("alembic")}, "alembic/versions"),
        ({"alembic.ini": INI.format("%(here)s/alembic")}, "alembic/versions"),
        ({"alembic.ini": INI.format("./db/migrate/")}, "db/migrate/versions"),
        ({"backend/alembic.ini": INI.format("app/alembic")}, "backend/app/alembic/versions"),
        ({"backend/alembic.ini": INI.format("%(here)s/../db")}, "db/versions"),
        ({"alembic.ini": INI.format("shop.db:migrations")}, "shop/db/migrations/versions"),
        ({"alembic.ini": INI.format("a") + "version_locations = %(here)s/one %(here)s/two\n"}, "one"),
        ({"alembic.ini": INI.format("a") + "version_locations = x:y\npath_separator = os\n"}, "x"),
        ({"alembic.ini": INI.format("a") + "path_separator = newline\nversion_locations =\n    p q\n    r\n"}, "p q"),
        ({"alembic.ini": "[loggers]\nscript_location = no\n" + INI.format("yes")}, "yes/versions"),
        ({"pyproject.toml": '[tool.alembic]\nscript_location = "%(here)s/m"\n'}, "m/versions"),
        ({"pyproject.toml": '[tool.alembic]\nscript_location = "m"\nversion_locations = ["x", "y"]\n'}, "x"),
        ({"migrations/alembic.ini": "[alembic]\n", "migrations/env.py": ""}, "migrations/versions"),
        ({"app/m/env.py": "", **versions("app/m/versions")}, "app/m/versions"),
        ({"src/shop/db/env.py": "", "alembic.ini": INI.format("shop:db")}, "src/shop/db/versions"),
    ],
)
def test_the_directory_of_revisions_is_found(files: dict[str, str], directory: str) -> None:
    found = project(files)
    assert (found.framework, found.directory) == ("alembic", directory)


def test_the_head_is_found_whatever_the_form_of_the_revisions() -> None:
    files = {
        "alembic.ini": INI.format("alembic"),
        "alembic/versions/z_first.py": revision("z"),
        "alembic/versions/2024/y_second.py": revision("y", "'z'", annotated=True),
        "alembic/versions/x_third.py": revision("x", "('y',)"),
        "alembic/versions/w_branch.py": revision("w", "'z'", more="branch_labels = ('side',)"),
        "alembic/versions/v_merge.py": revision("v", "['x', 'w']", more="depends_on = None"),
        "alembic/versions/__init__.py": "",
        "alembic/versions/notes.py": "x = 1",
    }
    found = project(files)
    assert (found.head, found.heads, found.ledger) == ("v", ("v",), "alembic_version")
    assert found.schema_from[0].endswith("z_first.py")
    assert found.schema_from[-1].endswith("v_merge.py")
    assert ("alembic/versions/v_merge.py", 1) in [(one.file, one.line) for one in found.evidence]


def test_a_new_revision_goes_where_the_head_is() -> None:
    ini = INI.format("alembic") + "version_locations = one two\n"
    files = {"alembic.ini": ini, "one/a.py": revision("a"), "two/b.py": revision("b", "'a'")}
    assert project(files).directory == "two"


def test_several_heads_are_named_and_a_plan_for_them_is_refused() -> None:
    files = {"alembic.ini": INI.format("alembic"), **versions(), "alembic/versions/c.py": revision("c", "'a'")}
    found = project(files)
    assert (found.head, found.heads) == ("", ("b", "c"))
    with pytest.raises(CannotPlan, match="b, c"):
        framework("alembic").render(NOT_NULL_COLUMN, found, engine("postgresql"), author="", date="")


def test_an_abbreviated_down_revision_is_followed() -> None:
    files = {"alembic.ini": INI.format("alembic"), "alembic/versions/1.py": revision("abcdef123456")}
    assert project({**files, "alembic/versions/2.py": revision("b", "'abcdef'")}).heads == ("b",)


def test_the_naming_of_files_is_the_projects_own() -> None:
    template = INI.format("alembic") + "file_template = %%(year)d_%%(month).2d-%%(rev)s_%%(slug)s\n"
    assert project({"alembic.ini": template}).file_template == "%(year)d_%(month).2d-%(rev)s_%(slug)s"
    assert project({"alembic.ini": INI.format("alembic")}).file_template == "%(rev)s_%(slug)s"


@pytest.mark.parametrize(
    ("names", "numbering", "free"),
    [
        (["001", "002", "010"], "001", "011"),
        (["0001_users", "0002_orders"], "0001_slug", "0003"),
        (["3f1c0b7a9d24", "8a52e6d40c1b"], "alembic", ""),
        (["001", "8a52e6d40c1b"], "alembic", ""),
        (["1"], "alembic", ""),
    ],
)
def test_a_project_that_counts_its_revisions_is_told_from_one_that_does_not(
    names: list[str], numbering: str, free: str
) -> None:
    files = {"alembic.ini": INI.format("alembic")}
    for position, name in enumerate(names):
        down = repr(names[position - 1]) if position else "None"
        files[f"alembic/versions/{name}.py"] = revision(name, down)
    found = project(files)
    assert (found.numbering, found.next_number) == (numbering, free)


def test_a_file_that_is_not_python_costs_itself_only() -> None:
    found = project({"alembic.ini": INI.format("alembic"), **versions(), "alembic/versions/c.py": "def upgrade(:\n"})
    assert found.heads == ("b",)
    assert [(one.file, one.line, one.says) for one in found.unread] == [
        ("alembic/versions/c.py", 1, "this is not Python")
    ]


def test_statements_are_read_as_the_server_gets_them() -> None:
    body = """op.execute("SELECT 'a' ;")
    op.execute(sa.text('SELECT \\\\:x'))
    op.execute(f"SELECT 1")
    op.execute("SELECT " "2")
    op.execute("SELECT " + THREE)
    op.execute(sa.DDL("SELECT '100%%'"))
    op.get_bind().exec_driver_sql("SELECT ':y'")
    connection = op.get_bind()
    connection.execute(text("SELECT 4"))
    op.execute(textwrap.dedent('''
        SELECT 5
    '''))"""
    found = read_upgrade("THREE = '3'\n" + revision("a", body=body), "postgresql")
    assert found.unread == []
    assert [call.sql for call in found.calls] == [
        "SELECT 'a'", "SELECT :x", "SELECT 1", "SELECT 2", "SELECT 3", "SELECT '100%'", "SELECT ':y'", "SELECT 4",
        "SELECT 5",
    ]  # fmt: skip


def test_every_line_is_the_one_in_the_file() -> None:
    found = read_upgrade(
        revision("a", body='op.execute(\n        """\n        SELECT 1\n        """\n    )'), "postgresql"
    )
    assert [(call.sql, call.line) for call in found.calls] == [("SELECT 1", 8)]


def test_what_is_given_a_name_is_read_as_well() -> None:
    body = """n = "x"
    key = sa.Column("id", sa.BigInteger(), primary_key=True)
    t = op.create_table("t", key, sa.Column(n, KIND))
    done = op.get_bind().execute(sa.text("SELECT 1"))
    op.bulk_insert(t, [])
    op.create_index("i", "t", COLUMNS)"""
    found = read_upgrade("KIND = sa.Text()\nCOLUMNS = ['x']\n" + revision("a", body=body), "sqlite")
    assert found.unread == []
    assert [call.sql.partition(" (")[0] for call in found.calls] == [
        'CREATE TABLE "t"', "SELECT 1", 'CREATE INDEX "i" ON "t"',
    ]  # fmt: skip
    assert '"x" TEXT' in found.calls[0].sql


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("op.execute(f'DROP TABLE {name}')", "the text is put together when it runs"),
        ("op.execute('SELECT %s' % name)", "the text is put together when it runs"),
        ("op.execute(users.update().values(x=1))", "the text is put together when it runs"),
        ("for t in tables:\n        op.drop_table(t)", "only running it would tell what it does"),
        ("if context.is_offline_mode():\n        op.drop_table('t')", "only running it would tell what it does"),
        (
            "if not ready:\n        op.drop_table('t')\n    else:\n        op.drop_table('u')",
            "only running it would tell what it does",
        ),
        ("if not ready:\n        helper()", "this stands behind a condition and is read as if it ran"),
        ("with open('x.sql') as f:\n        op.execute(f.read())", "only running it would tell what it does"),
        ("helper()", "helper is not an operation that is read"),
        ("op.create_table('t', *columns)", "a column of the table is not written out"),
        ("op.create_index('i', 't', columns)", "the index's columns are not written out"),
        ("connection.execute(sa.text('SELECT :x'), {'x': 1})", "the statement has parameters"),
        ("op.create_table('t', sa.Column('id'))", "a column has no type"),
        ("op.add_column('t', column)", "the column is not written out"),
        ("op.drop_column('t')", "drop_column has no column_name"),
    ],
)
def test_what_only_running_would_tell_is_listed_and_not_guessed(body: str, reason: str) -> None:
    assert unread(body)[0] == reason
    assert read_upgrade(revision("a", body=body), "postgresql").calls == []


def test_a_type_of_the_projects_own_keeps_its_name_and_is_said() -> None:
    found = read_upgrade(revision("a", body="op.add_column('t', sa.Column('x', app.types.GUID()))"), "postgresql")
    assert [call.sql for call in found.calls] == ['ALTER TABLE "t" ADD COLUMN "x" "GUID"']
    assert found.unread[0].reason == "GUID is a type of the project's own and stands under its name"


def test_an_enum_of_the_applications_costs_its_labels_only() -> None:
    found = read_upgrade(
        revision("a", body="op.add_column('t', sa.Column('x', sa.Enum(Scope, name='scope')))"), "postgresql"
    )
    assert [call.sql for call in found.calls] == [
        'ALTER TABLE "t" ADD COLUMN "x" "scope"',
    ]
    assert "labels of scope are the application's" in found.unread[0].reason


@pytest.mark.parametrize("guard", ["'t' not in inspector.get_table_names()", "not has_table('t')"])
def test_what_is_made_unless_it_is_there_is_read_and_the_condition_said(guard: str) -> None:
    found = read_upgrade(
        revision("a", body=f"if {guard}:\n        op.execute('CREATE TABLE t (id int)')"), "postgresql"
    )
    assert [call.sql for call in found.calls] == ["CREATE TABLE t (id int)"]
    assert [one.reason for one in found.unread] == ["this stands behind a condition and is read as if it ran"]


def test_an_early_return_is_said() -> None:
    body = "if 't' in tables:\n        return\n    op.execute('CREATE TABLE t (id int)')"
    found = read_upgrade(revision("a", body=body), "postgresql")
    assert len(found.calls) == 1
    assert [one.reason for one in found.unread] == ["what follows stands behind a condition and is read as if it ran"]


def test_types_are_spelled_for_the_engine() -> None:
    body = "op.create_table('t', sa.Column('id', sa.Integer(), primary_key=True), sa.Column('at', sa.DateTime()))"
    assert '"id" SERIAL NOT NULL' in sql(body)[0]
    assert '"at" TIMESTAMP WITHOUT TIME ZONE' in sql(body)[0]
    assert '"id" INTEGER NOT NULL' in sql(body, "sqlite")[0]
    assert '"at" DATETIME' in sql(body, "sqlite")[0]
    variant = "op.add_column('t', sa.Column('x', sa.JSON().with_variant(postgresql.JSONB(), 'postgresql')))"
    assert (sql(variant)[0][-5:], sql(variant, "sqlite")[0][-4:]) == ("JSONB", "JSON")


def test_names_are_quoted_so_that_none_can_escape() -> None:
    assert sql("""op.drop_column('a"; DROP TABLE b; --', 'c', schema='s')""") == [
        'ALTER TABLE "s"."a""; DROP TABLE b; --" DROP COLUMN "c"'
    ]


def test_an_autocommit_block_splits_the_transactions_of_a_revision() -> None:
    body = """op.execute("SELECT 1")
    with op.get_context().autocommit_block():
        op.execute("SELECT 2")
    op.execute("SELECT 3")"""
    read = framework("alembic").read("x.py", revision("a", body=body), "postgresql")
    assert [(one.sql, one.transaction) for one in read.statements] == [
        ("SELECT 1", 1),
        ("SELECT 2", 0),
        ("SELECT 3", 2),
    ]
    assert not read.transaction


def test_a_revision_without_upgrade_is_said() -> None:
    assert read_upgrade("revision = 'a'", "postgresql").unread[0].reason == "there is no function upgrade()"


def test_a_long_history_is_recognised_in_one_walk() -> None:
    files = {"alembic.ini": INI.format("alembic")}
    for n in range(2000):
        body = f"op.add_column('t', sa.Column('c{n}', sa.Text()))"
        files[f"alembic/versions/r{n}.py"] = revision(f"r{n:04}x", repr(f"r{n - 1:04}x") if n else "None", body)
    found = project(files, engine="postgresql")
    assert found.heads == ("r1999x",)
    assert found.schema_sql.index('"c0"') < found.schema_sql.index('"c999"') < found.schema_sql.index('"c1999"')


@given(st.text(st.sampled_from(list("op.execute('\")(:\\%\n +f{}[]=,ab1sqTextColumn")), max_size=80))
def test_no_source_makes_the_reader_fail(body: str) -> None:
    source = f"def upgrade():\n    {body}\n"
    found = read_upgrade(source, "postgresql")
    try:
        ast.parse(source)
    except (SyntaxError, ValueError):
        assert found.unread
