"""Training that stops when the test score is best."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script, where

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _StoppedOnTest(LeakRule):
    severity = Severity.WARNING
    harm = "Early stopping on the test part picks the round that suits it: its score is no longer an estimate."
    instead = "part a validation set off the training rows for early stopping and keep the test part for the last score"
    sources = ("https://xgboost.readthedocs.io/en/stable/python/python_intro.html#early-stopping",)
    bad = script("""
from xgboost import XGBClassifier
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
X = df.drop(columns=["fraud"])
y = df["fraud"]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=7)
model = XGBClassifier(early_stopping_rounds=20, random_state=7)
model.fit(X_train, y_train, eval_set=[(X_test, y_test)])
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
""")
    good = script("""
from xgboost import XGBClassifier
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
X = df.drop(columns=["fraud"])
y = df["fraud"]
X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=7)
X_fit, X_val, y_fit, y_val = train_test_split(X_train, y_train, random_state=7)
model = XGBClassifier(early_stopping_rounds=20, random_state=7)
model.fit(X_fit, y_fit, eval_set=[(X_val, y_val)])
print(roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]), y.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return f"{leak.what} stops by the test part, which judges it at {where(leak, source)}"


RULE = _StoppedOnTest()
