"""Where data is parted or a model is judged: what has been seen before, and is it told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.leakage.values import (
    TEST,
    TRAIN,
    VALIDATION,
    Data,
    Estimator,
    Leak,
    Score,
    Splitter,
    Taint,
)
from domain_agents.pipelines.leakage.vocabulary import GROUP_NAME, PLAIN_SPLITTERS, TEMPORAL_TARGET

if TYPE_CHECKING:
    from domain_agents.pipelines.leakage.machine import Machine

_RULES = {
    "fit": "fitted_before_split",
    "statistic": "statistic_before_split",
    "oversampling": "resampled_before_split",
    "copies": "resampled_before_split",
    "selection": "features_chosen_before_split",
}
_STRONG = {"sorted", "lagged", "time index"}


def on_split(machine: Machine, parts: list[Data], line: int, *, random: bool, grouped: bool = False) -> None:
    """Data is parted at `line`: was anything learnt from all of its rows, and may its rows be dealt at random?"""
    for data in parts:
        report_taints(machine, data, line)
    if random and not grouped:
        _report_time(machine, parts, line)
        _report_groups(machine, parts, line)
    report_target(machine, parts, line)


def report_taints(machine: Machine, data: Data, line: int) -> None:
    """What was learnt from all rows before they were parted. What was learnt from a training part stays in it."""
    for taint in data.taints:
        if taint.line > line and not machine.depth:
            continue
        if taint.role in (TRAIN, VALIDATION):
            if not (taint.kind in ("oversampling", "copies") and data.role == TRAIN):
                continue
        elif taint.role == TEST:
            continue
        rule = _RULES[taint.kind]
        if taint.supervised and rule == "fitted_before_split":
            rule = "features_chosen_before_split" if taint.kind == "selection" else rule
        machine.report(Leak(rule, taint.line, taint.what, line))


def _report_time(machine: Machine, parts: list[Data], line: int) -> None:
    for data in parts:
        if data.splits or data.role in (TRAIN, VALIDATION):
            continue
        signs = data.time & _STRONG
        if not signs and "dates" in data.time:
            target = next((one for one in parts if one.column and TEMPORAL_TARGET.fullmatch(one.column)), None)
            signs = frozenset({"dates"}) if target is not None else frozenset()
        if signs:
            machine.report(Leak("shuffled_time_series", line, ", ".join(sorted(signs)), line))
            return


def _report_groups(machine: Machine, parts: list[Data], line: int) -> None:
    for data in parts:
        if data.splits or data.role in (TRAIN, VALIDATION):
            continue
        known = data.dropped | (data.only or frozenset()) | frozenset(data.made)
        told = {name for name in known if any(word in name.lower() for word in machine.repeated)}
        names = sorted(name for name in data.repeated | told if GROUP_NAME.fullmatch(name))
        if names:
            machine.report(Leak("group_in_both_parts", line, names[0], line))
            return


def report_target(machine: Machine, parts: list[Data], line: int) -> None:
    """The first part is the features, the second the target: is the target, or its twin, among the features?"""
    if len(parts) < 2:
        return
    features, target = parts[0], parts[1]
    if not features.known or not (features.rows & target.rows) or features.column:
        return
    where = features.line or line
    name = target.column
    if name and features.holds(name) and not target.future:
        machine.report(Leak("target_among_features", where, name, line))
        return
    if target.pure and target.parents and not target.future:
        told = _twin(features, target.parents)
        if told:
            machine.report(Leak("target_among_features", where, told, line, name or "the target"))
            return
    if name:
        _report_derived(machine, features, name, target, line)


def _twin(features: Data, parents: frozenset[str]) -> str:
    """A column, or all columns, that the target follows from row by row and that are still among the features."""
    held = [one for one in sorted(parents) if features.holds(one)]
    if held and len(held) == len(parents):
        return ", ".join(held)
    if len(parents) == 1:
        (only,) = parents
        made = features.made.get(only)
        if made and made.pure and made.parents and only not in made.parents and not made.future:
            held = [one for one in sorted(made.parents) if features.holds(one)]
            if len(held) == len(made.parents):
                return ", ".join(held)
    return ""


def _report_derived(machine: Machine, features: Data, name: str, target: Data, line: int) -> None:
    origin = features.made.get(name)
    shifted = target.future or (origin is not None and (origin.future or not origin.pure))
    if shifted:
        return
    for column, made in features.made.items():
        if column == name or not features.holds(column) or name not in made.parents or column in made.parents:
            continue
        if made.pure or made.window:
            machine.report(Leak("feature_from_target", made.line, column, line, name))


def on_cross_validation(machine: Machine, parts: list[Data], line: int, cv: Any, *, grouped: bool) -> None:
    """Data goes into cross-validation: it is parted inside."""
    if not parts:
        return
    for data in parts[:1]:
        for taint in data.taints:
            if (
                taint.role in ("", "whole")
                or (taint.kind != "statistic" and taint.supervised and taint.role == TRAIN)
                or (taint.kind in ("oversampling", "copies") and taint.role == TRAIN)
            ):
                machine.report(Leak(_RULES[taint.kind], taint.line, taint.what, line))
    plain = not isinstance(cv, Splitter) or cv.name in PLAIN_SPLITTERS
    if plain and not grouped:
        _report_time(machine, parts, line)
        _report_groups(machine, parts, line)
    report_target(machine, parts, line)


def on_fit(machine: Machine, estimator: Estimator, parts: list[Data], line: int) -> None:
    """An estimator is fitted."""
    if not parts:
        return
    data = parts[0]
    learns = estimator.kind in ("transformer", "sampler", "harmless")
    if data.role == TEST or (data.role == VALIDATION and estimator.kind == "transformer"):
        if estimator.kind == "harmless" and (not data.column or estimator.name != "LabelEncoder"):
            pass
        elif estimator.kind not in ("cluster", "unknown"):
            machine.report(Leak("fitted_on_test", line, estimator.name, line, data.role))
    if not learns:
        report_target(machine, parts, line)
    estimator.fitted_on = data
    estimator.fit_line = line


def on_judged(machine: Machine, estimator: Estimator, data: Data, line: int) -> None:
    """A fitted estimator is scored, or predicts, on `data`."""
    seen = estimator.fitted_on
    if not data.splits and data.role != TEST:
        return
    if seen is not None and _covers(seen, data) and estimator.kind != "cluster":
        rule = "tuned_on_test" if estimator.kind == "search" else "trained_on_test"
        machine.report(Leak(rule, estimator.fit_line, estimator.name, line))
    tuned = estimator.tuned_on
    if tuned is not None and _covers(tuned, data):
        machine.report(Leak("tuned_on_test", estimator.tuned_line, estimator.name, line))
    tried = machine.tried.get(estimator.name)
    if tried is not None and data.role == TEST and not machine.loops and tried.rows & data.rows:
        machine.report(Leak("chosen_on_test", tried.line, "the test set", line))
    watched = estimator.watched
    if watched is not None and data.role == TEST and watched.role == TEST and watched.rows & data.rows:
        machine.report(Leak("stopped_on_test", estimator.watched_line, estimator.name, line))


def on_transformed(machine: Machine, estimator: Estimator, data: Data, line: int) -> None:
    """A fitted transformer transforms `data`: a part of rows of which it saw all?"""
    seen = estimator.fitted_on
    if seen is None or estimator.kind != "transformer":
        return
    if data.role in (TEST, VALIDATION, TRAIN) and (data.splits or data.role == TEST) and _covers(seen, data):
        machine.report(Leak("fitted_before_split", estimator.fit_line, f"{estimator.name}.fit", line))


def _covers(seen: Data, part: Data) -> bool:
    """Whether `seen` are all the rows that `part` is a part of."""
    return bool(seen.rows & part.rows) and seen.role == "" and not (seen.splits & part.splits)


def judged(machine: Machine, data: Data, line: int) -> Score:
    """The score of predictions, or of a part."""
    estimator = data.predicted_by
    if estimator is not None and estimator.kind == "model" and estimator.fitted_on is not None:
        seen = estimator.fitted_on
        if not data.role and not data.subset and not data.splits and seen.rows == data.rows and not machine.loops:
            machine.report(Leak("no_holdout", line, estimator.name, line))
    loops = estimator.loops if estimator is not None else frozenset()
    inside = frozenset(loop.number for loop in machine.loops)
    return Score(data.role, loops & inside, any(machine.loop(one).tunes for one in loops & inside), line, data.rows,
                 estimator.name if estimator is not None else "")  # fmt: skip


def on_selection(machine: Machine, scores: list[Score], line: int) -> None:
    """Something is chosen by these scores."""
    for score in scores:
        if score.role == TEST:
            machine.report(Leak("chosen_on_test", score.line, "the test set", line))
            return


def merged(parts: list[Data]) -> Data:
    """Several pieces of data as one: rows and history together, the part only where all are of the same."""
    if len(parts) == 1:
        return parts[0]
    roles = {one.role for one in parts}
    first = parts[0]
    same = len(roles) == 1
    return replace(
        first,
        rows=frozenset().union(*(one.rows for one in parts)),
        role=first.role if same else "",
        splits=frozenset.intersection(*(one.splits for one in parts)) if same else frozenset(),
        taints=frozenset().union(*(one.taints for one in parts)),
        stats=frozenset().union(*(one.stats for one in parts)),
        time=frozenset().union(*(one.time for one in parts)),
        repeated=frozenset().union(*(one.repeated for one in parts)),
        parents=frozenset().union(*(one.parents for one in parts)),
        pure=all(one.pure for one in parts),
        window=any(one.window for one in parts),
        future=any(one.future for one in parts),
        predicted_by=next((one.predicted_by for one in parts if one.predicted_by), None),
        known=False,
        only=None,
        column="",
        excluded=frozenset(),
    )


def learnt(kind: str, what: str, line: int, data: Data, *, supervised: bool = False) -> Taint:
    """What was learnt from `data`."""
    role = data.role
    if kind == "statistic" and data.stats:
        role = data.role
    return Taint(kind, what, line, role, supervised, data.parents)
