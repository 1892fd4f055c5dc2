"""What the doctor knows while it looks: the address asked about, and what was found so far."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from agent_core.paths import Home
from agent_core.protocol.records import Binding
from agent_core.protocol.records_doctor import DoctorCheck, State
from agent_core.settings import Settings
from agent_core.transport.proxy import LOOPBACK, Proxy

BOUND_S = 10.0  # of each check
SOCKET_S = 4.0  # of each step inside one


class Line(Protocol):
    """The device's line to the broker."""

    answered_at: float | None
    heartbeat_ms: float | None

    @property
    def is_up(self) -> bool:
        """Return whether the broker is connected."""

    def beat(self, resync: bool = False) -> None:
        """Send a heartbeat now."""


@dataclass
class Case:
    """One run of the doctor."""

    home: Home
    settings: Settings
    url: str = ""
    why_no_url: str = ""
    binding: Binding | None = None  # of this device, where it is bound to this very hub
    why_unbound: str = ""
    line: Line | None = None
    call: Callable[..., Awaitable[Any]] | None = None  # the hub's REST in the device's name
    credentials: str = ""  # path of the credentials file, where one is named
    proxy: Proxy = field(default_factory=lambda: Proxy("", ""))
    address: str = ""  # of this machine, as seen on the way to the hub
    about: dict[str, Any] = field(default_factory=dict)
    date_skew_s: float | None = None
    store_host: str = ""
    facts: dict[str, str] = field(default_factory=dict)

    @property
    def host(self) -> str:
        """Return the hub's host."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_tls(self) -> bool:
        """Return whether the hub is spoken to over TLS."""
        return urlsplit(self.url).scheme == "https"

    @property
    def port(self) -> int:
        """Return the hub's port."""
        return urlsplit(self.url).port or (443 if self.is_tls else 80)

    @property
    def is_loopback(self) -> bool:
        """Return whether the hub is on this very machine."""
        return self.host in LOOPBACK


def found(
    key: str, state: State, result: str, cause: str = "", remedy: str = "", **facts: str
) -> DoctorCheck:
    """Return a finding."""
    return DoctorCheck(key=key, state=state, result=result, cause=cause, remedy=remedy, facts=facts)


class Watch:
    """Measure how long a check took."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    @property
    def ms(self) -> float:
        """Return the milliseconds since then."""
        return round((time.monotonic() - self._began) * 1000, 1)
