"""Agent files as people write them: what YAML takes, what it refuses, and what is plainly meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from domain_agents.agents.reading import MAX_FILE_BYTES, MAX_FRONTMATTER_BYTES, read_agent
from domain_agents.findings import Severity

if TYPE_CHECKING:
    from domain_agents.agents.diagnostics import Diagnostic
    from domain_agents.agents.model import Agent


def read(data: bytes | str, file: str = "agents/reviewer.md") -> Agent:
    agent, said = read_agent(data, file)
    assert agent is not None, said
    return agent


def refused(data: bytes | str, file: str = "agents/reviewer.md") -> Diagnostic:
    agent, said = read_agent(data, file)
    assert agent is None
    assert len(said) == 1
    return said[0]


def codes(data: bytes | str, file: str = "agents/reviewer.md") -> list[str]:
    return [diagnostic.code for diagnostic in read_agent(data, file)[1]]


def test_every_field_of_ours_is_read() -> None:
    agent = read(
        """---
name: index-doctor
title: Index doctor
description: Finds the index a query wants.
domain: data
version: 1.10
tags: [sql, indexes]
triggers:
  keywords: [slow query, DB]
  patterns: ['(add|create).{0,40}index']
  files: ['**/*.sql']
  stack: [postgresql]
  not: [search index]
workflows:
  - name: tune
    when: [slow query on orders]
    steps: [index-doctor, {agent: migration-writer, do: write it}]
arguments:
  - name: table
    description: Which table
    required: true
    completes: tables
tools: [plan_migration]
model: inherit
tool: true
---
Look at the plan first.
"""
    )
    assert (agent.name, agent.title, agent.domain, agent.version, agent.model) == (
        "index-doctor",
        "Index doctor",
        "data",
        "1.10",
        "inherit",
    )
    assert agent.tags == ("sql", "indexes")
    assert agent.triggers.keywords == ("slow query", "DB")
    assert agent.triggers.patterns == ("(add|create).{0,40}index",)
    assert agent.triggers.files == ("**/*.sql",)
    assert agent.triggers.stack == ("postgresql",)
    assert agent.triggers.exclude == ("search index",)
    assert agent.workflows[0].steps == ("index-doctor", "migration-writer")
    assert (agent.arguments[0].name, agent.arguments[0].required, agent.arguments[0].completes) == (
        "table",
        True,
        "tables",
    )
    assert agent.tools == ("plan_migration",)
    assert agent.tool is True
    assert agent.body == "Look at the plan first."
    assert agent.extra == {}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("version: 1.10", "1.10"),
        ("version: 007", "007"),
        ("version: no", "no"),
        ("version: 2024-01-02", "2024-01-02"),
        ("version: 1_000", "1_000"),
        ("version: 0x1F", "0x1F"),
    ],
)
def test_yaml_does_not_guess(line: str, expected: str) -> None:
    assert read(f"---\nname: a\ndescription: b\n{line}\n---\nbody").version == expected


def test_a_key_that_yaml_takes_for_true_stays_a_key() -> None:
    assert read("---\nname: a\ndescription: b\non: push\n---\nbody").extra == {"on": "push"}


def test_unknown_keys_are_kept_and_are_no_fault() -> None:
    agent, said = read_agent("---\nname: a\ndescription: b\ncolor: blue\nmetadata:\n  team: [x, y]\n---\nbody", "a.md")
    assert agent is not None
    assert agent.extra == {"color": "blue", "metadata": {"team": ["x", "y"]}}
    assert said == ()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("tools: Read, Write", ("Read", "Write")),
        ("tools: [Read, Write]", ("Read", "Write")),
        ("tools:\n  - Read\n  - Write", ("Read", "Write")),
        ("tools:\n- Read\n- Write", ("Read", "Write")),
        ("tools: Read", ("Read",)),
        ("tools: Bash(git add, git commit), Read", ("Bash(git add, git commit)", "Read")),
        ("tools: *", ("*",)),
        ("tools: [*]", ("*",)),
        ("tools: '*'", ("*",)),
        ("tools:", ()),
        ("tools: []", ()),
        ("allowed-tools: Read Bash(git:*) Grep", ("Read", "Bash(git:*)", "Grep")),
        ("tools:\n\t- Read\n\t- Write", ("Read", "Write")),
        ("tools: {read: true, write: true}", ("read", "write")),
        ("tools:\n  read: true\n  write: false\n  bash:", ("read", "bash")),
        ('tools: "Read, Write"', ("Read", "Write")),
    ],
)
def test_tools_are_text_or_a_list(written: str, expected: tuple[str, ...]) -> None:
    assert read(f"---\nname: a\ndescription: b\n{written}\n---\nbody").tools == expected


def test_absent_tools_are_not_the_same_as_none() -> None:
    assert read("---\nname: a\ndescription: b\n---\nbody").tools is None


PLAIN_DESCRIPTIONS = [
    "Use this agent when: a query is slow",
    "Triggers on: GDPR, CCPA. Examples: user: 'hi' assistant: 'hello'",
    'Reviews code. <example>Context: x. user: "do it" assistant: "done"</example>',
    "**Bold** claims about architecture",
    "*Emphasis* first",
    "@reviewer looks at it",
    "`lint` and friends: all of them",
    "% of coverage: measured",
    'Say "yes": then go',
    "It's here: don't stop",
    "Ends with a colon:",
    "a --- rule in: the middle",
    "[draft] of: a plan",
    "{braces} in: text",
    "Schritt: für Schritt – größer, 日本語: テスト",
    r"First line.\n\n<example>\nContext: x\nuser: \"y\"\n</example>",
]


@pytest.mark.parametrize("text", PLAIN_DESCRIPTIONS)
def test_a_description_that_yaml_refuses_equals_its_text(text: str) -> None:
    agent, said = read_agent(f"---\nname: a\ndescription: {text}\nmodel: opus\n---\nbody", "a.md")
    assert agent is not None
    assert agent.description == text
    assert (agent.name, agent.model, agent.body) == ("a", "opus", "body")
    assert [(d.code, d.line, d.field) for d in said] == [("repaired", 3, "description")]


@pytest.mark.parametrize("text", PLAIN_DESCRIPTIONS)
def test_what_is_to_be_written_instead_reads_as_the_same_text(text: str) -> None:
    _, said = read_agent(f"---\nname: a\ndescription: {text}\n---\nbody", "a.md")
    instead = said[0].instead
    agent, now = read_agent(f"---\nname: a\n{instead}\n---\nbody", "a.md")
    assert agent is not None
    assert agent.description == text
    assert now == ()


def test_lines_of_dialogue_that_are_not_indented_belong_to_the_description() -> None:
    agent, said = read_agent(
        """---
