"""An image that changes under the same name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files
from domain_agents.pipelines.reading.operations import images, is_loose

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _UnpinnedImage(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "An image without a version is another one tomorrow, and there is nothing to roll back to."
    instead = "a version tag, best with the digest behind it (image:1.4.2@sha256:<digest>)"
    sources = (
        "hadolint DL3006, DL3007",
        "ML Test Score (Breck 2017), Infrastructure 7",
    )
    bad = files({"Dockerfile": 'FROM python:latest\nUSER 1000\nCMD ["python", "app.py"]\n'})
    good = files({"Dockerfile": 'FROM python:3.12.11-slim\nUSER 1000\nCMD ["python", "app.py"]\n'})

    def looks(self, at: Repository) -> Iterator[Seen]:
        for path, line, image in images(at):
            if is_loose(image):
                yield Seen(
                    f"{image[:80]} names no version: what runs, and what a rollback brings, is whatever is newest",
                    path,
                    line,
                )


RULE = _UnpinnedImage()
