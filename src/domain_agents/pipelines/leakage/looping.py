"""What a loop runs over: parameters to try, or things to look at one by one."""

from __future__ import annotations

import ast
from typing import Any

from domain_agents.pipelines.leakage.values import Columns, Constant, Data, Estimator, Items, Named


def element(over: Any) -> Any:
    """What one turn of a loop over a value sees."""
    match over:
        case Items(values=values, keys=None) if len(values) == 1:
            return values[0]
        case Items(values=values, keys=None):
            kinds = [one for one in values if isinstance(one, Estimator)]
            if kinds:
                return kinds[0]
            pairs = [one for one in values if isinstance(one, Items) and one.keys is None]
            return pairs[0] if pairs and len(pairs) == len(values) else None
        case Columns() | Constant() | Named():
            return None
        case Data():
            return None
    return None


def tunes(node: ast.expr, over: Any) -> bool:
    """Whether a loop runs over parameters: numbers, names or combinations of them."""
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name == "enumerate" and node.args:
            return tunes(node.args[0], None)
        return name in {"range", "linspace", "logspace", "arange", "product", "ParameterGrid", "ParameterSampler"}
    if isinstance(over, Items) and over.keys is None:
        return bool(over.values) and all(isinstance(one, Constant) for one in over.values)
    return False
