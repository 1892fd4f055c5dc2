"""The few objects a page may use, handed in by the main window."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from PySide6.QtCore import QObject, SignalInstance

from agent_core.paths import Home


class Client(Protocol):
    """The local agent, asked off the GUI thread only (through Tasks)."""

    def call(self, method: str, **params: Any) -> Any:
        """Call a method of protocol/local.py; raises SiloDeskError."""
        ...


class Task(Protocol):
    """Work that was handed over."""

    def cancel(self) -> None:
        """Drop the result; what already runs goes on unseen."""
        ...


class Tasks(Protocol):
    """Work off the GUI thread."""

    def run(
        self,
        op: Callable[[], Any],
        success: Callable[[Any], object] | None = None,
        failure: Callable[[Exception], object] | None = None,
        parent: QObject | None = None,
    ) -> Task:
        """Run `op` on a thread; then `success` or `failure` on the GUI thread."""
        ...

    def call(
        self,
        method: str,
        success: Callable[[Any], object] | None = None,
        failure: Callable[[Exception], object] | None = None,
        parent: QObject | None = None,
        **params: Any,
    ) -> Task:
        """Call a method of the agent like `run`."""
        ...


class Events(Protocol):
    """The agent's events as Qt signals."""

    status: SignalInstance  # dict: AgentStatus
    changed: SignalInstance  # str what, object id, int change (64 bits)
    approval: SignalInstance  # int id, str state
    job: SignalInstance  # dict: LocalJob
    progress: SignalInstance  # dict: task, text, done, total
    doctor: SignalInstance  # dict: run, check, done, total
    settings: SignalInstance  # dict: Settings
    serving: SignalInstance  # dict: Serving
    connected: SignalInstance  # bool: the agent answers


class Notify(Protocol):
    """Say something in a toast."""

    def __call__(
        self,
        title: str,
        text: str = "",
        *,
        kind: str = "info",
        action: str = "",
        on_action: Callable[[], object] | None = None,
        stays: bool = False,
        seconds: float = 0.0,  # how long it is shown; 0 is the usual time
    ) -> object:
        """Show it."""
        ...


@dataclass
class AppContext:
    """What a page is made with."""

    home: Home
    client: Client
    tasks: Tasks
    events: Events
    theme: Any  # widgets.theme.Theme
    navigate: Callable[..., None]  # key of a page, and what its open() takes
    notify: Notify
    status: Callable[[], dict[str, Any]]  # the last AgentStatus, empty before the first one
