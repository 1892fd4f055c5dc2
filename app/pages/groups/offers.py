"""Invitations addressed to the signed-in account: accept or decline."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QVBoxLayout, QWidget

from agent_core.protocol.records import Invitation
from app.i18n import tr
from app.pages.groups.model import ROLES
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.labels import Icon, Label
from app.widgets.layouts import clear, column, row
from app.widgets.switches import Switch
from app.widgets.words import age


class Offers(Card):
    """One row for each invitation; hidden while there is none."""

    def __init__(
        self,
        on_accept: Callable[[Invitation, bool], object],
        on_decline: Callable[[Invitation], object],
    ) -> None:
        super().__init__(tr("Invitations for you"), icon="mail")
        self._on_accept, self._on_decline = on_accept, on_decline
        self.shown: list[Invitation] = []
        self._ages: list[tuple[Label, Invitation]] = []
        self._list = QVBoxLayout()
        self._list.setSpacing(10)
        self.add(self._list)
        self.hide()

    def show_offers(self, offers: Sequence[Invitation]) -> None:
        """Show other invitations; the same ones are left alone."""
        if list(offers) != self.shown:
            self.shown = list(offers)
            clear(self._list)
            self._ages.clear()
            for offer in self.shown:
                self._list.addWidget(self._row(offer))
        self.setVisible(bool(self.shown))

    def _row(self, offer: Invitation) -> QWidget:
        age_label = Label("", "small", "faint")
        self._ages.append((age_label, offer))
        share = Switch(tr("Add this machine to the group"), on=True)
        words = column(Label(offer.group_name, "strong"), age_label, gap=2)
        line = QWidget()
        line.setLayout(
            row(
                Icon("mail", "violet", 18, square=36),
                (words, 1),
                share,
                Label(tr("Add this machine"), "small", "muted"),
                8,
                Button(tr("Decline"), on_click=lambda: self._on_decline(offer)),
                Button(
                    tr("Accept"), "primary",
                    on_click=lambda: self._on_accept(offer, share.isChecked()),
                ),
                gap=8,
            )
        )  # fmt: skip
        line.setAccessibleName(tr("Invitation to {group}", group=offer.group_name))
        return line

    def tick(self) -> None:
        """Show how long each is still open."""
        now = time.time()
        for label, offer in self._ages:
            label.setText(
                tr("{name} invites you as {role} · ends in {span}", name=offer.invited_by,
                   role=tr(ROLES[offer.role]).lower(), span=age(now, offer.expires_at))
            )  # fmt: skip
