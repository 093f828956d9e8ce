"""Runs the migrations against the database that DATABASE_URL names."""

import os

from alembic import context
from sqlalchemy import create_engine, pool

from blog.models import metadata

# One transaction per migration: a migration with an autocommit block must not sit inside a larger one.
OPTIONS = {"target_metadata": metadata, "transaction_per_migration": True}


def run_offline() -> None:
    """Write the SQL to standard output."""
    # Named parameters: with the driver's own style a literal % would be written twice.
    style = {"paramstyle": "named"}
    context.configure(dialect_name="postgresql", dialect_opts=style, literal_binds=True, **OPTIONS)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run against the database."""
    engine = create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
    with engine.connect() as connection:
        context.configure(connection=connection, **OPTIONS)
        with context.begin_transaction():
            context.run_migrations()
    engine.dispose()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
