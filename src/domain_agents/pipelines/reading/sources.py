"""Python files and notebooks as syntax trees, with the place of every line."""

from __future__ import annotations

import ast
import json
import re
import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

_MAGIC = re.compile(r"^(?P<indent>\s*)(?:%|!|\?)")
_CELL_MAGIC = re.compile(r"^\s*%%(?P<name>\w+)")
_PYTHON_MAGICS = frozenset({"time", "timeit", "capture", "prun", "memit", "px"})
_ALLOW = re.compile(r"#\s*allow:\s*(?P<rule>[a-z_]+)\s*,\s*\S")
_TEST_PATH = re.compile(r"(?:.*/)?(?:tests?|testing)/.*|(?:.*/)?(?:test_[^/]*|[^/]*_test|conftest)\.py")


@dataclass(frozen=True, slots=True)
class Unread:
    """What was not analysed, and why. `line` 0 is the whole file."""

    file: str
    reason: str
    line: int = 0
    cell: int = 0


@dataclass(frozen=True, slots=True)
class Cell:
    """A code cell of a notebook: its number from 1 among all cells, its execution count, its first line of all."""

    number: int
    count: int | None
    first_line: int
    lines: int


@dataclass(frozen=True)
class Source:
    """Python that was read. Lines of a notebook's text run through all of its cells."""

    path: str
    text: str
    tree: ast.Module
    cells: tuple[Cell, ...] = ()
    allowed: Mapping[int, frozenset[str]] = field(default_factory=dict)
    is_notebook: bool = False

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node of the tree, once walked."""
        found: list[ast.AST] = [self.tree]
        # Half of the time of ast.walk: contexts (Load, Store) say nothing, and most fields are no nodes.
        for node in found:
            for name in node._fields:
                if name == "ctx":
                    continue
                value = getattr(node, name, None)
                if isinstance(value, list):
                    found += [one for one in value if isinstance(one, ast.AST)]
                elif isinstance(value, ast.AST):
                    found.append(value)
        return tuple(found)

    def functions_of(self, modules: Collection[str]) -> tuple[str, ...]:
        """What it calls by a name that it imports from one of these modules, or from its own package."""
        names = {
            alias.asname or alias.name
            for node in self.nodes
            if isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").partition(".")[0] in modules)
            for alias in node.names
        }
        called = {node.func.id for node in self.nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        return tuple(sorted(name for name in names & called if name[:1].islower()))

    @cached_property
    def imports(self) -> frozenset[str]:
        """Top-level modules that it imports."""
        found: set[str] = set()
        for node in self.nodes:
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
        return frozenset(found)

    @cached_property
    def call_nodes(self) -> tuple[tuple[str, ast.Call], ...]:
        """Every call with the last part of its name."""
        return tuple((name_of(one.func), one) for one in self.nodes if isinstance(one, ast.Call))

    @cached_property
    def calls(self) -> frozenset[str]:
        """The last parts of the names that are called."""
        return frozenset(name for name, _ in self.call_nodes)

    @cached_property
    def is_test(self) -> bool:
        """Whether it is test code, by its place and by what it says."""
        if not _TEST_PATH.fullmatch(self.path):
            return False
        return (
            "pytest" in self.text
            or "unittest" in self.text
            or re.search(r"^\s*def test_", self.text, re.MULTILINE) is not None
        )

    def place(self, line: int) -> tuple[int, int]:
        """(cell, line within) of a line; the cell is 0 in a file that has none."""
        for cell in reversed(self.cells):
            if line >= cell.first_line:
                return cell.number, line - cell.first_line + 1
        return 0, line

    def allows(self, rule: str, line: int) -> bool:
        """Whether somebody allowed a rule there, with a reason, on the line or the one before."""
        return any(rule in self.allowed.get(one, ()) for one in (line, line - 1))


def name_of(node: ast.expr) -> str:
    """The last part of a name: `fit` of `a.b.fit`."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def dotted(node: ast.expr) -> str:
    """`a.b.c` of a name or attribute, empty where something else stands before a dot."""
    if isinstance(node, ast.Attribute):
        owner = dotted(node.value)
        return f"{owner}.{node.attr}" if owner else ""
    return node.id if isinstance(node, ast.Name) else ""


