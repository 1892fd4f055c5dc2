"""Runs, projects, devices, groups, applications and models for the palette, by the agent."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from app.context import AppContext
from app.i18n import mark, tr
from app.shell.commands import Command
from app.shell.navigation import is_known
from app.widgets.tokens import look

FRESH_S = 10.0
LIMIT = 200  # items of a kind that are looked through; a run's number finds any run
NUMBER_MS = 150
Navigate = Callable[..., object]


@dataclass(frozen=True)
class Source:
    """A kind of thing: how it is listed, and how one of it is shown."""

    kind: str
    section: str
    icon: str
    method: str
    page: str
    place: Callable[[dict[str, Any]], dict[str, Any]]  # what the page is opened with
    title: Callable[[dict[str, Any]], str]
    note: Callable[[dict[str, Any]], str]

    def command(self, item: dict[str, Any], navigate: Navigate) -> Command:
        """Return the line that leads to a thing."""
        place = self.place(item)
        key = "-".join(str(one) for one in place.values())
        return Command(
            f"{self.kind}.{key}", self.title(item), self.icon, self.section,
            lambda: navigate(self.page, **place), note=self.note(item), words=key,
        )  # fmt: skip


def _by(argument: str, field: str = "id") -> Callable[[dict[str, Any]], dict[str, Any]]:
    return lambda item: {argument: item[field]}


def _name(item: dict[str, Any]) -> str:
    return str(item.get("name") or item.get("title") or item.get("id"))


def _run_name(item: dict[str, Any]) -> str:
    name = item.get("name") or ""
    number = tr("Run {n}", n=item["id"])
    return f"{number} · {name}" if name and name != number else number


def _run_note(item: dict[str, Any]) -> str:
    return f"{item.get('project_name') or ''} · {look(str(item.get('state') or '')).word}"


def _model_place(item: dict[str, Any]) -> dict[str, Any]:
    return {"run_id": item["run_id"], "round": item["round"]}


def _model_name(item: dict[str, Any]) -> str:
    return tr("Model of run {run}, round {round}", run=item["run_id"], round=item["round"])


SOURCES: tuple[Source, ...] = (
    Source("run", mark("Runs"), "activity", "runs.list", "run", _by("run_id"),
           _run_name, _run_note),
    Source("project", mark("Projects"), "folder-git-2", "projects.list", "project",
           _by("project_id"), _name, lambda item: str(item.get("description") or "")),
    Source("device", mark("Devices"), "server", "devices.list", "devices",
           _by("edge_id", "edge_id"), _name, lambda item: str(item.get("silo") or "")),
    Source("group", mark("Groups"), "network", "groups.list", "group", _by("group_id"),
           _name, lambda _: ""),
    Source("application", mark("Applications"), "package", "applications.list", "applications",
           _by("application_id"), _name, lambda item: str(item.get("note") or "")),
    Source("model", mark("Models"), "boxes", "models.list", "models", _model_place,
           _model_name, lambda item: str(item.get("run_name") or "")),
)  # fmt: skip


class PaletteSearch(QObject):
    """Keep what the agent lists; `changed` tells that more was found."""

    changed = Signal()

    def __init__(self, context: AppContext, navigate: Navigate, parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._navigate = navigate
        self._found: dict[str, list[Command]] = {}
        self._runs: dict[str, Command] = {}  # found by number
        self._asked_at = 0.0
        self._open: set[str] = set()
        self._number = ""
        self._wait = QTimer(self, singleShot=True, interval=NUMBER_MS)
        self._wait.timeout.connect(self._ask_run)

    @property
    def is_asking(self) -> bool:
        """Return whether an answer is awaited."""
        return bool(self._open) or self._wait.isActive()

    def commands(self) -> list[Command]:
        """Return everything found so far."""
        listed = [one for source in SOURCES for one in self._found.get(source.kind, ())]
        known = {one.key for one in listed}
        return listed + [one for key, one in self._runs.items() if key not in known]

    def refresh(self) -> None:
        """Ask for the lists again unless they are fresh; what is known stays meanwhile."""
        if not self._context.status().get("account"):
            self._found.clear()
            self._runs.clear()
            self.changed.emit()
            return
        if time.monotonic() - self._asked_at < FRESH_S:
            return
        self._asked_at = time.monotonic()
        for source in SOURCES:
            if is_known(source.page):
                self._ask(source)

    def look_for(self, text: str) -> None:
        """Look up a run by its number, which the lists may not reach."""
        number = text.strip().lstrip("#")
        self._number = number if number.isdigit() and len(number) < 12 else ""
        key = f"run.{self._number}"
        known = {one.key for one in self.commands()}
        if self._number and key not in known and self._context.status().get("account"):
            self._wait.start()
        else:
            self._wait.stop()

    def _ask(self, source: Source) -> None:
        self._open.add(source.kind)

        def done(answer: Any) -> None:
            items = answer.get("items") if isinstance(answer, dict) else answer
            self._found[source.kind] = [
                source.command(item, self._navigate) for item in items or []
            ]
            self._closed(source.kind)

        params = {} if source.kind == "device" else {"limit": LIMIT}
        self._context.tasks.call(
            source.method, done, lambda _: self._closed(source.kind), self, **params
        )

    def _ask_run(self) -> None:
        number = self._number
        kind = f"number {number}"
        self._open.add(kind)

        def done(run: dict[str, Any]) -> None:
            self._runs[f"run.{number}"] = SOURCES[0].command(run, self._navigate)
            self._closed(kind)

        self._context.tasks.call(
            "runs.get", done, lambda _: self._closed(kind), self, run_id=int(number)
        )

    def _closed(self, kind: str) -> None:
        """Note an answer; a list that failed keeps what it had, the page tells why."""
        self._open.discard(kind)
        self.changed.emit()
