"""A search that has seen the rows that judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script, where

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _TunedOnTest(LeakRule):
    severity = Severity.ERROR
    harm = "Parameters searched over all rows were chosen for the test rows too."
    instead = "search on the training part alone and judge once on the test part"
    sources = (
        "https://scikit-learn.org/stable/common_pitfalls.html#data-leakage",
        "Rules of Machine Learning, rule 33",
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
search = GridSearchCV(RandomForestClassifier(random_state=7), {"max_depth": [3, 9]}, cv=5)
search.fit(X, y)
print(roc_auc_score(y_test, search.predict_proba(X_test)[:, 1]), y.mean())
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
search = GridSearchCV(RandomForestClassifier(random_state=7), {"max_depth": [3, 9]}, cv=5)
search.fit(X_train, y_train)
print(roc_auc_score(y_test, search.predict_proba(X_test)[:, 1]), y.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return f"{leak.what} is tuned on all rows and judged at {where(leak, source)} on some of them"


RULE = _TunedOnTest()
