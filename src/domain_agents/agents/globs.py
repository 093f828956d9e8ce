"""File globs as .gitignore has them, matched without regular expressions and in bounded time."""

from __future__ import annotations

from functools import lru_cache

MAX_GLOB_CHARACTERS = 200
MAX_ALTERNATIVES = 32
MAX_PATH_SEGMENTS = 40
MAX_SEGMENT_CHARACTERS = 255


def is_valid(glob: str) -> bool:
    """Whether a glob is short enough, and expands to few enough alternatives, to be used."""
    return 0 < len(glob.strip()) <= MAX_GLOB_CHARACTERS and 0 < len(_alternatives(glob)) <= MAX_ALTERNATIVES


def matches(glob: str, path: str) -> bool:
    """Whether a file of a project (relative, either kind of slash) is one the glob means.

    A glob without a slash matches the name at any depth, one with a slash from the project's root; `**` is any number
    of folders, none included, so `**/*.sql` matches `a.sql`. A trailing slash means everything in the folder. Case does
    not count. An absolute path, whose root nobody knows, matches where any of its endings does.
    """
    if not is_valid(glob):
        return False
    plain = path.replace("\\", "/").strip()
    absolute = plain.startswith("/") or plain[1:3] == ":/"
    segments = [s[:MAX_SEGMENT_CHARACTERS] for s in plain.lower().split("/") if s not in ("", ".")][-MAX_PATH_SEGMENTS:]
    if not segments:
        return False
    return any(_matches(_segments(text, anywhere=absolute), tuple(segments)) for text in _alternatives(glob))


def _segments(glob: str, *, anywhere: bool) -> tuple[str, ...]:
    text = glob.strip().replace("\\", "/").lower()
    text = text.removeprefix("./")
    rooted = text.startswith("/")
    parts = [part for part in text.split("/") if part not in ("", ".")]
    if text.endswith("/"):
        parts.append("**")
    if not rooted and (anywhere or len(parts) == 1 or (text.endswith("/") and len(parts) == 2)):
        parts.insert(0, "**")
    once: list[str] = []
    for part in parts:
        if not (part == "**" and once and once[-1] == "**"):
            once.append(part)
    return tuple(once)


def _matches(glob: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """Segment by segment; `open_at[i]` says that the glob's first parts can have eaten the path's first i segments."""
    open_at = [True] + [False] * len(path)
    for number, part in enumerate(glob):
        following = [False] * (len(path) + 1)
        if part == "**":
            # At the end, `folder/**` means what is in the folder and not the folder itself.
            least = 1 if number == len(glob) - 1 else 0
            for i, reachable in enumerate(open_at):
                if reachable:
                    for j in range(i + least, len(path) + 1):
                        following[j] = True
                    break
        else:
            for i, reachable in enumerate(open_at[:-1]):
                if reachable and _segment_matches(part, path[i]):
                    following[i + 1] = True
        open_at = following
    return open_at[-1]


def _segment_matches(pattern: str, name: str) -> bool:
    """`*` and `?` within one name: on a mismatch only the last `*` takes one character more, so time is the product."""
    tokens = _tokens(pattern)
    at = part = 0
    star = resume = -1
    while at < len(name):
        if part < len(tokens) and tokens[part] == "*":
            star, resume = part, at
            part += 1
        elif part < len(tokens) and _one_matches(tokens[part], name[at]):
            at += 1
            part += 1
        elif star >= 0:
            resume += 1
            at, part = resume, star + 1
        else:
            return False
    return all(rest == "*" for rest in tokens[part:])


def _one_matches(part: str, character: str) -> bool:
    if part == "?":
        return True
    if len(part) == 1:
        return part == character
    negated = part[1] in "!^"
    body = part[2 if negated else 1 : -1]
    inside = False
    at = 0
    while at < len(body):
        if at + 2 < len(body) and body[at + 1] == "-":
            inside = inside or body[at] <= character <= body[at + 2]
            at += 3
        else:
            inside = inside or body[at] == character
            at += 1
    return inside != negated


@lru_cache(maxsize=4_096)
def _tokens(pattern: str) -> tuple[str, ...]:
    tokens: list[str] = []
    at = 0
    while at < len(pattern):
        end = pattern.find("]", at + 2) if pattern[at] == "[" else -1
        if end > 0:
            tokens.append(pattern[at : end + 1])
            at = end + 1
        else:
            if not (pattern[at] == "*" and tokens and tokens[-1] == "*"):
                tokens.append(pattern[at])
            at += 1
    return tuple(tokens)


@lru_cache(maxsize=4_096)
def _alternatives(glob: str) -> tuple[str, ...]:
    """`*.{ts,tsx}` as two globs; () when there would be too many."""
    pending, done = [glob], []
    while pending:
        text = pending.pop()
        close = text.find("}")
        opening = text.rfind("{", 0, close) if close > 0 else -1
        if opening < 0:
            done.append(text)
        else:
            pending += [text[:opening] + choice + text[close + 1 :] for choice in text[opening + 1 : close].split(",")]
        if len(pending) + len(done) > MAX_ALTERNATIVES:
            return ()
    return tuple(sorted(done))
