"""Loading, fingerprinting and searching many agent files, beside the floor: `yaml.safe_load` of the same files.

Run: python benchmarks/load_agents.py [FILES]        (1,000 files when left out)
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from domain_agents.agents.catalogue import load, load_catalogue
from domain_agents.agents.finding import find
from domain_agents.agents.sources import Source, fingerprint
from domain_agents.tools import Settings

if TYPE_CHECKING:
    from collections.abc import Callable

WORDS = (
    "schema",
    "index",
    "query",
    "table",
    "migration",
    "pipeline",
    "review",
    "deploy",
    "cache",
    "model",
    "test",
    "audit",
)
ROUNDS = 7


def write_agents(directory: Path, count: int) -> None:
    """Files of the size that public agents have in the middle (5.9 KB), one in fifteen with a description YAML refuses."""
    for number in range(count):
        topic = f"{WORDS[number % len(WORDS)]} {WORDS[number // len(WORDS) % len(WORDS)]}"
        colon = ": " if number % 15 == 0 else " "
        description = f"Use it{colon}for {topic} work number {number}, when nobody else knows what to do."
        body = "\n".join(f"- Step {step}: look at the {topic} and say what was found in words." for step in range(80))
        text = (
            f"---\nname: agent-{number}\ndescription: {description}\ntools: Read, Grep, Bash\nmodel: inherit\n"
            f"tags: [{topic.replace(' ', ', ')}]\n---\n\n# Agent {number}\n\n{body}\n"
        )
        (directory / f"agent-{number}.md").write_text(text, encoding="utf-8")


def floor(directory: Path) -> int:
    """What reading with PyYAML's C loader and no checks takes; the number of files it could not read."""
    refused = 0
    for path in sorted(directory.iterdir()):
        front = path.read_text(encoding="utf-8").split("---", 2)[1]
        try:
            yaml.load(front, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.YAMLError:
            refused += 1
    return refused


def seconds(work: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Best and median of some rounds."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times), statistics.median(times)


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        write_agents(directory, count)
        source = Source("added", name, "agents")
        places = Settings(project=None, agent_directories=(directory,))
        catalogue = load_catalogue(places)
        edited = directory / "agent-0.md"

        def edit_and_load() -> None:
            edited.write_text(edited.read_text(encoding="utf-8") + "x", encoding="utf-8")
            load_catalogue(places)

        find(catalogue, "warm the index")
        refused = floor(directory)
        rows = [
            (f"yaml.safe_load, C loader ({refused} of {count:,} refused)", seconds(lambda: floor(directory))),
            (f"load ({len(catalogue.agents):,} agents)", seconds(lambda: load([source]))),
            ("fingerprint", seconds(lambda: fingerprint([source]), 4 * ROUNDS)),
            ("load_catalogue, nothing changed", seconds(lambda: load_catalogue(places), 4 * ROUNDS)),
            ("load_catalogue, one file edited", seconds(edit_and_load)),
            ("find, indexed", seconds(lambda: find(catalogue, "slow query on the users table"))),
        ]
    base = rows[0][1][0]
    print(f"| {'work':54} | best, ms | median, ms | of the floor |")
    print(f"| {'-' * 54} | -------: | ---------: | -----------: |")
    for title, (best, median) in rows:
        print(f"| {title:54} | {best * 1000:8.1f} | {median * 1000:10.1f} | {best / base:11.2f}x |")


if __name__ == "__main__":
    main()
