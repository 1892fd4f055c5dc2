"""What lies at the hub by kind, and cleaning up what nobody needs."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.i18n import tr, trn
from app.pages.hub.model import LEFTOVERS, STORAGE
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.dialogs import Dialog
from app.widgets.key_value import KeyValue
from app.widgets.labels import Label
from app.widgets.words import size


class StorageCard(Card):
    """Sizes by kind."""

    clean_wanted = Signal()

    def __init__(self) -> None:
        self.clean = Button(tr("Clean up..."), sz="sm", on_click=lambda: self.clean_wanted.emit())
        super().__init__(tr("Storage"), icon="hard-drive", actions=[self.clean])
        self.kinds = KeyValue(key_width=150)
        self.add(self.kinds, None)

    def show_overview(self, overview: dict[str, Any]) -> None:
        """Show the kinds."""
        for kind in overview["storage"]:
            count = trn("1 item", "{count} items", int(kind["count"]))
            self.kinds.set(tr(STORAGE.get(kind["key"], kind["key"])),
                           f"{size(kind['size'])}, {count}")  # fmt: skip


class CleanUpDialog(Dialog):
    """Say first what would go; `accepted` means that it shall."""

    def __init__(self, parent: QWidget, found: list[dict[str, Any]]) -> None:
        total = sum(int(one["size"]) for one in found)
        count = sum(int(one["count"]) for one in found)
        super().__init__(
            parent, tr("Clean up the hub?"),
            tr("Nothing that a run, an application or a person still needs is touched."),
            icon="trash-2", tok="warn", width=520,
        )  # fmt: skip
        lines = QVBoxLayout()
        lines.setSpacing(8)
        for one in found:
            items = trn("1 item", "{count} items", int(one["count"]))
            text = f"{tr(LEFTOVERS.get(one['key'], one['key']))}: {items}, {size(one['size'])}"
            lines.addWidget(Label(text, "body", wrap=True))
        self.body.addLayout(lines)
        self.cost.setText(tr("{size} would be freed", size=size(total)))
        stay = self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.go = self.add_button(Button(tr("Delete them"), "danger", on_click=self.accept))
        self.go.setEnabled(count > 0)
        self.first_focus = stay
