"""Versions that change by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository
    from domain_agents.pipelines.reading.requirements import Requirement


class _UnpinnedDependencies(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "Without pinned versions the model of next month is trained, or loaded, by other code than today's."
    instead = "pin exact versions (==) or commit a lock file (uv lock, poetry lock, pip-compile)"
    sources = (
        "ML Test Score (Breck 2017), Infrastructure 1",
        "https://pip.pypa.io/en/stable/topics/repeatable-installs/",
    )
    bad = files({"requirements.txt": "pandas\nscikit-learn>=1.2\n"})
    good = files({"requirements.txt": "pandas==2.3.3\nscikit-learn==1.7.2\n"})

    def looks(self, at: Repository) -> Iterator[Seen]:
        if at.has_lock:
            return
        files: dict[str, list[Requirement]] = {}
        for one in at.requirements:
            files.setdefault(one.file, []).append(one)
        for path, listed in files.items():
            loose = [one for one in listed if not one.is_pinned]
            loose = loose if not path.endswith((".toml", ".in")) else [one for one in loose if not one.is_bounded]
            if loose:
                names = ", ".join(one.name for one in loose[:5]) + (
                    f" and {len(loose) - 5} more" if len(loose) > 5 else ""
                )
                yield Seen(
                    (
                        f"{len(loose)} of {len(listed)} dependencies take whatever version is newest ({names}), and "
                        "there is no lock file"
                    ),
                    path,
                    loose[0].line,
                )


RULE = _UnpinnedDependencies()
