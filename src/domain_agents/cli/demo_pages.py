"""What the demo shows, page by page: the structured results of the tools, laid out for a person at a terminal."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Any

from domain_agents.cli.tables import Cell, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from domain_agents.cli.terminal import Terminal

MAX_FILE_LINES = 16
MAX_EVIDENCE = 6
SHORT_MS = 100.0
"""A wait that nobody notices: below it, green."""
LONG_MS = 500.0
"""A wait that people notice and pools run full in: above it, red."""

_HEADER_FIELDS = ("-- Affected rows", "-- Expected duration", "-- Lock impact", "-- Undo plan")
_PHASE_COLOURS = {"expand": "green", "migrate": "blue", "contract": "magenta"}
_RESULTS = {"ok": "green", "failed": "red", "not_run": "yellow"}
_CHECKS = {
    "applies": "the files apply in order",
    "data_kept": "no row, no value lost",
    "old_app_works": "the old application works throughout",
    "new_app_works": "the new one works from its deploy on",
    "rerun": "running a file again does no harm",
    "crash_resume": "a killed run can be taken up again",
    "undo": "the undo brings the old schema back",
    "converges": "the schema ends as asked for",
}


def heading(terminal: Terminal, name: str, says: str = "") -> None:
    """A page begins."""
    terminal.write()
    terminal.write(f"{terminal.styled(name, 'bold', 'cyan')}{f'  {says}' if says else ''}")


def title(terminal: Terminal, asked: str, change: str, expression: str) -> None:
    """What somebody wants."""
    heading(terminal, "Asked")
    for line in wrap(f'"{asked}"', terminal.width - 2):
        terminal.write(f"  {terminal.styled(line, 'bold')}")
    terminal.write(f"  as SQL:   {change}")
    terminal.write(f"  backfill: {expression}")


def project(terminal: Terminal, found: Mapping[str, Any]) -> None:
    """What the project's own files say."""
    heading(terminal, "Recognised", "from the project's own files")
    parts = [
        f"{found['engine']} {found['version']}",
        f"{found['framework']} migrations in {found['directory']}/",
        f"numbered like {found['numbering']}" if found.get("numbering") else "",
        f"ledger {found['ledger']}" if found.get("ledger") else "",
    ]
    terminal.write("  " + ", ".join(terminal.styled(part, "bold") for part in parts if part))
    facts = found.get("evidence", ())[:MAX_EVIDENCE]
    places = [f"{fact['file']}:{fact['line']}" if fact.get("line") else fact["file"] for fact in facts]
    width = max(map(len, places), default=0)
    for place, fact in zip(places, facts, strict=True):
        terminal.write(terminal.styled(f"  {place:<{width}}  {fact['says']}"[: terminal.width], "dim"))


def steps(terminal: Terminal, found: Sequence[Mapping[str, Any]]) -> None:
    """The files and the deploys between them."""
    files = sum(1 for step in found if step["kind"] == "migration")
    heading(terminal, "The plan", f"{files} files and what must happen between them")
    for step in found:
        phase = str(step.get("phase") or step["kind"])
        is_file = step["kind"] == "migration"
        tag = terminal.styled(f"{(phase if is_file else step['kind']):<9}", _PHASE_COLOURS.get(phase, "yellow"))
        if not is_file:
            tag = terminal.styled(f"{step['kind']:<9}", "yellow")
        terminal.write(f"  {step['order']:>2}  {tag} {terminal.styled(step['title'], 'bold')}")
        detail = step.get("file") or step.get("wait_for") or step["why"]
        for line in wrap(detail, terminal.width - 16)[:2]:
            terminal.write(f"{'':16}{terminal.styled(line, 'dim')}")


