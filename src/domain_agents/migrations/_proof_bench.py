"""What a scratch server must be able to do for a proof; who can is on another floor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from domain_agents.observations import (
        Assumptions,
        Contents,
        HalfApplied,
        Interruption,
        LoadSummary,
        Observation,
        Seeding,
        ServerFacts,
        Shape,
    )


class Bench(Protocol):
    """One proof's place on a scratch server: a database of its own, its rows, its application."""

    @property
    def facts(self) -> ServerFacts:
        """The server."""
        ...

    @property
    def skipped(self) -> Sequence[str]:
        """Statements of the schema that were left out because they only name roles."""
        ...

    def apply_schema(self, statements: Sequence[str]) -> None:
        """Make the schema to start from.

        Raises:
            SchemaProblem: a statement fails.
        """
        ...

    def seed(self, rows: Mapping[str, int], assumed: Assumptions) -> Seeding:
        """Fill every table with rows that the schema and the assumptions allow."""
        ...

    def contents(self) -> Contents:
        """What the tables hold now."""
        ...

    def shape(self) -> frozenset[Shape]:
        """The schema as it is now."""
        ...

    def shape_of(self, statements: Sequence[str]) -> frozenset[Shape]:
        """The schema that these statements make of the one we started from, without a row in it.

        Raises:
            SchemaProblem: a statement fails.
        """
        ...

    def start_application(self, touched: Collection[str]) -> None:
        """Let the old application read and write the tables named (all when none of them is there)."""
        ...

    def deploy_new_application(self, going: Mapping[tuple[str, str], str], moved: Mapping[str, str]) -> None:
        """The application that knows every column there is now takes over. Of `going` (table, column) it knows only what
        stands in for them, if anything does.
        """
        ...

    def let_application_run(self) -> None:
        """Return when the application that is live has done something of everything it does, or has had time to."""
        ...

    def run_file(self, path: str, statements: Sequence[tuple[str, int]]) -> Sequence[Observation]:
        """Run a file's statements until one fails; one observation for each that was tried."""
        ...

    def stop_application(self) -> LoadSummary:
        """End it, and say what it did."""
        ...

    def remove_application_rows(self) -> None:
        """Take out the rows that it inserted."""
        ...

    def empty_twin(self) -> tuple[Callable[[], frozenset[Shape]], Callable[[Sequence[tuple[str, int]]], str]] | None:
        """The schema that we started from, without a row, in a place of its own: how to read it, and how to run statements
        (sql, transaction) on it, which gives the first error. None where there is no such place yet.
        """
        ...

    def rehearse(
        self, before: Sequence[Sequence[tuple[str, int]]], file: Sequence[tuple[str, int]]
    ) -> tuple[Contents, Contents, str, Interruption]:
        """Run a file in twins: once, twice (and the error of the second run), and killed in the middle and run again."""
        ...

    def leave_half_applied(
        self, before: Sequence[Sequence[tuple[str, int]]], file: Sequence[tuple[str, int]]
    ) -> Sequence[HalfApplied]:
        """Cut a file off between two changes of the schema, each time in a twin, and run it again from its beginning; none
        where a transaction takes back what was done."""
        ...
