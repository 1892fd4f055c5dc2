"""The build wizard: source, preview, result; Back keeps what was typed."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QCheckBox, QWidget

from agent_core.errors import SiloDeskError
from agent_core.packages.builder import BuildResult
from agent_core.packages.preview import Preview
from agent_core.packages.preview_runtime import runtime_checks, unanswered
from agent_core.packages.wizard import BuildWizard, FieldNote
from agent_core.protocol.records import Application
from app.bridge.tasks import sentence_of
from app.context import AppContext, Task
from app.i18n import mark, tr
from app.pages.build import model
from app.pages.build.pace import CANCELLED, Pace
from app.pages.build.preview_step import PreviewStep
from app.pages.build.result_step import ResultStep
from app.pages.build.source_step import SourceStep
from app.pages.build.upload_dialog import UploadDialog
from app.widgets.buttons import Button
from app.widgets.labels import Label
from app.widgets.layouts import column, row, rule, scrolled
from app.widgets.page import Page
from app.widgets.page_stack import PageStack
from app.widgets.stepper import Stepper
from app.widgets.theme import theme

STEPS = (
    (mark("Source"), mark("Type, folder, entry, config")),
    (mark("Preview"), mark("Content and checks")),
    (mark("Result"), mark("Package and fingerprint")),
)


class BuildPage(Page):
    """From a folder to a signed package."""

    title = mark("Build package")
    subtitle = mark("turns a folder into a signed package that other sites can check")

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.wizard = BuildWizard()
        self.stepper = Stepper([(tr(title), tr(text)) for title, text in STEPS])
        self.source = SourceStep(context.tasks)
        self.stack = PageStack(_held(self.source))
        self.stack.add_later(lambda: _held(self.preview))
        self.stack.add_later(lambda: _held(self.result))
        self.back = Button(tr("Back"), on_click=self._back)
        self.sign = QCheckBox(tr("Sign it with my key"))
        self.sign.setFont(theme().font(400, 13))
        self.sign.setChecked(True)
        self.sign.setToolTip(tr("Others see that it comes from you and that nobody changed it"))
        self.progress = Label("", "small", "faint")
        self.next = Button(tr("Preview package"), "primary", on_click=self._next)
        self.cancel = Button(tr("Cancel"), "ghost", on_click=self._cancel)
        self._pace: Pace | None = None
        self._task: Task | None = None
        self._looks = 0
        foot = row(self.back, None, self.progress, self.cancel, self.sign, self.next, gap=14)
        self.setLayout(
            column(self.stepper, 4, (self.stack, 1), rule(), foot, gap=12, margins=(24, 20, 24, 16))
        )
        self._show(0)

    @cached_property
    def preview(self) -> PreviewStep:
        """Return the second step, made when it is first reached."""
        return PreviewStep()

    @cached_property
    def result(self) -> ResultStep:
        """Return the third step, made when it is first reached."""
        step = ResultStep()
        step.upload_wanted.connect(self._upload)
        step.folder_wanted.connect(self._show_folder)
        step.other_wanted.connect(self._build_other)
        return step

    def open(self, **arguments: Any) -> None:
        """Show the wizard where it stands; `source` names a folder to begin with."""
        source = str(arguments.get("source") or "")
        if source:
            self._restart()
            self.source.source.set(source)
            self.source.source.left.emit()

    def step(self) -> int:
        """Return the number of the step that is shown."""
        return self.stack.currentIndex()

    def _show(self, number: int) -> None:
        self.stack.setCurrentIndex(number)
        self.stepper.set(number)
        self.back.setText((tr("Start over"), tr("Back"), tr("Build another"))[number])
        self.sign.setVisible(number == 1)
        self.next.setText((tr("Preview package"), tr("Build package"), tr("Done"))[number])
        self.next.set_icon(("", "package", "")[number])
        self._set_busy("")

    def _set_busy(self, text: str) -> None:
        self.progress.setText(text)
        self.next.setEnabled(not text)
        self.back.setEnabled(not text)
        self.cancel.setVisible(bool(text))

    def _cancel(self) -> None:
        if self._pace is not None:
            self._pace.cancel()
            self.progress.setText(tr("Cancelling …"))
        elif self._task is not None:
            self._task.cancel()
            self._task = None
            self._set_busy("")

    def _next(self) -> None:
        if self.step() == 0:
            self._look()
        elif self.step() == 1:
            self._build()
        else:
            self.context.navigate("home")

    def _back(self) -> None:
        if self.step() == 1:
            self._show(0)
        else:
            self._restart()

    def _restart(self) -> None:
        if self.step() == 0:
            self.source.show_fields(BuildWizard().fields)
            for field in self.source.by_name.values():
                field.note("", "")
        self._show(0)

    # --- preview ---
    def _look(self) -> None:
        self._set_busy(tr("Reading the folder …"))
        self._task = self.source.complete(self._look_at_fields)

    def _look_at_fields(self) -> None:
        self.wizard = BuildWizard(self.source.fields())
        wizard = self.wizard

        def look() -> Preview | list[FieldNote]:
            errors = wizard.check_all()
            return errors or wizard.preview()

        self._task = self.context.tasks.run(look, self._looked, self._failed, self)

    def _looked(self, found: Preview | list[FieldNote]) -> None:
        self._task = None
        self._set_busy("")
        if isinstance(found, list):
            said: set[str] = set()
            for note in found:
                if note.text not in said:  # a folder that is missing is missing for its files too
                    self.source.show_note(note)
                said.add(note.text)
            self.source.focus(found[0].field)
            return
        self.preview.show_preview(found)
        self._show(1)
        self._ask_runtime(found)
        self.next.setEnabled(found.is_buildable)
        (self.next if found.is_buildable else self.back).setFocus()

    def _ask_runtime(self, preview: Preview) -> None:
        """Ask whether the job runtime can meet it; the sources' own checks do not wait for that."""
        self._looks += 1
        number = self._looks

        def answered(answer: dict[str, Any]) -> None:
            if number == self._looks:
                self.preview.show_runtime(runtime_checks(answer, preview.requirements))

        def failed(error: Exception) -> None:
            if number == self._looks:
                self.preview.show_runtime(unanswered(" ".join(sentence_of(error))))

        self.context.tasks.call(
            "packages.resolve", answered, failed, self,
            requirements=preview.requirements, modules=preview.modules,
        )  # fmt: skip

    # --- build ---
    def _build(self) -> None:
        self._set_busy(tr("Building …"))
        wizard, home, sign = self.wizard, self.context.home, self.sign.isChecked()
        pace = self._pace = Pace(self.progress, tr("Building …"), self)
        self.context.tasks.run(
            lambda: model.build(wizard, home, sign, pace.heard), self._built, self._failed, self
        )

    def _built(self, result: BuildResult) -> None:
        self._pace = None
        self.result.show_result(result, self.wizard.log)
        self._show(2)
        self.result.upload.button.setFocus()

    def _failed(self, error: Exception) -> None:
        self._pace = self._task = None
        self._set_busy("")
        if getattr(error, "code", "") == CANCELLED:
            return
        title, text = sentence_of(error)
        if isinstance(error, SiloDeskError) and error.code.startswith("keyring"):
            text += tr(" Without the tick at “Sign it with my key” it is built unsigned.")
        self.context.notify(title, text, kind="danger")

    # --- next ---
    def _upload(self) -> None:
        if self.result.result is None:
            return
        dialog = UploadDialog(self, self.context, self.result.result)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.uploaded.connect(self._uploaded)
        dialog.open()

    def _uploaded(self, application: Application) -> None:
        self.context.notify(
            tr("{name} is at the hub", name=application.name),
            tr("Create a run with it in a project of the group."),
            kind="ok",
            action=tr("Open projects"),
            on_action=lambda: self.context.navigate("projects"),
        )

    def _show_folder(self) -> None:
        if self.result.result is not None:
            folder = Path(self.result.result.package_path).parent
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _build_other(self, kind: str) -> None:
        self._show(0)
        fields = self.source.fields()
        self.source.kind.select(kind)
        self.source.entry.set("")
        self.source.kind.chosen.emit(kind)
        self.source.source.set(_sibling(fields.source_folder, fields.type, kind))
        self.source.source.left.emit()
        self.source.source.control.setFocus()


def _sibling(folder: str, kind: str, other: str) -> str:
    """Return the folder of the other half where the two lie side by side, else the same one."""
    path = Path(folder)
    beside = path.with_name(path.name.replace(kind, other)) if folder else path
    return str(beside) if folder and beside.is_dir() else folder


def _held(step: QWidget) -> QWidget:
    """Return a step in an area that scrolls."""
    holder = QWidget()
    holder.setLayout(column((step, 1), margins=(0, 0, 0, 0)))
    return scrolled(holder)
