"""What a problem's own words tell: its kind, its modality, whether somebody waits for the answer, what hangs on it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

KINDS: Final[Mapping[str, str]] = {
    "agent": r"\b(?:ai|llm|autonomous|coding|research|tool[- ]using) agents?\b|^agents?$|\bagentic\b|tool[- ]use",
    "generation": (
        r"^(?:text |code |content )?generation$|generative|(?:text|code|content|answer|description|image) generation|"
        r"generat\w* (?:\w+ "
        r"){0,2}(?:text|answers?|code|content|descriptions?|emails?|repl|reports?|summar)|summari[sz]|"
        r"\bchat(?:bots?)?\b|assistant|copilot|\brag\b|question[- ]answer|\bq&?a\b|\bllms?\b|translat|\bdraft"
    ),
    "recommendation": r"recommend|personali[sz]|\brecsys\b|related (?:links|items|products)|next[- ]best|\bfeed\b",
    "ranking": r"\brank|learning to rank|search relevance|^search$",
    "retrieval": (
        r"retriev|embedding|semantic search|similarity|nearest neighbou?r|vector search|image search|visual search"
    ),
    "forecasting": r"forecast|time[- ]?series|demand",
    "anomaly": r"anomal|outlier|intrusion",
    "extraction": r"extract|structured[- ]prediction|\bner\b|parsing|\bocr\b|document understanding",
    "clustering": r"cluster|segmentation of customers|topic model",
    "bandit": r"bandit|reinforcement|\brl\b",
    "regression": r"regress|\beta\b|arrival time|price estimat|\bltv\b|lifetime value|pricing",
    "classification": (
        r"classif|detect|\bscore|scoring|churn|fraud|spam|moderat|triage|predict|propensity|sentiment|multi-?class|matching|"
        r"entity resolution|dedupl|\brout(?:e|ing) "
    ),
}
"""In the order in which they are asked for: the first that fits is the kind."""

_WAITED_FOR: Final = re.compile(
    r"\bfraud|\bchat|assistant|copilot|autocomplet|type[- ]?ahead|\bspam|bidding|\bbot detection|payment|checkout|"
    r"search (?:query|relevance|ranking)|\bads? (?:ranking|click)|click[- ]through|\bctr\b|real[- ]?time|"
    r"at (?:request|query) time"
)
"""Uses whose input comes into being with the request."""
_COSTLY: Final = re.compile(
    r"\bfraud|\bcredit|\bloan|insur|underwrit|\bpricing|\bbidding|medic|clinic|patient|diagnos|sepsis|hospital|autonomous|safety|"
    r"payment|money launder|\baml\b|trading"
)
_TALK: Final = re.compile(r"chat|assistant|copilot")
_TRANSCRIPTION: Final = re.compile(r"transcri|speech to text|speech recognition|\bocr\b|text recognition")
_MEANING: Final = re.compile(r"semantic|embed|similar|nearest neighbou?r|vector|visual|image|related|by meaning")
_DEEP: Final = re.compile(
    r"object detection|\bimage|\bvideo|\baudio|\bspeech|\bvoice|"
    r"\bvision|\bcameras?\b|photo|x-ray|radiolog|\bocr\b|lidar|point cloud"
)


def kind(words: str) -> str:
    """The problem's kind, one of KINDS; empty where the words do not tell."""
    lowered = words.lower().replace("_", " ").replace("-", " ")
    return next((name for name, pattern in KINDS.items() if re.search(pattern, lowered)), "")


def is_waited_for(words: str) -> bool:
    """Whether the use is one where the input is born with the request."""
    return _WAITED_FOR.search(words.lower().replace("_", " ")) is not None


def is_talk(words: str) -> bool:
    """Whether people talk to it, as to a person."""
    return _TALK.search(words.lower()) is not None


def is_transcription(words: str) -> bool:
    """Whether speech or scanned pages become text, which models do that others have trained."""
    return _TRANSCRIPTION.search(words.lower().replace("-", " ")) is not None


def is_costly(words: str) -> bool:
    """Whether money or safety hangs on single predictions in that use."""
    return _COSTLY.search(words.lower().replace("_", " ")) is not None


def is_deep(words: str) -> bool:
    """Whether it is about images, sound or video, where hand-made features fall short."""
    return _DEEP.search(words.lower().replace("_", " ")) is not None


def is_by_meaning(words: str) -> bool:
    """Whether things are searched for by what they mean, not by their words."""
    return _MEANING.search(words.lower().replace("_", " ")) is not None
