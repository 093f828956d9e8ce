"""How rows flow from where they are read to where a model is judged, as far as it takes to see leakage. Pure.

An abstract interpreter over Python's own syntax tree: frames, parts of them, estimators with what they were fitted on.
What it does not know it does not judge.
"""
