"""The dialog that uploads package files and makes an application of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from agent_core.protocol.records import Application, Group
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import tr
from app.widgets.bars import ProgressBar
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.forms import ChoiceField, Form, TextField, required
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import clear, column, row
from app.widgets.package_sending import Sending
from app.widgets.recall import Recall
from app.widgets.words import size
from app.wire_words import said


class UploadDialog(Dialog):
    """Take one Flower package, or a client and a server package; a broken upload is resumed."""

    made = Signal(object)

    def __init__(
        self, parent: QWidget, context: AppContext, groups: list[Group], paths: list[Path]
    ) -> None:
        super().__init__(
            parent,
            tr("Upload packages"),
            tr("One Flower package, or a client and a server package that belong together."),
            icon="upload",
            tok="accent_text",
            width=540,
        )
        self._context = context
        self._sending = Sending(context)
        self.paths: list[Path] = []
        self._files = column(gap=6)
        choose = Button(tr("Choose files…"), icon="folder-open", on_click=self._choose)
        self.group = ChoiceField(tr("Group"), [(group.id, group.name) for group in groups])
        self.name = TextField(tr("Name"), check=required(tr("Give the application a name.")))
        self.note = TextField(tr("Note"), placeholder=tr("optional"))
        self.form = Form(self.name, self.note)
        self._step = Label("", "small", "muted")
        self.bar = ProgressBar()
        self.bar.hide()
        self._problem = Label("", "small", "danger", wrap=True)
        self._problem.hide()
        files = column(row(Label(tr("Package files"), "small", "muted"), None, choose), self._files)
        self.body.addLayout(
            column(files, self.name, self.group, self.note, self._step, self.bar, self._problem,
                   gap=12)
        )  # fmt: skip
        self._cancel = self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.send = self.add_button(
            Button(tr("Upload"), "primary", icon="upload", on_click=self._send)
        )
        context.events.progress.connect(self._on_progress)
        self.show_files(paths)
        if not groups:
            self._say(tr("You are in no group yet. Join or make one first."))
            self.send.setEnabled(False)

    def show_files(self, paths: list[Path]) -> None:
        """Offer these files for upload."""
        self.paths = paths[:2]
        clear(self._files)
        for path in self.paths:
            length = size(path.stat().st_size) if path.is_file() else tr("missing")
            self._files.addLayout(
                row(
                    Icon("file-archive", "muted", 16),
                    (ElidedLabel(path.name), 1),
                    Label(length, "small", "faint"),
                    gap=8,
                )
            )
        if not self.paths:
            self._files.addWidget(Label(tr("None chosen."), "small", "faint"))
        elif not self.name.value():
            self.name.set(name_of(self.paths))

    def _choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileNames(
            self, tr("Choose package files"), str(Path.home()), tr("Packages (*.zip)")
        )
        if chosen:
            self.show_files([Path(one) for one in chosen])

    def _say(self, problem: str) -> None:
        self._problem.setText(problem)
        self._problem.setVisible(bool(problem))

    def _on_progress(self, progress: dict[str, Any]) -> None:
        if not self.bar.isVisible() or not self._sending.is_own(progress):
            return
        total = float(progress.get("total") or 0)
        self._step.setText(said(str(progress.get("text") or "")) or tr("Uploading"))
        if total > 0:
            self.bar.set(float(progress.get("done") or 0) / total)

    def _send(self) -> None:
        self._say("")
        if not self.paths:
            self._say(tr("Choose one Flower package, or a client and a server package."))
            return
        if not self.form.validate():
            return
        self.send.setEnabled(False)
        self.bar.set(0.0)
        self.bar.show()
        self._step.setText(tr("Uploading"))
        self._sending.recall = Recall()
        work = partial(
            self._sending.run, list(self.paths), self.name.value(), int(self.group.key()),
            self.note.value(),
        )  # fmt: skip
        self._context.tasks.run(work, self._on_made, self._on_failed, self)

    def reject(self) -> None:
        """Close and stop what goes up; an application that is being made is waited for."""
        if self.bar.isVisible() and not self._sending.cancel():
            self._step.setText(tr("The application is being made; that cannot be cancelled."))
            return
        super().reject()

    def _on_made(self, application: Application) -> None:
        self.accept()
        self.made.emit(application)

    def _on_failed(self, error: Exception) -> None:
        self.send.setEnabled(True)
        self.bar.hide()
        self._step.setText("")
        title, text = sentence_of(error)
        self._say(f"{title} {text}")


def name_of(paths: list[Path]) -> str:
    """Return a name for an application from its files' names."""
    stem = paths[0].stem
    for part in ("-client", "-server", "_client", "_server", "client-", "server-", "-package"):
        stem = stem.replace(part, "")
    return stem.replace("_", " ").strip() or paths[0].stem
