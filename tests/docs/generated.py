"""The lists in README and ARCHITECTURE, made from what the product itself says. `--write` puts them in place."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ("README.md", "ARCHITECTURE.md")
PRODUCTS = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "mysql": "MySQL", "mariadb": "MariaDB"}
FRAMEWORKS = {
    "alembic": "Alembic",
    "django": "Django",
    "doctrine": "Doctrine Migrations",
    "drizzle": "Drizzle",
    "flyway": "Flyway",
    "knex": "Knex",
    "laravel": "Laravel",
    "liquibase": "Liquibase (formatted SQL)",
    "prisma": "Prisma Migrate",
    "rails": "Rails (Active Record)",
    "raw": "raw SQL",
    "sequelize": "Sequelize",
    "sqitch": "Sqitch",
    "sqlx": "sqlx (Rust)",
    "typeorm": "TypeORM",
}
FRAMEWORK_SAMPLES = ("add_column", "create_index", "set_not_null")
"""Changes that are planned in every framework: in a transaction, outside one, and with a backfill."""
_BLOCK = re.compile(r"(<!-- generated: (?P<name>\w+) -->\n)(?P<text>.*?)(<!-- end -->)", re.DOTALL)


def run(*words: str, project: Path) -> subprocess.CompletedProcess[str]:
    """Our command, away from this user's own agents."""
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(project.parent / "nobodys-configuration"),
        "HOME": str(project.parent / "nobodys-home"),
        "PYTHONUTF8": "1",
    }
    for name in ("DOMAIN_AGENTS_PROJECT", "CLAUDE_PROJECT_DIR", "WORKSPACE_FOLDER_PATHS"):
        environment.pop(name, None)
    return subprocess.run(
        [sys.executable, "-m", "domain_agents", "--project", str(project), *words],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env=environment,
        cwd=project,
        timeout=120,
        check=False,
    )


@cache
def listed(kind: str) -> tuple[dict[str, Any], ...]:
    """What `domain-agents list KIND --json` says in a project without agents of its own."""
    with tempfile.TemporaryDirectory() as directory:
        done = run("list", kind, "--json", project=Path(directory))
    if done.returncode:
        raise RuntimeError(done.stderr)
    said: Any = json.loads(done.stdout)
    return tuple(said if isinstance(said, list) else said[kind])


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    """A Markdown table."""
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def first_sentence(text: str) -> str:
    """The first sentence, without what is in brackets at its end."""
    return re.split(r"(?<=[.!?])\s+(?=[A-Z])", " ".join(text.split()), maxsplit=1)[0]


def tools() -> str:
    """Every tool that is served."""
    return table(
        ("tool", "what it is for", "writes"),
        (
            (
                f"`{tool['name']}`",
                first_sentence(tool["description"]),
                "no" if tool["read_only"] else "with `write: true`",
            )
            for tool in listed("tools")
        ),
    )


def agents() -> str:
    """Every agent that is shipped."""
    return table(
        ("agent", "what it does"),
        ((f"`{one['name']}`", first_sentence(one["description"])) for one in listed("agents")),
    )


def prompts() -> str:
    """Every prompt that is shipped, but for those that are the agents themselves."""
    names = {one["name"] for one in listed("agents")}
    return table(
        ("prompt", "arguments", "what it does"),
        (
            (f"`{one['name']}`", ", ".join(_argument(argument) for argument in one["arguments"]), one["description"])
            for one in listed("prompts")
            if one["name"] not in names
        ),
    )


def _argument(argument: Any) -> str:
    if isinstance(argument, str):
        return argument
    return f"{argument['name']}" if argument.get("required") else f"[{argument['name']}]"


def coverage() -> str:
    """Which change can be planned for which engine: what the tests of every operation plan on each."""
    from domain_agents.engines import engine_names
    from domain_agents.operations import operation_kinds
    from tests.every_unit.test_operations import PLANNED

    engines = engine_names()
    return table(
        ("change", *(PRODUCTS.get(name, name) for name in engines)),
        (
            (f"`{kind}`", *("yes" if (kind, engine) in PLANNED else "refused" for engine in engines))
            for kind in operation_kinds()
        ),
    )


