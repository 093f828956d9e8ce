"""Every artifact, for every grid whose report is kept: it makes whole files for what was chosen, or says why there are none."""

import re

import pytest

from domain_agents.pipelines.artifacts import artifact, artifact_names, make
from domain_agents.pipelines.design import design
from domain_agents.pipelines.filling import read_grid
from tests.unit.pipeline_grids import REPORTS, SMALL

GRIDS = {**REPORTS, **SMALL}


@pytest.mark.parametrize("name", artifact_names())
def test_an_artifact_is_made_whole_or_declined_with_a_reason(name: str) -> None:
    assert artifact(name).title
    for grid in GRIDS.values():
        asked = design(read_grid(grid), "2026-11-21")
        made = make([name], asked)
        assert bool(made.files) != bool(made.declined)
        assert made == make([name], asked)
        for path, content in made.files.items():
            assert re.fullmatch(r"(?:[\w.-]+/)*[\w.-]+", path)
            assert ".." not in path
            assert content.endswith("\n")
            assert "\n\n\n\n" not in content
            assert "{%" not in content
        for reason in made.declined.values():
            assert len(reason.split()) > 3


def test_all_artifacts_of_a_design_write_different_files() -> None:
    for grid in GRIDS.values():
        make(artifact_names(), design(read_grid(grid), "2026-11-21"))


def test_a_prohibited_use_gets_no_files_at_all() -> None:
    stopped = design(read_grid({"governance": {"ai_act_use": "social scoring"}}), "2026-11-21")
    made = make(artifact_names(), stopped)
    assert made.files == {}
    assert set(made.declined) == set(artifact_names())
