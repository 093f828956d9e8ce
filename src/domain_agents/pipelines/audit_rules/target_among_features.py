"""The answer among the questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script, where

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _TargetAmongFeatures(LeakRule):
    severity = Severity.ERROR
    harm = (
        "With the target, or a column that gives it away, among the features the score is perfect "
        "and the model worthless."
    )
    instead = (
        "drop the target and every column it is computed from before the split; keep a list of the "
        "features that are known at prediction time"
    )
    sources = ("Kaufman et al. 2012, Leakage in Data Mining",)
    bad = script("""
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
X = df.drop(columns=["id"])
y = df["fraud"]
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
model = RandomForestClassifier(random_state=7).fit(X_train, y_train)
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return (
            f"{leak.what} is among the features, and {leak.detail or 'it'} is what is to be predicted "
            f"(used at {where(leak, source)})"
        )


RULE = _TargetAmongFeatures()
