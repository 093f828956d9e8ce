"""Which agents a request is for, with the reasons. The model makes the choice; this names the candidates and why.

Four rankings are fused by rank: trigger words and patterns, products named, file globs, and a fielded text search. A
score is never compared with a threshold: measured on public agents, no threshold tells a good first hit from a near
miss, so what decides about confidence is the kind of evidence.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from domain_agents.agents import globs, patterns
from domain_agents.agents.words import STOP_WORDS, contains, spellings, tokens
from domain_agents.agents.words import counts as word_counts

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from domain_agents.agents.catalogue import Catalogue
    from domain_agents.agents.model import Agent, Workflow

MAX_FOUND = 5
MAX_REQUEST_CHARACTERS = 4_000
MAX_FILES = 200
RANK_OFFSET = 60
"""Reciprocal rank fusion's constant, as its authors have it (Cormack, Clarke and Buettcher, SIGIR 2009)."""
NAME_WEIGHT, TRIGGER_WEIGHT, DESCRIPTION_WEIGHT, BODY_WEIGHT = 3, 3, 3, 1
SATURATION, LENGTH_SHARE = 1.2, 0.75
MIN_WORDS_SHARE = 0.5
MIN_WHEN_SHARE = 0.6
MAX_REASON_WORDS = 6


@dataclass(frozen=True)
class Found:
    """One candidate: how sure the evidence is, and the reasons in the order of their weight."""

    agent: Agent
    confident: bool
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """Candidates, best first; the workflow that fits the request, with the agent that brings it."""

    found: tuple[Found, ...]
    workflow: Workflow | None = None
    workflow_of: str = ""

    @property
    def confident(self) -> bool:
        """Whether the first candidate is more than a guess."""
        return bool(self.found) and self.found[0].confident


@dataclass
class _Evidence:
    """What speaks for one agent: strengths by ranking, reasons, and whether any of it is explicit."""

    words: float = 0.0
    stack: float = 0.0
    files: float = 0.0
    text: float = 0.0
    text_share: float = 0.0
    reasons: list[str] = field(default_factory=list)

    @property
    def explicit(self) -> bool:
        return bool(self.words or self.files)


def find(catalogue: Catalogue, request: str, files: Sequence[str] = (), limit: int = MAX_FOUND) -> Finding:
    """The agents a request and its files are for. The same catalogue and request give the same answer."""
    request = request[:MAX_REQUEST_CHARACTERS]
    words = tokens(request)
    evidence: dict[str, _Evidence] = {}
    for agent in catalogue.agents:
        if _is_excluded(agent, words):
            continue
        made = evidence[agent.name] = _Evidence()
        _look_at_triggers(agent, words, request, made)
        _look_at_files(agent, files[:MAX_FILES], made)
    _look_at_text(catalogue, request, evidence)
    ranked = _fused(evidence)
    found = tuple(
        Found(one, _is_confident(evidence[name]), score, tuple(evidence[name].reasons))
        for name, score in ranked[: min(limit, MAX_FOUND)]
        if (one := catalogue.get(name)) is not None
    )
    workflow, owner = _workflow(catalogue, words, {item.agent.name for item in found})
    return Finding(found, workflow, owner)


def _is_excluded(agent: Agent, words: list[str]) -> bool:
    return any(contains(words, list(_tokens(phrase))) for phrase in agent.triggers.exclude)


def _look_at_triggers(agent: Agent, words: list[str], request: str, made: _Evidence) -> None:
    called = [phrase for phrase in (agent.name, agent.title) if contains(words, list(_tokens(phrase)))]
    if called:
        made.words += 4
        made.reasons.append(f"the request names it: {called[0]}")
    hits = [keyword for keyword in agent.triggers.keywords if contains(words, list(_tokens(keyword)))]
    if hits:
        # A phrase says more than a word; the same word in two forms says no more than one.
        made.words += sum(len(phrase) for phrase in {_tokens(hit) for hit in hits})
        made.reasons.append(f"trigger words: {', '.join(hits[:MAX_REASON_WORDS])}")
    matched = [text for pattern in agent.triggers.patterns if (text := patterns.search(pattern, request))]
    if matched:
        made.words += 2 * len(matched)
        made.reasons.append("; ".join(f"pattern matches “{text.strip()[:60]}”" for text in matched[:2]))
    products = [product for product in agent.triggers.stack if contains(words, list(_tokens(product)))]
    if products:
        made.stack += len(products)
        made.reasons.append(f"names {', '.join(products[:MAX_REASON_WORDS])}")


def _look_at_files(agent: Agent, files: Sequence[str], made: _Evidence) -> None:
    hits = [
        (file, glob)
        for file in files
        if (glob := next((g for g in agent.triggers.files if globs.matches(g, file)), ""))
    ]
    if hits:
        # The glob that says more about the path says more about the agent: `migrations/**` over `**/*.sql`.
        made.files = sum(1 + 0.1 * len(glob.replace("*", "").replace("/", "")) for _, glob in hits)
        file, glob = hits[0]
        more = f" and {len(hits) - 1} more" if len(hits) > 1 else ""
        made.reasons.append(f"files: {file.replace(chr(92), '/')[:80]} ({glob}){more}")


