"""A model that is judged on what it has learnt."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _NoHoldout(Rule):
    severity = Severity.ERROR
    section = "model"
    harm = "A score on the training rows says how well they were learnt by heart."
    instead = "hold rows out (train_test_split, or by date or group), or cross-validate"
    sources = ("ML Test Score (Breck 2017), Model 3",)
    bad = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "train.py": "import pandas as pd\n"
            "from sklearn.ensemble import RandomForestClassifier\n"
            "from sklearn.metrics import roc_auc_score\n"
            "\n"
            'df = pd.read_csv("d.csv")\n'
            'X, y = df.drop(columns=["bad"]), df["bad"]\n'
            "model = RandomForestClassifier(random_state=1).fit(X, y)\n"
            "print(roc_auc_score(y, model.predict_proba(X)[:, 1]), y.mean())\n",
        }
    )
    good = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "train.py": "import pandas as pd\n"
            "from sklearn.ensemble import RandomForestClassifier\n"
            "from sklearn.model_selection import cross_val_score\n"
            "\n"
            'df = pd.read_csv("d.csv")\n'
            'X, y = df.drop(columns=["bad"]), df["bad"]\n'
            "print(cross_val_score(RandomForestClassifier(random_state=1), X, y, "
            'scoring="roc_auc").mean(), y.mean())\n',
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source, leak in at.leaks:
            if leak.rule == self.name:
                yield Seen(
                    f"{leak.what} is judged on the very rows it was fitted on, and nothing in this file holds any out",
                    source.path,
                    leak.line,
                    source,
                )


RULE = _NoHoldout()
