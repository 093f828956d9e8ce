"""Rows that were copied or invented before the split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script, where

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _ResampledBeforeSplit(LeakRule):
    severity = Severity.ERROR
    harm = (
        "Oversampling before the split puts copies of the same row on both sides: the model is "
        "asked what it has learnt by heart."
    )
    instead = (
        "split first and resample the training part alone; for cross-validation put the sampler "
        "into an imblearn Pipeline"
    )
    sources = ("https://imbalanced-learn.org/stable/common_pitfalls.html",)
    bad = script("""
from imblearn.over_sampling import SMOTE
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
X = df.drop(columns=["fraud"])
y = df["fraud"]
X, y = SMOTE(random_state=7).fit_resample(X, y)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=7)
model = RandomForestClassifier(random_state=7).fit(X_train, y_train)
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
""")
    good = script("""
from imblearn.over_sampling import SMOTE
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
X = df.drop(columns=["fraud"])
y = df["fraud"]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=7)
X_train, y_train = SMOTE(random_state=7).fit_resample(X_train, y_train)
model = RandomForestClassifier(random_state=7).fit(X_train, y_train)
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return (
            f"{leak.what} changes the rows before they are parted at {where(leak, source)}: copies or "
            "mixtures of one row stand on both sides, and the share of the classes is no longer that "
            "of production"
        )


RULE = _ResampledBeforeSplit()
