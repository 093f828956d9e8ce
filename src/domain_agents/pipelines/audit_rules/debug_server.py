"""A debugger that the world can reach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.sources import keyword, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _DebugServer(Rule):
    severity = Severity.ERROR
    section = "infrastructure"
    harm = "Flask's debug mode gives whoever causes an error a Python prompt on the server."
    instead = "run behind gunicorn or uvicorn without debug"
    sources = (
        "https://flask.palletsprojects.com/en/stable/debugging/",
        "CWE-489",
    )
    bad = files(
        {
            "app.py": 'from flask import Flask\n\napp = Flask(__name__)\napp.run(host="0.0.0.0", debug=True)\n',
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
        }
    )
    good = files(
        {
            "app.py": 'from flask import Flask\n\napp = Flask(__name__)\nif __name__ == "__main__":\n    app.run()\n',
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.code:
            if "flask" not in source.imports:
                continue
            for name, node in source.call_nodes:
                if name == "run" and literal(keyword(node, "debug")) is True:
                    yield Seen(
                        "the server runs with its debugger: an error page is a Python prompt",
                        source.path,
                        node.lineno,
                        source,
                    )


RULE = _DebugServer()
