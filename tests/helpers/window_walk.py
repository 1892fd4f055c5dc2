"""Walk all pages of a desktop over the fake agent, and read what a window says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from helpers.fake_records import PROJECTS
from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QLineEdit,
    QTabBar,
    QTreeView,
    QWidget,
)
from tools.clipping import text_of, watched

from app.main import Desktop
from app.shell.navigation import PAGES
from app.slices import is_slicing

RUN_TABS = ("overview", "curves", "system", "logs", "models")
APART = frozenset({"run", "project", "sign_in"})
PATIENCE = 60


def places(
    run_id: int = 1284, project_id: int = PROJECTS[0].id
) -> list[tuple[str, str, dict[str, Any]]]:
    """Return name, key and arguments of every page."""
    found: list[tuple[str, str, dict[str, Any]]] = [
        (one.key, one.key, {}) for one in PAGES if one.key not in APART
    ]
    found.append(("project", "project", {"project_id": project_id}))
    found += [(f"run-{tab}", "run", {"run_id": run_id, "tab": tab}) for tab in RUN_TABS]
    return found


def settle(desktop: Desktop) -> None:
    """Let what was asked arrive (bounded), and what it changes be laid out."""
    quiet = 0
    for _ in range(PATIENCE):
        _turn(60)
        quiet = 0 if desktop.tasks.is_busy or is_slicing() else quiet + 1
        if quiet == 5:  # an answer may lead to the next question
            break


def _turn(ms: int) -> None:
    loop = QEventLoop()
    QTimer.singleShot(ms, loop.quit)
    loop.exec()


def said_by(window: QWidget) -> Iterator[tuple[QWidget, str, str]]:
    """Yield widget, kind and text of all that a window says: shown, painted, spoken, as tooltip."""
    with watched() as drawn:
        window.grab()
    for one in drawn:
        yield one.device, "painted", one.text
    yield window, "title", window.windowTitle()
    for widget in window.findChildren(QWidget):
        if widget.window() is window and widget.isVisibleTo(window):
            for kind, text in _texts(widget):
                if text.strip():
                    yield widget, kind, text


def _texts(widget: QWidget) -> Iterator[tuple[str, str]]:
    yield "name", widget.accessibleName()
    yield "tooltip", widget.toolTip()
    if isinstance(widget, QLineEdit):
        yield "hint", widget.placeholderText()
    elif isinstance(widget, QComboBox):
        yield from (("choice", widget.itemText(i)) for i in range(widget.count()))
    elif isinstance(widget, QTabBar):
        yield from (("tab", widget.tabText(i)) for i in range(widget.count()))
    elif isinstance(widget, QTreeView):
        model = widget.model()
        for column in range(model.columnCount() if model else 0):
            title = model.headerData(column, Qt.Orientation.Horizontal)
            if not widget.isHeaderHidden():
                yield "header", str(title or "")
    elif not isinstance(widget, QAbstractItemView | QHeaderView):
        yield "text", text_of(widget)
    if isinstance(widget, QAbstractButton) and not isinstance(widget.parent(), QLineEdit):
        menu = getattr(widget, "menu", lambda: None)()
        yield from (("menu", action.text()) for action in (menu.actions() if menu else ()))
