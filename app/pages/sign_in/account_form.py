"""The second step: account and silo, on one card."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QSizePolicy, QWidget

from app.i18n import tr
from app.pages.sign_in.model import Entry, check_email, check_new_password, machine_name
from app.widgets.buttons import Button
from app.widgets.forms import Form, TextField, required
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row, rule


class AccountForm(QWidget):
    """Who you are at the hub, and how this machine is called there."""

    submitted = Signal(object)  # Entry
    backed = Signal()
    declined = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.icon = Icon("mail", "info", 22, square=44)
        self.title = Label("", "title")
        self.text = Label("", "body", "muted", wrap=True)
        self.name = TextField(
            tr("Your name"),
            placeholder=tr("Dr. Marta Vogel"),
            check=required(tr("Type your name, as your partners know it.")),
        )
        self.email = TextField(tr("E-mail"), placeholder=tr("you@example.org"), check=check_email)
        self.password = TextField(tr("Password"), secret=True)
        self.silo = TextField(
            tr("Name of this silo"), placeholder=tr("Klinikum Lindenau"),
            hint=tr("Your hospital, lab or department; others see it."),
            check=required(tr("Name the site whose data this machine serves.")),
        )  # fmt: skip
        self.device = TextField(tr("Name of this machine"), text=machine_name(),
                                check=required(tr("Give this machine a name.")))  # fmt: skip
        self.form = Form(self.name, self.email, self.password, self.silo, self.device)
        self.problem = Label("", "small", "danger", wrap=True)
        self.problem.hide()
        self.progress = Label("", "small", "faint")
        self.submit = Button(tr("Continue"), "primary", on_click=self._submit)
        self.submit.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.back = Button(tr("Back"), "ghost", icon="arrow-left", on_click=self.backed.emit)
        self.decline = Button(tr("Decline"), "ghost", on_click=self.declined.emit)
        self.decline.hide()
        self.fields = {
            "name": self.name, "email": self.email, "password": self.password, "silo": self.silo,
        }  # fmt: skip
        for field in self.form.fields:
            field.control.returnPressed.connect(self._submit)  # type: ignore[attr-defined]
        self.setLayout(column(None, row(None, self._card(), None), None))

    def _card(self) -> QFrame:
        card = QFrame()
        card.setObjectName("card")
        card.setFixedWidth(560)
        self._account_rule = rule()
        head = row(self.icon, (column(self.title, self.text, gap=2), 1), gap=14)
        card.setLayout(
            column(
                head, 4, self.name, row(self.email, self.password, gap=12), self._account_rule,
                row(self.silo, self.device, gap=12), self.problem, 2, self.submit,
                row(self.back, None, self.progress, self.decline), gap=12, margins=(26, 24, 26, 18),
            )
        )  # fmt: skip
        return card

    def ask(self, icon: str, tok: str, title: str, text: str, action: str, *, account: str) -> None:
        """Show what is asked: `account` is "new", "known", "reset" or "none"."""
        self.icon.set_icon(icon, tok)
        self.title.setText(title)
        self.text.setText(text)
        self.submit.setText(action)
        self.decline.hide()
        self.name.setVisible(account == "new")
        for widget in (self.email, self.password, self._account_rule):
            widget.setVisible(account != "none")
        self.email.setVisible(account in {"new", "known"})
        self.password.set_check(
            check_new_password
            if account in {"new", "reset"}
            else required(tr("Type your password."))
        )
        for field in self.form.fields:
            field.say("")
        self.say("")
        self.set_busy("")

    def focus_first(self) -> None:
        """Go to the first empty field."""
        shown = [field for field in self.form.fields if not field.isHidden()]
        empty = [field for field in shown if not field.value()]
        (empty or shown)[0].control.setFocus()

    def entry(self) -> Entry:
        """Return what was typed."""
        return Entry(
            silo=self.silo.value(),
            device_name=self.device.value(),
            email=self.email.value(),
            name=self.name.value(),
            password=self.password.value(),
        )

    def say(self, problem: str) -> None:
        """Show what went wrong, over the button."""
        self.problem.setText(problem)
        self.problem.setVisible(bool(problem))

    def set_busy(self, text: str) -> None:
        """Show what is being done; nothing can be sent meanwhile."""
        self.progress.setText(text)
        self.submit.setEnabled(not text)
        self.back.setEnabled(not text)
        self.decline.setEnabled(not text)

    def _submit(self) -> None:
        if self.submit.isEnabled() and self.form.validate():
            self.say("")
            self.submitted.emit(self.entry())
