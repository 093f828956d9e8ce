"""Features that are handed over by their order."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.sources import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _FeaturesByPosition(Rule):
    severity = Severity.WARNING
    section = "data"
    harm = "Features taken from a mapping in its order are right only as long as every caller sends them in that order."
    instead = "name them: a DataFrame with the training columns, model.predict(frame[FEATURES])"
    sources = (
        "Rules of Machine Learning, rule 32: re-use code between training and serving",
        "ML Test Score, Monitor 3",
    )
    bad = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "import joblib\n"
            "\n"
            'model = joblib.load("model.joblib")\n'
            "\n"
            "\n"
            "def answer(payload):\n"
            "    return model.predict([list(payload.values())])\n",
        }
    )
    good = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "import joblib\n"
            "import pandas as pd\n"
            "\n"
            'model = joblib.load("model.joblib")\n'
            'FEATURES = ["age", "amount"]\n'
            "\n"
            "\n"
            "def answer(payload):\n"
            "    return model.predict(pd.DataFrame([payload])[FEATURES])\n",
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.code:
            for name, node in source.call_nodes:
                if name not in ("predict", "predict_proba") or not node.args:
                    continue
                if any(
                    isinstance(one, ast.Call) and dotted(one.func).endswith(".values") and not one.args
                    for one in ast.walk(node.args[0])
                ):
                    yield Seen(
                        "the features go into the model in the order in which the caller wrote them: another order "
                        "gives another "
                        "answer, and no error",
                        source.path,
                        node.lineno,
                        source,
                    )


RULE = _FeaturesByPosition()
