"""Text that is run as code."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _EvaluatedText(Rule):
    severity = Severity.ERROR
    section = "infrastructure"
    harm = "eval and exec run whatever stands in the text, from a file, a request or a model's answer."
    instead = "parse it: json.loads, ast.literal_eval, or a table of allowed names"
    sources = (
        "CWE-95",
        "https://docs.python.org/3/library/functions.html#eval",
    )
    bad = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "def answer(text):\n    return eval(text)\n",
        }
    )
    good = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "import ast\n\n\ndef answer(text):\n    return ast.literal_eval(text)\n",
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.code:
            for name, node in source.call_nodes:
                if (
                    name in ("eval", "exec")
                    and isinstance(node.func, ast.Name)
                    and node.args
                    and not isinstance(node.args[0], ast.Constant)
                ):
                    yield Seen(f"{name} runs the text it is given as code", source.path, node.lineno, source)


RULE = _EvaluatedText()
