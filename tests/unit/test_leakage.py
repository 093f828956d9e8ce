"""Leakage is found in code as people write it, and right code is left alone.

The corpus is ours: snippets in the style of Kaggle scripts, notebooks, functions and classes, labelled as a whole.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain_agents.pipelines.audit import audit
from domain_agents.pipelines.leakage.following import TooComplex, leaks
from domain_agents.pipelines.leakage.machine import Machine
from domain_agents.pipelines.reading import read

_CORPUS = Path(__file__).parent / "leakage"
_LEAK_RULES = {
    "chosen_on_test", "feature_from_target", "features_chosen_before_split", "fitted_before_split", "fitted_on_test",
    "group_in_both_parts", "overlapping_parts", "resampled_before_split", "shuffled_time_series",
    "statistic_before_split", "stopped_on_test", "target_among_features", "trained_on_test", "tuned_on_test",
}  # fmt: skip


def corpus(name: str) -> dict[str, str]:
    parts = re.split(r"(?m)^=== ", (_CORPUS / f"{name}.txt").read_text(encoding="utf-8"))[1:]
    return {title: code for title, _, code in (part.partition("\n") for part in parts)}


LEAKING = corpus("leaking")
CLEAN = corpus("clean")


def found(code: str) -> set[str]:
    Machine().run(ast.parse(code))  # what breaks it must not be taken for "too complex"
    return {leak.rule for leak in leaks(ast.parse(code), code)} & _LEAK_RULES


def test_precision_and_recall_on_the_labelled_corpus() -> None:
    told = {name for name, code in LEAKING.items() if found(code)}
    wrong = {name for name, code in CLEAN.items() if found(code)}
    assert len(LEAKING) >= 80
    assert len(CLEAN) >= 69
    assert wrong == set()
    assert set(LEAKING) - told == set()


def test_a_notebook_tells_cell_and_line_within() -> None:
    notebook = """{"cells": [
      {"cell_type": "markdown", "source": ["# Fraud"]},
      {"cell_type": "code", "execution_count": 1, "source": ["%matplotlib inline\\n", "!pip install pandas\\n",
        "import pandas as pd\\n", "from sklearn.preprocessing import StandardScaler\\n",
        "from sklearn.model_selection import train_test_split"]},
      {"cell_type": "code", "execution_count": 2, "source": ["df = pd.read_csv('a.csv')\\n",
        "X = StandardScaler().fit_transform(df.drop(columns=['y']))"]},
      {"cell_type": "code", "execution_count": 3, "source": ["%%bash\\n", "ls"]},
      {"cell_type": "code", "execution_count": 4, "source":
        "X_train, X_test, y_train, y_test = train_test_split(X, df['y'], random_state=1)"}
    ], "metadata": {"kernelspec": {"language": "python"}}, "nbformat": 4}"""
    audited = audit(read({"fraud.ipynb": notebook, "requirements.txt": "pandas==2.3.3\n"}))
    (finding,) = audited.findings
    assert (finding.rule, finding.cell, finding.line) == ("fitted_before_split", 3, 2)
    assert "cell 5, line 1" in finding.effect
    assert [(one.cell, one.reason) for one in audited.not_analysed] == [(4, "a %%bash cell")]


_SWAPS = st.lists(
    st.sampled_from(
        sorted({line for code in [*LEAKING.values(), *CLEAN.values()] for line in code.split("\n") if line})
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(_SWAPS)
def test_lines_in_any_order_never_break_the_interpreter(lines: list[str]) -> None:
    code = "\n".join(line.lstrip() for line in lines)
    try:
        tree = ast.parse(code)
    except SyntaxError:
        return
    Machine().run(tree)


@pytest.mark.parametrize(
    "code", ["x = " + "(" * 80 + "1" + ")" * 80, "f = lambda: f()\nf()", "def f():\n  return f()\nf()"]
)
def test_what_calls_itself_comes_to_an_end(code: str) -> None:
    assert leaks(ast.parse(code), code + "  # fit") == ()


def test_a_module_that_is_too_large_to_follow_is_not_called_clean() -> None:
    code = "model.fit(X)\n" + "a = b + c\n" * 40_000
    with pytest.raises(TooComplex):
        leaks(ast.parse(code), code)
    audited = audit(read({"big.py": code}))
    assert [one.file for one in audited.not_analysed] == ["big.py"]
