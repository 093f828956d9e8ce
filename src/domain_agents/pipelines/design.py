"""The whole design of a grid: decisions and what follows from them. The same grid and date give the same design."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines import tooling
from domain_agents.pipelines.case import ONLINE
from domain_agents.pipelines.conflicts import conflicts, impossibilities
from domain_agents.pipelines.cost import ENDS, cost
from domain_agents.pipelines.deciding import decide, settle
from domain_agents.pipelines.diagram import diagram
from domain_agents.pipelines.duties import duties
from domain_agents.pipelines.ends import ends
from domain_agents.pipelines.framing import framing
from domain_agents.pipelines.grid import about
from domain_agents.pipelines.growth import FACTOR, at_ten_times
from domain_agents.pipelines.questions import questions
from domain_agents.pipelines.reversal import reversal
from domain_agents.pipelines.risks import risks
from domain_agents.pipelines.sizing import sizing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case
    from domain_agents.pipelines.conflicts import Conflict, Impossible
    from domain_agents.pipelines.cost import Cost
    from domain_agents.pipelines.decision import Decision
    from domain_agents.pipelines.duties import Duties
    from domain_agents.pipelines.grid import Grid
    from domain_agents.pipelines.growth import Change
    from domain_agents.pipelines.questions import Question
    from domain_agents.pipelines.reversal import Reversal
    from domain_agents.pipelines.risks import Risk


@dataclass(frozen=True, slots=True)
class Design:
    """One design. `stages` are the decisions by stage, in the order of their ids; `date` is the day it was asked for."""

    case: Case
    stages: Mapping[str, Decision]
    date: str
    sizing: Mapping[str, Computed]
    cost: Cost
    risks: tuple[Risk, ...]
    reversal: Reversal
    duties: Duties
    questions: tuple[Question, ...]
    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    impossible: tuple[Impossible, ...]
    cost_at_10x: Cost
    diagram: str

    @property
    def grid(self) -> Grid:
        """What was asked."""
        return self.case.grid

    @property
    def slug(self) -> str:
        """The problem as an identifier for files, images and metrics: lower case, underscores, at most 40 characters."""
        words = re.findall(r"[a-z0-9]+", (self.grid.problem or self.grid.problem_type or "model").lower())
        name = "_".join(words)[:40].strip("_") or "model"
        return name if name[0].isalpha() else f"model_{name}"[:40].strip("_")

    @property
    def title(self) -> str:
        """The problem on one line, for people."""
        return self.grid.problem or self.grid.problem_type or "a pipeline nobody has described yet"

    def rung(self, stage: str) -> int:
        """The rung of a stage."""
        return self.stages[stage].rung

    @property
    def is_online(self) -> bool:
        """Whether a request waits for a prediction."""
        return self.rung("inference") >= ONLINE

    def stack(self) -> list[dict[str, Any]]:
        """Tools, each with what it was chosen over and why."""
        return tooling.stack_rows(self.case, self.stages)

    def problem(self) -> dict[str, Any]:
        """What was told and what was not: each field with its meaning, value and unit."""
        known = [
            {
                "field": name,
                "means": about(name).means,
                "value": list(value) if isinstance(value, tuple) else value,
                "unit": about(name).unit,
                "source": "user",
            }
            for name, value in self.grid.known().items()
        ]
        assumed = [
            {"stage": decision.stage, "assumed": decision.choice}
            for decision in self.stages.values()
            if decision.assumed
        ]
        return {
            "title": self.title,
            "kind": self.case.kind or "unknown",
            "framing": framing(self.case),
            "known": known,
            "assumed": assumed,
        }

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, design_pipeline), without files, report and written."""
        return {
            "problem": self.problem(),
            "decisions": [decision.as_json() for decision in self.stages.values()],
            "questions": [question.as_json() for question in self.questions],
            "sizing": {name: number.as_json() for name, number in self.sizing.items()},
            "cost": self.cost.as_json(),
            "risks": [risk.as_json() for risk in self.risks],
            "rollback": self.reversal.as_json(),
            "governance": self.duties.as_json(),
            "at_10x": [change.as_json() for change in self.changes],
            "cost_at_10x": {end: round(self.cost_at_10x.total(end), 2) for end in ENDS},
            "conflicts": [conflict.as_json() for conflict in self.conflicts],
            "impossible": [one.as_json() for one in self.impossible],
            "stack": self.stack(),
            "ends": ends(self.grid.existing_stack, self.date),
            "diagram": self.diagram,
        }


def design(grid: Grid, date: str) -> Design:
    """Decide, compute, and say what follows. `date` (ISO) tells which facts are stale."""
    case, decisions = decide(grid)
    stages = {decision.stage: decision for decision in decisions}
    bill = cost(case, date)
    return Design(
        case=case,
        stages=stages,
        date=date,
        sizing=sizing(case),
        cost=bill,
        risks=risks(case),
        reversal=reversal(case, stages["rollback"]),
        duties=duties(case, date),
        questions=questions(case),
        changes=at_ten_times(case, decisions),
        conflicts=conflicts(case, bill),
        impossible=impossibilities(case, bill),
        cost_at_10x=cost(settle(grid.times(FACTOR)), date),
        diagram=diagram(case, stages),
    )
