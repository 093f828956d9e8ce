"""Terraform for what was chosen and has to be rented: the models' bucket, the image registry, a PostgreSQL as a module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.arithmetic import computed
from domain_agents.pipelines.artifacts import Artifact, rendered
from domain_agents.pipelines.artifacts._reasons import comment, counted, reason
from domain_agents.pipelines.artifacts.serving import is_service

if TYPE_CHECKING:
    from domain_agents.pipelines.arithmetic import Computed
    from domain_agents.pipelines.design import Design

_ELSEWHERE = (
    "gcp",
    "google",
    "gke",
    "bigquery",
    "gcs",
    "cloud run",
    "vertex",
    "azure",
    "aks",
    "synapse",
    "blob storage",
)
_INSTANCES = ((4, "db.t4g.medium"), (16, "db.r6g.large"), (32, "db.r6g.xlarge"), (64, "db.r6g.2xlarge"),
              (128, "db.r6g.4xlarge"), (256, "db.r6g.8xlarge"), (512, "db.r6g.16xlarge"))  # fmt: skip
"""Memory in GiB and what AWS rents with it."""
_PGVECTOR = 2
_CHECKED_SLO = 0.999


def _declines(design: Design) -> str:
    for part in design.grid.existing_stack or ():
        if any(name in part.lower() for name in _ELSEWHERE):
            return "the starter is written for AWS, and what runs already is another cloud's"
    if not (_bucket(design) or is_service(design) or _database_for(design)):
        return "nothing was chosen that has to be rented: no model is stored, no image is served, no database is added"
    return ""


def _bucket(design: Design) -> bool:
    return design.case.trains


def _database_for(design: Design) -> str:
    """The stage that needs a PostgreSQL which is not there yet; empty where none does."""
    if design.case.has("postgresql"):
        return ""
    if design.rung("vectors") == _PGVECTOR and not design.case.has("key_value"):
        return "vectors"
    return "tracking" if design.rung("tracking") >= 1 and not design.case.has("tracking") else ""


def _memory(design: Design) -> Computed:
    """GiB that the index wants, with half as much again for the database itself; PostgreSQL alone is content with four."""
    if _database_for(design) != "vectors":
        return computed("least_gib", "GiB", "a small database", least_gib=4)
    llm = design.grid.llm
    return computed(
        "max(4, n_chunks * (4 * dims + 8 * links) / 1073741824 * 1.5)",
        "GiB",
        "HNSW index in memory, and half as much again",
        n_chunks=llm.n_chunks or design.grid.n_entities or 0,
        dims=llm.dims or 768,
        links=16,
    )


def _make(design: Design) -> tuple[tuple[str, str], ...]:
    values = _values(design)
    names = ["versions.tf", "variables.tf", "main.tf", "outputs.tf"]
    if values["database"]:
        module = ("main", "security_group", "parameter_group", "monitoring", "variables", "outputs")
        names += [f"modules/postgresql/{name}.tf" for name in module]
    return tuple(
        (f"terraform/{name}", rendered(__name__, f"{name.replace('/', '_')}.j2", values).lstrip()) for name in names
    )


def _values(design: Design) -> dict[str, Any]:
    stage = _database_for(design)
    memory = _memory(design)
    wanted = memory.result or 4
    regulated = design.case.is_regulated
    storage = max(20, round(wanted * 5))
    slo = design.grid.availability_slo
    return {
        "name": design.slug.replace("_", "-"),
        "slug": design.slug,
        # A bucket's prefix has 37 letters at most, and RDS takes no two hyphens together.
        "short": design.slug.replace("_", "-")[:28].strip("-"),
        "bucket": _bucket(design),
        "service": is_service(design),
        "database": bool(stage),
        "vectors": stage == "vectors",
        "tracking": comment(reason(design, "tracking")),
        "serving": comment(reason(design, "serving")),
        "why": comment(reason(design, stage)) if stage else "",
        "memory": comment(counted(memory)),
        "instance": next((name for gib, name in _INSTANCES if gib >= wanted), _INSTANCES[-1][1]),
        "storage": min(storage, 16_384),
        "most_storage": min(storage * 4, 65_536),
        "multi_az": slo is not None and slo >= _CHECKED_SLO,
        "slo": f"{slo * 100:g} % were asked for" if slo is not None else "nobody told an availability",
        "backup_days": 30 if regulated else 7,
        "backup_why": "a regulated use: 30 days" if regulated else "seven days: a fault is seen within a week",
        "kept_days": 2_192 if design.grid.governance.phi else 365 if regulated else 90,
    }


ARTIFACT = Artifact(title="Terraform", declines=_declines, make=_make)
