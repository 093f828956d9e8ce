"""A secret in the repository."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


_SHAPES = (
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "an AWS access key"),
    (re.compile(r"-----BEGIN (?:RSA |EC |OPENSSH |DSA )?PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\bgh[pousr]_[A-Za-z0-9]{36,}\b"), "a GitHub token"),
    (re.compile(r"\bsk-(?:proj-|ant-)?[A-Za-z0-9_-]{24,}\b"), "an API key"),
    (re.compile(r"\bhf_[A-Za-z0-9]{30,}\b"), "a Hugging Face token"),
    (re.compile(r"\bxox[abpr]-[A-Za-z0-9-]{20,}"), "a Slack token"),
    (re.compile(r"\bAIza[0-9A-Za-z_-]{35}\b"), "a Google API key"),
    (re.compile(r"\b\w+(?:\+\w+)?://[^\s:/@\"'{}$<]+:(?P<value>[^\s@/\"'{}$<]{4,})@"), "a password in an address"),
)
_HINT = re.compile(
    r"(?i)pass(?:word|wd)|secret|api_?key|access_?key|_token|akia|asia|-----begin|gh[pousr]_|sk-|hf_|xox|aiza|://[^\s/]*@"
)
_NAMED = re.compile(
    r"(?i)\b\w*(?:password|passwd|secret|api_?key|access_?key|auth_?token|access_?token)\w*[\"']?\s*(?:=|:)\s*"
    r"(?:[rbf]{0,2})[\"'](?P<value>[^\"'\s{}<>$]{8,})[\"']"
)
_PLACEHOLDER = re.compile(
    r"(?i)example|change.?me|your|xxx|placeholder|dummy|test|sample|todo|secret$|password|\*{3}|\.\.\.|none|null|foo|postgres$|_KEY$|env"
    r"|airflow|admin|minio|root$|token$|user"
)


def secret(line: str) -> str:
    """What kind of secret a line holds; empty where it holds none, or one that is meant to be filled in."""
    if len(line) > 2_000:
        return ""
    for shape, kind in _SHAPES:
        match = shape.search(line)
        if match and not _PLACEHOLDER.search(match.groupdict().get("value") or match[0].partition("-----")[0]):
            return kind
    match = _NAMED.search(line)
    if match and not _PLACEHOLDER.search(match["value"]) and re.search(r"\d", match["value"]):
        return "a password or key"
    return ""


class _SecretInCode(Rule):
    severity = Severity.ERROR
    section = "infrastructure"
    harm = "A key in the code is known to everybody who ever had the repository, and stays in its history."
    instead = "revoke it, then read it from the environment or a secret store"
    sources = ("CWE-798",)
    bad = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "settings.py": 'import os\n\nDB_PASSWORD = "k8Tq-29xW!eRzL"\nprint(os.name)\n',
        }
    )
    good = files(
        {
            "requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n",
            "settings.py": 'import os\n\nDB_PASSWORD = os.environ["DB_PASSWORD"]\nEXAMPLE_TOKEN = "changeme"\n',
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for path, text in at.texts.items():
            source = at.source(path)
            if source is not None and source.is_test:
                continue
            shown = source.text if source is not None else text
            lines = {shown.count("\n", 0, match.start()) for match in _HINT.finditer(shown)}
            if not lines:
                continue
            whole = shown.split("\n")
            for number in sorted(lines):
                kind = secret(whole[number])
                if kind:
                    yield Seen(
                        f"{kind} stands here in plain text (its value is not repeated)", path, number + 1, source
                    )


RULE = _SecretInCode()
