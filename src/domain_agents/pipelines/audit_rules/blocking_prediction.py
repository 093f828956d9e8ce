"""A prediction that stops all other requests."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.operations import handlers
from domain_agents.pipelines.reading.sources import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _BlockingPrediction(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "A prediction inside an async handler holds the event loop: nobody else is answered meanwhile."
    instead = "make the handler a plain def (it then runs in a thread), or await a thread or process pool"
    sources = ("https://fastapi.tiangolo.com/async/",)
    bad = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "import joblib\n"
            "from fastapi import FastAPI\n"
            "\n"
            "app = FastAPI()\n"
            'model = joblib.load("model.joblib")\n'
            "\n"
            "\n"
            '@app.post("/predict")\n'
            "async def predict(payload: dict):\n"
            '    return model.predict([[payload["a"]]]).tolist()\n',
        }
    )
    good = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "import joblib\n"
            "from fastapi import FastAPI\n"
            "\n"
            "app = FastAPI()\n"
            'model = joblib.load("model.joblib")\n'
            "\n"
            "\n"
            '@app.post("/predict")\n'
            "def predict(payload: dict):\n"
            '    return model.predict([[payload["a"]]]).tolist()\n',
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.code:
            for handler in handlers(source):
                if not isinstance(handler, ast.AsyncFunctionDef):
                    continue
                waited = {id(one.value) for one in ast.walk(handler) if isinstance(one, ast.Await)}
                for one in ast.walk(handler):
                    if (
                        isinstance(one, ast.Call)
                        and name_of(one.func) in ("predict", "predict_proba")
                        and id(one) not in waited
                    ):
                        yield Seen(
                            f"{handler.name} computes inside the event loop: every other request waits for it",
                            source.path,
                            one.lineno,
                            source,
                        )
                        break


RULE = _BlockingPrediction()
