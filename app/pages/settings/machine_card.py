"""What is known about this machine, where its files lie, and giving its place at the hub up."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QUrl, Signal
from PySide6.QtGui import QDesktopServices

from agent_core.paths import Home, cache_dir
from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.key_value import KeyValue
from app.widgets.layouts import row, rule
from app.widgets.words import memory


class MachineCard(Card):
    """Advanced: facts, paths, unbinding."""

    unbind_wanted = Signal()

    def __init__(self, home: Home) -> None:
        super().__init__(tr("Advanced"), icon="monitor")
        self._home = home
        places = {"home": tr("Folder"), "settings": tr("Settings file"), "log": tr("Agent's log"),
                  "cache": tr("Job runtimes"), "secrets": tr("Secrets")}  # fmt: skip
        self.places = KeyValue(key_width=120, mono=list(places.values()))
        self.places.set(places["home"], str(home.root))
        self.places.set(places["settings"], str(home.settings))
        self.places.set(places["log"], str(home.agent_log))
        self.places.set(places["cache"], str(cache_dir()))
        self._secrets = places["secrets"]
        self.facts = KeyValue(key_width=120, mono=(tr("Device id"), tr("Hub")))
        self.open = Button(tr("Open the folder"), icon="folder", sz="sm", on_click=self._open)
        self.unbind = Button(tr("Unbind this machine..."), "dangerline", sz="sm",
                             on_click=self.unbind_wanted.emit)  # fmt: skip
        self.add(self.facts, rule(), self.places, row(self.open, None, self.unbind))
        words = [
            *places.values(),
            tr("Advanced"),
            tr("Unbind this machine..."),
            "paths logs edge id",
        ]
        self.haystack = " ".join(words).casefold()

    def show_machine(self, status: dict[str, Any], settings: dict[str, Any]) -> None:
        """Show what is known."""
        hardware, device = status.get("hardware") or {}, status.get("device") or {}
        self.facts.set(tr("Hub"), status.get("hub_url") or tr("none"))
        self.facts.set(tr("Device id"), device.get("device_id") or tr("not bound"))
        self.facts.set(tr("Edge id"), str(device.get("edge_id") or "–"))
        cores = hardware.get("cores") or "?"
        words = tr("{cores} cores, {memory} GB", cores=cores, memory=memory(hardware.get("memory")))
        self.facts.set(tr("Processor"), words)
        self.facts.set(tr("GPU"), ", ".join(hardware.get("gpus") or []) or tr("none found"))
        self.facts.set(tr("System"), hardware.get("os") or "–")
        self.facts.set(tr("Sandbox"), hardware.get("sandbox") or tr("none"))
        self.facts.set(tr("Agent"), tr("version {version}", version=status.get("version", "–")))
        named = settings.get("credentials") or ""
        if not named and self._home.credentials.is_file():
            named = str(self._home.credentials)
        self.places.set(self._secrets, named or tr("the keyring of this system"))
        self.unbind.setEnabled(bool(device))

    def _open(self) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._home.root)))
