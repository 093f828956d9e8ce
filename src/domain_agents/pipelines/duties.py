"""What law and contract ask of this design: tier, duties, records, and the dates they begin, each dated itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain_agents.facts.dated import dated
from domain_agents.pipelines.rules.governance import tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.facts.dated import DatedFact
    from domain_agents.pipelines.case import Case

_SIX_MONTHS = "logs of at least six months (AI Act, Articles 12, 19 and 26)"


@dataclass(frozen=True, slots=True)
class Duties:
    """Tier of the AI Act, what must be done, what must be on file, and from when."""

    tier: str
    duties: tuple[tuple[str, str], ...]
    records: tuple[str, ...]
    dates: tuple[DatedFact, ...]
    stale: tuple[str, ...]
    as_of: str

    def as_json(self) -> dict[str, Any]:
        """For the structured result."""
        return {
            "ai_act_tier": self.tier,
            "duties": [{"from": law, "duty": duty} for law, duty in self.duties],
            "records": list(self.records),
            "dates": [
                {
                    "what": fact.note,
                    "date": fact.value,
                    "as_of": fact.as_of,
                    "source": fact.source,
                    "standing": fact.standing,
                }
                for fact in self.dates
            ],
            "stale": list(self.stale),
            "confirm": "This is not legal advice: confirm with counsel.",
        }


def duties(case: Case, date: str) -> Duties:
    """What the grid's facts bring with them on that day."""
    found = tier(case)
    law = dated("regulation")
    dates = tuple(law[name] for name in _dates(found))
    stale = tuple(f"{fact.note} (as of {fact.as_of})" for fact in dates if fact.is_stale(date))
    return Duties(
        found,
        tuple(_duties(case, found)),
        tuple(_records(case, found)),
        dates,
        stale,
        min(one.as_of for one in law.values()),
    )


def _dates(found: str) -> tuple[str, ...]:
    return {
        "prohibited": ("ai_act_prohibited",),
        "high": ("ai_act_high_risk_annex_iii", "ai_act_high_risk_annex_i"),
        "transparency": ("ai_act_transparency", "ai_act_watermark_existing"),
    }.get(found, ())


def _duties(case: Case, found: str) -> Iterator[tuple[str, str]]:
    law = case.grid.governance
    if found == "prohibited":
        yield "AI Act, Article 5", "do not build it; ask counsel whether the use is what was written here"
    if found == "high":
        yield (
            "AI Act, Articles 9 to 15",
            (
                "risk management, data governance, technical file (Annex IV), logging, human oversight, accuracy and "
                "robustness"
            ),
        )
        yield "AI Act, Articles 26 and 72", f"monitoring after release, {_SIX_MONTHS}"
    if found == "transparency":
        yield "AI Act, Article 50", "tell people that they deal with a machine; mark generated content"
    if found == "unknown":
        yield "AI Act", "the use was not told: find the tier before building (governance.ai_act_use)"
    if law.pii or law.special_category:
        yield (
            "GDPR, Articles 5, 6 and 17",
            "a lawful basis, as little data as will do, erasure that reaches training data, features and vectors",
        )
    if law.special_category or law.automated_decision or (law.pii and found == "high"):
        yield "GDPR, Article 35", "a data protection impact assessment before the first run"
    if law.automated_decision:
        yield "GDPR, Article 22", "a person who can overrule, and an explanation that can be given"
    if law.phi:
        yield (
            "HIPAA, 45 CFR 164",
            (
                "a business associate agreement with every processor, minimum necessary, access logs, documents for "
                "six "
                "years; no training of a vendor's model on it"
            ),
        )
    if law.card:
        yield "PCI DSS", "no card numbers in features, logs or training data"
    if law.soc2:
        yield "SOC 2", "change control, access reviews, a list of vendors"
    if law.residency:
        where = law.residency if law.residency != "required" else "where it was said to stay"
        yield "Residency", f"data, backups, logs and every hosted model stay in: {where}"
    if law.sector and "public" in law.sector.lower():
        yield (
            "UK Algorithmic Transparency Recording Standard",
            "where the United Kingdom's departments use it, publish the record",
        )


def _records(case: Case, found: str) -> Iterator[str]:
    law = case.grid.governance
    yield (
        "model card: use, data, metrics with intervals and slices, limits, owner, way back"
        if case.trains or not case.rungs["llm"]
        else "system card: model and version, prompt versions, acceptance set and its results, limits, owner"
    )
    yield "decision log: this report, kept beside the code"
    if case.trains and (law.pii or case.is_regulated):
        yield "data sheet: source, basis, period, known gaps"
    if case.is_regulated:
        yield "approval of each release, with its evidence"
        yield "log of decisions, with version and the person who could overrule"
    if law.special_category or law.automated_decision or (law.pii and found == "high"):
        yield "impact assessment (DPIA; where the AI Act asks for it, FRIA)"
