"""Formats: a rendered file holds the statements of the plan and nothing that a text in the plan could smuggle in."""

from __future__ import annotations

import ast
import re
import string
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain_agents.engines import engine
from domain_agents.migrations.formats import OutsideTransaction, framework, framework_names
from domain_agents.migrations.formats._header import moment, safe_slug
from domain_agents.migrations.plan import PlannedDeploy, Project
from domain_agents.migrations.recognition.alembic_literal import as_text, from_text, python_literal
from domain_agents.operations import CannotPlan
from tests.unit.format_plans import (
    NOT_NULL_COLUMN,
    PROJECTS,
    arranged,
    migration,
    migrations,
    plan_of,
    read_back,
    rendered,
)

if TYPE_CHECKING:
    from collections.abc import Mapping


POSTGRESQL = engine("postgresql", "16")
SQLITE = engine("sqlite")
ALEMBIC = PROJECTS["alembic"]


def statements(name: str, path: str, content: str, on: str = "postgresql") -> list[str]:
    return [one.sql for one in framework(name).read(path, content, on).statements]


def only(files: Mapping[str, str]) -> tuple[str, str]:
    ((path, content),) = files.items()
    return path, content


@pytest.mark.parametrize("name", framework_names())
def test_what_is_read_back_is_what_was_planned(name: str) -> None:
    contents = rendered(name, NOT_NULL_COLUMN)
    plan = arranged(name, NOT_NULL_COLUMN)
    files = migrations(name, contents)
    for planned, content, read in zip(plan.migrations, files.values(), read_back(name, contents), strict=True):
        assert not read.unread
        # One statement commits together with itself, whoever opens a transaction.
        assert read.transaction is planned.transaction or (planned.transaction and len(read.statements) == 1)
        found = [one.sql for one in read.statements if not one.sql.startswith(("SET", "RESET"))]
        assert found == list(planned.statements)
        for one in read.statements:
            first = one.sql.partition("\n")[0]
            shown = content.split("\n")[one.line - 1]
            assert first in shown or first.replace("\\", "\\\\") in shown or "op.execute(" in shown


@pytest.mark.parametrize("name", framework_names())
def test_rendering_twice_gives_the_same_bytes(name: str) -> None:
    assert rendered(name, NOT_NULL_COLUMN, author="Ada") == rendered(name, NOT_NULL_COLUMN, author="Ada")


@pytest.mark.parametrize("name", framework_names())
def test_what_cannot_run_in_a_transaction_is_read_back_outside_one(name: str) -> None:
    for read in read_back(name, rendered(name, NOT_NULL_COLUMN)):
        alone = [one for one in read.statements if "CONCURRENTLY" in one.sql or one.sql.startswith("CALL")]
        assert all(one.transaction == 0 for one in alone)
        if framework(name).outside_transaction is OutsideTransaction.ONE_STATEMENT and alone:
            assert len(read.statements) == 1


@pytest.mark.parametrize("name", framework_names())
def test_a_header_says_everything_a_person_must_know_before_running_the_file(name: str) -> None:
    files = list(migrations(name, rendered(name, NOT_NULL_COLUMN, author="Ada")).values())
    for label in ("Engine: PostgreSQL 16", "Purpose: ", "Affected rows (estimated): 12,000,000", "Expected duration: "):
        assert all(label in content for content in files)
    for label in ("Lock impact: ", "Free-space cost: ", "Dependencies: must run after ", "Undo plan: ", "Author: Ada"):
        assert all(label in content for content in files)
    assert "deploy 'the application writes users.locale' must be live first" in re.sub(
        r"\n(?:--|//|#)? +", " ", files[1]
    )
    index = next(content for content in files if 'CONCURRENTLY "' in content)
    assert "Check first: SELECT 1;" in index
    assert "This undo loses data." in files[0]
    assert "This undo loses data." not in index


def test_settings_are_local_inside_a_transaction_and_taken_back_outside() -> None:
    files = list(rendered("raw", NOT_NULL_COLUMN).values())
    assert "BEGIN;\n\nSET LOCAL lock_timeout = '2s';" in files[0]
    assert "SET LOCAL" not in files[1]
    assert "BEGIN;\n" not in files[1]
    assert files[1].endswith("RESET statement_timeout;\n")


def test_a_runner_that_may_open_the_transaction_is_not_disturbed() -> None:
    project = Project(directory="m", next_number="2", transactions="runner")
    _, content = only(rendered("raw", plan_of(migration("a", "SELECT 1")), project))
    assert "BEGIN" not in content
    assert "COMMIT" not in content
    assert "SET lock_timeout = '2s';" in content
    assert content.endswith("RESET lock_timeout;\n")


