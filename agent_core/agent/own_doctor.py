"""The agent's own method for the connection doctor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from agent_core.agent.addresses import clean_hub_url, parse_link
from agent_core.agent.binding import DeviceBinding
from agent_core.agent.credentials import Credentials
from agent_core.agent.doctor import examine
from agent_core.agent.doctor_case import Case, Line
from agent_core.agent.events import EventBus
from agent_core.agent.status import as_json
from agent_core.paths import Home
from agent_core.protocol.records_doctor import DoctorCheck
from agent_core.settings import Settings


@dataclass(frozen=True)
class DoctorMethods:
    """Examine the way to a hub, with what this agent knows."""

    home: Home
    settings: Callable[[], Settings]
    credentials: Credentials
    credentials_file: str
    binding: DeviceBinding
    line: Line
    events: EventBus

    def methods(self) -> dict[str, Callable[..., Any]]:
        """Return the methods by name."""
        return {"doctor.run": self.run}

    async def run(self, hub_url: str = "", run: str = "") -> dict[str, Any]:
        """Run every check; each is told as a `doctor` event that carries `run` again."""
        case = self._case(hub_url)

        def tell(check: DoctorCheck, done: int, total: int) -> None:
            self.events.emit("doctor", run=run, check=as_json(check), done=done, total=total)

        return as_json(await examine(case, tell))

    def _case(self, typed: str) -> Case:
        settings = self.settings()
        known = self.credentials.binding_hub or settings.hub_url
        url = address_of(typed) or known
        case = Case(
            self.home, settings, url, "No hub is named yet.",
            credentials=self.credentials_file,
        )  # fmt: skip
        if self.credentials.binding is None:
            case.why_unbound = "Not tried: this machine is not bound to a hub yet."
        elif self.credentials.binding_hub != url:
            case.why_unbound = "Not tried: this machine is bound to another hub."
        else:
            case.binding, case.line = self.credentials.binding, self.line
            case.call = self.binding.call
        return case


def address_of(typed: str) -> str:
    """Return the hub's address in what a person typed: an address or an invitation link."""
    text = typed.strip()
    if not text:
        return ""
    return parse_link(text)[0] if text.startswith("silodesk:") else clean_hub_url(text)
