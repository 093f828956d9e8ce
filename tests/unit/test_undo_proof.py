"""Which part of an undo plan is run, and what is said of the schema that it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from domain_agents.dialects import dialect
from domain_agents.migrations._proof_undo import judge_undo, undo_statements, walk_back
from domain_agents.observations import Shape

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize(
    ("text", "statements"),
    [
        ("DROP INDEX CONCURRENTLY IF EXISTS a", ("DROP INDEX CONCURRENTLY IF EXISTS a",)),
        ("ALTER TABLE t DROP CONSTRAINT k (the index goes with it)", ("ALTER TABLE t DROP CONSTRAINT k",)),
        ("ALTER TABLE t ADD c int; its values are lost", ("ALTER TABLE t ADD c int",)),
        ("ALTER TABLE t ADD c text DEFAULT 'a; b'", ("ALTER TABLE t ADD c text DEFAULT 'a; b'",)),
        ("none needed: it goes with the column", ()),
        ("a new migration that rebuilds t without NOT NULL on c", ()),
        ("the other way round: rename id_old back to id", ()),
    ],
)
def test_the_statements_of_an_undo_are_told_from_its_words(text: str, statements: tuple[str, ...]) -> None:
    assert undo_statements(text, dialect("postgresql")) == statements


class Server:
    """Columns that statements add ("+a") and drop ("-a")."""

    def __init__(self) -> None:
        self.columns: set[str] = set()

    def shape(self) -> frozenset[Shape]:
        return frozenset(Shape("column", "t", name) for name in self.columns)

    def run(self, statements: Sequence[tuple[str, int]]) -> str:
        for sql, _ in statements:
            if sql[0] == "+" and sql[1:] in self.columns:
                return f"{sql[1:]} is there"
            if sql[0] == "-" and sql[1:] not in self.columns:
                return f"{sql[1:]} is not there"
            (self.columns.add if sql[0] == "+" else self.columns.remove)(sql[1:])
        return ""


def judged(*files: tuple[str, str, str]) -> tuple[str, str]:
    server = Server()
    asked = [(path, [(sql, 1) for sql in does.split()], undo.split()) for path, does, undo in files]
    check = judge_undo(walk_back(asked, server.shape, server.run), [path for path, _, undo in files if not undo])
    return check.outcome.value, check.why


def test_an_undo_that_brings_the_schema_back_is_one() -> None:
    assert judged(("1", "+a", "-a"), ("2", "+b", ""), ("3", "+c", "-c")) == (
        "ok",
        "2 undos give a schema of before back, on an empty database, and the files apply again; one file has an undo in "
        "words, which is not run",
    )


def test_an_undo_may_lead_back_further_and_the_files_between_apply_again() -> None:
    assert judged(("1", "+a", "-a"), ("2", "+b", "-b -a"))[0] == "ok"


def test_an_undo_that_leaves_something_or_loses_something_is_none() -> None:
    outcome, why = judged(("1", "+a +b", "-a"))
    assert (outcome, why) == ("failed", "1: after its undo too much: column t b")
    outcome, why = judged(("1", "+a +b", "-a -b"), ("2", "+c", "-c -b"))
    assert (outcome, why) == ("failed", "2: after its undo missing: column t b")


def test_an_undo_that_fails_is_said_with_its_error() -> None:
    assert judged(("1", "+a", "-x")) == ("failed", "1: its undo fails: x is not there")


def test_words_alone_prove_nothing() -> None:
    assert judged(("1", "+a", ""))[0] == "not_run"
