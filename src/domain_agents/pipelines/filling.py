"""A grid filled from JSON: every field is read for what it stands for, and a fault names its field and the nearest one."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final

from domain_agents.pipelines import _values
from domain_agents.pipelines.grid import Governance, Grid, Llm, about, abouts

if TYPE_CHECKING:
    from collections.abc import Mapping


class GridError(ValueError):
    """A field that is not there, or a value that does not fit; the message names the field and the way out."""


_MEANT: Final = {
    "qps": "peak_qps", "rps": "peak_qps", "throughput": "peak_qps", "requests_per_second": "peak_qps",
    "tps": "peak_qps", "latency": "latency_p95_ms", "latency_ms": "latency_p95_ms", "p95": "latency_p95_ms",
    "p99": "latency_p95_ms", "latency_p99_ms": "latency_p95_ms", "p99_ms": "latency_p95_ms",
    "latency_slo": "latency_p95_ms", "p95_ms": "latency_p95_ms", "freshness": "prediction_freshness_s",
    "budget": "budget_month", "monthly_budget": "budget_month", "cost": "budget_month", "team_size": "ml_fte",
    "team": "ml_fte", "engineers": "ml_fte", "users": "n_entities", "customers": "n_entities", "items": "n_entities",
    "dataset_size": "rows", "data_size": "data_gb", "drift": "decay_per_week", "models": "models_in_prod",
    "use_case": "problem", "description": "problem", "name": "problem", "task": "problem_type",
    "stack": "existing_stack", "infrastructure": "existing_stack", "sla": "availability_slo",
    "availability": "availability_slo", "uptime": "availability_slo", "rto": "rollback_rto_s",
    "gdpr": "governance.pii", "hipaa": "governance.phi", "pci": "governance.card", "documents": "llm.n_chunks",
    "n_documents": "llm.n_chunks", "chunks": "llm.n_chunks", "corpus": "llm.corpus_tokens", "on_call": "oncall",
    "retraining": "retrain_cadence", "labels": "positives", "kpi": "business_metric", "kubernetes": "existing_stack",
    "tech_stack": "existing_stack", "regulations": "governance.pii", "compliance": "governance.pii",
    "explainable": "explainability",
}  # fmt: skip
"""What people call a field, where letters alone would not lead to it."""

_THERE_ARE: Final = " Fields: "
_MOST: Final = 8
"""Faults that are told at once."""
_DUTIES: Final = {
    "gdpr": "pii", "pii": "pii", "personal data": "pii", "hipaa": "phi", "phi": "phi", "pci": "card", "pci dss": "card",
    "pci-dss": "card", "card": "card", "soc2": "soc2", "soc 2": "soc2", "special category": "special_category",
    "automated decision": "automated_decision",
}  # fmt: skip


def read_grid(data: Mapping[str, Any]) -> Grid:
    """The grid that JSON data says: value, null, "unknown", or {"value": ..., "source": ...} for each field.

    Raises:
        GridError: a name or a value that does not fit; the message names the nearest field, never the value.
    """
    plain: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {"governance": {}, "llm": {}}
    for name, raw in data.items():
        group, _, inner = str(name).partition(".")
        if group in groups and inner:
            groups[group][inner] = raw
        elif group in groups:
            groups[group] |= _group(group, raw)
        else:
            plain[str(name)] = raw
    faults: list[str] = []
    top, law, model = (
        _read(data, prefix, faults)
        for data, prefix in ((plain, ""), (groups["governance"], "governance."), (groups["llm"], "llm."))
    )
    if faults:
        raise GridError(_together(faults))
    return Grid(governance=Governance(**law), llm=Llm(**model), **top)


def _together(faults: list[str]) -> str:
    """One fault as it is; several on a line each, the names that there are once at its end."""
    if len(faults) == 1:
        return faults[0]
    short = [fault.partition(_THERE_ARE)[0] for fault in faults]
    more = f"\n{len(short) - _MOST} more" if len(short) > _MOST else ""
    names = next((fault.partition(_THERE_ARE)[2] for fault in faults if _THERE_ARE in fault), "")
    return "\n".join(short[:_MOST]) + more + (f"\nFields: {names}" if names else "")


def _group(group: str, raw: Any) -> dict[str, Any]:
    if _values.is_unknown(raw) or raw in ("none", "None", False):
        return {}
    if isinstance(raw, dict):
        return raw
    if group == "governance" and isinstance(raw, (str, list)):
        try:
            words = [word.lower().replace("_", " ") for word in _values.texts(raw)]
        except _values.Misread:
            words = [""]
        unread = next((word for word in words if word not in _DUTIES), None)
        if unread is None:
            return {_DUTIES[word]: True for word in words}
    names = ", ".join(one.name.partition(".")[2] for one in abouts() if one.name.startswith(f"{group}."))
    raise GridError(f"grid.{group} must be an object; its fields: {names}")


def _read(data: Mapping[str, Any], prefix: str, faults: list[str]) -> dict[str, Any]:
    known = {one.name.removeprefix(prefix): one for one in abouts() if one.name.startswith(prefix)}
    found: dict[str, Any] = {}
    for name, given in data.items():
        there = known.get(str(name))
        if there is None or "." in str(name):
            faults.append(_no_field(prefix + str(name)))
            continue
        raw = given.get("value") if isinstance(given, dict) and "value" in given else given
        if _values.is_unknown(raw):
            continue
        try:
            found[str(name)] = there.read(raw)
        except _values.Misread as error:
            faults.append(f'grid.{there.name} ({there.means}) {error}; leave it out or write "unknown" if nobody knows')
    return found


def _no_field(name: str) -> str:
    shown = " ".join(name.split())[:60]
    names = [one.name for one in abouts()]
    plain = name.lower().replace("-", "_").replace(" ", "_")
    close = _MEANT.get(plain.rpartition(".")[2])
    if close is None:
        short = {one.rpartition(".")[2]: one for one in reversed(names)}
        choices = {**short, **{one: one for one in names}}
        matches = get_close_matches(plain[:80], list(choices), n=1, cutoff=0.5) or get_close_matches(
            plain.rpartition(".")[2][:80], list(choices), n=1, cutoff=0.5
        )
        close = choices[matches[0]] if matches else None
    hint = f" Did you mean {close} ({about(close).means})?" if close else ""
    return f"grid.{shown}: there is no such field.{hint}{_THERE_ARE}{', '.join(names)}"
