"""YAML that builds objects."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.sources import dotted, keyword

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _UnsafeYamlLoad(Rule):
    severity = Severity.ERROR
    section = "infrastructure"
    harm = "yaml.load without a safe loader builds any object that the file asks for."
    instead = "yaml.safe_load(file)"
    sources = (
        "https://pyyaml.org/wiki/PyYAMLDocumentation",
        "CWE-502",
    )
    bad = files(
        {
            "config.py": "import yaml\n"
            "\n"
            'with open("params.yaml") as file:\n'
            "    params = yaml.load(file, Loader=yaml.UnsafeLoader)\n",
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
        }
    )
    good = files(
        {
            "config.py": 'import yaml\n\nwith open("params.yaml") as file:\n    params = yaml.safe_load(file)\n',
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.code:
            for name, node in source.call_nodes:
                if name in ("unsafe_load", "unsafe_load_all") and dotted(node.func).startswith("yaml."):
                    yield Seen(
                        "yaml.unsafe_load builds any object that the file asks for", source.path, node.lineno, source
                    )
                elif name in ("load", "load_all") and dotted(node.func) in ("yaml.load", "yaml.load_all"):
                    loader = keyword(node, "Loader") or (node.args[1] if len(node.args) > 1 else None)
                    if loader is None or not ast.unparse(loader).endswith(("SafeLoader", "BaseLoader")):
                        yield Seen("yaml.load builds objects that the file asks for", source.path, node.lineno, source)


RULE = _UnsafeYamlLoad()
