"""How ready a repository is, in the manner of the ML Test Score: four sections, half a point or one for each test found.

Breck et al. 2017 give half a point to what is done by hand and written down, one to what runs by itself. What a repository
shows is all that is judged: a test that lives elsewhere is not seen here, and the report says so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from domain_agents.pipelines.reading import Repository


@dataclass(frozen=True, slots=True)
class Point:
    """One test of the score: what was looked for, how far it is there, and where."""

    test: str
    score: float
    seen: str

    def as_json(self) -> dict[str, Any]:
        """Its line in the result."""
        return {"test": self.test, "score": self.score, "seen": self.seen or "not found"}


@dataclass(frozen=True, slots=True)
class Section:
    """One of the four sections."""

    name: str
    points: tuple[Point, ...]

    @property
    def score(self) -> float:
        """The sum of its tests."""
        return sum(one.score for one in self.points)

    def as_json(self) -> dict[str, Any]:
        """The shape that clients rely on (contract, audit_pipeline)."""
        return {"score": self.score, "of": len(self.points), "tests": [one.as_json() for one in self.points]}


def readiness(at: Repository) -> tuple[Section, ...]:
    """The four sections, in the order of the paper."""
    look = _Look(at)
    return (
        Section("data", tuple(look.point(*one) for one in _DATA)),
        Section("model", tuple(look.point(*one) for one in _MODEL)),
        Section("infrastructure", tuple(look.point(*one) for one in _INFRASTRUCTURE)),
        Section("monitoring", tuple(look.point(*one) for one in _MONITORING)),
    )


class _Look:
    """A repository with what is searched again and again at hand."""

    def __init__(self, at: Repository) -> None:
        self.at = at
        self.automated = at.has_file(
            r"\.github/workflows/.*\.ya?ml|\.gitlab-ci\.yml|jenkinsfile|azure-pipelines\.yml|\.circleci/.*"
            r"|(?:.*/)?dags?/.*\.py|dvc\.yaml|\.buildkite/.*|bitbucket-pipelines\.yml"
        )

    def point(self, test: str, full: str, half: str, tests_only: bool) -> Point:
        found = self.search(full, tests_only=tests_only)
        if found:
            return Point(test, 1.0 if self.automated or not tests_only else 0.5, found)
        found = self.search(half, tests_only=False) if half else ""
        return Point(test, 0.5 if found else 0.0, found)

    def search(self, pattern: str, *, tests_only: bool) -> str:
        if pattern.startswith("path:"):
            return self.at.has_file(pattern.removeprefix("path:"))
        wanted = _compiled(pattern)
        for source in self.at.sources:
            if tests_only and not source.is_test:
                continue
            match = wanted.search(source.text)
            if match:
                cell, line = source.place(source.text.count("\n", 0, match.start()) + 1)
                return f"{source.path}, cell {cell}, line {line}" if cell else f"{source.path}:{line}"
        if tests_only:
            return ""
        for path, text in self.at.texts.items():
            if path.endswith((".yml", ".yaml")) and (match := wanted.search(text)):
                return f"{path}:{text.count(chr(10), 0, match.start()) + 1}"
        return ""


_PATTERNS: dict[str, re.Pattern[str]] = {}


def _compiled(pattern: str) -> re.Pattern[str]:
    if pattern not in _PATTERNS:
        _PATTERNS[pattern] = re.compile(pattern, re.MULTILINE)
    return _PATTERNS[pattern]


_Test = tuple[str, str, str, bool]
_DATA: tuple[_Test, ...] = (
    (
        "the data's schema is checked",
        (
            r"import pandera|great_expectations|from pandera|tensorflow_data_validation|tfdv\.|"
            r"\bDataFrameSchema\(|soda\.scan"
        ),
        r"assert .*(?:columns|isna|isnull|dtypes|notnull)|BaseModel\)",
        False,
    ),
    ("features are tested", r"def test_\w*(?:feature|transform|encod|preprocess|clean)", "", True),
    (
        "features are declared in one place",
        r"(?i)\b(?:FEATURES|FEATURE_COLUMNS|NUMERIC_FEATURES|CATEGORICAL_FEATURES)\s*(?::[^=]+)?=",
        r"\b(?:feature_cols|features|feature_columns|num_cols|numeric_features)\s*=\s*\[",
        False,
    ),
    (
        "personal data is handled on purpose",
        r"(?i)\b(?:anonymi[sz]e|pseudonymi[sz]e|hash_pii|redact|presidio)\w*\(",
        r"(?i)\bpii\b|\bgdpr\b",
        False,
    ),
    (
        "data is versioned",
        r"path:(?:.*/)?(?:dvc\.yaml|dvc\.lock|.*\.dvc|lakefs.*)",
        r"(?i)data_(?:version|hash)|dataset_(?:version|hash)|sha256\(",
        False,
    ),
    (
        "training and serving share the feature code",
        r"def test_\w*(?:parity|skew|serve|serving|same_features)",
        r"^from (?:\.+)?(?:(?!sklearn)[\w.]*\.)?(?:features|preprocess\w*|transforms?) import",
        False,
    ),
    ("bad rows are kept aside", r"(?i)dead_?letter|quarantine|rejected_rows", r"errors=[\"']coerce[\"']", False),
)
_MODEL: tuple[_Test, ...] = (
    (
        "the code is reviewed and run by CI",
        r"path:\.github/workflows/.*\.ya?ml|\.gitlab-ci\.yml|jenkinsfile|azure-pipelines\.yml|\.circleci/.*",
        r"path:(?:.*/)?\.pre-commit-config\.yaml",
        False,
    ),
    (
        "rows are held out",
        r"train_test_split\(|cross_val\w*\(|KFold\(|TimeSeriesSplit\(|GroupShuffleSplit\(",
        "",
        False,
    ),
    (
        "parameters are tuned by search",
        r"GridSearchCV\(|RandomizedSearchCV\(|optuna|hyperopt|ray\.tune|BayesSearchCV\(",
        "",
        False,
    ),
    ("a simple model is the baseline", r"Dummy(?:Classifier|Regressor)\(", r"(?i)\bbaseline", False),
    (
        "quality is looked at by slices",
        r"(?i)\bslices?\b.*(?:score|auc|metric)|by_(?:group|segment|slice)\(|MetricFrame\(|fairlearn",
        r"groupby\([^)]*\)\.(?:apply|agg)\([^)]*(?:score|auc|error)",
        False,
    ),
    (
        "a score has its uncertainty",
        r"(?i)bootstrap|confidence_interval|cross_val_score\(|RepeatedStratifiedKFold\(",
        r"\.std\(\)",
        False,
    ),
    (
        "the model is described",
        r"path:(?:.*/)?model[_-]?cards?(?:\.md|/.*)",
        r"path:(?:.*/)?docs?/.*model.*\.md",
        False,
    ),
)
_INFRASTRUCTURE: tuple[_Test, ...] = (
    (
        "training is repeatable",
        r"random_state\s*=|np\.random\.seed\(|torch\.manual_seed\(|set_seed\(|set_random_seed\(|default_rng\(\d",
        "",
        False,
    ),
    ("the training code is tested", r"def test_\w*(?:train|fit|model|pipeline)", r"def test_", True),
    (
        "runs are tracked",
        r"mlflow\.|wandb\.|neptune\.|clearml|comet_ml|dvclive",
        r"(?i)metrics\.json|json\.dump\(\s*\w*metrics",
        False,
    ),
    (
        "a gate stands before publication",
        (
            r"(?i)if\s+\w*(?:auc|score|accuracy|f1|rmse|mae|metric"
            r"|quality)\w*\s*[<>]=?\s*[\w.]*(?:threshold|min_|gate|\d\.\d)"
            r"|(?:champion|challenger)"
        ),
        r"(?i)assert \w*(?:auc|score|accuracy|f1)\w*\s*>",
        False,
    ),
    (
        "a new model meets part of the traffic first",
        r"(?i)\bcanary|shadow_?(?:mode|model|deploy)|trafficSplit|canaryTrafficPercent",
        "",
        False,
    ),
    (
        "the model can be rolled back",
        r"(?i)\brollback|set_registered_model_alias|transition_model_version_stage|rollout undo",
        r"(?i)model_version|register_model\(",
        False,
    ),
    (
        "the pipeline runs as a whole",
        r"\bDAG\(|@dag\b|@flow\b|@pipeline\b|kfp\.|luigi|dagster|sagemaker\.workflow|path:dvc\.yaml",
        r"if __name__ == [\"']__main__[\"']",
        False,
    ),
)
_MONITORING: tuple[_Test, ...] = (
    (
        "somebody learns that a job did not run",
        r"on_failure_callback|healthchecks\.io|hc-ping|PrometheusRule|deadman|sla_miss_callback",
        r"email_on_failure|absent\(|SlackWebhook",
        False,
    ),
    (
        "inputs are compared with those of training",
        r"(?i)evidently|population_stability|\bpsi\b|ks_2samp|nannyml|alibi_detect|whylogs|drift",
        "",
        False,
    ),
    (
        "training and serving are compared",
        r"(?i)training_serving_skew|feature_parity|skew_check",
        r"(?i)\bskew\b",
        False,
    ),
    (
        "the age of the model is known",
        r"(?i)model_age|trained_at|training_date|last_trained|stale_model",
        r"(?i)timestamp.*model",
        False,
    ),
    (
        "broken numbers are noticed",
        r"np\.isfinite\(|isnan\(.*pred|assert_all_finite|TerminateOnNaN",
        r"np\.isnan\(|\.isna\(\)\.(?:any|sum)",
        False,
    ),
    (
        "speed and errors are measured",
        r"prometheus_client|opentelemetry|statsd|Histogram\(|datadog|\bddtrace",
        r"time\.perf_counter\(\)|logging\.getLogger",
        False,
    ),
    (
        "predictions are kept and judged later",
        r"(?i)log_prediction|prediction_log|predictions_table|actuals",
        r"(?i)logger\.\w+\([^)]*predict",
        False,
    ),
)
