"""How long an audit takes, from the files to the result: repositories of copies of the labelled leakage snippets.

`python benchmarks/audit_pipelines.py [files ...]`
"""

import re
import sys
import tempfile
import time
from pathlib import Path

from measuring import table

from domain_agents.tools import Job, Settings
from domain_agents.tools.audit_pipeline import TOOL

CORPUS = Path(__file__).resolve().parents[1] / "tests" / "unit" / "leakage"


def repository(root: Path, count: int) -> int:
    """Write `count` Python files of about 150 lines each; gives the lines in all."""
    snippets = [
        part.partition("\n")[2]
        for name in ("leaking", "clean")
        for part in re.split(r"(?m)^=== ", (CORPUS / f"{name}.txt").read_text())[1:]
    ]
    lines = 0
    for number in range(count):
        text = "\n".join(snippets[(number * 7 + offset) % len(snippets)] for offset in range(9))
        text = text.replace("from __future__ import annotations\n", "")
        (root / f"step_{number:04}.py").write_text(text)
        lines += text.count("\n")
    return lines


def main(sizes: list[int]) -> None:
    """Print one row for each size."""
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as directory:
            lines = repository(Path(directory), size)
            times = []
            for _ in range(3):
                started = time.perf_counter()
                result = TOOL.call(TOOL.arguments.model_validate({}), Settings(project=Path(directory)), Job())
                times.append(time.perf_counter() - started)
            rows.append(
                (
                    f"{size}",
                    f"{lines:,}",
                    f"{len(result.structured['findings']):,}",
                    f"{min(times):.2f}",
                    f"{max(times):.2f}",
                )
            )
    table("An audit", ("files", "lines", "findings", "best s", "worst s"), rows)


if __name__ == "__main__":
    main([int(one) for one in sys.argv[1:]] or [50, 500])
