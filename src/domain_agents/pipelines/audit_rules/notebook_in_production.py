"""A notebook that is run by a schedule."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


_RUNS = re.compile(
    r"papermill\s+\S+\.ipynb|pm\.execute_notebook\(|papermill\.execute_notebook\(|PapermillOperator\(|nbconvert\b.*--execute"
    r"|jupyter\s+execute|ExecutePreprocessor\(|DatabricksRunNowOperator\([^)]*notebook|notebook_task"
)


class _NotebookInProduction(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "A scheduled notebook fails in a cell that nobody reads, has no tests, and hides its state."
    instead = "move its code into a module with a main function and tests; keep the notebook for looking"
    sources = ("Pimentel et al. 2019, A Large-scale Study about Quality and Reproducibility of Jupyter Notebooks",)
    bad = files({"run.sh": "#!/bin/sh\npapermill train.ipynb out.ipynb\n"})
    good = files({"run.sh": "#!/bin/sh\npython -m pipeline.train\n"})

    def looks(self, at: Repository) -> Iterator[Seen]:
        for path, text in at.texts.items():
            if path.endswith((".ipynb", ".md")):
                continue
            for number, line in enumerate(text.split("\n"), start=1):
                if _RUNS.search(line) and not line.lstrip().startswith("#"):
                    source = at.source(path)
                    if source is None or not source.is_test:
                        yield Seen(
                            "a notebook is run as a job: a failing cell stops it halfway, and no test covers it",
                            path,
                            number,
                            source,
                        )
                    break


RULE = _NotebookInProduction()
