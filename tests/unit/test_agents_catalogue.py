"""Where agents come from, which of them wins, and that edits show at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from domain_agents.agents.catalogue import Catalogue, Reading, load, load_catalogue
from domain_agents.agents.names import slug, stem
from domain_agents.agents.sources import (
    MAX_FILES,
    File,
    Skipped,
    Source,
    agent_sources,
    fingerprint,
    scan,
    shipped_directory,
)
from domain_agents.findings import Severity
from domain_agents.tools import Settings


def write(path: Path, name: str, says: str = "does it", front: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"---\nname: {name}\ndescription: {says}\n{front}---\nbody of {says}\n", encoding="utf-8")
    return path


def source(directory: Path, label: str = "added", *, only_skills: bool = False) -> Source:
    return Source(label, str(directory), directory.name, only_skills=only_skills)


def files_of(directory: Path, *, only_skills: bool = False) -> list[str]:
    return [entry.name for entry in scan(source(directory, only_skills=only_skills)) if isinstance(entry, File)]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config" / "domain-agents"


def by_name(catalogue: Catalogue) -> dict[str, str]:
    return {agent.name: agent.source for agent in catalogue.agents}


def test_later_sources_win_and_shadowing_ours_is_said(tmp_path: Path, home: Path) -> None:
    project, added = tmp_path / "project", tmp_path / "added"
    write(home / "agents" / "a.md", "one", "of the user")
    write(home / "agents" / "b.md", "migration-writer", "of the user")
    write(added / "a.md", "one", "of --agents")
    write(added / "c.md", "two", "of --agents")
    write(project / ".domain-agents" / "agents" / "c.md", "two", "of the project")
    catalogue = load_catalogue(Settings(project=project, agent_directories=(added,)))
    names = by_name(catalogue)
    assert (names["one"], names["two"], names["migration-writer"]) == ("added", "project", "user")
    assert [(d.code, d.severity) for d in catalogue.diagnostics if d.code == "shadows_shipped"] == [
        ("shadows_shipped", Severity.INFO)
    ]
    assert sum(d.code == "shadows" for d in catalogue.diagnostics) == 2


def test_other_clients_folders_are_read_only_when_asked(tmp_path: Path, home: Path) -> None:
    write(tmp_path / ".claude" / "agents" / "deep" / "x.md", "from-claude")
    write(tmp_path / ".claude" / "skills" / "pdf" / "SKILL.md", "from-skill")
    write(tmp_path / ".claude" / "skills" / "pdf" / "reference.md", "not-an-agent")
    write(tmp_path / ".github" / "agents" / "y.agent.md", "from-github")
    write(tmp_path / ".cursor" / "agents" / "z.md", "from-cursor")
    without = by_name(load_catalogue(Settings(project=tmp_path)))
    assert not any(name.startswith("from-") for name in without)
    names = by_name(load_catalogue(Settings(project=tmp_path, project_agents=True)))
    assert {name for name, label in names.items() if label == "client"} == {
        "from-claude",
        "from-skill",
        "from-github",
        "from-cursor",
    }


def test_without_a_project_only_ours_and_the_users_are_read(home: Path) -> None:
    labels = [one.label for one in agent_sources(Settings(project=None, project_agents=True))]
    assert labels == ["shipped", "user"]


def test_a_relative_config_home_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert all(Path(one.directory).is_absolute() for one in agent_sources(Settings(project=None)))


def test_the_agents_we_ship_are_read_without_a_word() -> None:
    catalogue = load([Source("shipped", shipped_directory("agents"), "shipped")])
    assert [agent.name for agent in catalogue.agents] == [
        "migration-writer",
        "ml-pipeline-architect",
        "schema-designer",
    ]
    assert catalogue.diagnostics == ()


def test_what_we_ship_is_held_to_a_closed_model(tmp_path: Path) -> None:
    write(tmp_path / "one.md", "other", front="color: blue\nworkflows:\n  - {name: w, when: [x], steps: [nobody]}\n")
    said = load([source(tmp_path, "shipped")]).diagnostics
    assert {(d.code, d.severity) for d in said} == {
        ("unknown_key", Severity.ERROR),
        ("name_is_not_file", Severity.ERROR),
        ("unknown_step", Severity.ERROR),
    }


def test_one_bad_file_hides_no_other(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "a")
    (tmp_path / "b.md").write_bytes(b"\x89PNG\0")
    (tmp_path / "c.md").write_text("---\nx: &a [*a]\n---\n", encoding="utf-8")
    write(tmp_path / "d.md", "d")
    (tmp_path / "e.md").write_bytes(b"")
    catalogue = load([source(tmp_path)])
    assert list(by_name(catalogue)) == ["a", "d"]
    assert [(d.file.rpartition("/")[2], d.code) for d in catalogue.diagnostics] == [
        ("b.md", "not_text"),
        ("c.md", "yaml_anchor"),
        ("e.md", "empty"),
    ]


def test_a_file_that_may_not_be_read_is_said_without_its_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "a.md", "a")

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    said = load([source(tmp_path)]).diagnostics
    assert [d.code for d in said] == ["unreadable"]
    assert str(tmp_path) not in said[0].file + said[0].message


def test_equal_names_in_one_source_are_both_reachable(tmp_path: Path) -> None:
    write(tmp_path / "go" / "reviewer.md", "reviewer", "first")
    write(tmp_path / "py" / "reviewer.md", "Reviewer", "second")
    write(tmp_path / "zz" / "reviewer.md", "reviewer!", "third")
    catalogue = load([source(tmp_path)])
    assert [(agent.name, agent.description) for agent in catalogue.agents] == [
        ("py-reviewer", "second"),
        ("reviewer", "first"),
        ("zz-reviewer", "third"),
    ]
    assert [d.code for d in catalogue.diagnostics] == ["repeated_name", "repeated_name"]


def test_the_same_folder_read_twice_gives_each_agent_once(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "a")
    catalogue = load([source(tmp_path), Source("project", str(tmp_path), ".domain-agents/agents")])
    assert by_name(catalogue) == {"a": "project"}


def test_agents_are_found_however_their_name_is_written(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "Index Doctor")
    write(tmp_path / "b.md", "snake_case")
    catalogue = load([source(tmp_path)])
    for name in ("index-doctor", "Index Doctor", "index_doctor", "INDEX-DOCTOR"):
        found = catalogue.get(name)
        assert found is not None
        assert found.title == "Index Doctor"
    assert catalogue.get("snake_case") is not None
    assert catalogue.get("../a.md") is None
    assert catalogue.nearest("indx-doctor") == ("index-doctor",)


def test_agents_carry_where_they_are_from_and_no_path_of_this_machine(tmp_path: Path) -> None:
    from hashlib import sha256

    file = write(tmp_path / "team" / "a.md", "a")
    (agent,) = load([source(tmp_path)]).agents
    assert agent.file == f"{tmp_path.name}/team/a.md"
    assert agent.sha256 == sha256(file.read_bytes()).hexdigest()
    assert agent.raw == file.read_bytes()


def test_workflows_name_agents_that_exist(tmp_path: Path) -> None:
    write(
        tmp_path / "a.md",
        "a",
        front="workflows:\n  - {name: ok, when: [x], steps: [a]}\n  - {name: bad, steps: [a, gone]}\n",
    )
    catalogue = load([source(tmp_path)])
    assert [workflow.name for _, workflow in catalogue.workflows()] == ["ok"]
    assert [d.code for d in catalogue.diagnostics] == ["unknown_step"]
    assert "'gone'" in catalogue.diagnostics[0].message


def test_links_that_leave_the_directory_are_skipped_and_said(tmp_path: Path) -> None:
    inside, outside = tmp_path / "agents", tmp_path / "outside"
    secret = write(outside / "secret.md", "secret")
    write(inside / "real.md", "real")
    (inside / "link.md").symlink_to(secret)
    (inside / "folder").symlink_to(outside)
    (inside / "alias.md").symlink_to(inside / "real.md")
    (inside / "loop").symlink_to(inside)
    (inside / "broken.md").symlink_to(inside / "nowhere.md")
    entries = list(scan(source(inside)))
    assert [entry.name for entry in entries if isinstance(entry, File)] == ["alias.md", "real.md"]
    assert {entry.shown for entry in entries if isinstance(entry, Skipped)} == {"agents/folder", "agents/link.md"}
    catalogue = load([source(inside)])
    assert "secret" not in by_name(catalogue)
    assert {d.code for d in catalogue.diagnostics} == {"link_outside", "repeated_name"}


def test_a_project_whose_agents_folder_is_a_link_to_elsewhere_lends_nothing(tmp_path: Path, home: Path) -> None:
    write(tmp_path / "private" / "agents" / "secret.md", "secret")
    project = tmp_path / "project"
    (project / ".claude").mkdir(parents=True)
    (project / ".domain-agents").symlink_to(tmp_path / "private")
    (project / ".claude" / "agents").symlink_to(tmp_path / "private" / "agents")
    catalogue = load_catalogue(Settings(project=project, project_agents=True))
    assert catalogue.get("secret") is None
    assert [(d.file, d.code) for d in catalogue.diagnostics] == [
        (".claude/agents", "link_outside"),
        (".domain-agents/agents", "link_outside"),
    ]


def test_only_markdown_is_read_and_skill_folders_hold_one_agent(tmp_path: Path) -> None:
    for name in (
        "a.md",
        "b.mdc",
        "c.markdown",
        "D.MD",
        "x.json",
        "y.txt",
        ".hidden.md",
        "node_modules/z.md",
        "s/SKILL.md",
        "s/ref.md",
    ):
        write(tmp_path / name, slug(stem(name)) or "x")
    assert files_of(tmp_path) == ["D.MD", "a.md", "b.mdc", "c.markdown", "s/SKILL.md"]
    assert files_of(tmp_path, only_skills=True) == ["s/SKILL.md"]


def test_a_directory_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert list(scan(source(tmp_path / "nowhere"))) == []
    assert load([source(tmp_path / "nowhere")]).agents == ()


def test_a_mistaken_directory_does_not_read_the_whole_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("domain_agents.agents.sources.MAX_FILES", 3)
    for number in range(5):
        write(tmp_path / f"{number}.md", f"a{number}")
    entries = list(scan(source(tmp_path)))
    assert sum(isinstance(entry, File) for entry in entries) == 3
    assert [entry.code for entry in entries if isinstance(entry, Skipped)] == ["too_many"]
    assert MAX_FILES > 1_000


def test_the_fingerprint_changes_with_every_kind_of_edit(tmp_path: Path) -> None:
    seen = [fingerprint([source(tmp_path)])]
    first = write(tmp_path / "a.md", "a")
    seen.append(fingerprint([source(tmp_path)]))
    before = first.stat()
    first.write_text(first.read_text(encoding="utf-8").replace("does it", "does IT"), encoding="utf-8")
    os.utime(first, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
    seen.append(fingerprint([source(tmp_path)]))
    first.rename(tmp_path / "b.md")
    seen.append(fingerprint([source(tmp_path)]))
    write(tmp_path / "deep" / "c.md", "c")
    seen.append(fingerprint([source(tmp_path)]))
    (tmp_path / "deep" / "c.md").unlink()
    seen.append(fingerprint([source(tmp_path)]))
    assert seen[-1] == seen[-3]
    assert len(set(seen)) == len(seen) - 1


def test_a_file_swapped_for_another_of_the_same_size_and_time_is_noticed(tmp_path: Path) -> None:
    first = write(tmp_path / "a.md", "aaa")
    stamp = first.stat()
    before = fingerprint([source(tmp_path)])
    new = write(tmp_path / "new.txt", "bbb")
    os.utime(new, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    new.replace(first)
    assert fingerprint([source(tmp_path)]) != before


def test_the_same_files_have_the_same_fingerprint(tmp_path: Path) -> None:
    write(tmp_path / "a.md", "a")
    assert fingerprint([source(tmp_path)]) == fingerprint([source(tmp_path)])


def test_an_edit_shows_on_the_next_request_and_nothing_else_is_read(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import domain_agents.agents.catalogue as module

    for name in ("a", "b", "c"):
        write(tmp_path / f"{name}.md", name)
    places = Settings(project=None, agent_directories=(tmp_path,))
    first = load_catalogue(places)
    assert load_catalogue(places) is first
    read: list[str] = []
    original = module.read_file

    def read_and_note(file: File) -> Reading:
        read.append(file.name)
        return original(file)

    monkeypatch.setattr(module, "read_file", read_and_note)
    write(tmp_path / "b.md", "b", "does it differently")
    second = load_catalogue(places)
    changed = second.get("b")
    assert changed is not None
    assert changed.description == "does it differently"
    assert read == ["b.md"]
    assert second.fingerprint != first.fingerprint
    (tmp_path / "a.md").unlink()
    assert load_catalogue(places).get("a") is None


def test_the_order_is_always_the_same(tmp_path: Path, home: Path) -> None:
    for name in ("zeta", "Alpha", "beta"):
        write(tmp_path / f"{name}.md", name)
    names = [agent.name for agent in load_catalogue(Settings(project=None, agent_directories=(tmp_path,))).agents]
    assert names == ["migration-writer", "ml-pipeline-architect", "schema-designer", "alpha", "beta", "zeta"]


def test_sources_can_be_looked_at_before_anything_heavy_is_imported() -> None:
    program = (
        "import sys; import domain_agents.agents.sources as s; "
        "print(s.fingerprint([s.Source('added', '.', 'x')]) != '', "
        "sorted({'yaml', 'pydantic', 'jinja2', 'pathlib', 'dataclasses', 'mcp', 'typing'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {program}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "True []"
