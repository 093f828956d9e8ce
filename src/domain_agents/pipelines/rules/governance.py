"""G17: which records law and contract ask for. An axis of its own: it adds paper and people, never machines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from domain_agents.pipelines import problem
from domain_agents.pipelines.arithmetic import computed
from domain_agents.pipelines.decision import Force, Rule, Rung, own_choice, stated

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.case import Case

_ACT = stated("Regulation (EU) 2024/1689 (AI Act), Articles 5, 6, 50 and Annex III")
_GDPR = stated("Regulation (EU) 2016/679 (GDPR), Articles 5, 9, 22, 35")
_HIPAA = stated("45 CFR Part 164 (HIPAA Security and Privacy Rules)")
_PCI = stated("PCI DSS 4.0, requirements 3 and 7")

PROHIBITED_USES: Final = re.compile(
    r"prohibit|unaccept|social[ _-]?scor|subliminal|manipulat|exploit\w* vulnerab|untargeted (?:facial )?scrap|"
    r"emotion[ _-]?(?:recognition|detection|inference)\w*[ _-]?(?:in|at|of|for)?[ _-]?(?:the[ "
    r"_-])?(?:work|school|education|employ)|"
    r"predictive polic|biometric categori[sz]ation|real[- ]time (?:remote )?biometric"
)
"""Article 5, in the words people use."""
HIGH_RISK_USES: Final = re.compile(
    r"\bhigh|annex[ _-]?iii|annex 3|employ|recruit|hiring|\bhr\b|credit[ "
    r"_-]?scor|creditworth|credit|loan|educat|\bexams?\b|admission|"
    r"essential|welfare|benefit|emergency|(?:life|health)[ _-]?insur|^insurance$|biometric|critical[ _-]?infra|law[ "
    r"_-]?enforce|police|"
    r"migra|asylum|border|justice|\bcourts?\b|judicial|election|medical[ _-]?device|safety[ _-]?component"
)
"""Annex III and Annex I, in the words people use. Finding fraud is left out by Annex III itself."""
TRANSPARENT_USES: Final = re.compile(r"limited|transparen|chat|generat|deep[- ]?fake|synthetic")
_HEALTH = re.compile(r"health|hospital|clinic|medic|pharma|patient")
_FINANCE = re.compile(r"bank|financ|insur|lend|credit")


def tier(case: Case) -> str:
    """The tier of the AI Act that the stated use falls into: prohibited, high, transparency, minimal, or unknown."""
    use = (case.grid.governance.ai_act_use or "").lower()
    if PROHIBITED_USES.search(use):
        return "prohibited"
    if HIGH_RISK_USES.search(use) and "fraud" not in use:
        return "high"
    if TRANSPARENT_USES.search(use) or case.kind == "agent" or problem.is_talk(case.words):
        return "transparency"
    return "minimal" if use else "unknown"


def _forces(case: Case) -> Iterator[Force]:
    law = case.grid.governance
    use = tier(case)
    if use == "prohibited":
        yield Force(
            3, ("governance.ai_act_use",), "the stated use is among the practices that Article 5 prohibits", _ACT
        )
    if use == "high":
        yield Force(
            2, ("governance.ai_act_use",), "the stated use is high risk under the AI Act (Annex III or Annex I)", _ACT
        )
    if use == "transparency":
        by = "governance.ai_act_use" if TRANSPARENT_USES.search((law.ai_act_use or "").lower()) else case.talk_by
        yield Force(1, (by,), "people must be told that they deal with a machine (Article 50)", _ACT)
    if law.phi:
        yield Force(
            2,
            ("governance.phi",),
            "health data under HIPAA: agreements with every processor, access logs, six years of documents",
            _HIPAA,
        )
    if law.special_category:
        yield Force(
            2,
            ("governance.special_category",),
            "special categories of personal data need a ground of Article 9 and an assessment",
            _GDPR,
        )
    if law.automated_decision:
        yield Force(
            2,
            ("governance.automated_decision",),
            "decisions about people without a person need a human route (Article 22) and their record",
            _GDPR,
        )
    if law.sector and _HEALTH.search(law.sector.lower()) and (law.pii or case.is_costly):
        yield Force(
            2,
            ("governance.sector",),
            "predictions about patients are reviewed by clinicians before and after they go live",
            stated("FDA, Good Machine Learning Practice, 2021"),
        )
    if law.sector and _FINANCE.search(law.sector.lower()) and (law.pii or case.is_costly):
        yield Force(
            2,
            ("governance.sector",),
            "a bank's models have an inventory, validation and owners",
            stated("Federal Reserve SR 26-2, 17 April 2026, which replaces SR 11-7: validation, governance, inventory"),
        )
    if law.card:
        yield Force(
            1,
            ("governance.card",),
            "card data: keep numbers out of features and logs, or the whole pipeline is in scope",
            _PCI,
        )
    if law.pii:
        yield Force(
            1,
            ("governance.pii",),
            "personal data: a lawful basis, minimisation, and erasure that reaches training data",
            _GDPR,
        )
    if law.residency:
        yield Force(
            1,
            ("governance.residency",),
            "data must stay where it was said to stay, backups and hosted models included",
            stated("GDPR, Chapter V"),
        )
    if law.soc2:
        yield Force(
            1,
            ("governance.soc2",),
            "SOC 2 auditors ask for change control, access reviews and a list of vendors",
            stated("AICPA Trust Services Criteria, CC6 and CC8"),
        )


def _figure(case: Case) -> Computed:
    months = 6.0 if case.grid.governance.retention is None else case.grid.governance.retention / 2_629_800
    return computed(
        "requests_per_day * 30.4 * months_kept * bytes_per_record / 1000000000",
        "GB",
        "prediction log that must be kept (input hash, score, model version, time, decision)",
        requests_per_day=case.grid.requests_per_day,
        months_kept=months,
        bytes_per_record=200,
    )


RULE = Rule(
    id="G17",
    stage="governance",
    title="Governance",
    rungs=(
        Rung("no duties beyond good practice: owner, model card, licence of the data"),
        Rung(
            "standard: data inventory, lawful basis, erasure, access control, change record",
            "personal or card data, residency, or an audit",
        ),
        Rung(
            "regulated: risk file, human oversight, decision log, subgroup review, approval before release",
            "a high-risk use, health data, or decisions about people without a person",
        ),
        Rung("stop: the use is prohibited", "a practice that Article 5 of the AI Act prohibits"),
    ),
    forces=_forces,
    figure=_figure,
    default=own_choice("no legal fact in the grid; confirm with counsel"),
    always="Confirm with counsel; dates are in the governance section.",
)
