"""How long 1,000 tables take to be read, audited and compared: from SQL, and from a live PostgreSQL (embedded).

`python benchmarks/schema.py [tables] [rounds]`. Beside it, on the same server in the same run: SQLAlchemy's reflection and
Alembic's comparison, where they are installed.
"""

import random
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from measuring import table

from domain_agents.dialects import dialect, replay
from domain_agents.engines import engine
from domain_agents.schemas.audit import audit
from domain_agents.schemas.diff import diff
from domain_agents.workspace.introspect_postgresql import read_ddl
from domain_agents.workspace.scratch import PostgresScratch

READER, ENGINE = dialect("postgresql"), engine("postgresql", "17")
TYPES = ("text", "integer", "numeric(19,4)", "boolean NOT NULL", "jsonb", "varchar(255) NOT NULL", "timestamptz")


def schema_sql(count: int, *, changed: bool = False) -> str:
    """Tables of 4 to 13 columns with foreign keys and an index on each; `changed`: a tenth of them with one more column."""
    chance = random.Random(1)
    statements = []
    for number in range(count):
        parents = sorted({chance.randrange(number) for _ in range(chance.randint(0, 3))}) if number else []
        columns = ["id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "name text NOT NULL"]
        columns += [f"t{parent}_id bigint NOT NULL REFERENCES t{parent} ON DELETE CASCADE" for parent in parents]
        columns += [f"c{place} {chance.choice(TYPES)}" for place in range(chance.randint(2, 8))]
        if changed and number % 10 == 0:
            columns.append("extra text")
        statements.append(f"CREATE TABLE t{number} ({', '.join(columns)});")
        statements += [f"CREATE INDEX t{number}_t{parent} ON t{number} (t{parent}_id);" for parent in parents]
    return "\n".join(statements)


def spent(rounds: int, work: Callable[[], object]) -> list[float]:
    """Milliseconds of each round, after one that warms up."""
    times = []
    for _ in range(rounds + 1):
        started = time.perf_counter()
        work()
        times.append((time.perf_counter() - started) * 1000)
    return times[1:]


def rows_of(said: str, times: list[float]) -> tuple[str, str, str]:
    """One line of the table."""
    return said, f"{statistics.median(times):,.0f}", f"{max(times):,.0f}"


def ours(today: Callable[[], str], wanted: str) -> int:
    """Read today's schema and the wanted one, audit today's, compare them: the number of changes."""
    schema, unread = replay(today(), READER)
    after, _ = replay(wanted, READER)
    audit(schema, ENGINE)
    assert not unread
    return len(diff(schema, after, ENGINE).changes)


def theirs(connect: Callable[[], Any], rounds: int) -> list[tuple[str, str, str]]:
    """SQLAlchemy and Alembic on the same server; a line that says so where they are missing."""
    try:
        import sqlalchemy
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext
    except ImportError as error:
        return [(f"SQLAlchemy, Alembic: not installed ({error.name})", "-", "-")]
    database = sqlalchemy.create_engine("postgresql+psycopg://", creator=connect)

    def reflected() -> Any:
        found = sqlalchemy.MetaData()
        with database.connect() as connection:
            found.reflect(connection)
        return found

    wanted = reflected()
    for number, one in enumerate(wanted.sorted_tables):
        if number % 10 == 0:
            one.append_column(sqlalchemy.Column("extra", sqlalchemy.Text))

    def compared() -> None:
        with database.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "compare_server_default": True}
            )
            compare_metadata(context, wanted)

    return [
        rows_of(f"SQLAlchemy {sqlalchemy.__version__}: reflect", spent(rounds, reflected)),
        rows_of("Alembic: compare with a tenth of the tables changed", spent(rounds, compared)),
    ]


def main(count: int, rounds: int) -> None:
    """Print one table."""
    sql, wanted = schema_sql(count), schema_sql(count, changed=True)
    rows = [rows_of("read twice, audited, compared: from SQL", spent(rounds, lambda: ours(lambda: sql, wanted)))]
    with PostgresScratch.start() as server:
        name, _ = server.create_database()
        with server.connect(name) as connection:
            connection.execute(sql)
            connection.commit()
            rows.append(rows_of("the live catalog as DDL", spent(rounds, lambda: read_ddl(connection))))
            live = spent(rounds, lambda: ours(lambda: read_ddl(connection), wanted))
            rows.append(rows_of("the same from the live catalog", live))
        rows += theirs(lambda: server.connect(name), rounds)
    table(f"{count:,} tables", ("work", "median ms", "worst ms"), rows)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000, int(sys.argv[2]) if len(sys.argv) > 2 else 3)
