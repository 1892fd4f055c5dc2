"""Home's first card: this silo, its presence and its machine's figures."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QBoxLayout, QFrame, QWidget

from app.i18n import tr, trn
from app.pages.home.model import (
    Meters,
    disk_note,
    gpu_note,
    is_stale,
    memory_note,
    percent,
    presence,
)
from app.widgets.badges import Badge, SiteTag, Tag, site_letters
from app.widgets.labels import ElidedLabel
from app.widgets.layouts import column, row, rule
from app.widgets.meter import Meter
from app.widgets.words import age, key_name


class SiloHeader(QFrame):
    """The silo's name, device and meters."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._meters = Meters()
        self._status: dict[str, Any] = {}
        self._site = SiteTag("··", 0, 40)
        self.name = ElidedLabel(tr("This silo"), "section")
        self.badge = Badge("CONNECTING")
        self._facts = ElidedLabel("", "small", "muted")
        self._tags = [Tag("", icon=icon) for icon in ("key-round", "shield-check", "hard-drive")]
        for tag in self._tags:
            tag.hide()
        title = row(self.name, self.badge, None, gap=10)
        left = column(
            row(self._site, (column(title, self._facts, gap=3), 1), gap=12),
            row(*self._tags, None, gap=6),
            gap=10,
        )
        self.cpu = Meter("cpu", tr("CPU"), "info")
        self.memory = Meter("memory-stick", tr("Memory"), "cyan")
        self.gpu = Meter("microchip", tr("GPU"), "violet")
        self._gpu_line = rule(vertical=True)
        meters = row((self.cpu, 1), self._gpu_line, (self.gpu, 1), rule(vertical=True),
                     (self.memory, 1), gap=16)  # fmt: skip
        self._line = rule(vertical=True)
        outer = row((left, 7), self._line, (meters, 12), gap=18, margins=(18, 16, 18, 16))
        self._outer: QBoxLayout = outer
        self.setLayout(outer)
        self._show_gpu(False)

    def set_narrow(self, narrow: bool) -> None:
        """Put the meters under the name where there is little room."""
        way = QBoxLayout.Direction.TopToBottom if narrow else QBoxLayout.Direction.LeftToRight
        self._outer.setDirection(way)
        self._line.setVisible(not narrow)

    def show_status(self, status: dict[str, Any]) -> None:
        """Show the agent's status."""
        device = status.get("device") or {}
        hardware = status.get("hardware") or {}
        silo = device.get("silo") or tr("This machine")
        self.name.setText(silo)
        self._site.set(site_letters(silo), 0)
        self.badge.set(*presence(status))
        known = tr("Edge {id}", id=device["edge_id"]) if device else tr("not bound to a hub")
        parts = [known, device.get("name"), hardware.get("os")]
        self._facts.setText(" · ".join(text for text in parts if text))
        self._show_tags(device, hardware, status)
        self._status = status
        self._meters.take(status)
        self.tick()

    def tick(self) -> None:
        """Tell the figures' age anew."""
        if self._status:
            self._show_meters(self._status, self._status.get("hardware") or {})

    def _show_meters(self, status: dict[str, Any], hardware: dict[str, Any]) -> None:
        sample = status.get("system") or {}
        cores = hardware.get("cores")
        old = tr("{age} ago", age=age(sample.get("at"))) if is_stale(status) else ""
        self.cpu.show_values(
            percent(sample.get("cpu_percent")),
            old or (trn("{count} core", "{count} cores", cores) if cores else ""),
            list(self._meters.cpu),
            is_old=bool(old),
        )
        share = self._meters.memory[-1] if self._meters.memory else None
        self.memory.show_values(
            percent(share),
            old or memory_note(status),
            list(self._meters.memory),
            is_old=bool(old),
        )
        has_gpu = bool(hardware.get("gpus")) or sample.get("gpu_percent") is not None
        self._show_gpu(has_gpu)
        if has_gpu:
            note = old or gpu_note(status)
            value = percent(sample.get("gpu_percent"))
            self.gpu.show_values(value, note, list(self._meters.gpu), is_old=bool(old))

    def _show_tags(
        self, device: dict[str, Any], hardware: dict[str, Any], status: dict[str, Any]
    ) -> None:
        key = str(device.get("public_key") or "")
        self._tags[0].setVisible(bool(key))
        self._tags[0].set(tr("Key {name}", name=key_name(key)) if key else "", "gray", "key-round")
        self._tags[0].setToolTip(tr("The short fingerprint of this device's key"))
        sandbox = str(hardware.get("sandbox") or "")
        self._tags[1].setVisible(bool(sandbox))
        if sandbox in ("", "none"):
            self._tags[1].set(tr("No sandbox here"), "warn", "shield-alert")
        else:
            self._tags[1].set(tr("Sandbox: {kind}", kind=sandbox), "ok", "shield-check")
        free = disk_note(status)
        self._tags[2].setVisible(bool(free))
        self._tags[2].set(free, "gray", "hard-drive")

    def _show_gpu(self, shown: bool) -> None:
        widgets: tuple[QWidget, ...] = (self.gpu, self._gpu_line)
        for widget in widgets:
            widget.setVisible(shown)
