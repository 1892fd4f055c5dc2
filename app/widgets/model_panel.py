"""The chosen model beside a list: try and serve it, or read where it comes from."""

from __future__ import annotations

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStackedWidget, QWidget

from agent_core.protocol.records_models import ModelDetail
from app.context import AppContext, Task
from app.i18n import tr
from app.widgets.bars import Skeleton
from app.widgets.buttons import Button
from app.widgets.cards import Card
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Label
from app.widgets.layouts import column, row, scrolled
from app.widgets.model_actions import ModelActions
from app.widgets.model_facts import ModelFacts
from app.widgets.prediction_view import PredictionView
from app.widgets.switches import Segmented
from app.wire_words import said, sentence_of

WIDTH = 380
TELL_EVERY_MS = 1_000


class ModelPanel(Card):
    """One model's panel; `show_model` may be called at every selection."""

    def __init__(self, context: AppContext) -> None:
        super().__init__(tr("Model"))
        self.setFixedWidth(WIDTH)
        self._context = context
        self._shown: tuple[int, int, str] | None = None
        self._reading: Task | None = None
        self.detail: ModelDetail | None = None
        self.doing = Label("", "small", "info", wrap=True)
        self.doing.hide()
        self.handling = ModelActions(context, self, self._tell_doing)
        self._clock = QTimer(self, interval=TELL_EVERY_MS)
        self._clock.timeout.connect(self.handling.tell_progress)
        self.views = Segmented(
            [("try", tr("Try and serve")), ("facts", tr("Where it comes from"))], "try"
        )
        self.views.chosen.connect(lambda _: self._place())
        self.prediction = PredictionView(context)
        self.facts = ModelFacts()
        self.undeclared = EmptyState("flask-conical", tr("This model cannot be tried"))
        self.undeclared.text.setFixedWidth(300)
        self.error = EmptyState(
            "circle-alert", "", action=tr("Try again"), on_action=self._read, tok="danger"
        )
        self.error.text.setFixedWidth(300)
        waiting = QWidget()
        waiting.setLayout(column(Skeleton(5), None))
        self._waiting = waiting
        self._stack = QStackedWidget()
        self._trying = scrolled(self.prediction)
        for one in (waiting, self._trying, self.facts, self.undeclared, self.error):
            self._stack.addWidget(one)
        self.save = Button(tr("Save…"), icon="download", sz="sm", on_click=self._save)
        self.export = Button(tr("Export…"), icon="box", sz="sm", on_click=self._export)
        self.copy = Button(tr("Copy hash"), icon="copy", sz="sm", on_click=self._copy)
        self.add(self.views, (self._stack, 1), row(self.save, self.export, self.copy, None),
                 self.doing)  # fmt: skip

    def show_model(self, run_id: int, number: int, sha256: str, note: str = "") -> None:
        """Show a model; the same one again changes nothing."""
        self.note.setText(note)
        if self._shown == (run_id, number, sha256):
            return
        self._shown = (run_id, number, sha256)
        self.title.setText(tr("Model of round {n}", n=number))
        self._read()

    def _read(self) -> None:
        if self._shown is None:
            return
        if self._reading is not None:
            self._reading.cancel()
        self.detail = None
        self._stack.setCurrentWidget(self._waiting)
        run_id, number, _ = self._shown
        self._reading = self._context.tasks.call(
            "models.show", self._on_detail, self._on_failed, self, run_id=run_id, round=number
        )

    def _on_detail(self, answer: object) -> None:
        self.detail = ModelDetail.model_validate(answer)
        self.facts.show_detail(self.detail)
        why = self.detail.exports.get("torchscript", "")
        self.export.setEnabled(not why)
        onnx = said(self.detail.exports.get("onnx", ""))
        self.export.setToolTip(said(why) or tr("TorchScript. {why}", why=onnx))
        if self.detail.declaration is not None:
            model = self.detail.model
            self.prediction.show_model(model.run_id, model.round, self.detail.declaration)
        else:
            self.undeclared.set(
                "flask-conical", tr("This model cannot be tried"), said(why), "muted"
            )
        self._place()

    def _on_failed(self, error: Exception) -> None:
        title, text = sentence_of(error)
        self.error.set("circle-alert", title, text, "danger")
        self._stack.setCurrentWidget(self.error)

    def _place(self) -> None:
        if self.detail is None:
            return
        chosen: QWidget = self.facts
        if self.views.current() == "try":
            chosen = self._trying if self.detail.declaration is not None else self.undeclared
        self._stack.setCurrentWidget(chosen)

    def _save(self) -> None:
        if self._shown is not None:
            self.handling.save(*self._shown[:2])

    def _export(self) -> None:
        if self._shown is not None:
            self.handling.export(*self._shown[:2])

    def _tell_doing(self, words: str) -> None:
        self.doing.setText(words)
        self.doing.setVisible(bool(words))
        if words and not self._clock.isActive():
            self._clock.start()
        elif not words:
            self._clock.stop()

    def _copy(self) -> None:
        if self._shown is not None:
            QGuiApplication.clipboard().setText(self._shown[2])
