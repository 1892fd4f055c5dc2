"""The prediction server of the chosen model, as the window follows it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from agent_core.errors import SiloDeskError
from app.context import AppContext
from app.told import Told
from app.widgets.model_consent import ConsentDialog

NEEDS_YES = "forbidden.approval"


class ServingLink(QObject):
    """Follow, start and stop the server of one model at a time."""

    changed = Signal()
    failed = Signal(object)  # an error of starting or stopping

    def __init__(self, context: AppContext, window_of: QWidget) -> None:
        super().__init__(window_of)
        self._context = context
        self._parent = window_of
        self._model: tuple[int, int] = (0, 0)
        self._known = Told("id")
        self._tokens: dict[str, str] = {}
        self._asking: tuple[int, int] | None = None  # the model whose start is asked for
        self.asked_at = 0.0
        self.is_away = False  # the agent does not answer: what is known gets old
        self.as_of = time.time()
        context.events.serving.connect(self._on_serving)
        context.events.connected.connect(self._on_connected)

    def choose(self, run_id: int, number: int) -> None:
        """Follow another model's server."""
        self._model = (run_id, number)
        self.reload()

    def reload(self) -> None:
        """Read the list of servers."""
        self._known.ask()
        self._context.tasks.call("serving.list", self._on_list, lambda _: self._on_away(), self)

    @property
    def is_asking(self) -> bool:
        """Return whether the start of this model's server is asked for."""
        return self._asking == self._model

    @property
    def current(self) -> dict[str, Any] | None:
        """Return the model's newest server, running or ended."""
        mine = [one for one in self._known.values() if (one["run_id"], one["round"]) == self._model]
        live = [one for one in mine if one["state"] != "ended"]
        return max(live or mine, key=lambda one: float(one["started_at"]), default=None)

    @property
    def is_live(self) -> bool:
        """Return whether the model is served or about to be."""
        return self.current is not None and self.current["state"] != "ended"

    @property
    def is_serving(self) -> bool:
        """Return whether the model answers."""
        return self.current is not None and self.current["state"] == "serving"

    @property
    def token(self) -> str:
        """Return the token where this window started the server."""
        return self._tokens.get(str(self.current["id"]), "") if self.current else ""

    def start(self, allow: str = "") -> None:
        """Start a server; asks the person where no standing approval covers the code."""
        if self._asking is not None:
            return
        self._asking, self.asked_at = self._model, time.time()
        run_id, number = self._model
        self._context.tasks.call(
            "serving.start", self._on_started, partial(self._on_refused, self._model), self,
            run_id=run_id, round=number, allow=allow,
        )  # fmt: skip
        self.changed.emit()

    def stop(self) -> None:
        """Stop the server."""
        if self.current is not None:
            self._context.tasks.call(
                "serving.stop", self._on_serving, self._on_failed, self, id=self.current["id"]
            )

    def renew(self, then: Callable[[str], object]) -> None:
        """Ask for another token."""
        if self.current is None:
            return
        name = str(self.current["id"])

        def take(answer: dict[str, Any]) -> None:
            self._tokens[name] = str(answer["token"])
            then(self._tokens[name])
            self.changed.emit()

        self._context.tasks.call("serving.token", take, self._on_failed, self, id=name)

    def _on_started(self, answer: dict[str, Any]) -> None:
        self._asking = None
        self._tokens[str(answer["serving"]["id"])] = str(answer["token"])
        # An event may have told more of it already.
        self._known.tell_new(answer["serving"])
        self.changed.emit()

    def _on_refused(self, model: tuple[int, int], error: Exception) -> None:
        self._asking = None
        if model != self._model:
            self.changed.emit()  # another model is chosen: nothing of this one is asked there
            return
        if isinstance(error, SiloDeskError) and error.code == NEEDS_YES:
            dialog = ConsentDialog(self._parent, error.details, self.start)
            dialog.rejected.connect(self.changed)
            dialog.open()
            return
        self._on_failed(error)

    def _on_failed(self, error: Exception) -> None:
        self.failed.emit(error)
        self.changed.emit()

    def _on_list(self, found: list[dict[str, Any]]) -> None:
        self._known.take(found)
        self._is_current()

    def _on_connected(self, is_connected: bool) -> None:
        if is_connected:
            self.reload()
        else:
            self._on_away()

    def _on_away(self) -> None:
        self.is_away = True
        self.changed.emit()

    def _is_current(self) -> None:
        self.is_away, self.as_of = False, time.time()
        self.changed.emit()

    def _on_serving(self, one: dict[str, Any]) -> None:
        if one:
            self._known.tell(one)
            self._is_current()
