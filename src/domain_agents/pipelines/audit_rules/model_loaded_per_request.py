"""A model that is read from disk for every answer."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.operations import handlers
from domain_agents.pipelines.reading.sources import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


_LOADS = ("joblib.load", "pickle.load", "torch.load", "load_model", ".from_pretrained", "InferenceSession")


class _ModelLoadedPerRequest(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "Loading the model inside the request costs more than the prediction, each time."
    instead = "load it once when the process starts (lifespan, module level) and keep it"
    sources = ("https://fastapi.tiangolo.com/advanced/events/",)
    bad = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "import joblib\n"
            "from fastapi import FastAPI\n"
            "\n"
            "app = FastAPI()\n"
            "\n"
            "\n"
            '@app.post("/predict")\n'
            "def predict(payload: dict):\n"
            '    model = joblib.load("model.joblib")\n'
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
                for one in ast.walk(handler):
                    if isinstance(one, ast.Call) and dotted(one.func).endswith(_LOADS):
                        yield Seen(
                            (
                                f"{handler.name} loads the model for every request: a file is read and unpacked before "
                                "anybody is answered"
                            ),
                            source.path,
                            one.lineno,
                            source,
                        )


RULE = _ModelLoadedPerRequest()
