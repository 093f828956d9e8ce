"""Features that were chosen with the answers at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script, where

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _FeaturesChosenBeforeSplit(LeakRule):
    severity = Severity.ERROR
    harm = "Features chosen by their relation to the target over all rows look good on the test rows by construction."
    instead = (
        "choose inside a Pipeline (SelectKBest, RFE as a step), so that each fold chooses from its own training rows"
    )
    sources = ("https://scikit-learn.org/stable/common_pitfalls.html#data-leakage",)
    bad = script("""
from sklearn.feature_selection import SelectKBest
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
X = df.drop(columns=["fraud"])
y = df["fraud"]
X = SelectKBest(k=10).fit_transform(X, y)
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=7)
model = RandomForestClassifier(random_state=7).fit(X_train, y_train)
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
""")
    good = script("""
from sklearn.feature_selection import SelectKBest
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
X = df.drop(columns=["fraud"])
y = df["fraud"]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=7)
chosen = SelectKBest(k=10).fit(X_train, y_train)
X_train, X_test = chosen.transform(X_train), chosen.transform(X_test)
model = RandomForestClassifier(random_state=7).fit(X_train, y_train)
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return (
            f"{leak.what} chooses features by the target of all rows, parted only at "
            f"{where(leak, source)}: noise that fits the test rows is kept"
        )


RULE = _FeaturesChosenBeforeSplit()
