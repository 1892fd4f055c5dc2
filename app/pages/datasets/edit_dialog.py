"""The dialog that registers a dataset, or changes what is said about one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QFileDialog, QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import tr
from app.pages.datasets.model import KINDS
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.forms import ChoiceField, Form, TextField, required
from app.widgets.labels import Label
from app.widgets.layouts import column, row
from app.widgets.path_field import PathField
from app.widgets.theme import theme


class DatasetDialog(Dialog):
    """Place, name, kind, note, groups, and what the groups are told."""

    saved = Signal(dict)

    def __init__(
        self, parent: QWidget, context: AppContext, groups: Mapping[int, str],
        dataset: dict[str, Any] | None = None,
    ) -> None:  # fmt: skip
        one = dataset or {}
        super().__init__(
            parent,
            tr("Change {name}", name=one["name"]) if dataset else tr("Add a dataset"),
            tr("Its files stay where they are and are only read. Nothing of them leaves this "
               "machine."),
            icon="database",
            width=560,
        )  # fmt: skip
        self.context = context
        self._dataset = dataset
        self.place = PathField(
            tr("Folder or file"), placeholder="/data/patients",
            check=required(tr("Name a folder or a file on this machine.")),
        )  # fmt: skip
        self.file = Button(tr("File..."), sz="sm", icon="file", on_click=self._choose_file)
        self.name = TextField(tr("Name"), text=str(one.get("name") or ""),
                              placeholder=tr("as the folder is called"))  # fmt: skip
        kinds = [("", tr("by its files")), *((key, tr(text)) for key, text in KINDS.items())]
        self.kind = ChoiceField(tr("Kind"), kinds)
        self.note = TextField(tr("Note"), text=str(one.get("note") or ""),
                              placeholder=tr("for this machine's operators"))  # fmt: skip
        self._add_parts(groups, one)
        self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        text = tr("Save") if dataset else tr("Add and read it")
        self.save = self.add_button(Button(text, "primary", on_click=self._save))
        self.form = Form(self.place, self.name, self.kind, self.note)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.first_focus = self.name.control if dataset else self.place.control

    def _add_parts(self, groups: Mapping[int, str], one: dict[str, Any]) -> None:
        if self._dataset:
            for field in (self.place, self.kind, self.file):
                field.hide()
        self.body.addWidget(self.place)
        self.body.addLayout(row(self.file, None))
        self.body.addLayout(row((self.name, 3), (self.kind, 2), gap=12))
        self.body.addWidget(self.note)
        allowed = one.get("groups")
        self.every = QCheckBox(tr("Every group of this machine may use it"))
        self.every.setChecked(allowed is None)
        self.groups: dict[int, QCheckBox] = {}
        for number, name in groups.items():
            check = QCheckBox(name)
            check.setChecked(allowed is None or number in allowed)
            check.setEnabled(allowed is not None)
            self.groups[number] = check
        self.shown = QCheckBox(tr("Show its groups name, version, rows and number of columns"))
        self.shown.setChecked(bool(one.get("shown")))
        for check in (self.every, self.shown, *self.groups.values()):
            check.setFont(theme().font(400, 13))
            check.setMinimumHeight(22)
        self.every.toggled.connect(self._free_groups)
        inner = column(*self.groups.values(), gap=6, margins=(22, 0, 0, 0))
        self.body.addLayout(
            column(Label(tr("Who may use it"), "small", "muted"), self.every, inner, gap=6)
        )
        self.body.addLayout(
            column(Label(tr("What leaves this machine about it"), "small", "muted"), self.shown,
                   gap=6)
        )  # fmt: skip

    def _free_groups(self, every: bool) -> None:
        for check in self.groups.values():
            check.setEnabled(not every)

    def _choose_file(self) -> None:
        start = self.place.value() or str(Path.home())
        path, _ = QFileDialog.getOpenFileName(self, tr("Folder or file"), start)
        if path:
            self.place.set(path)

    def _save(self) -> None:
        if not self._dataset and not self.form.validate():
            return
        self.save.setEnabled(False)
        self._words = self.save.text()
        if not self._dataset:  # a folder of a million files is looked through for minutes
            self.save.setText(tr("Looks through its files…"))
        given = None if self.every.isChecked() else [
            number for number, check in self.groups.items() if check.isChecked()
        ]  # fmt: skip
        change = {
            "note": self.note.value(), "shown": self.shown.isChecked(), "groups": given,
            "every_group": self.every.isChecked(),
        }  # fmt: skip
        place, name, kind = self.place.value(), self.name.value(), self.kind.value()
        number = self._dataset["id"] if self._dataset else None
        client = self.context.client

        def work() -> Any:
            made = number
            if made is None:
                made = client.call("datasets.add", path=place, name=name, kind=kind)["id"]
                return client.call("datasets.update", id=made, **change)
            return client.call("datasets.update", id=made, name=name or None, **change)

        self.context.tasks.run(work, self._done, self._failed, self)

    def _done(self, dataset: dict[str, Any]) -> None:
        self.saved.emit(dataset)
        self.accept()

    def _failed(self, error: Exception) -> None:
        self.save.setEnabled(True)
        self.save.setText(self._words)
        sentence, rest = sentence_of(error)
        field = getattr(error, "details", {}).get("field")
        where = self.name if field == "name" or self._dataset else self.place
        where.say(f"{sentence} {rest}")
