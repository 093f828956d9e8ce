"""How long a design takes, warm: the grids whose reports are kept, from the JSON of a call to its result.

`python benchmarks/pipelines.py [rounds]`
"""

import statistics
import sys
import time
from pathlib import Path

from measuring import table

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.unit.pipeline_grids import REPORTS

from domain_agents.tools import Job, Settings
from domain_agents.tools.design_pipeline import TOOL, DesignPipeline


def main(rounds: int) -> None:
    """Print one row for each grid."""
    nowhere = Settings(project=None)
    rows = []
    for name, grid in REPORTS.items():
        times = []
        busy = []
        size = 0
        for _ in range(rounds + 2):
            started, worked = time.perf_counter(), time.process_time()
            arguments = DesignPipeline.model_validate({"grid": grid, "date": "2026-11-21"})
            size = len(TOOL.call(arguments, nowhere, Job()).text)
            times.append((time.perf_counter() - started) * 1000)
            busy.append((time.process_time() - worked) * 1000)
        warm = times[2:]
        rows.append(
            (
                name,
                f"{size:,}",
                f"{statistics.median(warm):.1f}",
                f"{max(warm):.1f}",
                f"{statistics.median(busy[2:]):.1f}",
            )
        )
    table("A design, warm", ("grid", "characters", "median ms", "worst ms", "processor ms"), rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
