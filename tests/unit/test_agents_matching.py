"""Patterns and globs from files: what they match, and that none of them can take long."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_agents.agents import globs, patterns
from domain_agents.agents.words import contains, tokens


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a|a)*b",
        "(.*)*x",
        ".*.*.*=",
        r"(\w+\s?)*$",
        "(x?){40}",
        r"(a)\1",
        "(?=a)b",
        "(?<!a)b",
        "(a|b|ab){30}",
        "a{1,900}b{1,900}c",
        "(",
        "[",
        "a" * 400,
        "(" * 250 + ")" * 250,
        "a{99999999999}",
        "[[a]b]",
        "[a--b]",
    ],
)
def test_patterns_that_could_take_long_are_refused_with_a_way_out(pattern: str) -> None:
    with pytest.raises(patterns.PatternError) as raised:
        patterns.compiled(pattern)
    assert str(raised.value)


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"(add|create).{0,40}\bindex\b", "please CREATE a new index on it", "CREATE a new index"),
        (r"slow\s+query\s+on\s+\w+", "a slow \n\t query   on users", "slow query on users"),
        (r"\bnot\s*null\b", "set NOT NULL", "NOT NULL"),
        ("drop.*table", "drop the old table", "drop the old table"),
        (r"\bindex\b", "indexes", ""),
        ("(?:add|new) (?:a )?column", "add a column", "add a column"),
    ],
)
def test_patterns_find_what_they_mean(pattern: str, text: str, found: str) -> None:
    assert patterns.search(pattern, text) == found


@given(st.text("ab(|)*+?{}1,9.\\w[]^$", max_size=24), st.text("ab ", max_size=400))
def test_any_pattern_is_refused_or_answers_at_once(pattern: str, text: str) -> None:
    """The bound is on the number of ways to match; a pattern that slipped through would hang this test."""
    with contextlib.suppress(patterns.PatternError):
        assert len(patterns.search(pattern, text * 5)) <= patterns.MAX_TEXT_CHARACTERS


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("**/*.sql", "001.sql"),
        ("**/*.sql", "db/deep/001.sql"),
        ("*.sql", "db/001.sql"),
        ("migrations/**", "migrations/a/b.py"),
        ("migrations/", "app/migrations/1.py"),
        ("/migrations/", "migrations/1.py"),
        ("**/migrations/**", "migrations/1.py"),
        ("alembic.ini", "alembic.ini"),
        ("alembic.ini", "services/api/alembic.ini"),
        ("db/*.sql", r"db\001.sql"),
        ("db/*.sql", "./db/001.SQL"),
        ("*.{ts,tsx}", "a/b.tsx"),
        ("src/**/test_?.py", "src/test_a.py"),
        ("[a-c]*.py", "bx.py"),
        ("[!a-c]*.py", "dx.py"),
        ("V*__*.sql", "V12__add_x.sql"),
        ("migrations/**", "/srv/app/migrations/1.py"),
        ("migrations/**", r"C:\work\migrations\1.py"),
        ("**", "anything/at/all"),
    ],
)
def test_globs_match_as_in_gitignore(glob: str, path: str) -> None:
    assert globs.matches(glob, path)


@pytest.mark.parametrize(
    ("glob", "path"),
    [
        ("migrations/**", "app/migrations/1.py"),
        ("/alembic.ini", "x/alembic.ini"),
        ("db/*.sql", "db/deep/001.sql"),
        ("*.sql", "sql"),
        ("*.sql", "a.sqlx"),
        ("migrations/**", "migrations"),
        ("", "a"),
        ("*", ""),
        ("a" * 300, "a" * 300),
        ("{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}", "aaaaaa"),
        ("[!a-c]*.py", "ax.py"),
    ],
)
def test_globs_do_not_match_more_than_they_say(glob: str, path: str) -> None:
    assert not globs.matches(glob, path)


@given(st.text("ab*?/[]{},.!-\\", max_size=60), st.text("ab/.\\", max_size=200))
def test_any_glob_on_any_path_is_answered(glob: str, path: str) -> None:
    assert globs.matches(glob, path) in (True, False)


def test_a_glob_of_many_stars_is_answered_at_once() -> None:
    assert not globs.matches("*a" * 90 + "b", "a" * 250)
    assert not globs.matches("**/a/" * 35 + "b", "a/" * 200 + "c")


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("The slow queries of today", "slow query"),
        ("adding columns", "add column"),
        ("use the DB", "db"),
        ("zero-downtime", "zero downtime"),
        ("a C++ service", "c++"),
        ("set_not_null", "not null"),
        ("请优化数据库查询", "数据库"),
        ("partitioned tables", "partition table"),
        ("indexes", "index"),
        ("retries", "retry"),
    ],
)
def test_words_match_whole_and_through_their_endings(text: str, phrase: str) -> None:
    assert contains(tokens(text), tokens(phrase))


@pytest.mark.parametrize(
    ("text", "phrase"),
    [("capital", "api"), ("rapid", "api"), ("query slow", "slow query"), ("adb", "db"), ("", "x"), ("x", "")],
)
def test_parts_of_words_do_not_match(text: str, phrase: str) -> None:
    assert not contains(tokens(text), tokens(phrase))
