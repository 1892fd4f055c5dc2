"""Save and export a model from the window, with the person's yes where code has to run."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QFileDialog, QWidget

from agent_core.errors import SiloDeskError
from app.context import AppContext
from app.i18n import tr
from app.widgets.model_consent import ConsentDialog
from app.widgets.serving_link import NEEDS_YES
from app.widgets.words import age, size
from app.wire_words import sentence_of


class ModelActions:
    """What is done with one model's bytes."""

    def __init__(
        self, context: AppContext, parent: QWidget, tell: Callable[[str], object] = lambda _: None
    ) -> None:
        """Act on behalf of a widget; `tell` hears what goes on, and nothing once it has ended."""
        self._context = context
        self._parent = parent
        self._tell = tell
        self._exporting: dict[str, tuple[int, float]] = {}  # by task: the round, and since when

    def save(self, run_id: int, number: int) -> None:
        """Ask where to, then save the safetensors."""
        name = f"run-{run_id}-round-{number}.safetensors"
        path = self._ask(tr("Save the model"), name, f"{tr('Model')} (*.safetensors)")
        if path:
            self._context.tasks.call(
                "runs.save_model", self._on_saved, parent=self._parent,
                run_id=run_id, round=number, path=path,
            )  # fmt: skip

    def export(self, run_id: int, number: int) -> None:
        """Ask where to, then write TorchScript."""
        name = f"run-{run_id}-round-{number}.pt"
        path = self._ask(tr("Export as TorchScript"), name, "TorchScript (*.pt)")
        if path:
            self.export_to(run_id, number, path)

    def export_to(self, run_id: int, number: int, path: str, allow: str = "") -> None:
        """Write TorchScript to a path."""
        task = f"export {run_id}/{number}"
        self._exporting[task] = (number, time.time())
        self.tell_progress()
        self._context.tasks.call(
            "models.export", partial(self._on_exported, task),
            partial(self._on_refused, run_id, number, path), self._parent,
            run_id=run_id, round=number, path=path, allow=allow,
        )  # fmt: skip

    def tell_progress(self, _: object = None) -> None:
        """Tell which exports go on, and for how long."""
        words = [
            tr("Exports the model of round {n} in a sandboxed process; {age} so far.", n=number,
               age=age(since))
            for number, since in self._exporting.values()
        ]  # fmt: skip
        self._tell("\n".join(words))

    @property
    def is_exporting(self) -> bool:
        """Return whether an export goes on."""
        return bool(self._exporting)

    def _ended(self, task: str) -> None:
        self._exporting.pop(task, None)
        self.tell_progress()

    def _ask(self, title: str, name: str, kinds: str) -> str:
        start = str(Path.home() / name)
        path, _ = QFileDialog.getSaveFileName(self._parent, title, start, kinds)
        return path

    def _on_saved(self, saved: dict[str, Any]) -> None:
        self._context.notify(tr("Model saved, its hash matches"), _text(saved), kind="ok")

    def _on_exported(self, task: str, saved: dict[str, Any]) -> None:
        self._ended(task)
        title = tr("Model exported, its answers compared")
        self._context.notify(title, _text(saved), kind="ok")

    def _on_refused(self, run_id: int, number: int, path: str, error: Exception) -> None:
        self._ended(f"export {run_id}/{number}")
        if isinstance(error, SiloDeskError) and error.code == NEEDS_YES:
            go_on = partial(self.export_to, run_id, number, path)
            ConsentDialog(self._parent, error.details, go_on).open()
            return
        title, text = sentence_of(error)
        self._context.notify(title, text, kind="danger", stays=True)


def _text(saved: dict[str, Any]) -> str:
    return f"{saved['path']}\n{size(saved['size'])}, SHA-256 {saved['sha256']}"