def test_the_projects_own_ledger_statement_is_repeated_in_its_form() -> None:
    project = Project(
        directory="m",
        numbering="001",
        next_number="007",
        ledger_insert="INSERT INTO applied (id, name, on_day) VALUES ({integer}, '{stem}', '{date}')",
    )
    _, content = only(rendered("raw", plan_of(migration("add_it", "SELECT 1")), project))
    assert "INSERT INTO applied (id, name, on_day) VALUES (7, '007_add_it', '2026-11-21');\n\nCOMMIT;\n" in content


def test_files_are_numbered_after_the_newest_in_the_projects_own_style() -> None:
    two = plan_of(migration("first", "SELECT 1"), migration("second", "SELECT 2"))
    cases = {
        ("0001", "0018", "{number}_{slug}.sql"): ["0018_first.sql", "0019_second.sql"],
        ("0001", "9999", "{number}_{slug}.sql"): ["9999_first.sql", "10000_second.sql"],
        ("1", "18", "m{number}-{slug-dashed}.up.sql"): ["m18-first.up.sql", "m19-second.up.sql"],
        ("YYYYMMDDHHMMSS", "20260101000001", "{number}_{slug}.sql"): [
            "20261121000000_first.sql",
            "20261121000001_second.sql",
        ],
        ("YYYYMMDDHHMMSS", "20270101000001", "{number}_{slug}.sql"): [
            "20270101000001_first.sql",
            "20270101000002_second.sql",
        ],
        ("YYYY-MM-DD", "2026-01-02", "{number}-{slug}.sql"): ["2026-11-21-first.sql", "2026-11-22-second.sql"],
        ("seconds", "1700000000", "{number}_{slug}.sql"): ["1795219200_first.sql", "1795219201_second.sql"],
    }
    for (numbering, free, template), names in cases.items():
        project = Project(directory="m", numbering=numbering, next_number=free, file_template=template)
        assert [path.removeprefix("m/") for path in rendered("raw", two, project)] == names


def test_a_project_without_migrations_gets_a_directory_and_a_first_number() -> None:
    assert list(rendered("raw", plan_of(migration("a", "SELECT 1")), Project())) == ["migrations/0001_a.sql"]


def test_sqlite_pragmas_that_mean_nothing_in_a_transaction_stand_around_it() -> None:
    planned = migration(
        "drop_column",
        "PRAGMA foreign_keys = OFF",
        "DROP TABLE a",
        "PRAGMA foreign_keys = ON",
        guards=("PRAGMA busy_timeout = 5000",),
    )
    plan = plan_of(planned, engine="sqlite", version="3.40")
    for name in ("raw", "alembic"):
        path, content = only(rendered(name, plan))
        read = framework(name).read(path, content, "sqlite").statements
        assert [(one.sql, one.transaction) for one in read] == [
            ("PRAGMA busy_timeout = 5000", 0),
            ("PRAGMA foreign_keys = OFF", 0),
            ("DROP TABLE a", 1),
            ("PRAGMA foreign_keys = ON", 0),
        ]


def test_a_comment_at_the_end_of_a_statement_does_not_swallow_the_next() -> None:
    path, content = only(rendered("raw", plan_of(migration("a", "SELECT 1 -- one", "SELECT 2", guards=()))))
    assert statements("raw", path, content) == ["SELECT 1", "SELECT 2"]


def test_statements_that_hold_their_own_transaction_get_no_second_one() -> None:
    planned = migration("rebuild", "BEGIN IMMEDIATE", "DROP TABLE a", "COMMIT", guards=(), transaction=False)
    project = Project(directory="m", next_number="2", ledger_insert="INSERT INTO l VALUES ('{stem}')")
    for name in ("raw", "alembic"):
        path, content = only(rendered(name, plan_of(planned, engine="sqlite", version="3.40"), project))
        assert content.count("BEGIN IMMEDIATE") == 1
        assert content.count("COMMIT") == 1
        assert "autocommit_block" not in content
        inside = [one.sql for one in framework(name).read(path, content, "sqlite").statements if one.transaction]
        # First, so that whatever rolls the change back takes the record along.
        record = ["INSERT INTO l VALUES ('2_rebuild')"] if name == "raw" else []
        assert inside == [*record, "DROP TABLE a"]