def files(terminal: Terminal, found: Iterable[Mapping[str, Any]]) -> None:
    """Each file, shortened."""
    heading(terminal, "The files")
    for file in found:
        rule = "─" * max(terminal.width - len(file["path"]) - 6, 3)
        name = terminal.styled(file["path"], "bold")
        terminal.write(f"  {terminal.styled('──', 'dim')} {name} {terminal.styled(rule, 'dim')}")
        for line in _excerpt(_shown_lines(file["content"])):
            shown = line if len(line) <= terminal.width - 4 else line[: terminal.width - 5] + "…"
            is_quiet = line.lstrip().startswith(("--", "…"))
            terminal.write(f"  {terminal.styled(shown, 'dim') if is_quiet else shown}".rstrip())


def _excerpt(lines: list[str]) -> list[str]:
    """The header, then as much of the statements as there is room for; of a long file the part that changes rows."""
    if len(lines) <= MAX_FILE_LINES:
        return lines
    header = [line for line in lines if line.startswith("--")]
    body = lines[len(header) :]
    changes = [number for number, line in enumerate(body) if line.strip().startswith("UPDATE ")]
    start = max(changes[0] - 2, 0) if changes else 0
    room = MAX_FILE_LINES - len(header)
    kept = body[start : start + room]
    before = [f"… {start} lines"] if start else []
    after = len(body) - start - len(kept)
    return [*header, *before, *kept, *([f"… {after} more lines"] if after else [])]


def _shown_lines(content: str) -> list[str]:
    """The header's measurable fields and the statements; blank lines and the rest of the header are left out."""
    kept: list[str] = []
    in_header, in_field = True, False
    for line in content.splitlines():
        if in_header and line.startswith("--"):
            is_continued = line.startswith("--   ")
            in_field = in_field if is_continued else line.startswith(_HEADER_FIELDS)
            if in_field:
                kept.append(line)
        elif line.strip():
            in_header = False
            kept.append(line)
    return kept


def proof(terminal: Terminal, found: Mapping[str, Any], table_name: str = "") -> None:
    """What was observed, statement by statement, and what was checked."""
    server = found["server"]
    verdict = found["verdict"]
    colour = {"proved": "green", "refuted": "red"}.get(verdict, "yellow")
    terminal.write(
        f"  {terminal.styled(verdict.replace('_', ' ').upper(), colour, 'bold')} on PostgreSQL {server['version']} "
        f"({server['how']})"
    )
    for reason in found.get("reasons", ())[: 0 if verdict == "proved" else 4]:
        for line in wrap(str(reason), terminal.width - 4):
            terminal.write(f"  {line}")
    terminal.write()
    _observed(terminal, found["statements"], table_name)
    _checked(terminal, found.get("checks", {}))


def comparison(terminal: Terminal, planned: Mapping[str, Any], obvious: Mapping[str, Any]) -> None:
    """The obvious way's statements, and the two longest waits side by side."""
    _observed(terminal, obvious["statements"])
    terminal.write()
    rows = []
    for name, found in (("planned files", planned), ("one transaction", obvious)):
        reads, writes = _longest(found["statements"], "reads_ms"), _longest(found["statements"], "writes_ms")
        rows.append((Cell(name, "bold"), _wait(reads), _wait(writes)))
    for line in table(terminal, ("longest wait", "of a read", "of a write"), rows, right=(1, 2)):
        terminal.write(f"  {line}")
    terminal.write(
        terminal.styled("  What one transaction makes everybody wait grows with the table; the other does not.", "dim")
    )


def next_steps(terminal: Terminal, seconds: float) -> None:
    """How to go on."""
    heading(terminal, "Use it", f"(the demo took {seconds:.0f} seconds)")
    terminal.write("  domain-agents install cursor            or: claude-code, claude-desktop, vscode")
    terminal.write("  domain-agents install cursor --print    only show the entry and the link")
    terminal.write("  domain-agents doctor                    is everything in place?")
    terminal.write("  then ask: \"Use the migration-writer: orders needs a region, NOT NULL, 'eu' for the old ones.\"")


