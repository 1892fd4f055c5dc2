"""Tables of what an administrator decides about accounts."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, String, Table

from agent_core.hub.tables import Id, metadata

disabled_accounts = Table(
    "disabled_accounts",
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("at", Float, nullable=False),
)

account_resets = Table(
    "account_resets",
    metadata,
    Column("account_id", Id, ForeignKey("accounts.id"), primary_key=True),
    Column("code_hash", String(64), nullable=False, unique=True),
    Column("expires_at", Float, nullable=False),
)
