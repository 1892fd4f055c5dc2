"""The chosen device: who it is, how it is, and how it went in the last ten minutes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QWidget

from agent_core.protocol.vitals import Vitals
from app.i18n import tr
from app.pages.devices.columns import percent, share
from app.pages.devices.model import DeviceRow
from app.pages.devices.plots import VitalsPlot, slots_of
from app.widgets.badges import Badge
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.key_value import KeyValue
from app.widgets.labels import ElidedLabel
from app.widgets.layouts import column, row, rule
from app.widgets.seen import OLD_AFTER_S, age_of, badge_of, heard_ago, seen_now
from app.widgets.words import date, key_name, memory, size


class DeviceDetail(Card):
    """Follows the table's selection."""

    def __init__(
        self,
        on_rename: Callable[[], object],
        on_leave: Callable[[], object],
        on_run: Callable[[], object],
        on_doctor: Callable[[], object],
    ) -> None:
        super().__init__(margins=(16, 12, 16, 14))
        self.setAccessibleName(tr("Chosen device"))
        self.shown: DeviceRow | None = None
        self.samples: list[Vitals] = []
        self.name = ElidedLabel("", "section")
        self.silo = ElidedLabel("", "small", "faint")
        self.badge = Badge()
        self.run = Button(tr("Open run"), sz="sm", icon="activity", on_click=on_run)
        self.doctor = Button(
            tr("Diagnose"), sz="sm", icon="stethoscope", on_click=on_doctor,
            tip=tr("Examine this machine's way to the hub"),
        )  # fmt: skip
        self.rename = Button(tr("Rename…"), sz="sm", icon="pencil", on_click=on_rename)
        self.leave = Button(tr("Unbind…"), "dangerline", sz="sm", on_click=on_leave)
        head = QWidget()
        head.setFixedHeight(32)
        head.setLayout(
            row(
                self.name,
                self.silo,
                None,
                self.badge,
                self.run,
                self.doctor,
                self.rename,
                self.leave,
                gap=8,
            )
        )
        self._device, self._key = tr("Device id"), tr("Key")
        self.facts = KeyValue(key_width=92, mono=(self._device, self._key), gap=5)
        self.facts.setFixedWidth(360)
        self.cpu = VitalsPlot(tr("CPU"), "info")
        self.gpu = VitalsPlot(tr("GPU"), "violet")
        self.memory = VitalsPlot(tr("Memory"), "cyan")
        facts = QWidget()
        facts.setLayout(column(self.facts, None))
        self.add(
            head,
            (row(facts, rule(vertical=True), (self.cpu, 1), (self.gpu, 1), (self.memory, 1),
                 gap=20), 1),
        )  # fmt: skip

    def show_device(self, one: DeviceRow) -> None:
        """Show a device; its curves follow with `show_samples`."""
        if self.shown is None or self.shown.device.edge_id != one.device.edge_id:
            self.samples = []
        self.shown = one
        self.name.setText(one.device.name)
        self.silo.setText(one.device.silo)
        self.run.setVisible(bool(one.runs))
        self.doctor.setVisible(one.is_me)
        self.rename.setVisible(one.is_own and not one.device.revoked)
        may_leave = (one.is_own or one.may_revoke) and not one.device.revoked
        self.leave.setVisible(may_leave)
        self.leave.setText(tr("Unbind…") if one.is_me else tr("Revoke…"))
        self._show_facts(one)
        self.tick()

    def _show_facts(self, one: DeviceRow) -> None:
        device, hardware = one.device, one.device.hardware
        free = device.vitals.disk_free if device.vitals else hardware.disk_free
        total = device.vitals.disk_total if device.vitals else None
        disk = size(free) if not total else tr("{a} free of {b}", a=size(free), b=size(total))
        facts = self.facts
        facts.set(tr("Edge id"), str(device.edge_id))
        facts.set(self._device, device.device_id)
        facts.set(self._key, key_name(device.public_key) if device.public_key else "–")
        bound = tr("{date} by {name}", date=date(device.created_at), name=device.account_name)
        facts.set(tr("Enrolled"), bound)
        facts.set(tr("Heartbeat"), "–")
        facts.set(tr("System"), hardware.os or "–")
        facts.set(tr("Sandbox"), f"{hardware.sandbox or '–'} · Python {hardware.python or '–'}")
        facts.set(tr("Disk"), disk)
        facts.set(tr("Groups"), ", ".join(one.groups) or tr("none"))

    def tick(self) -> None:
        """Show badge, heartbeat and curves of this second."""
        one = self.shown
        if one is None:
            return
        self.badge.set(*badge_of(one.device, one.read_at))
        vitals = one.device.vitals
        heard = heard_ago(one.device, one.read_at)
        is_fresh = heard is not None and heard <= OLD_AFTER_S
        trip = vitals.round_trip_ms if vitals and is_fresh else None
        ago = tr("{age} ago", age=age_of(one.device, one.read_at))
        if one.device.last_seen is None:
            ago = tr("never")
        if trip is not None and seen_now(one.device, one.read_at) == "online":
            ago = tr("{ago}, {n} ms round trip", ago=ago, n=f"{trip:.0f}")
        self.facts.set(tr("Heartbeat"), ago)
        self._show_curves(one)

    def show_samples(self, edge_id: int, samples: Sequence[Vitals]) -> None:
        """Show the curves of a device, unless another one is shown by now."""
        if self.shown is not None and self.shown.device.edge_id == edge_id:
            self.samples = list(samples)
            self._show_curves(self.shown)

    def _show_curves(self, one: DeviceRow) -> None:
        vitals = one.device.vitals
        ago = heard_ago(one.device, one.read_at)
        is_old = ago is None or ago > OLD_AFTER_S or seen_now(one.device, one.read_at) != "online"
        # The samples carry their machine's clock: the newest one is as old as the heartbeat.
        at = self.samples[-1].at + (ago or 0.0) if self.samples else time.time()
        gone = seen_now(one.device, one.read_at) == "offline"
        total = one.device.hardware.memory
        for what, plot, foot in (
            ("cpu", self.cpu, ""),
            ("gpu", self.gpu, _gpu_words(one, is_old)),
            ("memory", self.memory, tr("of {n} GB", n=memory(total)) if total else ""),
        ):
            values = slots_of(self.samples, [share(one, what) for one in self.samples], at)
            value = None if gone else share(vitals, what)
            words = "–" if value is None else percent(value)
            if what == "memory" and value is not None and vitals is not None:
                words = f"{memory(vitals.memory_used)} GB"
            plot.show_values(words, values, foot, is_old)


def _gpu_words(one: DeviceRow, is_old: bool) -> str:
    vitals, gpus = one.device.vitals, one.device.hardware.gpus
    if not gpus:
        return tr("no GPU")
    heat = vitals.gpu_temperature if vitals and not is_old else None
    return gpus[0] if heat is None else f"{gpus[0]}, {heat:.0f} °C"
