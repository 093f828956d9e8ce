"""A run that cannot be repeated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.sources import keyword, literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


_SEEDED = re.compile(r"random\.seed\(|manual_seed\(|set_seed\(|seed_everything\(|set_random_seed\(")


class _UnseededRun(Rule):
    severity = Severity.INFO
    section = "infrastructure"
    harm = "Without a seed two runs differ, and nobody can tell an improvement from luck."
    instead = "give random_state to the split and to the model, or seed once at the start"
    sources = (
        "ML Test Score (Breck 2017), Infrastructure 1",
        "https://scikit-learn.org/stable/common_pitfalls.html#controlling-randomness",
    )
    bad = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "train.py": "import pandas as pd\n"
            "from sklearn.model_selection import train_test_split\n"
            "\n"
            'df = pd.read_csv("d.csv")\n'
            "train, test = train_test_split(df)\n",
        }
    )
    good = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "train.py": "import pandas as pd\n"
            "from sklearn.model_selection import train_test_split\n"
            "\n"
            'df = pd.read_csv("d.csv")\n'
            "train, test = train_test_split(df, random_state=7)\n",
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.code:
            if _SEEDED.search(source.text):
                continue
            for name, node in source.call_nodes:
                if (
                    name == "train_test_split"
                    and keyword(node, "random_state") is None
                    and literal(keyword(node, "shuffle")) is not False
                ):
                    if any(one.arg is None for one in node.keywords):
                        continue
                    yield Seen(
                        "the split is another one at every run, and so is the score", source.path, node.lineno, source
                    )
                    break


RULE = _UnseededRun()
