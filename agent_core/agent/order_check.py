"""What a start order has to be, before anything of it is used."""

from __future__ import annotations

import time

from agent_core.errors import ProtocolError
from agent_core.protocol import signing
from agent_core.protocol.messages import StartOrder

CLOCK_SLACK_S = 120.0


def check(order: StartOrder, edge_id: int, newest_epoch: int) -> None:
    """Raise ProtocolError for a forged, stray, expired or outdated order."""
    plan = order.plan
    if order.edge_id != edge_id:
        raise ProtocolError("It is for another device.", code="protocol.stranger")
    plan.edge(order.edge_id)
    signing.verify(order.owner_key, order.signature, plan.model_dump(mode="json"))
    if plan.expires_at < time.time():
        raise ProtocolError("It has expired.", code="protocol.expired")
    if plan.issued_at > time.time() + CLOCK_SLACK_S:
        raise ProtocolError("It comes from the future; the clocks differ.", code="protocol.clock")
    if newest_epoch >= plan.epoch:
        raise ProtocolError("A newer start of this run is known.", code="protocol.epoch")


def has_part(order: StartOrder) -> bool:
    """Return whether the plan names the device that the order is for."""
    return any(edge.edge_id == order.edge_id for edge in order.plan.edges)
