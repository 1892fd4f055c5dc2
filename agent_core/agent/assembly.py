"""How the agent's parts are put together, in the order of their dependencies."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent_core import keys
from agent_core.agent.account import HubAccount
from agent_core.agent.approval_methods import ApprovalMethods
from agent_core.agent.approvals import Approvals
from agent_core.agent.binding import DeviceBinding
from agent_core.agent.blob_shelf import BlobShelf
from agent_core.agent.connection import HubLine
from agent_core.agent.credentials import Credentials
from agent_core.agent.datasets import Datasets
from agent_core.agent.datasets_methods import DatasetMethods
from agent_core.agent.datasets_reading import DatasetReading
from agent_core.agent.datasets_sharing import DatasetSharing
from agent_core.agent.dispatcher import Dispatcher
from agent_core.agent.events import EventBus
from agent_core.agent.held import Held
from agent_core.agent.house_rules_watch import RulesWatch
from agent_core.agent.job_book import JobBook
from agent_core.agent.journal import Journal
from agent_core.agent.machine import hardware
from agent_core.agent.mailbox import Mailbox
from agent_core.agent.own_account import AccountMethods
from agent_core.agent.own_autostart import AutostartMethods
from agent_core.agent.own_doctor import DoctorMethods
from agent_core.agent.own_hosting import HostingMethods
from agent_core.agent.own_local import LocalMethods
from agent_core.agent.own_models import ModelMethods
from agent_core.agent.own_rules import RuleMethods
from agent_core.agent.own_runs import RunMethods
from agent_core.agent.parts import Parts
from agent_core.agent.pausing import Pausing
from agent_core.agent.sampling import Sampling
from agent_core.agent.sender import Sender
from agent_core.agent.serving import ServingDesk
from agent_core.agent.status import StatusBoard
from agent_core.agent.telemetry_push import TelemetryPush
from agent_core.agent.traffic import Traffic
from agent_core.agent.transfers import Transfers
from agent_core.agent.uplink import Uplink
from agent_core.agent.uploads import Uploader
from agent_core.agent.warm import WarmWorker, data_dir
from agent_core.agent.wires import Wires
from agent_core.jobs import sandbox
from agent_core.jobs.supervisor import Supervisor
from agent_core.paths import Home
from agent_core.protocol.messages import Changed
from agent_core.settings import Settings
from agent_core.telemetry.spool import Spool
from agent_core.telemetry.system import SystemSampler

Methods = dict[str, Callable[..., Any]]


@dataclass
class Assembly:
    """Everything the service keeps running."""

    parts: Parts
    account: HubAccount
    line: HubLine
    dispatcher: Dispatcher
    uploader: Uploader
    push: TelemetryPush
    sampling: Sampling
    rules: RulesWatch
    board: StatusBoard
    servings: ServingDesk
    sharing: DatasetSharing
    methods: Methods

    @property
    def events(self) -> EventBus:
        """Return the bus of local events."""
        return self.parts.events

    @staticmethod
    async def make(
        home: Home,
        credentials_file: Path | None,
        settings: Callable[[], Settings],
        change_settings: Callable[..., Settings],
        shut_down: Callable[[], None],
        on_changed: Callable[[Changed], None],
    ) -> Assembly:
        """Open the store and the journal and connect the parts."""
        store = await asyncio.to_thread(keys.open_store, home, settings(), credentials_file)
        credentials = await asyncio.to_thread(Credentials, store)
        report = await asyncio.to_thread(sandbox.describe)
        journal = Journal.open(home.journal)
        spool = Spool(journal.connection)
        events = EventBus()
        mailbox, transfers, traffic = Mailbox(journal), Transfers(journal), Traffic(journal)
        account = HubAccount(credentials)
        binding = DeviceBinding(
            home, journal, credentials, account, lambda: keys.device_key(store), report.kind,
            spool.forget,
        )  # fmt: skip
        wires = Wires()
        line = HubLine(
            binding, wires.on_payload, wires.on_up, wires.on_change, lambda: wires.running(),
            wires.vitals,
        )  # fmt: skip
        sender = Sender(mailbox, line)
        book = JobBook(journal, mailbox, wires.on_job)
        shelf = BlobShelf(home, transfers)
        push = TelemetryPush(journal, spool, binding, traffic)
        uploader = Uploader(journal, transfers, shelf, binding, book, traffic, sender)
        sender.on_overdue = uploader.look_again
        uplink = Uplink(
            journal, book, mailbox, transfers, shelf, spool, traffic, sender, uploader, push
        )
        supervisor = Supervisor(home)
        datasets = Datasets(journal, lambda: data_dir(settings()))
        reading = DatasetReading(datasets, events)
        sharing = DatasetSharing(datasets, reading, binding, lambda: data_dir(settings()))
        parts = Parts(
            home=home, settings=settings, journal=journal, book=book, mailbox=mailbox,
            approvals=Approvals(journal), datasets=datasets, reading=reading,
            transfers=transfers, held=Held(journal),
            pausing=Pausing(journal), shelf=shelf, traffic=traffic, binding=binding,
            sender=sender, uplink=uplink, supervisor=supervisor, events=events,
            warm=WarmWorker(home, supervisor, settings),
        )  # fmt: skip
        dispatcher = Dispatcher(parts, line, on_changed)
        sampling = Sampling(parts, dispatcher, SystemSampler(home.root))
        rules = RulesWatch(parts, sampling.job_pids, wires.on_change)
        parts.pausing.on_change, parts.pausing.before_begin = wires.on_hold, rules.look
        board = StatusBoard(
            parts, account, line, dispatcher, hardware(home, report.kind), sampling.for_status,
            rules.states, journal.notice,
        )  # fmt: skip
        operator = _operator(account)
        models = ModelMethods(parts, account, operator)
        made = Assembly(
            parts, account, line, dispatcher, uploader, push, sampling, rules, board, models.desk,
            sharing, methods={},
        )  # fmt: skip
        wires.to(made)
        owner_key = lambda: keys.owner_key(store)  # noqa: E731
        for group in (
            AccountMethods(parts, account, credentials, owner_key, change_settings),
            RunMethods(account, owner_key, events),
            HostingMethods(home, events),
            DoctorMethods(
                home, settings, credentials, str(credentials_file or ""), binding, line, events
            ),
            ApprovalMethods(parts, board, dispatcher, operator),
            DatasetMethods(datasets, reading, operator, sharing.mark),
            LocalMethods(
                parts,
                board,
                dispatcher,
                change_settings,
                shut_down,
                operator,
                models.desk.stop_all,
            ),
            RuleMethods(parts, board, rules, operator),
            AutostartMethods(home),
            models,
        ):
            made.methods.update(group.methods())
        return made

    def loops(self) -> dict[str, Callable[[], Coroutine[Any, Any, None]]]:
        """Return what runs for as long as the agent lives."""
        return {
            "hub line": self.line.keep_up,
            "sender": self.parts.sender.keep_sending,
            "telemetry": self.push.keep_pushing,
            "renewal": self.parts.binding.keep_renewed,
            "sampling": self.sampling.keep_sampling,
            "house rules": self.rules.keep_watching,
            "status": self.board.keep_telling,
            "datasets": self.sharing.keep_shared,
        }

    async def close(self) -> None:
        """Let go of jobs and wires, and close the journal."""
        await self.dispatcher.let_go()
        await self.servings.let_go()
        self.uploader.cancel()
        await self.parts.warm.drop()
        await self.line.close()
        self.parts.journal.close()


def _operator(account: HubAccount) -> Callable[[], str]:
    return lambda: account.account.name if account.account else "the operator"
