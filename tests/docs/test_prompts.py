"""The prompts that are shipped, as a client asks for them."""

from __future__ import annotations

import re

import pytest

from domain_agents.prompts import Prompt, PromptError, served_prompts
from domain_agents.tools import Settings

SHIPPED = served_prompts(Settings(project=None, project_problem="this test has no project"))
each = pytest.mark.parametrize("prompt", SHIPPED, ids=lambda prompt: prompt.name)
SERVED_TOOLS = {
    "find_agent", "get_agent", "migration_writer", "schema_designer", "ml_pipeline_architect",
    "plan_migration", "lint_migration", "prove_migration", "design_schema", "audit_schema", "diff_schema",
    "design_pipeline", "audit_pipeline",
}  # fmt: skip


def only_required(prompt: Prompt) -> dict[str, str]:
    return {one.name: f"<{one.name}>" for one in prompt.arguments if one.required}


@each
def test_a_prompt_reads_well_with_only_what_it_requires(prompt: Prompt) -> None:
    text = prompt.render(only_required(prompt))
    for given in only_required(prompt).values():
        assert given in text
    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]\n| \(\)|\{[{%]", text)


@each
def test_a_prompt_says_everything_it_is_given(prompt: Prompt) -> None:
    given = {one.name: f"<{one.name}>" for one in prompt.arguments}
    text = prompt.render(given)
    quoted = text.replace('"', "")
    assert all(value in text or value in quoted for value in given.values())
    assert "\n\n\n" not in text


@each
def test_a_prompt_takes_braces_in_an_argument_as_text(prompt: Prompt) -> None:
    given = {one.name: "{{ 7 * 7 }} {% raw %}" for one in prompt.arguments}
    assert "{{ 7 * 7 }} {% raw %}" in prompt.render(given)


@each
def test_a_prompt_sends_the_model_only_to_tools_that_exist(prompt: Prompt) -> None:
    text = prompt.render(only_required(prompt))
    named = set(re.findall(r"`([a-z]+_(?:agent|migration|schema|pipeline))`", text)) - {"information_schema"}
    assert named <= SERVED_TOOLS


def test_an_argument_that_is_misspelt_is_named_with_the_nearest() -> None:
    prompt = next(one for one in SHIPPED if one.name == "plan-migration")
    with pytest.raises(PromptError, match="did you mean 'engine'"):
        prompt.render({"task": "add a column", "engin": "sqlite"})