@dataclass(frozen=True)
class _Index:
    """Weighted term counts of every agent, and in how many agents each term is."""

    counts: tuple[tuple[str, Counter[str], float], ...]
    holders: Counter[str]
    mean_length: float


def _look_at_text(catalogue: Catalogue, request: str, evidence: dict[str, _Evidence]) -> None:
    spelt = {word: text for word, text in spellings(request).items() if word not in STOP_WORDS}
    wanted = list(spelt)
    if not wanted or not evidence:
        return
    index = _index(tuple(_Keyed(agent) for agent in catalogue.agents))
    total = len(index.counts)
    weights = {w: math.log(1 + (total - index.holders[w] + 0.5) / (index.holders[w] + 0.5)) for w in wanted}
    all_weight = sum(weights.values()) or 1.0
    for name, counts, length in index.counts:
        made = evidence.get(name)
        if made is None:
            continue
        normal = SATURATION * (1 - LENGTH_SHARE + LENGTH_SHARE * length / index.mean_length)
        parts = {w: weights[w] * counts[w] * (SATURATION + 1) / (counts[w] + normal) for w in wanted if counts[w]}
        if parts:
            made.text = sum(parts.values())
            made.text_share = sum(weights[w] for w in parts) / all_weight
            best = sorted(parts, key=lambda w: (-parts[w], w))[:MAX_REASON_WORDS]
            made.reasons.append(f"text: {', '.join(spelt[word] for word in best)}")


class _Keyed:
    """An agent as an argument of cached functions: the same file under the same name is the same."""

    __slots__ = ("agent", "key")

    def __init__(self, agent: Agent) -> None:
        self.agent = agent
        self.key = (agent.name, agent.sha256)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Keyed) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)


@lru_cache(maxsize=4)
def _index(agents: tuple[_Keyed, ...]) -> _Index:
    counted = [(one.agent.name, *_counts(one)) for one in agents]
    holders: Counter[str] = Counter()
    for _, counts, _length in counted:
        holders.update(counts.keys())
    mean = sum(length for _, _, length in counted) / len(counted) if counted else 1.0
    return _Index(tuple(counted), holders, mean or 1.0)


@lru_cache(maxsize=4_096)
def _counts(one: _Keyed) -> tuple[Counter[str], float]:
    """Kept by agent, so that one edit among a thousand files counts one file's words again."""
    agent, triggers = one.agent, one.agent.triggers
    found: Counter[str] = Counter()
    fields: tuple[tuple[int, Iterable[str]], ...] = (
        (NAME_WEIGHT, (agent.name, agent.title, *agent.tags)),
        (TRIGGER_WEIGHT, (*triggers.keywords, *triggers.stack, *(w for flow in agent.workflows for w in flow.when))),
        (DESCRIPTION_WEIGHT, (agent.description,)),
        (BODY_WEIGHT, (agent.body,)),
    )
    for weight, texts in fields:
        for word, times in word_counts("\n".join(texts)).items():
            found[word] += weight * times
    return found, float(sum(found.values()))


@lru_cache(maxsize=8_192)
def _tokens(phrase: str) -> tuple[str, ...]:
    return tuple(tokens(phrase))


def _is_confident(made: _Evidence) -> bool:
    return made.explicit or (made.text_share >= MIN_WORDS_SHARE and bool(made.stack)) or made.text_share >= 0.75


def _fused(evidence: dict[str, _Evidence]) -> list[tuple[str, float]]:
    """Reciprocal rank fusion: explicit triggers count twice. Equal strengths share a rank; names break ties."""
    scores: dict[str, float] = dict.fromkeys(evidence, 0.0)
    rankings = ((2.0, "words"), (2.0, "files"), (1.0, "text"), (0.5, "stack"))
    for weight, kind in rankings:
        strengths = sorted({getattr(made, kind) for made in evidence.values() if getattr(made, kind) > 0}, reverse=True)
        rank_of = {strength: rank for rank, strength in enumerate(strengths, start=1)}
        for name, made in evidence.items():
            if getattr(made, kind) > 0:
                scores[name] += weight / (RANK_OFFSET + rank_of[getattr(made, kind)])
    return sorted(((n, s) for n, s in scores.items() if s > 0), key=lambda item: (-item[1], item[0]))


def _workflow(catalogue: Catalogue, words: list[str], candidates: set[str]) -> tuple[Workflow | None, str]:
    """The workflow one of whose example requests shares most words with this one, if it shares enough."""
    have = {word for word in words if word not in STOP_WORDS}
    best: tuple[float, int, str, Workflow] | None = None
    for agent, workflow in catalogue.workflows():
        if not candidates & {agent.name, *(step.name for name in workflow.steps if (step := catalogue.get(name)))}:
            continue
        for example in workflow.when:
            wanted = {word for word in _tokens(example) if word not in STOP_WORDS}
            share = len(wanted & have) / len(wanted) if wanted else 0.0
            if share >= MIN_WHEN_SHARE and (best is None or (share, len(wanted)) > best[:2]):
                best = (share, len(wanted), agent.name, workflow)
    return (best[3], best[2]) if best else (None, "")