def _observed(terminal: Terminal, statements: Sequence[Mapping[str, Any]], table_name: str = "") -> None:
    """The statements that took a lock on the table, and of all others the longest waits."""
    shown = [statement for statement in statements if not table_name or _strongest(statement, table_name)]
    rows = []
    for statement in shown:
        lock = _strongest(statement, table_name)
        waits = statement.get("blocked") or {}
        rows.append(
            (
                Cell(_one_line(statement["sql"]).removeprefix(f"ALTER TABLE {table_name} ")),
                Cell(lock_name(lock["mode"]) if lock else "(held since above)"),
                Cell(_milliseconds(lock["held_seconds"] * 1_000) if lock else ""),
                Cell(_milliseconds(statement["seconds"] * 1_000)),
                _wait(waits.get("reads_ms")),
                _wait(waits.get("writes_ms")),
            )
        )
    header = (
        f"statement on {table_name}".removesuffix(" on "),
        "lock taken",
        "held",
        "took",
        "read waits",
        "write waits",
    )
    for line in table(terminal, header, rows, right=(2, 3, 4, 5), flexible=0):
        terminal.write(f"  {line}")
    others = [statement for statement in statements if statement not in shown]
    waited = max((_longest(others, key) or 0.0 for key in ("reads_ms", "writes_ms")), default=0.0)
    if others:
        said = (
            f"and {len(others)} more (settings, ledger, bookkeeping): nobody waited longer than {_milliseconds(waited)}"
        )
        terminal.write(terminal.styled(f"  {said}", "dim"))


def _strongest(statement: Mapping[str, Any], table_name: str) -> Mapping[str, Any] | None:
    """The strongest lock that the statement took, on that table if one is named."""
    locks = [lock for lock in statement["locks"] if not table_name or lock["relation"] == table_name]
    return max(locks, key=lambda lock: _strength(lock["mode"]), default=None)


def _checked(terminal: Terminal, checks: Mapping[str, Any]) -> None:
    terminal.write()
    for name, found in checks.items():
        result = str(found.get("result", "") if isinstance(found, dict) else found)
        mark = terminal.styled(f"{result.replace('_', ' '):<8}", _RESULTS.get(result, "yellow"))
        why = f": {found['why']}" if result != "ok" and isinstance(found, dict) and found.get("why") else ""
        first, *rest = wrap(f"{_CHECKS.get(name, name)}{why}", terminal.width - 11)
        terminal.write(f"  {mark} {first}")
        for line in rest:
            terminal.write(f"{'':11}{line}")


_STRENGTH = (
    "access share",
    "row share",
    "row exclusive",
    "share update exclusive",
    "share",
    "share row exclusive",
    "exclusive",
    "access exclusive",
)


def lock_name(mode: str) -> str:
    """A lock as the documentation writes it: AccessExclusiveLock and ACCESS EXCLUSIVE are the same."""
    if " " in mode or not mode.endswith("Lock"):
        return mode.upper()
    words = "".join(f" {letter}" if letter.isupper() else letter for letter in mode.removesuffix("Lock"))
    return words.strip().upper()


def _strength(mode: str) -> int:
    name = lock_name(mode).lower()
    return _STRENGTH.index(name) if name in _STRENGTH else -1


def _one_line(sql: str) -> str:
    lines = (line.partition("--")[0] if line.lstrip().startswith("--") else line for line in sql.splitlines())
    return " ".join(" ".join(lines).split())


def _longest(statements: Iterable[Mapping[str, Any]], key: str) -> float | None:
    waits = [(statement.get("blocked") or {}).get(key) for statement in statements]
    return max((wait for wait in waits if wait is not None), default=None)


def _wait(milliseconds: float | None) -> Cell:
    if milliseconds is None:
        return Cell("not measured", "dim")
    colour = "green" if milliseconds < SHORT_MS else "yellow" if milliseconds < LONG_MS else "red"
    return Cell(_milliseconds(milliseconds), colour)


def _milliseconds(value: float) -> str:
    if value >= 10_000:
        return f"{value / 1_000:,.1f} s"
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"
