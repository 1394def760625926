"""The tables of the first release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Code = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "codec_dictionary",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codec_dictionary")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_codec_dictionary_scope"), "codec_dictionary", ["scope"])

    op.create_table(
        "connection",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("credentials", sa.String(), nullable=True),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("checked_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_connection")),
        sa.UniqueConstraint("name", name=op.f("uq_connection_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "lease",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_lease")),
    )
    op.create_table(
        "payload",
        sa.Column("entry_id", BigId, nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("flow_id", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("entry_id", "part", name=op.f("pk_payload")),
    )
    op.create_index(op.f("ix_payload_flow_id"), "payload", ["flow_id"])

    op.create_table(
        "setting",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_setting")),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("email", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("password_hash", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("last_login_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("email", name=op.f("uq_user_account_email")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "flow",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("source_entity", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("target_entity", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("draft", sa.Boolean(), nullable=False),
        sa.Column("schedule", sa.String(), nullable=True),
        sa.Column("filter", sa.JSON(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("pause_reason", sa.String(), nullable=False),
        sa.Column("retention_days", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("next_run_at", sa.DateTime(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["connection.id"], name=op.f("fk_flow_source_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["connection.id"], name=op.f("fk_flow_target_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flow")),
        sa.UniqueConstraint("name", name=op.f("uq_flow_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "index_item",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_index_item_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "name", "key", name=op.f("pk_index_item")),
    )
    op.create_table(
        "index_state",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=True),
        sa.Column("refreshed_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_index_state_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "name", name=op.f("pk_index_state")),
    )
    op.create_table(
        "index_value",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_index_value_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint(
            "connection_id", "name", "by", "hash", "key", name=op.f("pk_index_value")
        ),
    )
    op.create_index("ix_index_value_key", "index_value", ["connection_id", "name", "key"])

    op.create_table(
        "link",
        sa.Column("id", BigId, nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("source_entity", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("target_entity", sa.String(), nullable=False),
        sa.Column("target_key", sa.String(), nullable=False),
        sa.Column("target_number", sa.String(), nullable=True),
        sa.Column("known_as", sa.String(), nullable=True),
        sa.Column("received", sa.String(), nullable=True),
        sa.Column("pushed", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"], ["connection.id"], name=op.f("fk_link_source_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["connection.id"], name=op.f("fk_link_target_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_link")),
        sa.UniqueConstraint(
            "source_id",
            "source_entity",
            "source_key",
            "target_id",
            "target_entity",
            name="uq_link_source_target",
        ),
    )
    op.create_index("ix_link_target", "link", ["target_id", "target_entity", "target_key"])

    op.create_table(
        "lookup_cache",
        sa.Column("connection_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("fetched_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["connection_id"],
            ["connection.id"],
            name=op.f("fk_lookup_cache_connection_id_connection"),
        ),
        sa.PrimaryKeyConstraint("connection_id", "name", name=op.f("pk_lookup_cache")),
    )
    op.create_table(
        "effect",
        sa.Column("id", BigId, nullable=False),
        sa.Column("flow_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("source_id", sa.Integer(), nullable=False),
        sa.Column("source_entity", sa.String(), nullable=False),
        sa.Column("source_key", sa.String(), nullable=False),
        sa.Column("target_id", sa.Integer(), nullable=False),
        sa.Column("target_entity", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=True),
        sa.Column("target_key", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("sent_at", sa.DateTime(), nullable=True),
        sa.Column("settled_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_effect_flow_id_flow")),
        sa.ForeignKeyConstraint(
            ["source_id"], ["connection.id"], name=op.f("fk_effect_source_id_connection")
        ),
        sa.ForeignKeyConstraint(
            ["target_id"], ["connection.id"], name=op.f("fk_effect_target_id_connection")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_effect")),
        sa.UniqueConstraint(
            "source_id",
            "source_entity",
            "source_key",
            "target_id",
            "target_entity",
            "action",
            name="uq_effect_source_target_action",
        ),
    )
    op.create_index("ix_effect_flow_id_state", "effect", ["flow_id", "state"])

    op.create_table(
        "flow_cursor",
        sa.Column("flow_id", sa.Integer(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=True),
        sa.Column("updated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_flow_cursor_flow_id_flow")),
        sa.PrimaryKeyConstraint("flow_id", name=op.f("pk_flow_cursor")),
    )
    op.create_table(
        "run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("trigger", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("skipped", sa.Integer(), nullable=False),
        sa.Column("blocked", sa.Integer(), nullable=False),
        sa.Column("failed", sa.Integer(), nullable=False),
        sa.Column("requests", sa.JSON(), nullable=False),
        sa.Column("message", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("queued_at", sa.DateTime(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=True),
        sa.Column("finished_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_run_flow_id_flow")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_run")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_run_flow_id_id", "run", ["flow_id", "id"])
    op.create_index("ix_run_queued_at", "run", ["queued_at"])
    op.create_index("ix_run_state", "run", ["state"])

    op.create_table(
        "waiting",
        sa.Column("id", BigId, nullable=False),
        sa.Column("flow_id", sa.Integer(), nullable=False),
        sa.Column("key", Code, nullable=False),
        sa.Column("reference", Code, nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=True),
        sa.Column("fix", sa.String(), nullable=True),
        sa.Column("since", sa.DateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_attempt_at", sa.DateTime(), nullable=True),
        sa.Column("flow_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_waiting_flow_id_flow")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waiting")),
        sa.UniqueConstraint("flow_id", "key", name="uq_waiting_flow_id_key"),
    )
    op.create_index("ix_waiting_entry_id", "waiting", ["entry_id"])
    op.create_index("ix_waiting_flow_id_next_attempt_at", "waiting", ["flow_id", "next_attempt_at"])

    op.create_table(
        "entry",
        sa.Column("id", BigId, nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("flow_id", sa.Integer(), nullable=False),
        sa.Column("key", Code, nullable=False),
        sa.Column("reference", Code, nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=True),
        sa.Column("target_number", sa.String(), nullable=True),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=True),
        sa.Column("fix", sa.String(), nullable=True),
        sa.Column("person", sa.String(), nullable=True),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["flow.id"], name=op.f("fk_entry_flow_id_flow")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_entry_run_id_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entry")),
    )
    op.create_index(op.f("ix_entry_at"), "entry", ["at"])
    op.create_index("ix_entry_flow_id_id", "entry", ["flow_id", "id"])
    op.create_index("ix_entry_flow_id_key_id", "entry", ["flow_id", "key", "id"])
    op.create_index("ix_entry_flow_id_outcome_id", "entry", ["flow_id", "outcome", "id"])
    op.create_index("ix_entry_outcome_id", "entry", ["outcome", "id"])
    op.create_index(op.f("ix_entry_person"), "entry", ["person"])
    op.create_index("ix_entry_reference_id", "entry", ["reference", "id"])
    op.create_index("ix_entry_run_id_id", "entry", ["run_id", "id"])


def downgrade() -> None:
    """Back to an empty database."""
    for table in (
        "entry",
        "waiting",
        "run",
        "flow_cursor",
        "effect",
        "lookup_cache",
        "link",
        "index_value",
        "index_state",
        "index_item",
        "flow",
        "user_account",
        "setting",
        "payload",
        "lease",
        "counter",
        "connection",
        "codec_dictionary",
    ):
        op.drop_table(table)
