"""The agent's parts, made once by the service and handed to whoever drives a job."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from agent_core.agent.approvals import Approvals
from agent_core.agent.binding import DeviceBinding
from agent_core.agent.blob_shelf import BlobShelf
from agent_core.agent.datasets import Datasets
from agent_core.agent.datasets_reading import DatasetReading
from agent_core.agent.events import EventBus
from agent_core.agent.held import Held
from agent_core.agent.job_book import JobBook
from agent_core.agent.journal import Journal
from agent_core.agent.mailbox import Mailbox
from agent_core.agent.pausing import Pausing
from agent_core.agent.sender import Sender
from agent_core.agent.traffic import Traffic
from agent_core.agent.transfers import Transfers
from agent_core.agent.uplink import Uplink
from agent_core.agent.warm import WarmWorker
from agent_core.jobs.supervisor import Supervisor
from agent_core.paths import Home
from agent_core.protocol.messages import Inbox, RoundMessage
from agent_core.settings import Settings


@dataclass(frozen=True)
class Parts:
    """What a job's path works with."""

    home: Home
    settings: Callable[[], Settings]
    journal: Journal
    book: JobBook
    mailbox: Mailbox
    approvals: Approvals
    datasets: Datasets
    reading: DatasetReading
    transfers: Transfers
    held: Held
    pausing: Pausing
    shelf: BlobShelf
    traffic: Traffic
    binding: DeviceBinding
    sender: Sender
    uplink: Uplink
    supervisor: Supervisor
    warm: WarmWorker
    events: EventBus

    @property
    def edge_id(self) -> int:
        """Return this device's edge id, 0 while unbound."""
        binding = self.binding.current
        return binding.device.edge_id if binding else 0

    def traffic_in(self, message: Inbox, size: int) -> None:
        """Count what came over the broker."""
        if isinstance(message, RoundMessage):
            run_id = message.run_id

            def write() -> None:
                self.traffic.add("updates", down=size)
                self.book.add_bytes(run_id, down=size)

            self.journal.lazily(write)
