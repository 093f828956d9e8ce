"""The rollback path in full: what starts it, what is done, how long it takes, what happens to what was predicted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.arithmetic import span
from domain_agents.pipelines.rules import rollback as rule

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case
    from domain_agents.pipelines.decision import Decision


@dataclass(frozen=True, slots=True)
class Reversal:
    """The way back; `rto` is detect + decide + act in seconds."""

    trigger: str
    action: str
    rto: Computed
    steps: tuple[str, ...]
    divergence: str

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, design_pipeline)."""
        return {
            "trigger": self.trigger,
            "action": self.action,
            "rto_seconds": self.rto.result,
            "computed": self.rto.as_json(),
            "steps": list(self.steps),
            "divergence": self.divergence,
        }


def reversal(case: Case, decision: Decision) -> Reversal:
    """The path for the chosen rollback rung."""
    rto = rule.RULE.figure(case)
    if not case.answers_requests:
        return _of_tables(case, decision, rto)
    slo = case.grid.availability_slo or 0.99
    trigger = (
        f"errors or missed latency burn the budget of {slo * 100:g} % at 14.4 times over an hour and five minutes; "
        "or the business metric leaves its band; or somebody on call says so"
    )
    first = {
        0: "deploy the image of the version before, by digest; a quarter of the replicas at a time",
        1: "point the alias (or the load balancer) at the version before, which is still warm",
        2: "the burn-rate alert flips the alias to the version before, without asking; a person is told",
    }[decision.rung]
    steps = (
        "stop the rollout and any retraining in progress",
        first,
        "score the smoke test's known inputs against the version that answers now",
        "keep the bad version's predictions, marked with its version; leave them out of training data",
        "write down what the gate did not see, and add it to the gate",
    )
    divergence = (
        "answers of the bad version stay in the log under its version; what was decided by them is listed "
        "and looked at again where money or people are concerned"
    )
    return Reversal(trigger, decision.choice, rto, steps, divergence)


def _of_tables(case: Case, decision: Decision, rto: Computed) -> Reversal:
    steps = (
        "stop the schedule",
        "point the view that readers use at the last good table",
        "compare row count, newest date and distribution with the run before",
        "mark the bad run's rows with its version and leave them out of training data",
        "run the date again with the version before: loads are idempotent",
    )
    return Reversal(
        "the run's own checks (rows, nulls, distribution against the run before) fail, or a reader complains",
        decision.choice,
        rto,
        steps,
        "whoever acted on the bad table is told; the table of the run before is at most "
        f"{span((case.grid.prediction_freshness_s or 86_400) * 2)} old",
    )
