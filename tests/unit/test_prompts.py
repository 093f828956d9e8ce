"""Prompts: templates with typed arguments, agents as prompts, our reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain_agents.prompts import PromptError, Template, read_template, render_prompt, report, served_prompts
from domain_agents.tools import Settings

if TYPE_CHECKING:
    from pathlib import Path

HERE = Settings(project=None)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    directory = tmp_path / "domain-agents"
    (directory / "prompts" / "mine").mkdir(parents=True)
    (directory / "agents").mkdir()
    return directory


def prompt(home: Path, name: str, text: str) -> None:
    (home / "prompts" / "mine" / f"{name}.prompt.md").write_text(text, encoding="utf-8")


def template(text: str) -> Template:
    made, said = read_template(text.encode(), "mine/x.prompt.md")
    assert made is not None
    assert said == ()
    return made


GREET = """---
name: greet
title: Greet
description: Says hello
arguments:
  - {name: who, description: Whom, required: true, completes: agents}
  - {name: times, type: integer}
  - {name: loud, type: boolean}
---
Hello {{ who }}{% if times %} {{ times + 1 }}{% endif %}{% if loud %}!{% endif %}
"""


def test_agents_and_shipped_prompts_are_served_in_a_fixed_order(home: Path) -> None:
    names = [one.name for one in served_prompts(HERE)]
    assert names[:3] == ["migration-writer", "ml-pipeline-architect", "schema-designer"]
    assert {"plan-migration", "review-migration", "design-schema", "design-pipeline"} <= set(names)
    assert names[3:] == sorted(names[3:])


def test_an_agent_is_a_prompt_with_one_free_text_and_the_project(home: Path) -> None:
    (home / "agents" / "a.md").write_text("---\nname: a\ndescription: b\n---\nDo {{ it }}.", encoding="utf-8")
    listed = next(one for one in served_prompts(HERE) if one.name == "a")
    assert [(argument.name, argument.required) for argument in listed.arguments] == [
        ("task", False),
        ("project", False),
    ]
    assert render_prompt(HERE, "a", {"task": "{{ x }}\nand y"}) == "Do {{ it }}.\n\n## The task\n\n> {{ x }}\n> and y\n"
    assert render_prompt(HERE, "a", {}) == "Do {{ it }}.\n"
    assert "- project: shop" in render_prompt(HERE, "a", {"project": "shop"})


def test_a_users_prompt_is_served_and_an_edit_shows_at_once(home: Path) -> None:
    prompt(home, "greet", GREET)
    assert render_prompt(HERE, "greet", {"who": "Ada"}) == "Hello Ada\n"
    prompt(home, "greet", GREET.replace("Hello", "Good day,"))
    assert render_prompt(HERE, "greet", {"who": "Ada"}) == "Good day, Ada\n"


def test_a_users_prompt_replaces_ours_of_the_same_name_but_never_an_agent(home: Path) -> None:
    prompt(home, "plan-migration", "---\nname: plan-migration\ndescription: mine\n---\nmine")
    prompt(home, "migration-writer", "---\nname: migration-writer\ndescription: mine\n---\nmine")
    assert render_prompt(HERE, "plan-migration", {}) == "mine\n"
    assert render_prompt(HERE, "migration-writer", {}) != "mine\n"


def test_arguments_are_data_and_never_template_source() -> None:
    assert template(GREET).rendered({"who": "{{ 7 * 7 }}{% raw %}"}) == "Hello {{ 7 * 7 }}{% raw %}\n"


@given(st.text(max_size=200))
def test_whatever_an_argument_holds_it_comes_out_as_it_went_in(who: str) -> None:
    if who.strip():
        assert template(GREET).rendered({"who": f"<{who}>"}) == f"Hello <{who}>\n"


def test_arguments_have_types() -> None:
    made = template(GREET)
    assert made.rendered({"who": "x", "times": "12,000", "loud": "yes"}) == "Hello x 12001!\n"
    assert made.rendered({"who": "x", "loud": "false"}) == "Hello x\n"


@pytest.mark.parametrize(
    ("given_arguments", "said"),
    [
        ({}, "needs the argument 'who'"),
        ({"who": "  "}, "needs the argument 'who'"),
        ({"who": "x", "tims": "1"}, "did you mean 'times'"),
        ({"who": "x", "times": "many"}, "'times' must be a whole number"),
        ({"who": "x", "loud": "perhaps"}, "'loud' must be true or false"),
        ({"who": "x" * 50_000}, "longer than"),
    ],
)
def test_arguments_that_do_not_fit_are_named_with_the_way_out(given_arguments: dict[str, str], said: str) -> None:
    with pytest.raises(PromptError, match=said):
        template(GREET).rendered(given_arguments)


def test_an_unknown_prompt_names_the_nearest(home: Path) -> None:
    with pytest.raises(PromptError, match="plan-migration"):
        render_prompt(HERE, "plan-migratoin", {})


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("one\ntwo {{ nobody }}", "x.prompt.md"),
        ("one\n{% for x in %}", "line 6"),
        ("{{ ().__class__.__bases__[0].__subclasses__() }}", "x.prompt.md"),
        ("{{ 1 / 0 }}", "ZeroDivisionError"),
        ("{% for i in range(99999999) %}x{% endfor %}", "x.prompt.md"),
        ("{% for i in range(90000) %}{{ 'x' * 100 }}{% endfor %}", "more than"),
        ("{% include '/etc/passwd' %}", "x.prompt.md"),
    ],
)
def test_a_template_at_fault_says_its_file_and_line_and_reaches_nothing(body: str, said: str) -> None:
    made = template(f"---\nname: x\ndescription: b\n---\n{body}\n")
    with pytest.raises(PromptError, match=said):
        made.rendered({})


def test_report_templates_are_rendered_by_name() -> None:
    values: dict[str, Any] = {
        "agent_title": "T",
        "instructions": "Do it.",
        "task": "x\ny",
        "recognised": [],
        "next": None,
        "references": [{"tool": "plan", "text": "- `kind`: fields"}],
    }
    text = report("", "agent", values)
    assert text.endswith("## Arguments of `plan`\n\n- `kind`: fields\n")
    assert text.startswith("# T\n")
    assert "> x\n> y\n" in text


@pytest.mark.parametrize(
    ("agent", "name"),
    [("", "nothing"), ("..", "agent"), ("../x", "agent"), ("", "../agent"), ("migration-writer", "a/b")],
)
def test_a_report_that_is_not_there_is_a_lookup_error_without_a_path(agent: str, name: str) -> None:
    with pytest.raises(LookupError) as raised:
        report(agent, name, {})
    assert "prompts" not in str(raised.value)


def test_a_description_of_thousands_of_characters_does_not_fill_the_list(home: Path) -> None:
    (home / "agents" / "a.md").write_text(f"---\nname: a\ndescription: {'very long ' * 600}\n---\nx", encoding="utf-8")
    listed = next(one for one in served_prompts(HERE) if one.name == "a")
    assert len(listed.description) < 1_100
    assert listed.description.endswith("…")
