"""Access that accounts gave by OAuth2, and what systems told by webhook."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _of_connection(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["connection_id"], ["connection.id"], name=op.f(f"fk_{table}_connection_id_connection")
    )


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "oauth_token",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("access", sa.String(), nullable=True),
        sa.Column("refresh", sa.String(), nullable=True),
        sa.Column("expires_at", sa.DateTime(), nullable=True),
        sa.Column("brought", sa.String(), nullable=False),
        sa.Column("scopes", sa.String(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("dead", sa.String(), nullable=False),
        sa.Column("connected_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        _of_connection("oauth_token"),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_oauth_token")),
    )
    op.create_table(
        "oauth_attempt",
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("browser", sa.String(), nullable=False),
        sa.Column("verifier", sa.String(), nullable=False),
        sa.Column("next", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        _of_connection("oauth_attempt"),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_oauth_attempt")),
    )
    op.create_index(op.f("ix_oauth_attempt_connection_id"), "oauth_attempt", ["connection_id"])
    op.create_table(
        "hook",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("secret", sa.String(), nullable=False),
        sa.Column("received", sa.Integer(), nullable=False),
        sa.Column("repeated", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("late", sa.Integer(), nullable=False),
        sa.Column("unclear", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(), nullable=True),
        sa.Column("problem", sa.String(), nullable=False),
        sa.Column("problem_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        _of_connection("hook"),
        sa.PrimaryKeyConstraint("connection_id", name=op.f("pk_hook")),
    )
    op.create_table(
        "hook_message",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        _of_connection("hook_message"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_message")),
    )
    op.create_index(op.f("ix_hook_message_received_at"), "hook_message", ["received_at"])
    op.create_table(
        "hook_event",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.String(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("happened_at", sa.DateTime(), nullable=True),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("done", sa.Boolean(), nullable=False),
        _of_connection("hook_event"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_hook_event")),
        sa.UniqueConstraint(
            "connection_id", "event", name=op.f("uq_hook_event_connection_id_event")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_hook_event_message_id"), "hook_event", ["message_id"])
    op.create_index(op.f("ix_hook_event_received_at"), "hook_event", ["received_at"])
    op.create_index("ix_hook_event_done_id", "hook_event", ["done", "id"])
    op.create_table(
        "told",
        sa.Column("flow_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("not_before", sa.DateTime(), nullable=True),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_told_flow_id_flow")),
        sa.PrimaryKeyConstraint("flow_id", "key", name=op.f("pk_told")),
    )
    op.create_index(op.f("ix_told_run_id"), "told", ["run_id"])


def downgrade() -> None:
    """Take it back."""
    for table in ("told", "hook_event", "hook_message", "hook", "oauth_attempt", "oauth_token"):
        op.drop_table(table)
