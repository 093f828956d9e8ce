"""Nothing a file contains raises, and every diagnostic points into the file."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from domain_agents.agents.diagnostics import format_diagnostics
from domain_agents.agents.names import slug
from domain_agents.agents.reading import read_agent
from domain_agents.agents.text import decode, split_lines
from domain_agents.prompts import check_template

GOOD = """---
name: index-doctor
title: Index doctor
description: >-
  Finds the index a query wants.
  <example>user: "slow" assistant: "look"</example>
version: 1.10
tags: [sql, "indexes", 'x']
triggers:
  keywords: [slow query, DB]
  patterns: ['(add|create).{0,40}index']
  files: ['**/*.sql']
  not: [search index]
workflows:
  - name: tune
    when: [slow query on orders]
    steps: [index-doctor]
arguments:
  - name: table
    required: true
tools: Read, Bash(git add)
hooks: {a: b}
---
# Body

Look at the plan first.
"""
PIECES = [
    *("---", "---\n", "\n", "\r\n", "\r", "name:", "description:", "triggers:", "workflows:", "arguments:", "tools:"),
    *("files:", "patterns:", ": ", " #", "- ", "  ", "\t", "*", "**", "&a", "*a", "!!str ", "!x", "|", ">-", "[", "]"),
    *("{", "}", ",", '"', "'", "`", "@", "%", "?", "? ", "...", "<!--", "-->", "<example>", "</example>", "user:", "x"),
    *("y: z", "a:b", "~", "null", "```", "```chatagent\n", "# h", "\ufeff", "\u200b", "\U000e0041", "\u2028", "\x0c"),
    *("\x85", "\0", "é", "日本", "(a+)+", "\\", "1.10", "- - - ", "<<: ", "%YAML 1.2\n", "--- |\n"),
]


def assert_sound(data: bytes | str, file: str = "agents/some file.md") -> None:
    agent, said = read_agent(data, file)
    text = data if isinstance(data, str) else decode(data)[0]
    lines = split_lines(text.removeprefix("\ufeff"))
    assert agent is not None or len(said) == 1
    for diagnostic in said:
        assert 0 <= diagnostic.line <= max(len(lines), 1)
        assert 0 <= diagnostic.column <= len(diagnostic.text) + 1
        assert diagnostic.message
        assert diagnostic.file == file
    assert format_diagnostics(said) or not said
    if agent is not None:
        assert agent.name
        assert slug(agent.name) == agent.name
        assert agent.description
        assert agent.model_dump_json(exclude={"raw"})


@given(st.binary(max_size=400))
def test_arbitrary_bytes_never_raise(data: bytes) -> None:
    assert_sound(data)
    assert_sound(b"---\n" + data + b"\n---\nbody")
    check_template(data, "x.prompt.md")


@given(st.text(max_size=300))
def test_arbitrary_text_never_raises(text: str) -> None:
    assert_sound("---\nname: a\ndescription: " + text + "\n---\nbody")
    assert_sound(text)


@settings(max_examples=400)
@example(["x", "|", "x"])
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_pieces_of_frontmatter_in_any_order_never_raise(pieces: list[str]) -> None:
    text = "".join(pieces)
    assert_sound(text)
    assert_sound(f"---\nname: a\n{text}\n---\nbody")
    check_template(f"---\nname: a\n{text}\n---\n{{{{ {text} }}}}".encode("utf-8", "replace"), "x.prompt.md")


@settings(max_examples=300)
@given(st.data())
def test_a_good_file_with_a_change_anywhere_never_raises(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(GOOD)))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(st.sampled_from(PIECES))
    assert_sound(GOOD[:at] + put + GOOD[at + cut :])


@given(st.recursive(st.text("ab:*&!-[]{}\"'", max_size=4), lambda inner: st.lists(inner, max_size=4), max_leaves=30))
def test_deep_structures_never_raise(value: object) -> None:
    assert_sound(f"---\nname: a\ndescription: b\ntriggers: {value}\nx: {value}\n---\nbody")


@given(
    st.text(
        st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp", "Cf"], blacklist_characters="\x85"),
        min_size=1,
        max_size=120,
    )
)
def test_a_description_in_single_quotes_always_comes_back(text: str) -> None:
    quoted = "'" + text.replace("'", "''") + "'"
    agent, _ = read_agent(f"---\nname: a\ndescription: {quoted}\n---\nbody", "a.md")
    assert agent is not None
    if text.strip() and text.strip() not in ("~", "null"):
        assert agent.description == text.strip()


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=80))
def test_an_unquoted_description_that_needs_repair_equals_the_text_on_its_line(text: str) -> None:
    said_text = "Use it when: " + text
    agent, said = read_agent(f"---\nname: a\ndescription: {said_text}\ntools: Read\n---\nbody", "a.md")
    assert agent is not None
    assert agent.description == said_text.strip()
    assert agent.tools == ("Read",)
    assert [d.code for d in said] == ["repaired"]
