"""Alembic projects on disk, and real Alembic run on them."""

from __future__ import annotations

import io
from contextlib import closing
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from domain_agents.engines import engine
from domain_agents.migrations.formats import framework
from domain_agents.migrations.plan import Project
from domain_agents.migrations.project import recognise
from domain_agents.workspace.files import ProjectFiles, write_new

if TYPE_CHECKING:
    from pathlib import Path

    from domain_agents.migrations.plan import Plan

ENVIRONMENT = """
from alembic import context

with context.config.attributes["engine"].connect() if not context.is_offline_mode() else __import__(
    "contextlib"
).nullcontext() as connection:
    offline = {"dialect_name": "postgresql", "dialect_opts": {"paramstyle": "named"}, "literal_binds": True}
    how = offline if connection is None else {"connection": connection}
    context.configure(transaction_per_migration=context.config.attributes["per_migration"], **how)
    with context.begin_transaction():
        context.run_migrations()
"""

HISTORY = {
    "1111aaaa2222_create_users.py": '''"""create users

Revision ID: 1111aaaa2222
Revises:
"""

import sqlalchemy as sa
from alembic import op

revision = "1111aaaa2222"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        sa.Column("email", sa.String(200), nullable=False),
    )
    op.bulk_insert(sa.table("users", sa.column("email")), [{"email": f"{n}@example.org"} for n in range(7)])
''',
    "3333bbbb4444_index_email.py": '''"""index users.email"""

from typing import Sequence, Union
from alembic import op

revision: str = "3333bbbb4444"
down_revision: Union[str, Sequence[str], None] = "1111aaaa2222"


def upgrade() -> None:
    op.create_index(op.f("ix_users_email"), "users", ["email"], unique=True)
''',
}


def make_project(root: Path) -> Path:
    """A project with two revisions."""
    versions = root / "alembic" / "versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/alembic\npath_separator = os\n")
    (root / "alembic" / "env.py").write_text(ENVIRONMENT)
    (root / "alembic" / "script.py.mako").write_text("")
    for name, content in HISTORY.items():
        (versions / name).write_text(content)
    return root


def add_plan(root: Path, plan: Plan) -> list[str]:
    """Render a plan for the project as it is recognised, write it, and give the revisions in order."""
    project = recognise(ProjectFiles(root), engine=plan.engine, version=plan.version)
    assert project.framework == "alembic"
    assert isinstance(project, Project)
    files = framework("alembic").render(plan, project, engine(plan.engine), author="", date="2026-11-21")
    write_new(root, files)
    return [path.rpartition("/")[2].partition("_")[0] for path in files]


def configuration(
    root: Path, database: object, *, per_migration: bool = True, output: io.StringIO | None = None
) -> Config:
    """Alembic's configuration for the project and an SQLAlchemy engine."""
    config = Config(str(root / "alembic.ini"), output_buffer=output or io.StringIO(), stdout=io.StringIO())
    config.attributes.update(engine=database, per_migration=per_migration)
    return config


def upgrade(root: Path, database: object, to: str = "head", *, per_migration: bool = True) -> None:
    """alembic upgrade"""
    command.upgrade(configuration(root, database, per_migration=per_migration), to)


def offline_sql(root: Path, span: str) -> str:
    """alembic upgrade --sql"""
    with closing(io.StringIO()) as output:
        command.upgrade(configuration(root, None, output=output), span, sql=True)
        return output.getvalue()
