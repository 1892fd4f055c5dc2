"""Try a prediction: a row or a picture in, the model's answer out; starts the server if need be."""

from __future__ import annotations

from functools import partial
from typing import Any

from PySide6.QtGui import QImage
from PySide6.QtWidgets import QFileDialog, QWidget

from app.context import AppContext, Task
from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.labels import Label
from app.widgets.layouts import clear, column, row, rule
from app.widgets.prediction_inputs import ImageInput, TableInput, pixels_of, read_image
from app.widgets.prediction_result import PredictionResult, ResearchOnly
from app.widgets.serving_box import ServingBox
from app.widgets.serving_link import ServingLink
from app.wire_words import sentence_of


class PredictionView(QWidget):
    """The inputs that a model declares, the answer, and the model's server."""

    def __init__(self, context: AppContext) -> None:
        super().__init__()
        self._context = context
        self.link = ServingLink(context, self)
        self._declared: dict[str, Any] = {}
        self._waiting: dict[str, Any] | None = None  # asked for while the server starts
        self._model: tuple[int, int] = (0, 0)
        self._task: Task | None = None  # reads a picture or asks, for that model alone
        self._focus_went: QWidget | None = None  # from the button, while it rests
        self._image: QImage | None = None
        self._path = ""
        self._is_inverted = False
        self.input: TableInput | ImageInput | None = None
        self._place = column()
        self.predict = Button(tr("Predict"), "primary", icon="sparkles", on_click=self._predict)
        self.csv = Button(tr("CSV file…"), icon="table", on_click=self._choose_csv)
        self.invert = Button(tr("Invert"), icon="repeat", on_click=self._invert)
        self.invert.setToolTip(tr("Swap dark and light, for dark ink on white paper"))
        self.message = Label("", "small", "muted", wrap=True)
        self.message.hide()
        self.result = PredictionResult()
        self.box = ServingBox(self.link)
        buttons = row(self.predict, self.csv, self.invert, None)
        self.setLayout(
            column(
                (self._place, 1), buttons, self.message, self.result, ResearchOnly(), rule(),
                self.box, gap=10, margins=(0, 0, 6, 0),
            )
        )  # fmt: skip
        self.link.changed.connect(self._on_link)
        self.link.failed.connect(self._on_failed)

    @property
    def is_used(self) -> bool:
        """Return whether a prediction was asked for, or the model is served."""
        is_asked = self._task is not None or self._waiting is not None
        return is_asked or self.link.is_asking or self.link.is_live

    def show_model(self, run_id: int, number: int, declared: dict[str, Any]) -> None:
        """Offer another model; what was typed stays where it takes the same."""
        if self._task is not None:
            self._task.cancel()
        self._task = self._waiting = None
        self._model = (run_id, number)
        self._rest(False)
        self.result.hide()
        self._say("")
        if declared != self._declared:
            self._declared = declared
            self._make_input()
        self.box.set_declared(declared)
        self.link.choose(run_id, number)

    def _make_input(self) -> None:
        clear(self._place)
        given = self._declared["input"]
        is_table = given["kind"] == "table"
        if is_table:
            self.input = TableInput(given)
        else:
            self.input = ImageInput(given)
            self.input.chosen.connect(self.load_image)
            self._image, self._path, self._is_inverted = None, "", False
        self.csv.setVisible(is_table)
        self.invert.setVisible(not is_table)
        self._place.addWidget(self.input, 1)

    # --- asking ---
    def _predict(self) -> None:
        if isinstance(self.input, TableInput):
            values = self.input.values()
            if values is not None:
                self._ask({"rows": [values]})
        elif isinstance(self.input, ImageInput):
            if self._image is None:
                self.input.choose()
            else:
                self._ask({"rows": [pixels_of(self._image, self.input.shape_[0])]})

    def _choose_csv(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, tr("Choose a CSV file"), "", "CSV (*.csv *.txt)"
        )
        if path:
            self.predict_file(path)

    def predict_file(self, path: str) -> None:
        """Ask for every row of a CSV file."""
        self._ask({"path": path})

    def load_image(self, path: str) -> None:
        """Read a picture off the GUI thread, then ask for it."""
        if not isinstance(self.input, ImageInput):
            return
        self._path = path
        work = partial(read_image, path, self.input.shape_, inverted=self._is_inverted)
        self._task = self._context.tasks.run(
            work, partial(self._on_image, self._model), partial(self._on_broken, self._model), self
        )

    def _on_image(self, model: tuple[int, int], image: QImage) -> None:
        if isinstance(self.input, ImageInput) and model == self._model:
            self._image = image
            self.input.show_image(image)
            self._predict()

    def _invert(self) -> None:
        self._is_inverted = not self._is_inverted
        if self._path:
            self.load_image(self._path)

    def _ask(self, given: dict[str, Any]) -> None:
        if not self.link.is_serving:
            self._waiting = given
            self._say(tr("Starts the prediction server first."))
            if not self.link.is_live:
                self.link.start()
            return
        self._rest(True)
        name = self.link.current["id"] if self.link.current else ""
        self._task = self._context.tasks.call(
            "serving.predict", partial(self._on_answer, self._model),
            partial(self._on_broken, self._model), self, id=name, **given,
        )  # fmt: skip

    def _rest(self, is_asking: bool) -> None:
        """Let the button rest while it is answered; the keyboard comes back to it."""
        if is_asking:
            had_focus = self.window().focusWidget() is self.predict
            self.predict.setEnabled(False)
            self._focus_went = self.window().focusWidget() if had_focus else None
            return
        self.predict.setEnabled(True)
        went, self._focus_went = self._focus_went, None
        if went is not None and self.window().focusWidget() is went:  # nobody moved it since
            self.predict.setFocus()

    def _on_answer(self, model: tuple[int, int], answer: dict[str, Any]) -> None:
        if model != self._model:
            return  # said by a model that is not shown any more
        self._rest(False)
        self._say("")
        self.result.show_answer(answer)

    def _on_broken(self, model: tuple[int, int], error: Exception) -> None:
        if model == self._model:
            self._on_failed(error)

    def _on_failed(self, error: Exception) -> None:
        self._rest(False)
        self._waiting = None
        title, text = sentence_of(error)
        self._say(f"{title} {text}", "danger")

    def _on_link(self) -> None:
        waiting = self._waiting
        if waiting is None:
            return
        if self.link.is_serving:
            self._waiting = None
            self._ask(waiting)
        elif not self.link.is_live and not self.link.is_asking:
            self._waiting = None
            self._say("")

    def _say(self, text: str, tok: str = "muted") -> None:
        self.message.set_token(tok)
        self.message.setText(text)
        self.message.setVisible(bool(text))
