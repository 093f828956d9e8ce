"""Code that arrives as data."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.sources import dotted, keyword, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


_LOADERS = ("pickle.", "cPickle.", "joblib.", "cloudpickle.", "dill.", "torch.", "pd.read_pickle", "pandas.read_pickle")
_OUTSIDE = re.compile(
    r"requests?\.|urlopen|urlretrieve|https?://|upload|\.files\b|get_object|download|\brequest\b|input\(|recv\(|\.body\b",
    re.IGNORECASE,
)


class _UntrustedPickle(Rule):
    severity = Severity.ERROR
    section = "infrastructure"
    harm = "Unpickling runs whatever the sender has put in: a model from elsewhere is a program from elsewhere."
    instead = (
        "load only files whose hash you know; take ONNX or safetensors from others; torch.load(..., weights_only=True)"
    )
    sources = (
        "https://docs.python.org/3/library/pickle.html",
        "https://docs.pytorch.org/docs/stable/generated/torch.load.html",
    )
    bad = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "import pickle\n"
            "\n"
            "import requests\n"
            "\n"
            "\n"
            "def fetch(url):\n"
            "    return pickle.loads(requests.get(url, timeout=5).content)\n",
        }
    )
    good = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": 'import joblib\n\nmodel = joblib.load("models/model-3.joblib")\n',
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.code:
            for name, node in source.call_nodes:
                called = dotted(node.func)
                if name not in ("load", "loads", "read_pickle") or not called.startswith(_LOADERS):
                    continue
                text = " ".join(ast.unparse(one) for one in node.args)
                unsafe = literal(keyword(node, "weights_only")) is False
                if _OUTSIDE.search(text) or unsafe:
                    why = "weights_only=False lets it" if unsafe else "what comes over the network or from a user can"
                    yield Seen(f"{called} runs code from what it loads: {why}", source.path, node.lineno, source)


RULE = _UntrustedPickle()
