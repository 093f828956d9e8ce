"""YAML documents with the line of every key: Kubernetes, docker-compose, CI."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from domain_agents.pipelines.reading.sources import Unread

if TYPE_CHECKING:
    import yaml

MAX_YAML = 300_000
_TOLD = ("apiVersion:", "services:", "jobs:", "schedule", "image:", "stages:")


class Lined(dict[str, Any]):
    """A mapping that knows its lines."""

    line: int = 0
    lines: dict[str, int]

    def at(self, key: str) -> int:
        """The line of a key, else its own."""
        return self.lines.get(key, self.line)


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document."""

    path: str
    content: Lined

    @property
    def kind(self) -> str:
        """What it is in Kubernetes; empty elsewhere."""
        kind = self.content.get("kind")
        return kind if isinstance(kind, str) and "apiVersion" in self.content else ""

    @property
    def is_compose(self) -> bool:
        """Whether it is a docker-compose file."""
        services = self.content.get("services")
        return isinstance(services, Lined) and "apiVersion" not in self.content


def read_yaml(path: str, text: str) -> tuple[list[Document], list[Unread]]:
    """The documents of a YAML file, or why they cannot be read. Files that say nothing of operations are left alone."""
    if not any(word in text for word in _TOLD):
        return [], []
    if len(text) > MAX_YAML:
        return [], [Unread(path, f"larger than {MAX_YAML:,} characters")]
    if "{{" in text and ("/templates/" in f"/{path}" or "{{-" in text or "{{ ." in text):
        return [], [Unread(path, "a Helm template: render it first")]
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found: list[Document] = []
    try:
        for node in yaml.compose_all(text, Loader=loader):
            content = _value(node, 0)
            if isinstance(content, Lined):
                found.append(Document(path, content))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        return found, [Unread(path, "not YAML that can be read", mark.line + 1 if mark else 0)]
    return found, []


def _value(node: yaml.Node, depth: int) -> Any:
    import yaml

    if depth > 60:
        raise ValueError("too deep")
    if isinstance(node, yaml.MappingNode):
        made = Lined()
        made.line = node.start_mark.line + 1
        made.lines = {}
        for key, value in node.value:
            name = str(getattr(key, "value", ""))
            made[name] = _value(value, depth + 1)
            made.lines[name] = key.start_mark.line + 1
        return made
    if isinstance(node, yaml.SequenceNode):
        return [_value(one, depth + 1) for one in node.value]
    return getattr(node, "value", None)


def children(value: Any, key: str) -> list[Lined]:
    """The mappings in a list under a key."""
    found = value.get(key) if isinstance(value, dict) else None
    return [one for one in found if isinstance(one, Lined)] if isinstance(found, list) else []


def inner(value: Any, *keys: str) -> Any:
    """What lies under keys one below the other."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value
