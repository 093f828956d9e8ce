"""A model that is served without what prepared its inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.leakage.vocabulary import LEARNING
from domain_agents.pipelines.reading.sources import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository
    from domain_agents.pipelines.reading.sources import Source


_STORES = ("joblib.", "pickle.", "cloudpickle.", "dill.")


def _saves_model_alone(source: Source) -> bool:
    """Whether a script fits a transformer outside of a pipeline and saves exactly one object."""
    saved = [node for name, node in source.call_nodes if name == "dump" and dotted(node.func).startswith(_STORES)]
    if len(saved) != 1 or source.calls & {"Pipeline", "make_pipeline"} or "fit_transform" not in source.calls:
        return False
    return bool(source.calls & LEARNING)


class _PreprocessingLeftBehind(Rule):
    severity = Severity.ERROR
    section = "data"
    harm = "A model trained on scaled or encoded inputs and served on raw ones answers, and is wrong."
    instead = "save one Pipeline of transformer and model, and load that"
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
            "def answer(frame):\n"
            "    return model.predict(frame)\n",
            "train.py": "import joblib\n"
            "from sklearn.linear_model import LogisticRegression\n"
            "from sklearn.preprocessing import StandardScaler\n"
            "\n"
            "\n"
            "def run(X_train, y_train):\n"
            "    scaler = StandardScaler()\n"
            "    model = LogisticRegression().fit(scaler.fit_transform(X_train), y_train)\n"
            '    joblib.dump(model, "model.joblib")\n',
        }
    )
    good = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "import joblib\n"
            "\n"
            'model = joblib.load("model.joblib")\n'
            "\n"
            "\n"
            "def answer(frame):\n"
            "    return model.predict(frame)\n",
            "train.py": "import joblib\n"
            "from sklearn.linear_model import LogisticRegression\n"
            "from sklearn.pipeline import make_pipeline\n"
            "from sklearn.preprocessing import StandardScaler\n"
            "\n"
            "\n"
            "def run(X_train, y_train):\n"
            "    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X_train, "
            "y_train)\n"
            '    joblib.dump(model, "model.joblib")\n',
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        makers = [one for one in at.code if _saves_model_alone(one)]
        if not makers:
            return
        for source in at.code:
            loads = next(
                (node for name, node in source.call_nodes if name == "load" and dotted(node.func).startswith(_STORES)),
                None,
            )
            if loads is None or "fit" in source.calls or not source.calls & {"predict", "predict_proba"}:
                continue
            if not source.calls & {"transform", "preprocess", "prepare", "encode", "make_features", "build_features"}:
                yield Seen(
                    f"{makers[0].path} trains on transformed inputs and saves the model alone; here it predicts "
                    "on inputs that nothing "
                    "has transformed",
                    source.path,
                    loads.lineno,
                    source,
                )


RULE = _PreprocessingLeftBehind()
