"""Home's first card: this silo, its presence and its machine's figures."""

from __future__ import annotations

from typing import Any

from PySide6.QtWidgets import QFrame, QWidget

from app.pages.home.model import Meters, gpu_note, memory_note, percent, presence
from app.widgets.badges import Badge, SiteTag, Tag, site_letters
from app.widgets.labels import ElidedLabel, Label
from app.widgets.layouts import column, row, rule
from app.widgets.meter import Meter
from app.widgets.words import key_name


class SiloHeader(QFrame):
    """The silo's name, device and meters."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("card")
        self._meters = Meters()
        self._site = SiteTag("··", 0, 40)
        self.name = Label("This silo", "section")
        self.badge = Badge("CONNECTING")
        self._facts = ElidedLabel("", "small", "muted")
        self._tags = [Tag("", icon="key-round"), Tag("", icon="shield-check")]
        for tag in self._tags:
            tag.hide()
        title = row(self.name, self.badge, None, gap=10)
        left = column(
            row(self._site, (column(title, self._facts, gap=3), 1), gap=12),
            row(*self._tags, None, gap=6),
            gap=10,
        )
        self.cpu = Meter("cpu", "CPU", "info")
        self.memory = Meter("memory-stick", "Memory", "cyan")
        self.gpu = Meter("microchip", "GPU", "violet")
        self._gpu_line = rule(vertical=True)
        self.setLayout(
            row(
                (left, 7), rule(vertical=True), (self.cpu, 4), self._gpu_line, (self.gpu, 4),
                rule(vertical=True), (self.memory, 4), gap=18, margins=(18, 16, 18, 16),
            )
        )  # fmt: skip
        self._show_gpu(False)

    def show_status(self, status: dict[str, Any]) -> None:
        """Show the agent's status."""
        device = status.get("device") or {}
        hardware = status.get("hardware") or {}
        silo = device.get("silo") or "This machine"
        self.name.setText(silo)
        self._site.set(site_letters(silo), 0)
        self.badge.set(*presence(status))
        parts = [f"Edge {device['edge_id']}"] if device else ["not bound to a hub"]
        parts += [text for text in (device.get("name"), hardware.get("os")) if text]
        self._facts.setText(" · ".join(parts))
        self._show_tags(device, hardware)
        self._meters.take(status)
        sample = status.get("system") or {}
        cores = hardware.get("cores")
        self.cpu.show_values(
            percent(sample.get("cpu_percent")),
            f"{cores} cores" if cores else "",
            list(self._meters.cpu),
        )
        share = self._meters.memory[-1] if self._meters.memory else None
        self.memory.show_values(percent(share), memory_note(status), list(self._meters.memory))
        has_gpu = bool(hardware.get("gpus")) or sample.get("gpu_percent") is not None
        self._show_gpu(has_gpu)
        if has_gpu:
            self.gpu.show_values(
                percent(sample.get("gpu_percent")), gpu_note(status), list(self._meters.gpu)
            )

    def _show_tags(self, device: dict[str, Any], hardware: dict[str, Any]) -> None:
        key = str(device.get("public_key") or "")
        self._tags[0].setVisible(bool(key))
        self._tags[0].set(f"Device key {key_name(key)}" if key else "", "gray", "key-round")
        sandbox = str(hardware.get("sandbox") or "")
        self._tags[1].setVisible(bool(sandbox))
        if sandbox in ("", "none"):
            self._tags[1].set("No sandbox here", "warn", "shield-alert")
        else:
            self._tags[1].set(f"Sandbox: {sandbox}", "ok", "shield-check")

    def _show_gpu(self, shown: bool) -> None:
        widgets: tuple[QWidget, ...] = (self.gpu, self._gpu_line)
        for widget in widgets:
            widget.setVisible(shown)
