"""Code whose libraries nobody has written down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.requirements import is_lock, is_requirements

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


_FEW = 1
_LIBRARIES = frozenset({"pandas", "numpy", "sklearn", "torch", "tensorflow", "xgboost", "lightgbm", "catboost", "keras",
                        "transformers", "mlflow", "airflow", "imblearn"})  # fmt: skip


class _MissingDependencyFile(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "Without a list of dependencies nobody can run the code, or load its model, a year from now."
    instead = "declare them in pyproject.toml or requirements.txt with their versions"
    sources = ("https://packaging.python.org/en/latest/guides/writing-pyproject-toml/",)
    bad = files({"train.py": "import pandas as pd\nimport sklearn\n\nprint(pd.__version__, sklearn.__version__)\n"})
    good = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "train.py": "import pandas as pd\nimport sklearn\n\nprint(pd.__version__, sklearn.__version__)\n",
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        if len(at.paths) < _FEW or any(is_requirements(path) or is_lock(path) for path in at.paths) or at.dockerfiles:
            return
        used = sorted(at.imports & _LIBRARIES)
        if used and not any("pip install" in one.text for one in at.sources):
            yield Seen(f"{', '.join(used[:5])} are imported, and no file says in which versions", "")


RULE = _MissingDependencyFile()