def literal(node: ast.expr | None) -> Any:
    """A constant's value; None where it is not one."""
    return node.value if isinstance(node, ast.Constant) else None


def keyword(node: ast.Call, name: str) -> ast.expr | None:
    """The argument of that name."""
    return next((one.value for one in node.keywords if one.arg == name), None)


def read_python(path: str, text: str) -> tuple[Source | None, list[Unread]]:
    """A Python file, or why it cannot be read."""
    tree, problem = _parsed(text)
    if tree is None:
        return None, [Unread(path, problem[0], problem[1])]
    return Source(path, text, tree, allowed=_allowances(text)), []


def _parsed(text: str) -> tuple[ast.Module | None, tuple[str, int]]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text), ("", 0)
    except SyntaxError as error:
        line = error.lineno or 0
        hint = "Python 2" if re.search(r"^\s*print [^(=]", text, re.MULTILINE) else "not Python 3.11 syntax"
        return None, (f"{hint}: {error.msg}"[:160], line)
    except (ValueError, RecursionError, MemoryError):
        return None, ("cannot be parsed", 0)


def _allowances(text: str) -> dict[int, frozenset[str]]:
    if "allow:" not in text:
        return {}
    found: dict[int, frozenset[str]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        names = frozenset(match["rule"] for match in _ALLOW.finditer(line))
        if names:
            found[number] = names
    return found


def read_notebook(path: str, text: str) -> tuple[Source | None, list[Unread]]:
    """A notebook's code cells as one module, cell by cell: a cell that cannot be read costs itself."""
    try:
        loaded = json.loads(text)
        cells = loaded.get("cells")
        if not isinstance(cells, list):
            cells = [cell for sheet in loaded["worksheets"] for cell in sheet.get("cells", [])]
        language = str(loaded.get("metadata", {}).get("kernelspec", {}).get("language") or "python")
    except (ValueError, AttributeError, TypeError, LookupError, RecursionError):
        return None, [Unread(path, "not a notebook: its JSON cannot be read")]
    if language.lower() not in ("python", "python3"):
        return None, [Unread(path, f"a notebook in {language[:20]}, not in Python")]
    return _joined(path, [cell for cell in cells if isinstance(cell, dict)])


def _joined(path: str, cells: list[dict[str, Any]]) -> tuple[Source, list[Unread]]:
    body: list[ast.stmt] = []
    lines: list[str] = []
    found: list[Cell] = []
    problems: list[Unread] = []
    for number, cell in enumerate(cells, start=1):
        if cell.get("cell_type") != "code":
            continue
        code, reason = _code(cell)
        first = len(lines) + 1
        count = cell.get("execution_count", cell.get("prompt_number"))
        found.append(Cell(number, count if isinstance(count, int) else None, first, code.count("\n") + 1))
        lines += code.split("\n")
        if reason:
            problems.append(Unread(path, reason, 0, number))
            continue
        tree, problem = _parsed(code)
        if tree is None:
            problems.append(Unread(path, problem[0], problem[1], number))
            continue
        body += [ast.increment_lineno(node, first - 1) for node in tree.body]
    text = "\n".join(lines)
    source = Source(path, text, ast.Module(body, []), tuple(found), _allowances(text), is_notebook=True)
    return source, problems


def _code(cell: dict[str, Any]) -> tuple[str, str]:
    """A cell's Python, line for line, and why it is not Python."""
    raw = cell.get("source", cell.get("input", ""))
    text = "".join(str(line) for line in raw) if isinstance(raw, list) else str(raw)
    first = _CELL_MAGIC.match(text)
    if first and first["name"] not in _PYTHON_MAGICS:
        return "\n" * text.count("\n"), f"a %%{first['name']} cell"
    kept = [
        f"{match['indent']}pass" if (match := _MAGIC.match(line)) else _help_stripped(line) for line in text.split("\n")
    ]
    return "\n".join(kept), ""


def _help_stripped(line: str) -> str:
    return "pass" if re.fullmatch(r"\s*[\w.]+\?{1,2}\s*", line) else line
