"""What `domain-agents check` prints for agent and prompt files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from domain_agents.agents.diagnostics import Diagnostic, format_diagnostics
from domain_agents.agents.reading import read_agent
from domain_agents.findings import Severity
from domain_agents.tools import Settings
from domain_agents.tools._check import check, check_served

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
    assert check_served(Settings(project=None)) == ()


def test_a_directory_is_checked_with_its_agents_and_prompts(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("---\nname: a\ndescription: b: c\n---\nx", encoding="utf-8")
    (tmp_path / "README.md").write_text("# Us\n", encoding="utf-8")
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "go.prompt.md").write_text(
        "---\nname: go\ndescription: b\narguments:\n  - name: task\n---\n{{ tsk }}\n{% if x %}", encoding="utf-8"
    )
    found = [(Path(d.file).name, d.line, d.code) for d in check([tmp_path]) if d.severity is not Severity.INFO]
    assert found == [("a.md", 3, "repaired"), ("go.prompt.md", 8, "bad_template")]


def test_files_are_checked_one_by_one_and_missing_ones_are_said(tmp_path: Path) -> None:
    prompt = tmp_path / "go.prompt.md"
    prompt.write_text("---\ndescription: b\narguments: [task]\n---\n\n{{ task }} {{ tsk }}", encoding="utf-8")
    found = check([prompt, tmp_path / "gone.md"])
    assert [(d.code, d.line, d.column) for d in found] == [("undeclared_argument", 6, 15), ("unreadable", 0, 0)]
    assert found[0].instead == "{{ task }}"
