"""Starting the agent behind the window, and what to do where its secrets have no keyring."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from agent_core import settings
from agent_core.errors import SiloDeskError
from agent_core.paths import Home
from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.labels import Label

KEYRING_MARK = "code: keyring"  # how the agent's last words name the cause


def start_agent(home: Home) -> None:
    """Start the agent of a home where none answers; raises SiloDeskError."""
    from agent_core.client import start_agent_if_needed

    start_agent_if_needed(home)


def lacks_keyring(error: Exception) -> bool:
    """Return whether the agent could not start because no keyring works here."""
    return isinstance(error, SiloDeskError) and (
        error.code.startswith("keyring") or KEYRING_MARK in error.sentence
    )


def use_file(home: Home) -> None:
    """Keep this home's secrets in a file that only this person can read."""
    now = settings.load(home.settings)
    settings.save(home.settings, now.model_copy(update={"credentials": str(home.credentials)}))


class KeyringDialog(Dialog):
    """Ask whether secrets may lie in a file; nothing is written before the answer."""

    def __init__(self, parent: QWidget, home: Home, on_answer: Callable[[], object]) -> None:
        super().__init__(
            parent,
            tr("Keep this silo's secrets in a file?"),
            tr("This computer has no keyring that keeps them encrypted, or it is locked."),
            icon="key-round",
            tok="warn",
            width=520,
        )
        self._home = home
        self._on_answer = on_answer
        text = tr(
            "The agent needs a place for this machine's key and the sign-in. The file would be "
            "{file}, readable by your account only. Whoever can read your files can then act as "
            "this silo; a keyring is safer.",
            file=home.credentials,
        )
        self.body.addWidget(Label(text, "body", "muted", wrap=True))
        self.add_button(Button(tr("Try the keyring again"), on_click=self._again))
        self.file = self.add_button(Button(tr("Use a file"), "primary", on_click=self._file))

    def _again(self) -> None:
        self.accept()
        self._on_answer()

    def _file(self) -> None:
        use_file(self._home)
        self._again()
