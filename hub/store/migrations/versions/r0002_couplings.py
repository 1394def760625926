"""What flows share, where alerts go, what written records were, what waiting orders want."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "coupling",
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["connection.id"], name=op.f("fk_coupling_source_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["connection.id"], name=op.f("fk_coupling_target_id_connection")
        ),
        sa.PrimaryKeyConstraint("source_id", "target_id", name=op.f("pk_coupling")),
    )
    op.create_table(
        "channel",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("told_at", sa.DateTime(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
        sa.UniqueConstraint("name", name=op.f("uq_channel_name")),
        sqlite_autoincrement=True,
    )
    op.add_column("link", sa.Column("essence", sa.JSON(), nullable=True))
    op.add_column(
        "link", sa.Column("closed", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("waiting", sa.Column("wants", sa.JSON(), nullable=True))


def downgrade() -> None:
    """Take it back."""
    op.drop_column("waiting", "wants")
    op.drop_column("link", "closed")
    op.drop_column("link", "essence")
    op.drop_table("channel")
    op.drop_table("coupling")
