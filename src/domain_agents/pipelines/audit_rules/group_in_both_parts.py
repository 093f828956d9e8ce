"""Rows of one person, device or site on both sides of the split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import LeakRule, script

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.values import Leak
    from domain_agents.pipelines.reading.sources import Source


class _GroupInBothParts(LeakRule):
    severity = Severity.ERROR
    harm = "With several rows a person, a random split lets the model recognise the person instead of the pattern."
    instead = "split by the entity: GroupShuffleSplit, GroupKFold or StratifiedGroupKFold with its id as groups"
    sources = ("https://scikit-learn.org/stable/modules/cross_validation.html#group-cv",)
    bad = script("""
import pandas as pd
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import average_precision_score, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupShuffleSplit, cross_val_score, train_test_split
from sklearn.preprocessing import StandardScaler

df = pd.read_csv("data/claims.csv")
df["visit"] = df.groupby("patient_id").cumcount()
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

df = pd.read_csv("data/claims.csv")
df["visit"] = df.groupby("patient_id").cumcount()
X = df.drop(columns=["fraud"])
y = df["fraud"]
fold = GroupShuffleSplit(n_splits=1, random_state=7).split(X, y, groups=df["patient_id"])
for train, test in fold:
    model = RandomForestClassifier(random_state=7).fit(X.iloc[train], y.iloc[train])
    print(roc_auc_score(y.iloc[test], model.predict_proba(X.iloc[test])[:, 1]), y.mean())
""")

    def says(self, leak: Leak, source: Source) -> str:
        return (
            f"there are several rows for each {leak.what}, and they are dealt to both parts: the model "
            "is asked about those it has met"
        )


RULE = _GroupInBothParts()