def frameworks() -> str:
    """Which framework's projects can be continued on which engine, and what has run such files."""
    from domain_agents.engines import engine_names
    from domain_agents.migrations.formats import framework, framework_names

    engines = engine_names()
    rows = []
    for name in framework_names():
        cells = []
        for engine in engines:
            planned = [kind for kind in FRAMEWORK_SAMPLES if is_planned(kind, engine, name)]
            said = how_known(name, engine) if planned else "no"
            cells.append(
                said if len(planned) in {0, len(FRAMEWORK_SAMPLES)} else f"{' and '.join(planned)} alone: {said}"
            )
        rows.append((FRAMEWORKS.get(name, name), framework(name).outside_transaction.value, *cells))
    return table(("framework", "outside a transaction", *(PRODUCTS.get(name, name) for name in engines)), rows)


def how_known(name: str, engine: str) -> str:
    """What has run the files of a framework on an engine: the tests that do are asked."""
    from tests.real.test_sql_frameworks import TOOLS

    tools = [tool for tool in TOOLS if tool.framework == name and engine in tool.engines]
    if name == "django" and engine == "mariadb":
        return "run by Django"
    if engine not in {"postgresql", "sqlite"} and not tools:
        known = {"mariadb": "run by the mariadb client", "mysql": "held to measurements on MySQL 8.0, 8.4 and 9.7"}
        return known[engine] if name == "raw" else "not tried"
    if name == "raw":
        return "run by `prove_migration`"
    if name in {"alembic", "django"}:
        return f"run by {FRAMEWORKS[name]}"
    if not tools:
        return "golden files"
    return (
        f"run by {tools[0].called or tools[0].program}{'' if tools[0].installed_by_ci else ', where it is installed'}"
    )


def is_planned(kind: str, engine: str, framework: str) -> bool:
    """Whether `plan_migration` gives files for the example change of that kind."""
    from domain_agents.tools import ToolError
    from tests.every_unit.test_operations import plan

    try:
        return bool(plan(kind, engine, framework).files)
    except ToolError as error:
        print(f"{kind} on {engine} in {framework}: {error}", file=sys.stderr)
        return False


def lint_rules() -> str:
    """Every rule of `lint_migration`: its own sentence."""
    from domain_agents.migrations.rules import rules

    return table(
        ("rule", "tier", "where", "what hurts"),
        (
            (
                f"`{one.name}`",
                one.tier.value,
                ", ".join(PRODUCTS[name] for name in one.engines) or "where the engine has another way",
                one.harm,
            )
            for one in rules()
        ),
    )


def schema_rules() -> str:
    """The rules of audit_schema: what is told one by one, then what is counted."""
    from domain_agents.schemas.rules import rules

    where = {"postgresql": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB", "sqlite": "SQLite"}
    rows = sorted(rules(), key=lambda one: (one.tier.value, one.name))
    return table(
        ("rule", "told", "where", "what hurts"),
        (
            (
                f"`{one.name}`",
                "one by one" if one.tier.value == "core" else "counted",
                ", ".join(where[engine] for engine in one.engines) or "everywhere",
                one.harm,
            )
            for one in rows
        ),
    )


def floors() -> str:
    """The layers as import-linter reads them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = settings["contracts"][0]["layers"]
    # What stands in brackets is a room that a later issue builds.
    drawn = [" | ".join(room for room in layer.split(" | ") if not room.startswith("(")) for layer in layers]
    return "```\n" + "\n".join(drawn) + "\n```\n"


BLOCKS: dict[str, Callable[[], str]] = {
    "tools": tools,
    "agents": agents,
    "prompts": prompts,
    "coverage": coverage,
    "frameworks": frameworks,
    "rules": lint_rules,
    "schema_rules": schema_rules,
    "floors": floors,
}


def blocks(text: str) -> dict[str, str]:
    """Name -> what stands between the markers now."""
    return {match["name"]: match["text"] for match in _BLOCK.finditer(text)}


def filled(text: str) -> str:
    """The document with every block as it should be."""
    return _BLOCK.sub(lambda match: match[1] + BLOCKS[match["name"]]() + match[4], text)


def main() -> int:
    """Check the documents, or write them."""
    stale = 0
    for name in DOCUMENTS:
        path = ROOT / name
        text = path.read_text(encoding="utf-8")
        wanted = filled(text)
        if wanted == text:
            continue
        stale += 1
        if "--write" in sys.argv[1:]:
            path.write_text(wanted, encoding="utf-8")
        print(f"{name}: {'written' if '--write' in sys.argv[1:] else 'not what the product says; run with --write'}")
    return 1 if stale and "--write" not in sys.argv[1:] else 0


if __name__ == "__main__":
    sys.exit(main())
