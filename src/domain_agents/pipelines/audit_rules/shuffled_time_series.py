"""Rows in order of time that are dealt at random."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _ShuffledTimeSeries(LeakRule):
    severity = Severity.ERROR
    harm = "A random split of a time series trains on the days after those it is judged on."
    instead = (
        "split by date (train before, test after; shuffle=False on sorted rows) and use "
        "TimeSeriesSplit for cross-validation"
    )
    sources = ("https://scikit-learn.org/stable/modules/cross_validation.html#time-series-split",)
    bad = script("""
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv", parse_dates=["date"]).sort_values("date")
df["lag"] = df["amount"].shift(1)
X = df.drop(columns=["fraud"])
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

df = pd.read_csv("data/claims.csv", parse_dates=["date"]).sort_values("date")
df["lag"] = df["amount"].shift(1)
X = df.drop(columns=["fraud"])
y = df["fraud"]
X_train, X_test, y_train, y_test = train_test_split(X, y, shuffle=False)
model = RandomForestClassifier(random_state=7).fit(X_train, y_train)
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return (
            f"rows in order of time ({leak.what}) are dealt at random: the model learns from the days "
            "after those it is judged on"
        )


RULE = _ShuffledTimeSeries()
