"""The way back of each file, run where it can be run: does it leave the schema that there was before the file?"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from domain_agents.migrations._proof_judging import Check, Outcome
from domain_agents.migrations._proof_locks import head
from domain_agents.observations import Undoing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from domain_agents.dialects import Dialect
    from domain_agents.observations import Shape

_SQL: Final = re.compile(
    r"(?:ALTER|CREATE|DROP|UPDATE|DELETE|INSERT|TRUNCATE|COMMENT|SELECT|DO|LOCK|REFRESH|SET)\b", re.IGNORECASE
)
_REMARK: Final = re.compile(r"\s*\([^()]*\)\s*\Z")


def undo_statements(text: str, reader: Dialect) -> tuple[str, ...]:
    """The statements that an undo plan begins with, none when it is words; a remark in brackets at its end is left out."""
    for candidate in (text, _REMARK.sub("", text)):
        found: list[str] = []
        for one in reader.read(candidate):
            if one.problem or not one.atoms or not _SQL.match(one.sql):
                break
            found.append(one.sql)
        else:
            return tuple(found)
    # What stands behind the statements is said to a person: "...; its values are computed from the new column".
    pieces = [piece.strip() for piece in text.split("; ")]
    told: list[str] = []
    for piece in pieces:
        read = reader.read(piece)
        if len(read) != 1 or read[0].problem or not read[0].atoms or not _SQL.match(piece):
            break
        told.append(piece)
    return tuple(told)


def walk_back(
    files: Sequence[tuple[str, Sequence[tuple[str, int]], Sequence[str]]],
    shape: Callable[[], frozenset[Shape]],
    run: Callable[[Sequence[tuple[str, int]]], str],
) -> list[Undoing]:
    """Run each file, its undo, and again what the undo took back: the file alone, or also some that came before it.

    `shape` reads the schema as it is, `run` runs statements (sql, transaction) and gives the first error. Ends with the
    first undo that fails.
    """
    seen: list[Undoing] = []
    befores: list[frozenset[Shape]] = []
    for position, (path, statements, undo) in enumerate(files):
        befores.append(_enforced(shape()))
        if run(statements):
            # What follows stands on it.
            break
        if not undo:
            continue
        error = run([(sql, 0) for sql in undo])
        after = _enforced(shape())
        # A constraint that took an index over goes with the index: that undo leads back to before the index, too.
        place = next((at for at in range(position, -1, -1) if befores[at] == after), None)
        again = ""
        for at in range(position if place is None else place, position + 1):
            again = again or ("" if error or place is None else run(files[at][1]))
        seen.append(Undoing(path, befores[position if place is None else place], after, error, again))
        if error or place is None or again:
            break
    return seen


def _enforced(shapes: frozenset[Shape]) -> frozenset[Shape]:
    """The schema by what it refuses: a constraint that was validated once refuses nothing more than before."""
    return frozenset(replace(one, definition=one.definition.removesuffix(" NOT VALID")) for one in shapes)


def judge_undo(seen: Sequence[Undoing], in_words: Sequence[str], *, because: str = "") -> Check:
    """`in_words` are the files whose undo is none that can be run; `because` says why nothing was."""
    if because:
        return Check(Outcome.NOT_RUN, because)
    for one in seen:
        if one.error:
            return Check(Outcome.FAILED, f"{one.file}: its undo fails: {one.error}")
        missing, extra = one.before - one.after, one.after - one.before
        if missing or extra:
            told = [f"missing: {_said(shape)}" for shape in sorted(missing)]
            told += [f"too much: {_said(shape)}" for shape in sorted(extra)]
            return Check(Outcome.FAILED, f"{one.file}: after its undo {'; '.join(told[:6])}")
        if one.again:
            return Check(Outcome.FAILED, f"{one.file} does not apply again after its undo: {one.again}")
    rest = f"; {_files(len(in_words))} an undo in words, which is not run" if in_words else ""
    if not seen:
        return Check(Outcome.NOT_RUN, f"no file has an undo that can be run{rest}")
    ways = "one undo gives" if len(seen) == 1 else f"{len(seen)} undos give"
    return Check(Outcome.OK, f"{ways} a schema of before back, on an empty database, and the files apply again{rest}")


def _files(count: int) -> str:
    return "one file has" if count == 1 else f"{count} files have"


def _said(shape: Shape) -> str:
    return f"{shape.kind} {shape.table} {head(shape.definition)}".replace("  ", " ")
