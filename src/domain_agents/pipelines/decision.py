"""What a decision is: a ladder of rungs, what forces each, and why the simpler one would not do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case


class Standing(StrEnum):
    """What a source is worth: a document says so, it was measured, others disagree, or we chose it ourselves."""

    STATED = "stated"
    MEASURED = "measured"
    CONTESTED = "contested"
    OWN_CHOICE = "own choice"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a threshold or a formula comes from."""

    text: str
    standing: Standing

    def __str__(self) -> str:
        return f"{self.text} ({self.standing.value})"


def stated(text: str) -> Source:
    """A document says so."""
    return Source(text, Standing.STATED)


def measured(text: str) -> Source:
    """It was measured."""
    return Source(text, Standing.MEASURED)


def contested(text: str) -> Source:
    """Some say so, others disagree."""
    return Source(text, Standing.CONTESTED)


def own_choice(text: str) -> Source:
    """Our own choice, without an authority."""
    return Source(text, Standing.OWN_CHOICE)


@dataclass(frozen=True, slots=True)
class Rung:
    """One step of a ladder. `takes` is what would have to be true before anybody needs it."""

    choice: str
    takes: str = ""


@dataclass(frozen=True, slots=True)
class Force:
    """Requirements (`by`, dotted grid names) that the rung below `rung` cannot meet, and why."""

    rung: int
    by: tuple[str, ...]
    because: str
    source: Source


@dataclass(frozen=True, slots=True)
class Rule:
    """One decision: its ladder, what forces each rung in a case, and the number that is behind it.

    `forces` yields a force only where something in the grid says so, never where something is unknown. `wording` may
    say a chosen rung in the words of the case.
    """

    id: str
    stage: str
    title: str
    rungs: tuple[Rung, ...]
    forces: Callable[[Case], Iterator[Force]]
    figure: Callable[[Case], Computed]
    default: Source
    wording: Callable[[Case, int], str] | None = None
    always: str = ""
    """What is done on every rung."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A rung that was chosen."""

    id: str
    stage: str
    title: str
    choice: str
    rung: int
    rungs: tuple[str, ...]
    forces: tuple[Force, ...]
    """Those that force this very rung."""
    rejected: tuple[tuple[str, str], ...]
    computed: Computed
    source: Source
    always: str

    @property
    def forced_by(self) -> tuple[str, ...]:
        """The requirements, by their dotted grid names, in order and once."""
        return tuple(dict.fromkeys(name for force in self.forces for name in force.by))

    @property
    def because(self) -> str:
        """Why this rung, in words."""
        return "; ".join(dict.fromkeys(force.because for force in self.forces))

    @property
    def assumed(self) -> bool:
        """Whether nothing in the grid forces it: the lowest rung, taken for want of a reason to climb."""
        return not self.forces

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, design_pipeline)."""
        return {
            "id": self.id,
            "stage": self.stage,
            "title": self.title,
            "choice": self.choice,
            "rung": self.rung,
            "rungs": list(self.rungs),
            "forced_by": list(self.forced_by),
            "because": self.because or "nothing in the grid asks for more: the lowest rung, assumed",
            "rejected": [{"option": option, "because": why} for option, why in self.rejected],
            "computed": self.computed.as_json(),
            "source": str(self.source),
            "standing": self.source.standing.value,
            "always": self.always,
        }


def decided(rule: Rule, case: Case) -> Decision:
    """The lowest rung that everything known allows, with its reasons."""
    forces = tuple(rule.forces(case))
    rung = max((force.rung for force in forces), default=0)
    choice = rule.rungs[rung].choice
    names = tuple(one.choice for one in rule.rungs)
    deciding = tuple(force for force in forces if force.rung == rung and rung > 0)
    if rule.wording is not None:
        choice = rule.wording(case, rung)
    return Decision(
        rule.id,
        rule.stage,
        rule.title,
        choice,
        rung,
        names,
        deciding,
        _rejected(rule, rung, forces),
        rule.figure(case),
        deciding[0].source if deciding else rule.default,
        rule.always,
    )


def _rejected(rule: Rule, rung: int, forces: tuple[Force, ...]) -> tuple[tuple[str, str], ...]:
    """The simpler rungs, each with the requirement that rules it out, and the next heavier one, that nothing asks for."""
    found: list[tuple[str, str]] = []
    if rung > 0:
        why = "; ".join(dict.fromkeys(force.because for force in forces if force.rung == rung))
        found.append((rule.rungs[rung - 1].choice, f"too little here: {why}"))
    if rung + 1 < len(rule.rungs):
        above = rule.rungs[rung + 1]
        found.append((above.choice, f"nothing in the grid asks for it; it would take {above.takes}"))
    return tuple(found)
