"""The diagrams of designs, read by mermaid itself: its own parser, in node, on a document that jsdom makes."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.protocol.node import modules
from tests.unit.pipeline_grids import REPORTS, SMALL, SYSTEMS

from domain_agents.pipelines.design import design
from domain_agents.pipelines.filling import read_grid

PROGRAM = """
import fs from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
const { JSDOM } = createRequire(process.argv[2] + "/jsdom/")("jsdom");
const { window } = new JSDOM("<!doctype html><body></body>");
Object.assign(globalThis, { window, document: window.document });
const mermaid = (await import(pathToFileURL(process.argv[2] + "/mermaid/dist/mermaid.core.mjs"))).default;
const faults = [];
for (const [name, text] of Object.entries(JSON.parse(fs.readFileSync(0, "utf8")))) {
  try { await mermaid.parse(text); } catch (error) { faults.push(`${name}: ${error}`); }
}
console.log(JSON.stringify(faults));
"""


def parsed(diagrams: dict[str, str], directory: Path) -> list[str]:
    """What mermaid does not understand. Without the packages the test is skipped and says so; where CI is set, it fails."""
    node = modules() / "node" / "bin" / "node"
    if not all(path.exists() for path in (node, modules() / "mermaid", modules() / "jsdom")):
        missing = "mermaid and jsdom are not installed; .ci/node installs the node packages"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    program = directory / "parse.mjs"
    program.write_text(PROGRAM)
    command = [str(node), str(program), str(modules())]
    run = subprocess.run(command, input=json.dumps(diagrams), capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
    faults: list[str] = json.loads(run.stdout)
    return faults


def test_every_diagram_of_a_design_is_one_that_mermaid_draws(tmp_path: Path) -> None:
    grids = {**REPORTS, **SMALL, **{name: grid for name, (grid, _) in SYSTEMS.items()}}
    diagrams = {name: design(read_grid(grid), "2026-11-21").diagram for name, grid in grids.items()}
    assert parsed(diagrams, tmp_path) == []
    assert len(parsed({"broken": "flowchart LR\n  a[one (two)] --> end"}, tmp_path)) == 1