name: simplifier
description: Use it after a change. Examples:

<example>
Context: A feature was added.
user: "Please add it"
assistant: "Now let me simplify: here"
<commentary>
Since code was written, use the agent.
</commentary>
</example>
model: opus
---
body""",
        "a.md",
    )
    assert agent is not None
    assert agent.description.startswith(
        "Use it after a change. Examples:\n\n<example>\nContext: A feature was added.\nuser:"
    )
    assert agent.description.endswith("</commentary>\n</example>")
    assert agent.model == "opus"
    assert agent.extra == {}
    assert [d.code for d in said] == ["repaired"]


def test_a_blank_line_in_a_plain_text_does_not_end_it() -> None:
    agent = read("---\nname: a\ndescription: First part.\n\nSecond part, more\ntools: Read\n---\nbody")
    assert agent.description == "First part.\n\nSecond part, more"
    assert agent.tools == ("Read",)


def test_a_block_whose_text_is_not_indented_is_the_description() -> None:
    agent = read("---\nname: a\ndescription: >\nUse this agent: now\nand then\nmodel: x\n---\nbody")
    assert (agent.description, agent.model, agent.extra) == ("Use this agent: now\nand then", "x", {})
    agent = read("---\nname: a\ndescription: >\nUse this agent: now\nmodel: x\n---\nbody")
    assert (agent.description, agent.model, agent.extra) == ("Use this agent: now", "x", {})


def test_a_block_mark_before_text_on_its_line_is_no_text() -> None:
    assert read("---\nname: a\ndescription: >- text: here\n---\nbody").description == "text: here"


def test_two_quotations_are_not_one() -> None:
    assert read('---\nname: a\ndescription: "fast" and "safe"\n---\nbody').description == '"fast" and "safe"'
    assert read("---\nname: a\ndescription: 'it's'\n---\nbody").description == "it's"


def test_a_description_that_yaml_cuts_at_a_comment_is_said() -> None:
    agent, said = read_agent("---\nname: a\ndescription: Fix #12: now\n---\nbody", "a.md")
    assert agent is not None
    assert agent.description == "Fix"
    assert [(d.code, d.line) for d in said] == [("comment_in_text", 3)]


def test_a_list_of_sentences_is_a_description() -> None:
    assert read("---\nname: a\ndescription:\n- one: two\n- three\n---\nbody").description == "one: two, three"


def test_a_name_under_agent_is_the_name() -> None:
    agent = read("---\nagent:\n  name: Nested\n  description: inner\n---\nbody")
    assert (agent.name, agent.description) == ("nested", "inner")


def test_block_texts_are_read_as_yaml_reads_them() -> None:
    agent = read("---\nname: a\ndescription: |\n  One: two\n\n  ---\n  three\nmodel: x\n---\nbody")
    assert agent.description == "One: two\n\n---\nthree"
    assert agent.model == "x"


def test_a_rule_inside_the_description_does_not_end_the_frontmatter() -> None:
    agent = read("---\nname: a\ndescription: before\n---\nafter\ntools: Read\n---\nbody")
    assert agent.description == "before\n---\nafter"
    assert agent.tools == ("Read",)
    assert agent.body == "body"


def test_a_rule_in_the_body_stays_in_the_body() -> None:
    assert read("---\nname: a\ndescription: b\n---\none\n\n---\n\ntwo\n").body == "one\n\n---\n\ntwo"


@pytest.mark.parametrize("glob", ["**/*", "*.sql", "**/*.ts,**/*.tsx", "*/migrations/*"])
def test_globs_without_quotes_are_files(glob: str) -> None:
    agent = read(f"---\ndescription: Rules\nglobs: {glob}\nalwaysApply: false\n---\nbody", ".cursor/rules/sql.mdc")
    assert agent.triggers.files == tuple(glob.split(","))
    assert agent.name == "sql"


def test_globs_without_quotes_inside_triggers_are_files() -> None:
    agent = read(
        "---\nname: a\ndescription: b\ntriggers:\n  keywords: [x]\n  files:\n    - **/*.sql\n    - *.ddl\n---\nbody"
    )
    assert agent.triggers.files == ("**/*.sql", "*.ddl")
    assert agent.triggers.keywords == ("x",)


def test_globs_in_braces_stay_together() -> None:
    agent = read('---\ndescription: x\napplyTo: "**/*.{ts,tsx}, src/**"\n---\nbody')
    assert agent.triggers.files == ("**/*.{ts,tsx}", "src/**")


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_do_not_matter(newline: str, mark: bytes) -> None:
    text = "---\nname: a\ndescription: one: two\n---\nbody\nmore\n".replace("\n", newline)
    agent, said = read_agent(mark + text.encode(), "x.md")
    assert agent is not None
    assert (agent.name, agent.description, agent.body) == ("a", "one: two", "body\nmore")
    assert [(d.code, d.line) for d in said] == [("repaired", 3)]


def test_bytes_that_are_not_utf_8_are_said_and_the_rest_is_read() -> None:
    agent, said = read_agent(b"---\nname: a\ndescription: caf\xe9 here\n---\nbody", "x.md")
    assert agent is not None
    assert agent.description == "caf\N{REPLACEMENT CHARACTER} here"
    assert [(d.code, d.line, d.column) for d in said] == [("encoding", 3, 17)]


def test_utf_16_is_read_and_said() -> None:
    agent, said = read_agent("---\nname: a\ndescription: b\n---\nbody".encode("utf-16"), "x.md")
    assert agent is not None
    assert agent.name == "a"
    assert [d.code for d in said] == ["encoding"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("name: a\ndescription: b\n---\nbody", "missing_opening"),
        ("name: a\ndescription: b\n\nbody", "missing_opening"),
        ("  ---\n  name: a\n  description: b\n  ---\n  body", "indented_file"),
        ("\t---\n\tname: a\n\tdescription: b\n\t---\n\tbody", "indented_file"),
        ("# Title\n\n---\nname: a\ndescription: b\n---\nbody", "text_before_frontmatter"),
        ("---\nname: a\ndescription: b\n\n# Body\nbody", "missing_closing"),
    ],
)
def test_frontmatter_that_is_not_where_it_should_be_is_read_and_said(text: str, code: str) -> None:
    agent, said = read_agent(text, "x.md")
    assert agent is not None
    assert (agent.name, agent.description) == ("a", "b")
    assert "body" in agent.body
    assert [d.code for d in said] == [code]


@pytest.mark.parametrize(
    "text",
    [
        "<!-- made by a tool -->\n---\nname: a\ndescription: b\n---\nbody",
        "<!--\nlicence\n-->\n\n---\nname: a\ndescription: b\n---\nbody",
        "\n\n---\nname: a\ndescription: b\n---\nbody",
        "--- \nname: a\ndescription: b\n---\t\nbody",
        "```chatagent\n---\nname: a\ndescription: b\n---\nbody\n```\n",
        "```chatagent\n---\nname: a\ndescription: b\n---\n```\n\nbody\n",
        "```chatagent\nname: a\ndescription: b\n```\nbody\n",
        "````chatagent\n```chatagent\n---\nname: a\ndescription: b\n---\nbody\n```\n````\n",
        "----\nname: a\ndescription: b\n----\nbody",
        "---\nname:\ta\ndescription:\tb\n---\nbody",
        "---\nname:\u00a0a\ndescription:\u00a0b\n---\nbody",
        "\ufeff\ufeff---\nname: a\ndescription: b\n---\nbody",
        "---\nName: a\nDescription: b\n---\nbody",
        '---\n"name": "a"\n"description": "b"\n---\nbody',
        "---\n# comment\nname: a # the name\ndescription: b\n---\nbody",
    ],
)
def test_harmless_wrappings_are_read_without_a_word(text: str) -> None:
    agent, said = read_agent(text, "x.md")
    assert agent is not None
    assert (agent.name, agent.description) == ("a", "b")
    assert agent.body.strip().strip("`").strip() == "body"
    assert said == ()


def test_a_name_without_a_space_after_the_colon_is_read() -> None:
    agent = read("---\nname:a\ndescription: b\n---\nbody")
    assert (agent.name, agent.description) == ("a", "b")


def test_one_indented_key_among_others_is_a_key() -> None:
    agent = read("---\nname: a\n description: b\ntools: Read\n---\nbody")
    assert (agent.name, agent.description, agent.tools) == ("a", "b", ("Read",))


def test_an_unclosed_quote_loses_nothing() -> None:
    agent = read('---\nname: a\ndescription: "never closed\ntools: Read\n---\nbody')
    assert (agent.description, agent.tools) == ("never closed", ("Read",))


def test_quotes_inside_quotes_are_text() -> None:
    assert read('---\nname: a\ndescription: "say "this" now"\n---\nbody').description == 'say "this" now'


def test_a_plain_file_is_named_by_its_file_and_described_by_its_first_paragraph() -> None:
    agent, said = read_agent(
        "# SQL reviewer\n\nReads every query.\nTwice.\n\n## How\n- slowly", "agents/sql-reviewer.md"
    )
    assert agent is not None
    assert (agent.name, agent.title, agent.description) == ("sql-reviewer", "Sql reviewer", "Reads every query. Twice.")
    assert [d.severity for d in said] == [Severity.INFO, Severity.INFO]


def test_a_plain_file_of_headings_is_described_by_the_first() -> None:
    assert read("# Only a heading\n\n- a\n- b").description == "Only a heading"


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("skills/pdf-forms/SKILL.md", "pdf-forms"),
        (".github/agents/planner.agent.md", "planner"),
        ("deep/er/Code Reviewer.md", "code-reviewer"),
        (".github/chatmodes/x.chatmode.md", "x"),
        ("..md", "agent"),
    ],
)
def test_a_missing_name_comes_from_the_file(file: str, name: str) -> None:
    agent, said = read_agent("---\ndescription: b\n---\nbody", file)
    assert agent is not None
    assert agent.name == name
    assert [d.code for d in said] == ["missing_name"]


@pytest.mark.parametrize(
    ("declared", "name"),
    [
        ("Python DevOps/CI-CD Expert", "python-devops-ci-cd-expert"),
        ("C++ Expert", "c-plus-plus-expert"),
        ("C# Expert", "c-sharp-expert"),
        ("web_vue_js", "web_vue_js"),
        ("../../etc/passwd", "etc-passwd"),
        ("a:b", "a-b"),
        ("数据库专家", "数据库专家"),
        ("-leading", "leading"),
    ],
)
def test_a_name_is_never_a_path_and_keeps_its_words(declared: str, name: str) -> None:
    agent = read(f"---\nname: {declared}\ndescription: b\n---\nbody")
    assert agent.name == name
    assert "/" not in agent.name


@pytest.mark.parametrize("value", ["", " ", "null", "~", "|", '""'])
def test_an_empty_description_is_missing(value: str) -> None:
    agent = read(f"---\nname: a\ndescription: {value}\n---\nThe body says it.")
    assert agent.description == "The body says it."


@pytest.mark.parametrize(
    "file", ["README.md", "agents/readme.zh.md", "CLAUDE.md", "AGENTS.md", "CONTRIBUTING.md", "LICENSE.md"]
)
def test_documentation_is_no_agent(file: str) -> None:
    said = refused("# Our agents\n\nWe have many.", file)
    assert (said.code, said.severity) == ("documentation", Severity.INFO)


def test_documentation_that_says_it_is_an_agent_is_one() -> None:
    assert read("---\nname: readme-writer\ndescription: b\n---\nbody", "README.md").name == "readme-writer"


@pytest.mark.parametrize(
    ("front", "code"),
    [
        ("base: &x {a: 1}\nother: *x", "yaml_anchor"),
        ("description: &x text", "yaml_anchor"),
        ("other: !!python/object/apply:os.system ['x']", "yaml_tag"),
        ("other: !custom x", "yaml_tag"),
        ("a: " + "[" * 200 + "]" * 200, "yaml_nesting"),
        ("a: " + "{b: " * 2_000, "yaml_nesting"),
        ("a: &a [x]\nb: [*a, *a]\nbroken: c: d", "yaml_anchor"),
    ],
)
def test_anchors_aliases_tags_and_deep_nesting_are_refused(front: str, code: str) -> None:
    said = refused(f"---\nname: a\n{front}\n---\nbody")
    assert (said.code, said.severity) == (code, Severity.ERROR)
    assert said.instead


def test_what_only_looks_like_an_alias_is_text() -> None:
    assert read("---\nname: a\ndescription: *important\n---\nbody").description == "*important"


def test_sizes_are_limited_and_said() -> None:
    assert refused("---\nname: a\ndescription: b\n---\n" + "x" * MAX_FILE_BYTES).code == "too_large"
    said = refused("---\nname: a\ndescription: " + "x" * MAX_FRONTMATTER_BYTES + "\n---\nbody")
    assert said.code == "too_large"
    assert f"{MAX_FRONTMATTER_BYTES:,}" in said.message


@pytest.mark.parametrize(
    ("data", "code"), [(b"", "empty"), (b" \n\r\n", "empty"), (b"\xef\xbb\xbf", "empty"), (b"\x89PNG\0\0", "not_text")]
)
def test_what_is_no_text_is_one_diagnostic(data: bytes, code: str) -> None:
    assert refused(data).code == code


@pytest.mark.parametrize(
    ("hidden", "reported"),
    [
        ("\U000e0041\U000e0042", True),
        ("\u202eabc", True),
        ("zero\u200bwidth", True),
        ("a\u200db", True),
        ("x\ufe0fy\U000e0101", True),
        ("👩\u200d💻 and 🏳️\u200d🌈", False),
        ("\U0001f3f4\U000e0067\U000e0062\U000e0073\U000e0063\U000e0074\U000e007f", False),
        ("plain ünïcode 日本語", False),
    ],
)
def test_invisible_text_anywhere_in_the_file_is_reported(hidden: str, *, reported: bool) -> None:
    agent, said = read_agent("---\nname: a\ndescription: b\n---\n" + "line\n" * 50 + hidden, "a.md")
    assert agent is not None
    assert [d.code for d in said] == (["invisible_text"] if reported else [])
    if reported:
        assert said[0].line == 55


@pytest.mark.parametrize("key", ["hooks", "mcpServers", "mcp-servers", "permissionMode", "permission"])
def test_keys_that_grant_powers_are_kept_and_said(key: str) -> None:
    agent, said = read_agent(f"---\nname: a\ndescription: b\n{key}: x\n---\nbody", "a.md")
    assert agent is not None
    assert agent.extra == {key: "x"}
    assert [(d.code, d.severity, d.line) for d in said] == [("grants_power", Severity.INFO, 4)]


def test_a_field_of_another_kind_is_left_out_and_the_rest_serves() -> None:
    agent, said = read_agent(
        "---\nname: a\ndescription: b\ntool: maybe\nworkflows: [x]\n"
        "triggers:\n  patterns: ['(a+)+']\n  colour: red\n---\nbody",
        "a.md",
    )
    assert agent is not None
    assert agent.workflows == ()
    assert agent.triggers.patterns == ()
    assert {d.field for d in said} == {"tool", "workflows[0]", "triggers.colour", "triggers.patterns"}
    assert all(d.severity is Severity.WARNING and d.line and d.instead for d in said)


def test_a_structure_that_cannot_be_read_is_one_warning_with_its_line() -> None:
    agent, said = read_agent("---\nname: a\ndescription: b\ntriggers:\n  keywords: [x\n   y: - z\n---\nbody", "a.md")
    assert agent is not None
    assert not agent.triggers
    assert [(d.code, d.field) for d in said] == [("unreadable_field", "triggers")]


def test_a_key_given_twice_is_said() -> None:
    assert codes("---\nname: a\ndescription: b\nmodel: x\nmodel: y\n---\nbody") == ["repeated_key"]


def test_agent_bodies_are_never_templates() -> None:
    assert read("---\nname: a\ndescription: b\n---\n{{ 7 * 7 }} {% raw").body == "{{ 7 * 7 }} {% raw"


def test_a_file_of_a_rule_and_prose_has_no_frontmatter() -> None:
    agent = read("---\n\nJust prose here.\n\n---\n\nMore.", "note.md")
    assert agent.name == "note"
    assert agent.description == "Just prose here."


@pytest.mark.parametrize("mark", ["\u2028", "\u2029", "\x85"])
def test_what_only_yaml_takes_for_a_new_line_is_none(mark: str) -> None:
    agent, said = read_agent(f"---\nname: a\ndescription: one{mark}two\nx: y: z\nhooks: q\n---\nbody", "a.md")
    assert agent is not None
    assert agent.description == f"one{mark}two"
    assert [(d.code, d.line) for d in said] == [("repaired", 4), ("grants_power", 5)]


@pytest.mark.parametrize(
    "front",
    [
        "a: *\n" * 12_000,
        "a: " + "[" * 60_000,
        "description: " + ": " * 30_000,
        "tags:\n- a" + " " * 60_000 + "b: *\nx: : y",
        "description: " + "<example\nuser: x\n" * 3_500,
        "name: " + "-c++" * 15_000,
        "tools: " + "Bash(" * 12_000,
        "x: : *\n" + "&a" * 30_000,
    ],
)
def test_what_is_written_to_take_long_is_answered(front: str) -> None:
    """Each of these took seconds or minutes with a slip in one expression; the suite's own patience is the limit."""
    agent, said = read_agent(f"---\n{front}\n---\nbody", "agents/slow.md")
    assert agent is not None or len(said) == 1


def test_a_heading_of_spaces_and_a_fence_of_spaces_are_answered() -> None:
    assert read("# a" + " " * 240_000 + "b").name == "reviewer"
    assert read("```" + " " * 240_000 + "!\n---\nname: a\n---\n").name == "reviewer"


@pytest.mark.parametrize("hint", ["[--init] [--verify]", "[a|b] <path> [--force]", "[file: path] [n]"])
def test_hints_in_brackets_are_text(hint: str) -> None:
    agent = read(f"---\ndescription: Sync it\nargument-hint: {hint}\nallowed-tools: Read, Bash(git:*)\n---\nbody")
    assert agent.extra["argument-hint"] == hint
    assert agent.tools == ("Read", "Bash(git:*)")
