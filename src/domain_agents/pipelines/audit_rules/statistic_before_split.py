"""A mean over all rows that is written into the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script, where

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _StatisticBeforeSplit(LeakRule):
    severity = Severity.ERROR
    harm = "A mean, median or group average over all rows carries the test rows (and their target) into training."
    instead = (
        "split first; learn the statistic from the training part (SimpleImputer, TargetEncoder in "
        "a Pipeline) and apply it to the other"
    )
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
X["age"] = X["age"].fillna(X["age"].median())
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
middle = X_train["age"].median()
X_train["age"] = X_train["age"].fillna(middle)
X_test["age"] = X_test["age"].fillna(middle)
model = RandomForestClassifier(random_state=7).fit(X_train, y_train)
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return (
            f"{leak.what} is computed over all rows and written into them before they are parted at "
            f"{where(leak, source)}: the test rows have helped to make the training rows"
        )


RULE = _StatisticBeforeSplit()
