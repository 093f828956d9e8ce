"""A transformer that has seen the rows it is judged on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script, where

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _FittedBeforeSplit(LeakRule):
    severity = Severity.ERROR
    harm = (
        "What is fitted before the split carries the test rows into training: the score is better "
        "than production will be."
    )
    instead = (
        "split first, then fit on the training part alone: put the step into a Pipeline with the "
        "model, so that every split and fold fits it anew"
    )
    sources = (
        "https://scikit-learn.org/stable/common_pitfalls.html#data-leakage",
        "ML Test Score (Breck 2017)",
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
X = StandardScaler().fit_transform(X)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=7)
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
            f"{leak.what} learns from all rows, those of the test part among them, which are parted "
            f"only at {where(leak, source)}: the score there is too good"
        )


RULE = _FittedBeforeSplit()
