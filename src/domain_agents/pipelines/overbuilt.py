"""Components whose gate is closed on what the repository shows: weight that nothing asks for.

Each component is a rung of a ladder of the design engine. The repository's own signs (models, services, jobs, scale that is
written down) and the grid, where one is given, are what the engine is asked with: a rung above what they force is told.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from domain_agents.pipelines.deciding import decide
from domain_agents.pipelines.filling import read_grid
from domain_agents.pipelines.reading.operations import containers

if TYPE_CHECKING:
    from domain_agents.pipelines.grid import Grid
    from domain_agents.pipelines.reading import Repository

MANY_MODELS: Final = 3
"""From here a feature store or a model server has something to share (../rules/features.py, serving.py)."""
MANY_DAGS: Final = 5


@dataclass(frozen=True, slots=True)
class Overbuilt:
    """A component, the rung that would do, and why nothing here asks for more."""

    component: str
    file: str
    line: int
    because: str
    enough: str
    opens: str

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, audit_pipeline)."""
        return {
            "component": self.component,
            "file": self.file,
            "line": self.line,
            "because": self.because,
            "enough": self.enough,
            "would_be_needed_when": self.opens,
        }


@dataclass(frozen=True, slots=True)
class _Component:
    name: str
    modules: frozenset[str]
    files: str
    text: str
    stage: str
    rung: int
    """The rung of its ladder that it stands for."""


_COMPONENTS: Final = (
    _Component(
        "feature store",
        frozenset({"feast", "tecton", "hopsworks", "hsfs"}),
        r"(?:.*/)?feature_store\.ya?ml",
        "",
        "features",
        3,
    ),
    _Component(
        "distributed training (Spark, Dask, Ray)",
        frozenset({"pyspark", "dask", "ray", "horovod"}),
        "",
        "",
        "training",
        2,
    ),
    _Component(
        "event stream (Kafka, Flink)",
        frozenset({"kafka", "confluent_kafka", "aiokafka", "faust", "pyflink"}),
        "",
        r"image:\s*\S*(?:kafka|redpanda|flink|pulsar)\S*",
        "ingestion",
        2,
    ),
    _Component(
        "dedicated vector engine",
        frozenset({"pinecone", "qdrant_client", "weaviate", "pymilvus"}),
        "",
        r"image:\s*\S*(?:qdrant|weaviate|milvus)\S*",
        "vectors",
        3,
    ),
    _Component(
        "model server (Triton, KServe, Seldon)",
        frozenset({"tritonclient", "kserve", "seldon_core"}),
        "",
        r"kind:\s*(?:InferenceService|SeldonDeployment)|image:\s*\S*tritonserver\S*",
        "serving",
        4,
    ),
    _Component("Kubernetes", frozenset(), "", r"^kind:\s*(?:Deployment|StatefulSet|CronJob)\b", "platform", 2),
    _Component("Airflow, Dagster or Prefect", frozenset({"airflow", "dagster", "prefect"}), "", "", "orchestration", 2),
)


def overbuilt(at: Repository, grid: Grid | None = None) -> tuple[Overbuilt, ...]:
    """Every such component, in the order of the table."""
    seen = _signs(at)
    asked = grid if grid is not None else read_grid({})
    for name in ("models_in_prod", "n_tables"):
        if seen.get(name) and asked.get(name) is None:
            asked = asked.with_value(name, float(seen[name]))
    _, decisions = decide(asked)
    by_stage = {one.stage: one for one in decisions}
    found: list[Overbuilt] = []
    for component in _COMPONENTS:
        place = _place(at, component)
        if place is None or _is_used(component, seen):
            continue
        decision = by_stage[component.stage]
        if decision.rung >= component.rung:
            continue
        shown = ", ".join(f"{name}: {value}" for name, value in _shown(seen))
        told = "what the grid and the repository say" if grid is not None else "what the repository shows"
        found.append(
            Overbuilt(
                component.name,
                *place,
                f"on {told} ({shown}) the ladder for {decision.title.lower()} stops below it",
                decision.rungs[decision.rung],
                _opens(component, decision.stage),
            )
        )
    return tuple(found)


def _opens(component: _Component, stage: str) -> str:
    from domain_agents.pipelines.rules import rules

    rule = next(one for one in rules() if one.stage == stage)
    return rule.rungs[component.rung].takes or rule.rungs[component.rung].choice


def _signs(at: Repository) -> dict[str, int]:
    """What of the gates can be counted in files."""
    models = len({source.path for source in at.code if not source.is_notebook and _publishes(source.calls)})
    services = len({container.get("name") for _, container in containers(at)})
    jobs = sum(1 for source in at.code if "airflow" in source.imports and source.calls & {"DAG", "dag"})
    return {"models_in_prod": models, "services": services, "jobs": jobs}


def _publishes(calls: frozenset[str]) -> bool:
    return bool(calls & {"fit", "train"}) and bool(
        calls & {"dump", "save", "save_model", "log_model", "register_model"}
    )


def _shown(seen: dict[str, int]) -> list[tuple[str, int]]:
    return [
        ("models saved", seen["models_in_prod"]),
        ("services", seen["services"]),
        ("DAGs", seen["jobs"]),
    ]


def _is_used(component: _Component, seen: dict[str, int]) -> bool:
    """Whether the repository itself shows enough of what the component is for."""
    match component.stage:
        case "features" | "serving":
            return seen["models_in_prod"] >= MANY_MODELS
        case "platform":
            return seen["services"] > MANY_DAGS
        case "orchestration":
            return seen["jobs"] >= MANY_DAGS
    return False


def _place(at: Repository, component: _Component) -> tuple[str, int] | None:
    for source in at.code:
        if source.imports & component.modules:
            line = next(
                (
                    number
                    for number, text in enumerate(source.text.split("\n"), start=1)
                    if re.match(rf"\s*(?:from|import)\s+(?:{'|'.join(sorted(component.modules))})\b", text)
                ),
                0,
            )
            return source.path, line
    if component.files and (path := at.has_file(component.files)):
        return path, 0
    if component.text:
        wanted = re.compile(component.text, re.MULTILINE)
        for path, text in at.texts.items():
            if path.endswith((".yml", ".yaml")) and (match := wanted.search(text)):
                return path, text.count("\n", 0, match.start()) + 1
    return None
