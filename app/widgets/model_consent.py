"""The question whether a package's code may run here for a model, with what there is to judge."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from app.i18n import tr, trn
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.key_value import KeyValue
from app.widgets.labels import Icon, Label
from app.widgets.layouts import row
from app.widgets.theme import theme
from app.wire_words import said


class ConsentDialog(Dialog):
    """Ask for a yes to exactly this content; it is recorded."""

    def __init__(
        self, parent: QWidget, facts: dict[str, Any], on_yes: Callable[[str], object]
    ) -> None:
        super().__init__(
            parent,
            tr("Let this package's code run here?"),
            tr(
                "The model is made by the package's own code, and no standing approval covers it. "
                "Your yes holds for this content and this time only, and is recorded."
            ),
            icon="shield-alert",
            tok="warn",
            width=560,
        )
        self._digest = str(facts.get("content_digest") or "")
        self._on_yes = on_yes
        signed = tr("signed by {key}", key=facts.get("builder_key") or "–")
        shown = KeyValue(
            [
                (tr("Package"), str(facts.get("package") or "")),
                (tr("Fingerprint"), str(facts.get("fingerprint") or "")),
                (tr("Content"), self._digest),
                (tr("Builder"), signed if facts.get("signed") else tr("not signed")),
            ],
            key_width=96,
            mono=(tr("Content"),),
        )
        files = [str(path) for path in facts.get("files") or []]
        listed = QPlainTextEdit("\n".join(files))
        listed.setReadOnly(True)
        listed.setFont(theme().font(400, 12, True))
        listed.setFixedHeight(150)
        listed.setAccessibleName(tr("Files of the package"))
        count = Label(trn("{count} file", "{count} files", len(files)), "small", "faint")
        contained = Label(said(str(facts.get("sandbox") or "")), "small", "muted", wrap=True)
        self.body.addWidget(shown)
        self.body.addWidget(count)
        self.body.addWidget(listed)
        self.body.addLayout(row(Icon("shield-check", "muted", 14), (contained, 1), gap=8))
        stay = self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.yes = self.add_button(
            Button(tr("Run it here, without network"), "primary", on_click=self._yes)
        )
        self.first_focus = stay
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

    def _yes(self) -> None:
        self.accept()
        self._on_yes(self._digest)
