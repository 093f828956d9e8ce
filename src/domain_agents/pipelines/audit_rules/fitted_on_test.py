"""Something that is fitted on the rows that judge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _FittedOnTest(LeakRule):
    severity = Severity.ERROR
    harm = (
        "What is fitted on the test part gives it another scale than the model has learnt, or teaches it the answers."
    )
    instead = "fit on the training part once, and only transform or predict on the test part"
    sources = ("https://scikit-learn.org/stable/common_pitfalls.html#data-leakage",)
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
scaler = StandardScaler()
X_train = scaler.fit_transform(X_train)
X_test = scaler.fit_transform(X_test)
model = RandomForestClassifier(random_state=7).fit(X_train, y_train)
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
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
scaler = StandardScaler().fit(X_train)
X_train, X_test = scaler.transform(X_train), scaler.transform(X_test)
model = RandomForestClassifier(random_state=7).fit(X_train, y_train)
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return (
            f"{leak.what} is fitted on the {leak.detail or 'test'} part: in production there is one row "
            "at a time and nothing to fit on"
        )


RULE = _FittedOnTest()
