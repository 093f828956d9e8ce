"""The project's files: read within limits and never outside; new ones written all together or not at all."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain_agents.workspace import files as module
from domain_agents.workspace.files import ProjectFiles, WriteRefused, write_new

if TYPE_CHECKING:
    from pathlib import Path


def tree(root: Path) -> dict[str, bytes]:
    """Everything under a directory: files with their bytes, directories as themselves."""
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else b"<directory>"
        for path in sorted(root.rglob("*"))
    }


def test_files_are_listed_in_order_without_what_a_person_did_not_write(tmp_path: Path) -> None:
    for path in ("b.sql", "a/c.sql", ".env", ".git/config", "node_modules/x/y.js", "my-env/pyvenv.cfg", "my-env/z.py"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("")
    assert ProjectFiles(tmp_path).paths() == (".env", "a/c.sql", "b.sql")


def test_byte_order_marks_and_line_ends_of_other_systems_are_tolerated(tmp_path: Path) -> None:
    (tmp_path / "bom").write_bytes(b"\xef\xbb\xbfa\r\nb\rc")
    (tmp_path / "utf16").write_bytes("é\r\n".encode("utf-16"))
    (tmp_path / "latin").write_bytes(b"caf\xe9\n")
    files = ProjectFiles(tmp_path)
    assert [files.text(name) for name in ("bom", "utf16", "latin")] == ["a\nb\nc", "é\n", "café\n"]


def test_what_is_not_text_or_too_large_is_empty_and_said(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"SQLite format 3\0")
    (tmp_path / "large").write_bytes(b"x" * 11)
    files = ProjectFiles(tmp_path, max_bytes=20)
    small = ProjectFiles(tmp_path, max_bytes=10)
    assert (files.text("binary"), small.text("large"), files.text("nothing")) == ("", "", "")
    assert {one.path: one.reason for one in (*files.skipped, *small.skipped)} == {
        "binary": "is not text",
        "large": "larger than 10 bytes",
        "nothing": "cannot be read",
    }


def test_the_limits_on_count_and_depth_are_said(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    for place in (tmp_path, tmp_path / "a", deep):
        (place / "f").write_text("")
    shallow = ProjectFiles(tmp_path, max_depth=1)
    assert shallow.paths() == ("a/f", "f")
    assert shallow.skipped[0].reason == "deeper than 1 directories"
    few = ProjectFiles(tmp_path, max_files=2)
    assert few.paths() == ("a/f", "f")
    assert "more than 2 files" in few.skipped[0].reason


def test_symbolic_links_are_read_only_when_they_stay_inside(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (outside / "secret").write_text("secret")
    (root / "real").write_text("real")
    (root / "in").symlink_to("real")
    (root / "out").symlink_to(outside / "secret")
    (root / "directory").symlink_to(outside)
    (root / "loop").symlink_to("loop")
    files = ProjectFiles(root)
    assert files.paths() == ("in", "real")
    assert files.text("in") == "real"
    assert {one.path for one in files.skipped} == {"out", "directory"}
    assert [files.text(path) for path in ("out", "directory/secret", "../outside/secret", str(outside / "secret"))] == [
        ""
    ] * 4


def test_new_files_are_written_with_their_directories_and_line_feeds(tmp_path: Path) -> None:
    written = write_new(tmp_path, {"db/migrations/0001_a.sql": "a\nb\n", "b.sql": "é"})
    assert written == ("db/migrations/0001_a.sql", "b.sql")
    assert tree(tmp_path) == {
        "b.sql": "é".encode(),
        "db": b"<directory>",
        "db/migrations": b"<directory>",
        "db/migrations/0001_a.sql": b"a\nb\n",
    }
    assert not stat.S_IMODE((tmp_path / "b.sql").stat().st_mode) & 0o111


def test_an_existing_file_is_never_changed_and_then_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "b.sql").write_text("old")
    before = tree(tmp_path)
    with pytest.raises(WriteRefused, match=r"b\.sql exists already") as error:
        write_new(tmp_path, {"new/a.sql": "a", "b.sql": "new"})
    assert error.value.path == "b.sql"
    assert tree(tmp_path) == before


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publish = module._publish

    def late(temporary: Path, target: Path) -> None:
        if target.name == "b.sql":
            target.write_text("theirs")
        publish(temporary, target)

    monkeypatch.setattr(module, "_publish", late)
    with pytest.raises(WriteRefused, match="exists already"):
        write_new(tmp_path, {"x/a.sql": "a", "b.sql": "ours"})
    assert tree(tmp_path) == {"b.sql": b"theirs"}


@pytest.mark.parametrize("call", ["fsync", "link"])
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_failure_at_any_point_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, at: int
) -> None:
    real, calls = getattr(os, call), []

    def failing(*arguments: object) -> None:
        calls.append(arguments)
        if len(calls) == at:
            raise KeyboardInterrupt if at == 3 else OSError(28, "No space left on device")
        real(*arguments)

    monkeypatch.setattr(os, call, failing)
    if call == "link" and at < 3:
        # Where the link fails for another reason than the name, the file is put in place without it.
        assert write_new(tmp_path, {"a/1": "one", "a/2": "two", "b/3": "three"}) == ("a/1", "a/2", "b/3")
        assert {path: data for path, data in tree(tmp_path).items() if data != b"<directory>"} == {
            "a/1": b"one",
            "a/2": b"two",
            "b/3": b"three",
        }
        return
    with pytest.raises(KeyboardInterrupt if at == 3 else WriteRefused):
        write_new(tmp_path, {"a/1": "one", "a/2": "two", "b/3": "three"})
    assert tree(tmp_path) == {}


def test_a_place_that_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in ("file/a.sql", "x" * 300 + ".sql"):
        with pytest.raises(WriteRefused):
            write_new(tmp_path, {"ok/a.sql": "a", path: "b"})
        assert tree(tmp_path) == {"file": b""}


@pytest.mark.parametrize(
    "path",
    [
        "../a",
        "/etc/a",
        "a/../../b",
        "",
        ".",
        "a//b",
        "a/./b",
        "a\\..\\b",
        "C:a",
        "a\0b",
        ".git/hooks/x",
        ".GIT/config",
        "a/..",
    ],
)
def test_a_path_that_leaves_the_project_is_refused(tmp_path: Path, path: str) -> None:
    root = tmp_path / "project"
    root.mkdir()
    with pytest.raises(WriteRefused, match="Nothing was written"):
        write_new(root, {"fine.sql": "x", path: "x"})
    assert tree(tmp_path) == {"project": b"<directory>"}


def test_no_symbolic_link_is_followed_when_writing(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    root.mkdir()
    outside.mkdir()
    (root / "migrations").symlink_to(outside)
    (root / "dangling.sql").symlink_to(outside / "target")
    for path in ("migrations/a.sql", "migrations/deep/a.sql", "dangling.sql"):
        with pytest.raises(WriteRefused):
            write_new(root, {path: "x"})
    assert tree(outside) == {}


def test_text_that_is_not_unicode_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(WriteRefused, match="not valid Unicode"):
        write_new(tmp_path, {"a/x": "fine", "b": "\ud800"})
    assert tree(tmp_path) == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(path=st.text(st.sampled_from(list("./\\:~ab\0\n é")), max_size=12))
def test_whatever_the_path_nothing_is_written_outside(tmp_path: Path, path: str) -> None:
    root = tmp_path / os.urandom(4).hex() / "project"
    root.mkdir(parents=True)
    try:
        write_new(root, {path: "x"})
    except WriteRefused:
        assert tree(root) == {}
    else:
        assert (root / path).read_text() == "x"
    assert set(root.parent.iterdir()) == {root}
