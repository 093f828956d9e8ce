"""Two parts that share rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script, where

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _OverlappingParts(LeakRule):
    severity = Severity.ERROR
    harm = "Two samples of one frame, drawn one after the other, share rows: the model has met part of what judges it."
    instead = "draw once and take the rest for the other part: test = df.drop(train.index), or train_test_split"
    sources = ("https://scikit-learn.org/stable/common_pitfalls.html#data-leakage",)
    bad = script("""
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
train = df.sample(frac=0.8, random_state=1)
test = df.sample(frac=0.2, random_state=2)
print(train.fraud.mean(), test.fraud.mean())
""")
    good = script("""
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
train = df.sample(frac=0.8, random_state=1)
test = df.drop(train.index)
print(train.fraud.mean(), test.fraud.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return (
            f"the {leak.what} part is drawn from the same rows as the {leak.detail} part of "
            f"{where(leak, source)}, whatever was drawn there: they share rows"
        )


RULE = _OverlappingParts()
