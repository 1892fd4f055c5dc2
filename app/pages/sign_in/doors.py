"""The three doors and the demo under them."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QWidget

from app.i18n import tr
from app.pages.sign_in.door import Door
from app.pages.sign_in.model import check_hub, check_link
from app.widgets.buttons import Button
from app.widgets.forms import TextField, required
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row
from app.widgets.logo import Logo


class Doors(QWidget):
    """The first page's choice."""

    demo_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.join = Door(
            "mail", "info", tr("Join with an invitation"),
            tr("Someone sent you a link. This machine makes its own key and the hub never sees "
            "your data."),
            (tr("The account comes with the link"), tr("Outgoing connections only"),
             tr("Nothing runs before you allow it")),
            TextField(tr("Invitation link"), placeholder="silodesk://join?hub=…", mono=True,
                      check=check_link),
            tr("Continue"),
        )  # fmt: skip
        self.sign_in = Door(
            "log-in", "cyan", tr("Sign in to a hub"),
            tr("You already have an account on a hub that your organisation or partner runs."),
            (tr("Keeps working while the hub is down"), tr("The password stays with the hub"),
             tr("The sign-in stays on this computer")),
            TextField(tr("Hub address"), placeholder="hub.example.org", check=check_hub),
            tr("Continue"),
        )  # fmt: skip
        self.host = Door(
            "server", "ok", tr("Host a hub here"),
            tr("Start a hub on this computer for a first federation. No cloud account."),
            (tr("Broker, store and database come with it"), tr("You are its administrator"),
             tr("Reachable from this computer only, for now")),
            TextField(tr("Name of the hub"), placeholder=tr("Our federation"),
                      check=required(tr("Give the hub a name that others will recognise."))),
            tr("Set up a hub"),
        )  # fmt: skip
        self.demo = Button(tr("Try the demo"), icon="play", on_click=self.demo_wanted.emit)
        for door in (self.join, self.sign_in, self.host):
            edit = door.field.control
            edit.returnPressed.connect(door.button.click)  # type: ignore[attr-defined]
        self.join.set_first(True)
        doors = row(None, self.join, self.sign_in, self.host, None, gap=16)
        self.setLayout(
            column(
                None,
                row(None, Logo(52), None),
                6,
                row(None, Label(tr("Welcome to SiloDesk"), "display"), None),
                row(
                    None,
                    Label(tr("Train models together. Your data stays on this computer."), "body",
                          "muted"),
                    None,
                ),
                14,
                doors,
                10,
                row(None, self._demo_strip(), None),
                None,
                gap=8,
            )
        )  # fmt: skip

    def _demo_strip(self) -> QFrame:
        frame = QFrame()
        frame.setObjectName("inset")
        frame.setFixedSize(344 * 3 + 32, 58)
        words = column(
            Label(tr("Just looking?"), "strong"),
            Label(
                tr(
                    "A hub and three hospitals on this computer, with sample data. "
                    "Nothing leaves the machine."
                ),
                "small",
                "muted",
            ),
            gap=1,
        )
        parts = (None, Icon("flask-conical", "muted", 20), words, 8, self.demo, None)
        frame.setLayout(row(*parts, gap=12, margins=(16, 8, 16, 8)))
        return frame
