"""Upload a package, with its other half, as an application."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from agent_core.packages.builder import BuildResult
from agent_core.protocol.records import Application
from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import tr
from app.pages.build import model
from app.widgets.bars import ProgressBar
from app.widgets.buttons import Button
from app.widgets.dialogs import Dialog
from app.widgets.forms import ChoiceField, Form, TextField, required
from app.widgets.labels import Label
from app.widgets.live_page import every
from app.widgets.package_sending import Sending
from app.widgets.path_field import PathField
from app.widgets.recall import Recall
from app.widgets.words import role, size
from app.wire_words import said


class UploadDialog(Dialog):
    """Name, group, the other half, a note."""

    uploaded = Signal(object)  # the Application

    def __init__(self, parent: QWidget, context: AppContext, result: BuildResult) -> None:
        super().__init__(
            parent,
            tr("Upload as an application"),
            tr("Members of the group can start runs with it. Each silo still decides for itself."),
            icon="upload",
        )
        self.context = context
        self.built = result
        self._sending = Sending(context)
        other = {"client": "server", "server": "client"}.get(result.manifest.type, "")
        self.name = TextField(tr("Name"), text=_name(result),
                              check=required(tr("Give the application a name.")))  # fmt: skip
        self.group = ChoiceField(
            tr("Group"),
            check=required(tr("You are in no group yet. Join one by a link, or make one first.")),
        )
        self.partner = PathField(
            tr("{other} package", other=role(other)),
            check=required(
                tr(
                    "A {type} needs its {other} package beside it.",
                    type=role(result.manifest.type),
                    other=role(other),
                )
            ),
            pattern=tr("Packages (*.zip)"),
        )
        self.partner.set(model.partner_path(result))
        self.partner.setVisible(bool(other))
        self.note = TextField(tr("Note"), placeholder=tr("What changed, for your partners"))
        self.form = Form(self.name, self.group, self.partner, self.note)
        self.problem = Label("", "small", "danger", wrap=True)
        self.problem.hide()
        self.progress = Label("", "small", "faint")
        self.bar = ProgressBar()
        self.bar.hide()
        for widget in (*self.form.fields, self.problem, self.progress, self.bar):
            self.body.addWidget(widget)
        self.cost.setText(tr("Sends {size} to the hub.", size=size(result.size)))
        self.cancel = self.add_button(Button(tr("Cancel"), "ghost", on_click=self.reject))
        self.send = self.add_button(Button(tr("Upload"), "primary", on_click=self._send))
        self.first_focus = self.name.control
        context.tasks.run(partial(every, context, "groups.list"), self._take_groups,
                          self._failed, self)  # fmt: skip
        context.events.progress.connect(self._take_progress)

    def _take_groups(self, groups: list[dict[str, Any]]) -> None:
        self.group.set_choices([(group["id"], group["name"]) for group in groups])

    def _take_progress(self, event: dict[str, Any]) -> None:
        if event.get("total") and not self.send.isEnabled() and self._sending.is_own(event):
            self.bar.show()
            self.bar.set(float(event["done"]) / float(event["total"]))
            self.progress.setText(said(str(event.get("text") or "")))

    def _send(self) -> None:
        if not self.form.validate():
            return
        self.problem.hide()
        self.send.setEnabled(False)
        self.progress.setText(tr("Uploading …"))
        paths = [Path(self.built.package_path)]
        if not self.partner.isHidden():
            paths.append(Path(self.partner.value()).expanduser())
        if self.built.manifest.type == "server":
            paths.reverse()  # the hub's order: client first
        self._sending.recall = Recall()
        work = partial(
            self._sending.run, paths, self.name.value(), int(self.group.key()), self.note.value()
        )
        self.context.tasks.run(work, self._sent, self._failed, self)

    def reject(self) -> None:
        """Close and stop what goes up; an application that is being made is waited for."""
        if not self.send.isEnabled() and not self._sending.cancel():
            self.progress.setText(tr("The application is being made; that cannot be cancelled."))
            return
        super().reject()

    def _sent(self, application: Application) -> None:
        self.accept()
        self.uploaded.emit(application)

    def _failed(self, error: Exception) -> None:
        self.send.setEnabled(True)
        self.bar.hide()
        self.progress.setText("")
        self.problem.setText(" ".join(sentence_of(error)))
        self.problem.show()


def _name(result: BuildResult) -> str:
    """Return a name to begin with: the manifest's, or the folder's for a half without one."""
    name = result.manifest.name
    if name.endswith("-package"):
        return result.package_path.parent.parent.parent.name or name
    return name
