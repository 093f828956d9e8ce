"""What `domain-agents check` prints for agent and prompt files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from domain_agents.agents.diagnostics import Diagnostic, format_diagnostics
from domain_agents.agents.reading import read_agent
from domain_agents.cli.check import examined
from domain_agents.findings import Severity
from domain_agents.prompts import check_template
from domain_agents.tools import Settings

if TYPE_CHECKING:
    import pytest


GOLDEN = Path(__file__).parent.parent / "golden" / "diagnostics.txt"
FAULTY = {
    "a description that YAML takes apart": "---\nname: index-doctor\ndescription: Use it when: slow\n---\nbody",
    "an anchor": "---\nname: index-doctor\ndescription: b\nx: &here 1\n---\nbody",
    "a pattern that could take long": (
        "---\nname: index-doctor\ndescription: b\ntriggers:\n  patterns: ['(a+)+$']\n---\nbody"
    ),
    "hidden characters": "---\nname: index-doctor\ndescription: b\n---\nbo\u202edy \x1b[31m\n",
    "tabs, and no name": "---\ndescription: b\ntools:\n\t- Read\n---\nbody",
    "no opening rule": "name: index-doctor\ndescription: b\n---\nbody",
    "a long dialogue": (
        "---\nname: a\ndescription: Use it. Examples:\n<example>\nContext: x\nuser: y\n</example>\nmodel: z\n---\nb"
    ),
    "a structure that cannot be read": "---\nname: a\ndescription: b\ntriggers:\n  files: [x\n  y: - z\n---\nbody",
    "keys that grant powers": "---\nname: a\ndescription: b\npermissionMode: bypassPermissions\n---\nbody",
}


def said(text: str) -> str:
    return format_diagnostics(read_agent(text, "agents/index-doctor.md")[1])


def test_diagnostics_read_as_the_golden_file_has_them() -> None:
    printed = "\n".join(f"## {title}\n\n{said(text)}" for title, text in FAULTY.items())
    assert printed == GOLDEN.read_text(encoding="utf-8")


def test_what_cannot_be_seen_is_shown_as_a_mark_and_never_printed() -> None:
    printed = said(FAULTY["hidden characters"])
    assert "\u202e" not in printed
    assert "\x1b" not in printed
    assert "\x1b" not in said("---\nname: a\ndescription: x: \x9b31m\n---\nbody")


def test_a_long_line_is_cut_around_the_caret() -> None:
    diagnostic = Diagnostic(Severity.ERROR, "x", "m", "", "f.md", 1, 200, "", "a" * 199 + "B" + "c" * 200)
    marked, caret = format_diagnostics([diagnostic]).splitlines()[2:4]
    assert marked[caret.index("^")] == "B"
    assert len(marked) < 130


def test_nothing_to_say_prints_nothing() -> None:
    assert said("---\nname: index-doctor\ndescription: b\n---\nbody") == ""


def test_json_has_every_part() -> None:
    (diagnostic,) = read_agent("---\nname: a\ndescription: Use it when: slow\n---\nbody", "a.md")[1]
    assert json.loads(json.dumps(diagnostic.as_json())) == {
        "severity": "warning",
        "code": "repaired",
        "file": "a.md",
        "line": 3,
        "column": 25,
        "field": "description",
        "message": diagnostic.message,
        "instead": "description: 'Use it when: slow'",
    }


def test_everything_we_serve_passes_our_own_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    agents, prompts, diagnostics = examined(Settings(project=None))
    assert (agents, diagnostics) == (3, ())
    assert prompts >= 6


def test_a_template_that_cannot_be_read_is_an_error_at_its_line() -> None:
    text = "---\nname: go\ndescription: b\narguments:\n  - name: task\n---\n{{ task }}\n{% if x %}"
    assert [(d.severity, d.code, d.line) for d in check_template(text.encode(), "go.prompt.md")] == [
        (Severity.ERROR, "bad_template", 8)
    ]


def test_a_name_that_no_argument_has_is_said_with_the_nearest() -> None:
    text = b"---\ndescription: b\narguments: [task]\n---\n\n{{ task }} {{ tsk }}"
    (said,) = check_template(text, "go.prompt.md")
    assert (said.code, said.line, said.column) == ("undeclared_argument", 6, 15)
    assert said.instead == "{{ task }}"


def test_a_prompts_own_fields_are_checked() -> None:
    arguments = "arguments:\n  - {name: a, completes: stars}\n  - {name: 1a}\n  - {name: a}\n"
    text = f"---\nname: go\nmodel: x\n{arguments}---\n{{{{ a }}}}".encode()
    assert [d.code for d in check_template(text, "go.prompt.md")] == [
        "missing_description",
        "unknown_key",
        "bad_value",
        "repeated_key",
        "bad_value",
    ]
