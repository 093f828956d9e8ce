"""One transformation, written twice."""

from __future__ import annotations

import ast
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository
    from domain_agents.pipelines.reading.sources import Source


_STATEMENTS = 3
_ALIKE = 0.7


def _is_feature_code(node: ast.FunctionDef) -> bool:
    """Whether a function writes columns."""
    return any(isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Subscript) for one in ast.walk(node))


def _alike(first: ast.FunctionDef, second: ast.FunctionDef) -> float:
    """How much of two functions' statements is the same, from 0 to 1."""
    left, right = ([ast.unparse(one) for one in node.body] for node in (first, second))
    if left == right:
        return 1.0
    return SequenceMatcher(None, "\n".join(left), "\n".join(right), autojunk=False).ratio() * 0.999


class _CopiedFeatureCode(Rule):
    severity = Severity.WARNING
    section = "data"
    harm = "A feature function that is copied into the serving code drifts away from the one that trained."
    instead = "keep it in one module that both import"
    sources = (
        "Rules of Machine Learning, rule 32: re-use code between training and serving",
        "ML Test Score, Monitor 3",
    )
    bad = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "def clean(df):\n"
            "    df = df.copy()\n"
            '    df["a"] = df["a"].clip(0, 12)\n'
            '    df["b"] = df["b"].str.lower()\n'
            "    return df\n",
            "train.py": "def clean(df):\n"
            "    df = df.copy()\n"
            '    df["a"] = df["a"].clip(0, 10)\n'
            '    df["b"] = df["b"].str.lower()\n'
            "    return df\n",
        }
    )
    good = files(
        {
            "features.py": "def clean(df):\n"
            "    df = df.copy()\n"
            '    df["a"] = df["a"].clip(0, 10)\n'
            '    df["b"] = df["b"].str.lower()\n'
            "    return df\n",
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "serve.py": "from features import clean\n",
            "train.py": "from features import clean\n",
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        found: dict[str, list[tuple[Source, ast.FunctionDef]]] = {}
        for source in at.code:
            if source.is_notebook:
                continue
            for node in source.tree.body:
                if isinstance(node, ast.FunctionDef) and len(node.body) >= _STATEMENTS and _is_feature_code(node):
                    found.setdefault(node.name, []).append((source, node))
        for name, places in found.items():
            first, others = places[0], places[1:]
            for source, node in others:
                share = _alike(first[1], node)
                if share >= _ALIKE:
                    same = "word for word" if share == 1 else "and the two are no longer the same"
                    yield Seen(
                        (
                            f"{name} stands in {first[0].path}:{first[1].lineno} too, {same}: what is changed in one is "
                            ""
                            "not in the other"
                        ),
                        source.path,
                        node.lineno,
                        source,
                    )


RULE = _CopiedFeatureCode()
