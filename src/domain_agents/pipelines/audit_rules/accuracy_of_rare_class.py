"""Accuracy where one class is rare."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


_OTHERS = re.compile(
    r"average_precision|precision_recall|roc_auc|f1_score|fbeta|recall_score"
    r"|classification_report|matthews|balanced_accuracy"
    r"|confusion_matrix|brier|log_loss"
)
_RARE = re.compile(
    r"SMOTE|ADASYN|RandomOverSampler|RandomUnderSampler|class_weight|scale_pos_weight"
    r"|(?i:imbalanc\w*|fraud\b|creditcard)"
)


class _AccuracyOfRareClass(Rule):
    severity = Severity.WARNING
    section = "model"
    harm = "Where one row in a hundred is positive, saying no to everybody is 99 % accurate."
    instead = (
        "report precision and recall at the threshold that is used, or average precision, beside "
        "the share of the rarer class"
    )
    sources = (
        "Saito and Rehmsmeier 2015, PLoS ONE 10(3)",
        "https://scikit-learn.org/stable/modules/model_evaluation.html",
    )
    bad = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "train.py": "import pandas as pd\n"
            "from sklearn.ensemble import RandomForestClassifier\n"
            "from sklearn.metrics import accuracy_score\n"
            "from sklearn.model_selection import train_test_split\n"
            "\n"
            'df = pd.read_csv("creditcard.csv")\n'
            'X_train, X_test, y_train, y_test = train_test_split(df.drop(columns=["fraud"]), '
            'df["fraud"], random_state=1)\n'
            'model = RandomForestClassifier(class_weight="balanced", random_state=1).fit(X_train, '
            "y_train)\n"
            "print(accuracy_score(y_test, model.predict(X_test)))\n",
        }
    )
    good = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "train.py": "import pandas as pd\n"
            "from sklearn.ensemble import RandomForestClassifier\n"
            "from sklearn.metrics import accuracy_score, average_precision_score\n"
            "from sklearn.model_selection import train_test_split\n"
            "\n"
            'df = pd.read_csv("creditcard.csv")\n'
            'X_train, X_test, y_train, y_test = train_test_split(df.drop(columns=["fraud"]), '
            'df["fraud"], random_state=1)\n'
            'model = RandomForestClassifier(class_weight="balanced", random_state=1).fit(X_train, '
            "y_train)\n"
            "print(accuracy_score(y_test, model.predict(X_test)), average_precision_score(y_test, "
            "model.predict_proba(X_test)[:, 1]))\n",
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.code:
            used = [node for name, node in source.call_nodes if name == "accuracy_score"]
            if not used or _OTHERS.search(source.text):
                continue
            sign = _RARE.search(source.text)
            if sign:
                yield Seen(
                    f"accuracy is the only measure here, and {sign[0].strip()[:40]!r} says that one class is "
                    "rare: a model that never "
                    "says yes would look good",
                    source.path,
                    used[0].lineno,
                    source,
                )


RULE = _AccuracyOfRareClass()
