"""What is asked about a device: other names, how to add one, and before it is cut off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import tr
from app.pages.devices.model import DeviceRow
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog, confirm
from app.widgets.forms import Form, TextField, required
from app.widgets.labels import Label
from app.widgets.layouts import column


class NamesDialog(Dialog):
    """Names of a device and its silo: to rename it, or to bind this machine."""

    def __init__(
        self,
        parent: QWidget,
        context: AppContext,
        on_done: Callable[[], object],
        device: DeviceRow | None = None,
    ) -> None:
        title = tr("Rename device") if device else tr("Bind this machine")
        text = (
            tr("Everyone in its groups sees the new names at once.")
            if device
            else tr("It gets a place at the hub under your account; runs still ask you first.")
        )
        super().__init__(parent, title, text, icon="server", tok="accent_text")
        self._context, self._device, self._on_done = context, device, on_done
        self.name = TextField(
            tr("Device"), text=device.device.name if device else "",
            placeholder=tr("as its site calls it"),
            check=required(tr("Give the device a name.")),
        )  # fmt: skip
        self.silo = TextField(
            tr("Silo"), text=device.device.silo if device else "",
            placeholder=tr("the hospital, bank or site"),
            check=required(tr("Name the site that the device belongs to.")),
        )  # fmt: skip
        self.form = Form(self.name, self.silo)
        self.body.addLayout(column(self.name, self.silo, gap=14))
        self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        words = tr("Rename") if device else tr("Bind")
        self.submit = self.add_button(Button(words, "primary", on_click=self._send))
        for field in (self.name, self.silo):
            field.edit.returnPressed.connect(self._send)
        self.first_focus = self.name.edit
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.open()

    def _send(self) -> None:
        if not self.form.validate():
            return
        self.submit.setEnabled(False)
        call = self._context.tasks.call
        given: dict[str, Any] = {"name": self.name.value(), "silo": self.silo.value()}
        if self._device is None:
            call("device.bind", self._done, self._failed, self, **given)
        else:
            edge = self._device.device.edge_id
            call("devices.update", self._done, self._failed, self, edge_id=edge, **given)

    def _done(self, _: object) -> None:
        self.accept()
        self._on_done()

    def _failed(self, error: Exception) -> None:
        self.submit.setEnabled(True)
        self.name.say(" ".join(sentence_of(error)))


class AddDeviceDialog(Dialog):
    """How a device comes in: by an account of its own, or by an invitation."""

    def __init__(self, parent: QWidget, on_invite: Callable[[], object], hub: str) -> None:
        super().__init__(
            parent,
            tr("Add a device"),
            tr("A device is bound at the device itself: its key never leaves it."),
            icon="server",
            tok="accent_text",
        )
        steps = (
            tr("Another site: send it an invitation link. Its operator opens the link in SiloDesk; "
               "the device joins the group by itself."),
            tr("A machine of yours: start SiloDesk there, sign in at {hub} with your account and "
               "bind it; then add it to a group.", hub=hub or tr("your hub")),
        )  # fmt: skip
        for text in steps:
            self.body.addWidget(Label(text, "body", wrap=True))
        self.add_button(Button(tr("Close"), "ghost", on_click=self.reject))

        def invite() -> None:
            self.accept()
            on_invite()

        self.invite = self.add_button(
            Button(tr("Invite a site…"), "primary", icon="user-plus", on_click=invite)
        )
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.open()


def ask_leave(parent: QWidget, one: DeviceRow, on_yes: Callable[[], object]) -> Dialog:
    """Ask before a device is unbound or its credentials are taken away."""
    name = f"{one.device.name} ({one.device.silo})"
    if one.is_me:
        return confirm(
            parent,
            tr("Unbind this machine?"),
            tr("{name} leaves all its groups and takes part in no run until it is bound again. "
               "Datasets and approvals stay here.", name=name),
            tr("Unbind"),
            on_yes,
            icon="unplug",
        )  # fmt: skip
    running = ""
    if one.device.running:
        running = tr("Its part in {n} running runs ends as failed.", n=len(one.device.running))
    return confirm(
        parent,
        tr("Revoke {name}?", name=one.device.name),
        tr("{name} loses its access at once and leaves all groups. Its owner has to bind it anew "
           "to come back.", name=name),
        tr("Revoke"),
        on_yes,
        icon="shield-off",
        cost=running,
    )  # fmt: skip
