"""A notebook that was not run from top to bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from domain_agents.findings import Severity
from domain_agents.pipelines.audit_rules import Rule, Seen, files

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.pipelines.reading import Repository


class _CellsRunOutOfOrder(Rule):
    severity = Severity.WARNING
    section = "infrastructure"
    harm = "Cells that were run in another order than they stand in show results that the notebook does not give."
    instead = "restart the kernel, run all cells, and commit what that gives"
    sources = ("Pimentel et al. 2019, A Large-scale Study about Quality and Reproducibility of Jupyter Notebooks",)
    bad = files(
        {
            "a.ipynb": '{"cells": [{"cell_type": "code", "execution_count": 7, "source": ["x = 1"]}, '
            '{"cell_type": "code", "execution_count": 3, "source": ["y = x"]}], "metadata": {}}'
        }
    )
    good = files(
        {
            "a.ipynb": '{"cells": [{"cell_type": "code", "execution_count": 1, "source": ["x = 1"]}, '
            '{"cell_type": "code", "execution_count": 2, "source": ["y = x"]}], "metadata": {}}'
        }
    )

    def looks(self, at: Repository) -> Iterator[Seen]:
        for source in at.notebooks:
            before = 0
            for cell in source.cells:
                if cell.count is None:
                    continue
                if cell.count < before:
                    yield Seen(
                        f"this cell was run as number {cell.count}, after one below {before}: its output is of "
                        "another state than the "
                        "cells above it make".replace(
                            f"after one below {before}", f"before one above it that was number {before}"
                        ),
                        source.path,
                        cell.first_line,
                        source,
                    )
                    break
                before = cell.count


RULE = _CellsRunOutOfOrder()
