"""add posts.published_at

Revision ID: 8a52e6d40c1b
Revises: 3f1c0b7a9d24
Create Date: 2026-04-02 14:05:00
"""

import sqlalchemy as sa
from alembic import op

revision = "8a52e6d40c1b"
down_revision = "3f1c0b7a9d24"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("posts", sa.Column("published_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("forward only: an undo is a new migration")