def test_batches_that_commit_one_by_one_stay_so_under_alembic_on_sqlite() -> None:
    planned = migration("fill", "UPDATE a SET b = 1", guards=(), transaction=False)
    path, content = only(rendered("alembic", plan_of(planned, engine="sqlite", version="3.40")))
    assert "autocommit_block" in content
    assert not framework("alembic").read(path, content, "sqlite").transaction


def test_alembic_revisions_follow_each_other_from_the_projects_head() -> None:
    files = rendered("alembic", NOT_NULL_COLUMN)
    down = ALEMBIC.head
    for path, content in files.items():
        values = {
            node.targets[0].id: ast.literal_eval(node.value)
            for node in ast.parse(content).body
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        assert values["down_revision"] == down
        down = values["revision"]
        assert path.startswith(f"alembic/versions/{down}_")
        assert len(down) == 12
    assert len(files) == len(NOT_NULL_COLUMN.migrations)


def test_an_alembic_project_that_counts_its_revisions_is_counted_on() -> None:
    counted = Project(directory="v", numbering="001", next_number="009", head="008")
    assert next(iter(rendered("alembic", NOT_NULL_COLUMN, counted))) == "v/009_add_locale_to_users.py"
    named = Project(directory="v", numbering="001_slug", next_number="009", head="008_x", file_template="%(rev)s")
    files = rendered("alembic", NOT_NULL_COLUMN, named)
    assert list(files)[:2] == ["v/009_add_locale_to_users.py", "v/010_fill_users_locale.py"]
    assert all(len(path.removeprefix("v/").removesuffix(".py")) <= 32 for path in files)


def test_an_alembic_file_is_named_by_the_projects_template() -> None:
    template = "%(year)d_%(month).2d_%(day).2d_%(hour).2d%(minute).2d%(second).2d-%(rev)s_%(slug)s"
    project = Project(directory="v", head="a1", file_template=template)
    names = [path.removeprefix("v/") for path in rendered("alembic", NOT_NULL_COLUMN, project)]
    assert names[0].startswith("2026_11_21_000000-")
    assert names == sorted(names)
    exact = rendered("alembic", NOT_NULL_COLUMN, project, date="2026-11-21T14:05:09")
    assert next(iter(exact)).startswith("v/2026_11_21_140509-")


@pytest.mark.parametrize("template", ["%(nothing)s", "%(rev)q", "../%(rev)s", "/%(rev)s", "%(rev)s;x"])
def test_a_template_that_cannot_name_a_file_here_is_not_used(template: str) -> None:
    project = Project(directory="v", head="a1", file_template=template)
    path, _ = only(rendered("alembic", plan_of(migration("a", "SELECT 1")), project))
    assert path.startswith("v/")
    assert path.endswith("_a.py")
    assert ".." not in path


def test_a_history_with_two_heads_is_refused_with_the_way_out() -> None:
    with pytest.raises(CannotPlan, match="2 heads: aaa, bbb") as error:
        rendered("alembic", NOT_NULL_COLUMN, Project(heads=("aaa", "bbb")))
    assert "alembic merge" in error.value.way_out


def test_a_downgrade_refuses_and_says_what_to_do_instead() -> None:
    _, content = only(rendered("alembic", plan_of(migration("a", "SELECT 1", undo='say "no"\n\\ and :x'))))
    scope: dict[str, object] = {}
    tree = ast.parse(content)
    body = [node for node in tree.body if not isinstance(node, ast.ImportFrom)]
    exec(compile(ast.Module(body, []), "revision", "exec"), scope)  # the file's own code, without Alembic

    class Refused(Exception):
        pass

    scope["util"] = type("util", (), {"CommandError": Refused})
    with pytest.raises(Refused, match=r'forward-only\. Undo plan: say "no" \\ and :x'):
        scope["downgrade"]()  # type: ignore[operator]  # it is the function of the file


nasty = st.text(
    st.one_of(
        st.sampled_from(list("'\"\\:$%{}#;-/*\n\r\t\0\x0b\x0c\x85\u2028\u2029\u202e\u200bab_1é😀")),
        st.characters(codec="utf-8"),
    ),
    max_size=30,
)


@settings(max_examples=30)  # times the frameworks
@given(text=nasty)
@example("*/ DROP TABLE users; --")
@example("x\nDROP TABLE users;")
@example("x\rDROP TABLE users;")
@example('"""\nimport os\n"""')
@example("{{ 7 * 7 }}{% raw %}")
@example("\\")
def test_no_text_of_a_plan_leaves_the_comment_it_stands_in(text: str) -> None:
    planned = migration(
        text or "x",
        "SELECT 1",
        title=text,
        why=text,
        undo=text,
        affected_rows=text,
        lock_impact=text,
        depends_on=(text,),
        guards=(),
    )
    plan = plan_of(PlannedDeploy(1, "deploy", text, text), planned)
    for name in framework_names():
        contents = rendered(name, plan, author=text)
        path, content = only(migrations(name, contents))
        (read,) = read_back(name, contents)
        assert [one.sql for one in read.statements] == ["SELECT 1"]
        assert not read.unread
        said = path.removeprefix(f"{PROJECTS[name].directory}/")
        assert set(said) <= set(f"{string.ascii_letters}0123456789_./-")
        content.encode("utf-8")
        if name == "alembic":
            tree = ast.parse(content)
            assert [type(node).__name__ for node in tree.body] == [
                "Expr", "ImportFrom", *["Assign"] * 4, "FunctionDef", "FunctionDef"
            ]  # fmt: skip


literals = nasty.filter(lambda text: "\0" not in text)


@given(text=literals)
@example(":a:b")
@example(":a$:")
@example("$:a")
@example("\\:a")
@example('"""')
@example("\r\n")
def test_an_alembic_file_gives_back_exactly_the_sql_whatever_it_holds(text: str) -> None:
    sql = f"SELECT '{text}' AS x"
    path, content = only(rendered("alembic", plan_of(migration("a", sql, guards=()))))
    assert statements("alembic", path, content) == [sql]


@settings(max_examples=30)  # times the frameworks
@given(text=literals.filter(lambda text: "\\" not in text))
@example("it''s")
@example("; DROP TABLE users; --")
@example("/*")
def test_an_sql_file_gives_back_exactly_the_sql_whatever_its_strings_hold(text: str) -> None:
    quoted = text.replace("'", "''")
    body = text.replace("$", "")
    some = (f"SELECT '{quoted}' AS x", f"DO $q$ {body} $q$", 'SELECT 1 AS ";"')
    for name in framework_names():
        if name != "alembic":
            (read,) = read_back(name, rendered(name, plan_of(migration("a", *some, guards=()))))
            assert [one.sql for one in read.statements] == list(some)


@settings(max_examples=30)  # times the frameworks
@given(text=literals)
@example("`${x}\\`")
@example("\r\n\u2028")
@example("pgm.sql(`DROP TABLE users`)")
def test_a_file_outside_a_transaction_gives_back_exactly_the_sql(text: str) -> None:
    quoted = text.replace("'", "''")
    sql = f"CALL f('{quoted}`\\')"
    for name in framework_names():
        (read,) = read_back(name, rendered(name, plan_of(migration("a", sql, guards=(), transaction=False))))
        assert [(one.sql, one.transaction) for one in read.statements] == [(sql, 0)]


@given(text=st.text(st.sampled_from(list(":\\$ab_1 é.\n'")), max_size=12))
def test_what_sqlalchemy_is_given_becomes_the_same_sql_again(text: str) -> None:
    from sqlalchemy import text as sqlalchemy_text
    from sqlalchemy.dialects import postgresql

    given_ = as_text(text)
    if given_ is not None:
        compiled = sqlalchemy_text(given_).compile(dialect=postgresql.asyncpg.dialect())
        assert str(compiled) == text
        assert not compiled.params
        assert from_text(given_) == text


@given(text=nasty)
def test_a_python_literal_is_the_text_again(text: str) -> None:
    written = python_literal(text)
    assert ast.literal_eval(written) == text
    written.encode("utf-8")


def test_long_values_are_wrapped_inside_the_comment() -> None:
    _, content = only(rendered("raw", plan_of(migration("a", "SELECT 1", why="word " * 80))))
    header = content.partition("\n\n")[0].split("\n")
    assert all(line.startswith("--") and len(line) <= 104 for line in header)


@given(text=nasty)
def test_a_slug_is_always_a_name_that_every_system_takes(text: str) -> None:
    slug = safe_slug(text)
    assert slug
    assert set(slug) <= set("abcdefghijklmnopqrstuvwxyz0123456789_")
    assert len(slug) <= 60


@pytest.mark.parametrize(
    ("date", "epoch"),
    [("1970-01-01", 0), ("2000-02-29", 951_782_400), ("2026-11-21T01:02:03", 1_795_222_923), ("nonsense", 0)],
)
def test_a_date_counts_the_seconds_since_1970(date: str, epoch: int) -> None:
    assert moment(date).epoch == epoch
