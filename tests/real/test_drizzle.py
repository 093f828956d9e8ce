"""Drizzle's snapshots: after a plan, `drizzle-kit generate` finds that the project's schema says the same."""

from __future__ import annotations

import json
import shlex
import subprocess
from typing import TYPE_CHECKING

from tests.real.migration_tools import Database, found, run

from domain_agents.tools import Job, Settings
from domain_agents.tools.plan_migration import TOOL, PlanMigration

if TYPE_CHECKING:
    from pathlib import Path

CONFIG = {"dialect": "postgresql", "schema": "./schema.ts", "out": "./drizzle"}
SCHEMA = """import { bigint, index, pgTable, text, timestamp, unique, varchar } from 'drizzle-orm/pg-core';
import type { AnyPgColumn } from 'drizzle-orm/pg-core';

export const users = pgTable('users', {
  id: bigint('id', { mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
  email: text('email').notNull(),
  made: timestamp('made', { withTimezone: true }).defaultNow(),
%s}%s);
"""
COLUMNS = """  locale: varchar('locale', { length: 12 }).notNull(),
  state: text('state').notNull().default('new'),
  bossId: bigint('boss_id', { mode: 'number' }).references((): AnyPgColumn => users.id),
"""
KEYS = """, (t) => [
  index('users_locale_idx').on(t.locale.desc(), t.made),
  unique('users_email_key').on(t.email),
]"""
REQUEST = {
    "sql": (
        "ALTER TABLE users ADD COLUMN locale varchar(12) NOT NULL, ADD COLUMN state text NOT NULL DEFAULT 'new';"
        " CREATE INDEX users_locale_idx ON users (locale DESC NULLS LAST, made); ALTER TABLE users ADD COLUMN boss_id bigint;"
        " ALTER TABLE users ADD CONSTRAINT users_boss_id_users_id_fk FOREIGN KEY (boss_id) REFERENCES users (id);"
        " ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);"
    ),
    "backfill": {"users.locale": "'en'"},
    "date": "2026-11-21",
    "write": True,
}


def test_generate_finds_nothing_left_to_do_after_a_plan(tmp_path: Path) -> None:
    program = found("drizzle-kit", installed_by_ci=True)
    nowhere = Database("postgresql", "", {})
    # drizzle-kit reads schema.ts itself, and must find what that imports.
    from tests.protocol.node import tools

    (tmp_path / "node_modules").symlink_to(tools())
    (tmp_path / "drizzle.config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "schema.ts").write_text(SCHEMA % ("", ""))
    words = [program, "generate", "--config=drizzle.config.json"]
    first = run([*words, "--name=init"], tmp_path, nowhere)
    assert (tmp_path / "drizzle" / "0000_init.sql").is_file(), first.stdout + first.stderr

    planned = TOOL.call(PlanMigration.model_validate(REQUEST), Settings(project=tmp_path), Job()).structured
    assert planned["project"]["framework"] == "drizzle"
    assert planned["project"]["engine"] == "postgresql"
    assert planned["findings"] == []
    for file in planned["files"]:
        for line in file["content"].splitlines():
            if line.startswith("-- Enter with: "):
                subprocess.run(shlex.split(line.removeprefix("-- Enter with: ")), cwd=tmp_path, check=True)
    (tmp_path / "schema.ts").write_text(SCHEMA % (COLUMNS, KEYS))
    again = run([*words, "--name=again"], tmp_path, nowhere)
    made = sorted(path.name for path in (tmp_path / "drizzle").glob("*again.sql"))
    left = [(tmp_path / "drizzle" / name).read_text() for name in made]
    assert "No schema changes" in again.stdout, again.stdout + again.stderr + "\n".join(left)
    # And it does look at the snapshots: with the first one alone the change would be planned again.
    for path in (tmp_path / "drizzle" / "meta").glob("*_snapshot.json"):
        if not path.name.startswith("0000"):
            path.unlink()
    run([*words, "--name=again"], tmp_path, nowhere)
    (extra,) = (tmp_path / "drizzle").glob("*again.sql")
    assert "boss_id" in extra.read_text()
