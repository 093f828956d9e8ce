"""A model or parameter that is chosen by its score on the test part."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _ChosenOnTest(LeakRule):
    severity = Severity.WARNING
    harm = "The best of many scores on the test part is best by luck too: the winner disappoints in production."
    instead = (
        "choose by cross-validation on the training part, or on a validation part; look at the "
        "test part once, at the end"
    )
    sources = (
        "Rules of Machine Learning, rule 33",
        "Cawley and Talbot 2010, JMLR 11",
    )
    bad = script("""
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
X = df.drop(columns=["fraud"])
y = df["fraud"]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=7)
best = 0.0
for depth in [3, 5, 9]:
    model = RandomForestClassifier(max_depth=depth, random_state=7).fit(X_train, y_train)
    score = roc_auc_score(y_test, model.predict_proba(X_test)[:, 1])
    if score > best:
        best = score
print(best, y.mean())
""")
    good = script("""
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
X = df.drop(columns=["fraud"])
y = df["fraud"]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=7)
best = 0.0
for depth in [3, 5, 9]:
    model = RandomForestClassifier(max_depth=depth, random_state=7)
    score = cross_val_score(model, X_train, y_train, scoring="roc_auc").mean()
    if score > best:
        best = score
print(best, y.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return (
            f"each turn of the loop is scored on {leak.what}, and the score chooses: what is reported "
            "is the luckiest of them"
        )


RULE = _ChosenOnTest()
