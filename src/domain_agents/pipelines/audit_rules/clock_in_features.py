"""The day of the run inside a feature."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.sources import dotted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


_CLOCKS = ("datetime.now", "datetime.today", "date.today", "Timestamp.now", "Timestamp.today", "datetime.utcnow")


def _clock(node: ast.expr) -> str:
    """The clock, or the year, that an expression counts from."""
    for one in ast.walk(node):
        if isinstance(one, ast.Call) and dotted(one.func).endswith(_CLOCKS):
            return "the day of the run"
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Sub) and isinstance(one.left, ast.Constant):
            year = one.left.value
            if type(year) is int and 2010 <= year <= 2100:
                return f"the year {year}"
    return ""


class _ClockInFeatures(Rule):
    severity = Severity.WARNING
    section = "data"
    harm = (
        "A feature that is counted from today, or from a year written into the code, means something else at every run."
    )
    instead = "count from a date that belongs to the row (the day of the event), and store it with the row"
    sources = (
        "Rules of Machine Learning, rule 32: re-use code between training and serving",
        "ML Test Score, Monitor 3",
    )
    bad = files(
        {
            "features.py": "import pandas as pd\n"
            "\n"
            "\n"
            "def add(df):\n"
            '    df["age"] = pd.Timestamp.now() - df["born"]\n'
            "    return df\n",
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
        }
    )
    good = files(
        {
            "features.py": "import pandas as pd\n"
            "\n"
            "\n"
            "def add(df):\n"
            '    df["age"] = df["event_date"] - df["born"]\n'
            "    return df\n",
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.code:
            for node in source.nodes:
                if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Subscript):
                    continue
                told = _clock(node.value)
                if told and any(isinstance(one, ast.Subscript) for one in ast.walk(node.value)):
                    yield Seen(
                        f"{ast.unparse(node.targets[0])[:60]} is counted from {told}: the same row gives another "
                        "value in training and "
                        "when it is served",
                        source.path,
                        node.lineno,
                        source,
                    )


RULE = _ClockInFeatures()
