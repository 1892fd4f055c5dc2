"""Step 1: type, folders, entry, options, with the config beside them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QWidget

from agent_core.packages.wizard import BuildWizard, FieldNote, Fields
from app.context import Task, Tasks
from app.i18n import tr
from app.pages.build import model
from app.pages.build.entry_field import EntryField
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.code_view import CodeView
from app.widgets.forms import Field, TextField
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import column, row
from app.widgets.path_field import PathField
from app.widgets.type_choice import TypeChoice
from app.wire_words import said


class SourceStep(QWidget):
    """The form; `edited` says that the wizard's fields changed."""

    edited = Signal()

    def __init__(self, tasks: Tasks) -> None:
        super().__init__()
        self._tasks = tasks
        self.kind = TypeChoice(
            [(key, icon, tr(title), tr(text)) for key, icon, title, text in model.TYPES]
        )
        self.source = PathField(tr("Source folder"), placeholder="/home/me/federated/client")
        self.entry = EntryField()
        self.config = PathField(tr("Config folder"), placeholder="/home/me/federated/config")
        self.dest = PathField(tr("Destination folder"), placeholder="/home/me/federated/mlops")
        self.ignore = TextField(
            tr("Leave out"), placeholder=tr("*.csv, notebooks"), mono=True,
            hint=tr(".gitignore, keys, environments and caches stay out anyway."),
        )  # fmt: skip
        self.by_name: dict[str, Field] = {
            "source_folder": self.source, "entry_point": self.entry,
            "config_folder": self.config, "dest_folder": self.dest, "ignore": self.ignore,
        }  # fmt: skip
        self.command = ElidedLabel("", "small", "muted", mono=True)
        self.code = CodeView()
        self.config_name = Label(tr("Config"), "section")
        self.setLayout(row((self._form(), 2), (self._beside(), 1), gap=16))
        self.kind.chosen.connect(self._changed_type)
        for name, field in self.by_name.items():
            field.left.connect(self._leave(name))
        self._show_type("client")
        self._show_command(Fields())

    def _form(self) -> Card:
        card = Card(
            tr("Source"), actions=[Label(tr("same options as the command line"), "small", "faint")]
        )
        copy = Button(tr("Copy"), "ghost", icon="copy", sz="sm", on_click=self._copy)
        line = QFrame()
        line.setObjectName("code")
        line.setFixedHeight(44)
        prompt = Icon("terminal", "faint", 14)
        line.setLayout(row(prompt, (self.command, 1), copy, gap=10, margins=(12, 0, 8, 0)))
        kind = column(Label(tr("Type"), "small", "muted"), self.kind, gap=5)
        middle = row((self.entry, 1), (self.config, 1), gap=16)
        card.add(kind, self.source, middle, self.dest, self.ignore, None, line)
        return card

    def _beside(self) -> Card:
        card = Card()
        note = Label(tr("A run may set parameters, never the code."), "small", "faint", wrap=True)
        card.add(
            row(self.config_name, None), (self.code, 1),
            row(Icon("info", "faint", 14), (note, 1), gap=8),
        )  # fmt: skip
        return card

    # --- fields ---
    def fields(self) -> Fields:
        """Return what stands in the form."""
        return Fields(
            type=self.kind.current(),
            source_folder=self.source.value(),
            entry_point=self.entry.value() if self.kind.current() != "flower" else "",
            config_folder=self.config.value() if self.kind.current() != "flower" else "",
            dest_folder=self.dest.value(),
            ignore=self.ignore.value(),
        )

    def show_fields(self, fields: Fields) -> None:
        """Fill in the form."""
        self.kind.select(fields.type)
        self._show_type(fields.type)
        self.source.set(fields.source_folder)
        self.entry.set(fields.entry_point)
        self.config.set(fields.config_folder)
        self.dest.set(fields.dest_folder)
        self.ignore.set(fields.ignore)
        self._refresh()

    def show_note(self, note: FieldNote) -> None:
        """Show what was found about a field."""
        field = self.by_name.get(note.field)
        if field is not None:
            field.note(note.level, said(note.text))

    def focus(self, name: str) -> None:
        """Go to a field."""
        if name in self.by_name:
            self.by_name[name].control.setFocus()

    def _leave(self, name: str) -> Callable[[], None]:
        return lambda: self._check(name)

    def _check(self, name: str) -> None:
        fields = self.fields()
        self.edited.emit()
        self._refresh()
        if not getattr(fields, name):
            self.by_name[name].note("", "")
            return

        def take(note: FieldNote) -> None:
            if getattr(self.fields(), name) == getattr(fields, name):
                self.show_note(note)

        self._tasks.run(lambda: model.note(fields, name), take, parent=self)
        if name == "source_folder":
            self._tasks.run(lambda: _learn(fields), self._propose, parent=self)

    def complete(self, then: Callable[[], object]) -> Task:
        """Fill in what the folder tells, then go on; Preview may be pressed before it was read."""
        fields = self.fields()

        def take(learned: tuple[str, list[str], dict[str, str]]) -> None:
            self._propose(learned)
            then()

        return self._tasks.run(lambda: _learn(fields), take, lambda _: then(), self)

    def _propose(self, learned: tuple[str, list[str], dict[str, str]]) -> None:
        kind, choices, found = learned
        if kind and kind != self.kind.current() and not self.entry.value():
            self.kind.select(kind)
            self._changed_type(kind)
        self.entry.offer(choices)
        setters: dict[str, Any] = {
            "entry_point": self.entry, "config_folder": self.config, "dest_folder": self.dest,
        }  # fmt: skip
        for name, value in found.items():
            if not setters[name].value():
                setters[name].set(value)
                self._check(name)

    def _changed_type(self, kind: str) -> None:
        self._show_type(kind)
        self.edited.emit()
        for name in ("source_folder", "entry_point", "dest_folder"):
            if getattr(self.fields(), name):
                self._check(name)
        self._refresh()

    def _show_type(self, kind: str) -> None:
        self.entry.setVisible(kind != "flower")
        self.config.setVisible(kind != "flower")

    def _refresh(self) -> None:
        fields = self.fields()
        self._show_command(fields)

        def take(shown: model.Shown) -> None:
            if fields == self.fields():  # an earlier look may end after a later one
                self._show_config(shown)

        self._tasks.run(lambda: model.config_shown(fields), take, parent=self)

    def _show_config(self, shown: model.Shown) -> None:
        self.config_name.setText(shown.name)
        if self.code.toPlainText() != shown.text.removesuffix("\n"):
            self.code.show_file(shown.name, shown.text)

    def _show_command(self, fields: Fields) -> None:
        self.command.setText(BuildWizard(fields).command_line())

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.command.plain())


def _learn(fields: Fields) -> tuple[str, list[str], dict[str, str]]:
    kind = model.type_of(fields.source_folder)
    wizard = BuildWizard(fields)
    if kind and not fields.entry_point:
        wizard.set("type", kind)
    return kind, wizard.entry_choices(), model.proposals(wizard.fields)
