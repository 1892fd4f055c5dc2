"""The hub's own identity: random, made at its first start, and another one after a restore.

An address and a device's number are the same again at another hub in the same place; devices
recognise by this whether what they remember is still this hub's.
"""

from __future__ import annotations

import secrets

from sqlalchemy import select

from agent_core.hub.store import Reader, Store
from agent_core.hub.tables_identity import hub_facts

INSTANCE = "instance"


def instance(store: Store) -> str:
    """Return the hub's identity, making it where there is none yet."""
    with store.read() as reader:
        found = _read(reader)
    if found:
        return found
    with store.write() as tx:
        found = _read(tx)
        if not found:
            found = secrets.token_hex(16)
            tx.put(hub_facts, name=INSTANCE, value=found)
    return found


def _read(reader: Reader) -> str:
    return str(reader.scalar(select(hub_facts.c.value).where(hub_facts.c.name == INSTANCE)) or "")
