"""What is asked about groups: a name, an invitation, which device to add."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from agent_core.protocol.records import Device, Group, Invitation
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import tr
from app.pages.groups.model import ROLES, name_problem
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.forms import ChoiceField, Form, TextField
from app.widgets.layouts import column, row

DAY_S = 86400.0


class NameDialog(Dialog):
    """The name of a new group, or another one for a known group."""

    def __init__(
        self,
        parent: QWidget,
        context: AppContext,
        groups: Sequence[Group],
        on_done: Callable[[Group], object],
        group: Group | None = None,
    ) -> None:
        title = tr("Rename group") if group else tr("New group")
        text = tr("Members see each other's devices, projects, curves and models. "
                  "You own the group and invite the others.")  # fmt: skip
        super().__init__(parent, title, "" if group else text, icon="network", tok="accent_text")
        self._context, self._group, self._on_done = context, group, on_done
        own = group.id if group else 0
        self.name = TextField(
            tr("Name"),
            placeholder=tr("Breast cancer consortium"),
            text=group.name if group else "",
            check=lambda text: name_problem(text, groups, own),
        )
        self.form = Form(self.name)
        self.body.addWidget(self.name)
        self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        words = tr("Rename") if group else tr("Create group")
        self.submit = self.add_button(Button(words, "primary", on_click=self.send))
        self.name.edit.returnPressed.connect(self.send)
        self.first_focus = self.name.edit
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.open()

    def send(self) -> None:
        """Make or rename the group."""
        if not self.form.validate() or not self.submit.isEnabled():
            return
        self.submit.setEnabled(False)
        call, name = self._context.tasks.call, self.name.value()
        if self._group is None:
            key = uuid.uuid4().hex
            call("groups.create", self._done, self._failed, self, name=name, idempotency_key=key)
        else:
            number = self._group.id
            call("groups.update", self._done, self._failed, self, group_id=number, name=name)

    def _done(self, answer: dict[str, Any]) -> None:
        self.accept()
        self._on_done(Group.model_validate(answer))

    def _failed(self, error: Exception) -> None:
        self.submit.setEnabled(True)
        self.name.say(" ".join(sentence_of(error)))


def email_problem(text: str) -> str:
    """Return what is wrong with an optional e-mail address, or an empty text."""
    name, _, host = text.partition("@")
    is_right = not text or (bool(name) and "." in host and " " not in text)
    return "" if is_right else tr("Write it as name@example.org, or leave it empty.")


class InviteDialog(Dialog):
    """Role, term and, where wanted, the only address that may use the link."""

    def __init__(
        self,
        parent: QWidget,
        context: AppContext,
        group: Group,
        on_made: Callable[[Invitation], object],
    ) -> None:
        super().__init__(
            parent,
            tr("Invite to {group}", group=group.name),
            tr("The link can be used once. Whoever opens it joins with the role you choose."),
            icon="user-plus",
            tok="accent_text",
        )
        self._context, self._group, self._on_made = context, group, on_made
        self.role = ChoiceField(
            tr("Role"),
            [("operator", tr(ROLES["operator"])), ("scientist", tr(ROLES["scientist"]))],
            hint=tr("Operators run jobs on their site; scientists also start runs."),
        )
        self.days = ChoiceField(
            tr("Valid for"),
            [(1, tr("1 day")), (7, tr("7 days")), (30, tr("30 days")), (90, tr("90 days"))],
        )
        self.days.select(7)
        self.email = TextField(
            tr("Only for this e-mail address"),
            placeholder=tr("optional"),
            check=email_problem,
            hint=tr("Someone with an account sees the invitation in SiloDesk, without the link."),
        )
        self.form = Form(self.email)
        self.body.addLayout(column(row((self.role, 1), (self.days, 1), gap=14), self.email, gap=14))
        self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.submit = self.add_button(Button(tr("Create link"), "primary", on_click=self.send))
        self.email.edit.returnPressed.connect(self.send)
        self.first_focus = self.email.edit
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.open()

    def send(self) -> None:
        """Make the invitation."""
        if not self.form.validate() or not self.submit.isEnabled():
            return
        self.submit.setEnabled(False)
        self._context.tasks.call(
            "invitations.create", self._done, self._failed, self, group_id=self._group.id,
            role=self.role.value(), email=self.email.value(),
            expires_in_s=float(self.days.key()) * DAY_S,
        )  # fmt: skip

    def _done(self, answer: dict[str, Any]) -> None:
        self.accept()
        self._on_made(Invitation.model_validate(answer))

    def _failed(self, error: Exception) -> None:
        self.submit.setEnabled(True)
        self.email.say(" ".join(sentence_of(error)))


class AddOwnDialog(Dialog):
    """Which of the account's own devices the group may use."""

    def __init__(
        self, parent: QWidget, devices: Sequence[Device], on_chosen: Callable[[int], object]
    ) -> None:
        super().__init__(
            parent,
            tr("Add a device of yours"),
            tr("Members can choose it for runs. Every start still asks at the device itself."),
            icon="server",
            tok="accent_text",
        )
        self._on_chosen = on_chosen
        self.choice = ChoiceField(
            tr("Device"), [(one.edge_id, f"{one.name} · {one.silo}") for one in devices]
        )
        self.body.addWidget(self.choice)
        self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.submit = self.add_button(Button(tr("Add device"), "primary", on_click=self.send))
        if not devices:
            self.choice.hide()
            self.cost.setText(tr("All your devices are in this group already."))
            self.submit.setEnabled(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.open()

    def send(self) -> None:
        """Add the chosen device."""
        self.accept()
        self._on_chosen(int(self.choice.key()))
