"""Brings the database up to date and says how many notes it holds."""

import sqlite3
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def upgrade(connection: sqlite3.Connection, migrations: Path) -> None:
    """Run every migration that the ledger does not name yet, in order."""
    has_ledger = connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'").fetchone()
    applied = {row[0] for row in connection.execute("SELECT name FROM schema_migrations")} if has_ledger else set()
    for file in sorted(migrations.glob("*.sql")):
        if file.stem not in applied:
            connection.executescript(file.read_text(encoding="utf-8"))


if __name__ == "__main__":
    database = sqlite3.connect("notes.db")
    upgrade(database, ROOT / "migrations")
    print(database.execute("SELECT count(*) FROM notes").fetchone()[0], "notes")
    database.close()
