"""A model whose code is downloaded and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.sources import keyword, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _RemoteCodeTrusted(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "trust_remote_code runs Python from the model's repository, in whatever version it has that day."
    instead = "take a model that needs no code of its own, or pin revision= to a commit that somebody has read"
    sources = ("https://huggingface.co/docs/transformers/main/en/models#custom-models",)
    bad = files(
        {
            "llm.py": "from transformers import AutoModel\n"
            "\n"
            'model = AutoModel.from_pretrained("org/model", trust_remote_code=True)\n',
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
        }
    )
    good = files(
        {
            "llm.py": 'from transformers import AutoModel\n\nmodel = AutoModel.from_pretrained("org/model")\n',
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.code:
            for _, node in source.call_nodes:
                if literal(keyword(node, "trust_remote_code")) is True and keyword(node, "revision") is None:
                    yield Seen(
                        "code from the model's repository is run here, in its newest version",
                        source.path,
                        node.lineno,
                        source,
                    )


RULE = _RemoteCodeTrusted()
