"""Planning and rendering a request of ten changes, beside the floor: reading its SQL and today's schema alone.

Then a project with 2,000 migrations recognised, beside reading its files. Goals: 25 ms at the median, and one second.

Run: python benchmarks/plan.py [ROUNDS]        (40 rounds when left out)
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from measuring import table

from domain_agents.dialects import dialect, replay
from domain_agents.migrations.project import recognise
from domain_agents.tools import Job, Settings
from domain_agents.tools.plan_migration import PlanMigration, TableFacts, plan_migration
from domain_agents.workspace.files import ProjectFiles

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA = """
CREATE TABLE tenants (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
CREATE TABLE users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, tenant_id bigint NOT NULL, email text NOT NULL, nick text,
  status text, age integer, created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE orders (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), total numeric(12, 2)
);
CREATE INDEX orders_user_id_idx ON orders (user_id);
"""
REQUEST = """
ALTER TABLE users ADD COLUMN locale_{n} text NOT NULL DEFAULT 'en';
ALTER TABLE users ALTER COLUMN status SET NOT NULL;
ALTER TABLE users ADD CONSTRAINT users_age_check_{n} CHECK (age >= 0);
ALTER TABLE users ADD CONSTRAINT users_tenant_id_fkey_{n} FOREIGN KEY (tenant_id) REFERENCES tenants (id);
ALTER TABLE users ADD CONSTRAINT users_email_key_{n} UNIQUE (email);
CREATE INDEX users_created_at_idx_{n} ON users (created_at);
ALTER TABLE users RENAME COLUMN nick TO display_name_{n};
ALTER TABLE orders ALTER COLUMN total SET DEFAULT {n};
ALTER TABLE orders DROP COLUMN total;
CREATE TABLE notes_{n} (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  user_id bigint NOT NULL REFERENCES users (id)
);
"""
MIGRATIONS = 2_000
ALEMBIC = '''"""change {number}

Revision ID: {number:012x}
Revises: {before}
"""
revision = "{number:012x}"
down_revision = {down!r}


def upgrade():
    op.add_column("users", sa.Column("c{number}", sa.Text(), nullable=True))
'''


def milliseconds(work: Callable[[], object], rounds: int) -> list[float]:
    """How long each round took."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return times


def planning(rounds: int) -> list[tuple[str, list[float]]]:
    """The floor and the whole tool, for the same ten changes."""
    reader = dialect("postgresql")
    numbers = count()
    asked = PlanMigration(
        sql=REQUEST,
        schema_=SCHEMA,
        engine="postgresql",
        version="16",
        framework="raw",
        date="2026-01-01",
        backfill={"users.status": "'new'"},
        tables={"users": TableFacts(rows=12_000_000), "orders": TableFacts(rows=40_000_000)},
    )
    nowhere = Settings(project=None)

    def request() -> str:
        # Another one each time, as in a day's work: what is kept of a text that was read before does not help.
        return REQUEST.format(n=next(numbers))

    def floor() -> None:
        replay(SCHEMA, reader)
        reader.read(request())

    def whole() -> None:
        plan_migration(asked.model_copy(update={"sql": request()}), nowhere, Job())

    for work in (floor, whole):
        milliseconds(work, 3)
    return [
        ("reading the request and the schema", milliseconds(floor, rounds)),
        ("plan_migration", milliseconds(whole, rounds)),
    ]


def recognising(rounds: int) -> list[tuple[str, list[float]]]:
    """Projects of plain SQL and of Alembic, beside reading their files."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        for title, write in (("raw SQL", _write_sql), ("Alembic", _write_alembic)):
            root = Path(name) / title.replace(" ", "")
            write(root)

            def read(root: Path = root) -> None:
                for file in root.rglob("*"):
                    if file.is_file():
                        file.read_text(encoding="utf-8")

            def recognised(root: Path = root) -> None:
                recognise(ProjectFiles(root))

            rows += [(f"{title}: reading the files", milliseconds(read, rounds))]
            rows += [(f"{title}: recognised", milliseconds(recognised, rounds))]
    return rows


def _write_sql(root: Path) -> None:
    directory = root / "migrations"
    directory.mkdir(parents=True)
    (directory / "0001_users.sql").write_text("CREATE TABLE users (id bigint PRIMARY KEY);\n", encoding="utf-8")
    for number in range(2, MIGRATIONS + 1):
        text = f"ALTER TABLE users ADD COLUMN c{number} text;\n"
        (directory / f"{number:04}_add_c{number}.sql").write_text(text, encoding="utf-8")


def _write_alembic(root: Path) -> None:
    directory = root / "alembic" / "versions"
    directory.mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = alembic\n", encoding="utf-8")
    for number in range(1, MIGRATIONS + 1):
        before = f"{number - 1:012x}" if number > 1 else None
        text = ALEMBIC.format(number=number, before=before or "", down=before)
        (directory / f"{number:012x}_change.py").write_text(text, encoding="utf-8")


def main() -> None:
    """Print the tables."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 40
    head = ("work", "p50, ms", "p95, ms")
    table("Ten changes planned and rendered", head, map(_row, planning(rounds)))
    table(f"{MIGRATIONS:,} migrations recognised", head, map(_row, recognising(max(3, rounds // 10))))


def _row(measured: tuple[str, list[float]]) -> tuple[str, str, str]:
    title, times = measured
    ordered = sorted(times)
    return title, f"{statistics.median(times):.1f}", f"{ordered[int(len(ordered) * 0.95) - 1]:.1f}"


if __name__ == "__main__":
    main()
