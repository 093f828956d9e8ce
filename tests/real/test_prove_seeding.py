"""Made-up rows on real servers: whatever the schema demands of a row, they have."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from domain_agents.observations import Assumptions
from domain_agents.workspace.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from domain_agents.observations import Seeding
    from domain_agents.workspace.bench_postgresql import PostgresBench
    from domain_agents.workspace.scratch import PostgresScratch

SCHEMA = """
CREATE TYPE mood AS ENUM ('good', 'it''s ok', 'bad');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TABLE tenants (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name text NOT NULL UNIQUE);
CREATE TABLE users (
    id bigserial PRIMARY KEY,
    tenant_id uuid NOT NULL REFERENCES tenants (id),
    email varchar(255) NOT NULL,
    age int CHECK (age BETWEEN 18 AND 99),
    status text NOT NULL CHECK (status IN ('active', 'gone')),
    mood mood, price numeric(8, 2) NOT NULL CHECK (price >= 0), at timestamptz NOT NULL DEFAULT now(),
    tags text[] NOT NULL DEFAULT '{}', meta jsonb NOT NULL, size positive NOT NULL,
    lowered text GENERATED ALWAYS AS (lower(email)) STORED,
    boss_id bigint REFERENCES users (id)
);
CREATE UNIQUE INDEX ON users (lower(email));
CREATE TABLE orders (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id),
    starts date NOT NULL, ends date NOT NULL, CHECK (ends >= starts)
);
CREATE TABLE roles (id smallint PRIMARY KEY, code char(3) NOT NULL UNIQUE);
CREATE TABLE user_roles (
    user_id bigint REFERENCES users (id), role_id smallint REFERENCES roles (id), PRIMARY KEY (user_id, role_id)
);
CREATE TABLE profiles (user_id bigint PRIMARY KEY REFERENCES users (id), bio text);
CREATE TABLE slots (id int PRIMARY KEY, during int4range NOT NULL, EXCLUDE USING gist (during WITH &&));
CREATE TABLE "Odd ""Name" ("Key;" int PRIMARY KEY, "a'b" text NOT NULL);
CREATE TABLE ledger (name text PRIMARY KEY);
INSERT INTO ledger VALUES ('0001');
CREATE TABLE events (id int, at date NOT NULL, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
CREATE TABLE shapes (id int PRIMARY KEY, outline circle NOT NULL);
"""


@pytest.fixture(scope="module")
def filled(postgres: PostgresScratch) -> Iterator[tuple[PostgresBench, Seeding]]:
    """The schema, with 3,000 users, 10 tenants and the like."""
    from domain_agents.dialects import dialect
    from domain_agents.workspace.bench_postgresql import PostgresBench

    bench = PostgresBench(postgres, Watch(100))
    bench.apply_schema([one.sql for one in dialect("postgresql").read(SCHEMA)])
    rows = {"users": 3_000, "tenants": 10, "orders": 5_000, "roles": 5, "user_roles": 12_000, "profiles": 9_000}
    seeding = bench.seed(rows, Assumptions(frozenset({("users", "age")})))
    yield bench, seeding
    bench.close()


def test_every_table_that_can_be_filled_is_filled_as_asked(filled: tuple[PostgresBench, Seeding]) -> None:
    _, seeding = filled
    asked = {"users": 3_000, "tenants": 10, "orders": 5_000, "roles": 5, "user_roles": 12_000}
    assert {name: seeding.rows[name] for name in asked} == asked
    assert seeding.rows['Odd "Name'] == 20_000
    assert seeding.rows["slots"] == 20_000


def test_a_key_that_is_a_parents_key_has_no_more_rows_than_the_parent(filled: tuple[PostgresBench, Seeding]) -> None:
    assert filled[1].rows["profiles"] == 3_000


def test_a_table_that_cannot_be_filled_says_why(filled: tuple[PostgresBench, Seeding]) -> None:
    assert filled[1].failed == {
        "events": 'no partition of relation "events" found for row',
        "shapes": "column outline is of type circle, which no values are made for",
    }


def test_the_schemas_own_rows_stay_alone(filled: tuple[PostgresBench, Seeding]) -> None:
    bench, seeding = filled
    assert "ledger" not in seeding.rows
    assert bench.contents()["ledger"].rows == 1


def test_every_foreign_key_holds(filled: tuple[PostgresBench, Seeding]) -> None:
    # Validation reads every row, so a key that the made-up rows break fails here.
    bench, _ = filled
    checks = [
        "ALTER TABLE users ADD CONSTRAINT a FOREIGN KEY (tenant_id) REFERENCES tenants (id)",
        "ALTER TABLE users ADD CONSTRAINT b FOREIGN KEY (boss_id) REFERENCES users (id)",
        "ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (user_id) REFERENCES users (id)",
        "ALTER TABLE user_roles ADD CONSTRAINT d FOREIGN KEY (role_id) REFERENCES roles (id)",
        "ALTER TABLE profiles ADD CONSTRAINT e FOREIGN KEY (user_id) REFERENCES users (id)",
    ]
    assert [seen.error for seen in bench.run_file("", [(sql, 0) for sql in checks])] == [""] * len(checks)


def test_some_values_are_null_where_they_may_be_and_none_where_they_may_not(
    filled: tuple[PostgresBench, Seeding],
) -> None:
    bench, _ = filled
    counted = {name: int(told.partition(":")[0]) for name, told in bench.contents()["users"].columns.items()}
    assert 0 < counted["mood"] < 3_000
    assert counted["age"] == 3_000
    assert counted["meta"] == 3_000


def test_a_sequence_goes_on_behind_the_rows(filled: tuple[PostgresBench, Seeding]) -> None:
    bench, _ = filled
    inserting = (
        "INSERT INTO users (tenant_id, email, status, price, meta, size) SELECT id, 'new@x', 'active', 1, '{}', 1 "
        "FROM tenants LIMIT 1"
    )
    assert [
        seen.error for seen in bench.run_file("", [(inserting, 0), ("DELETE FROM users WHERE email = 'new@x'", 0)])
    ] == [
        "",
        "",
    ]
