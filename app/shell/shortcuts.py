"""The window's keys: one table that makes the shortcuts and fills the sheet that explains them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QWidget

from app.i18n import mark, tr
from app.shell.navigation import PAGES

Standard = QKeySequence.StandardKey
EVERYWHERE, PAGE, LISTS = mark("Everywhere"), mark("In a page"), mark("Lists and dialogs")


@dataclass(frozen=True)
class Key:
    """A key and what it does; one without `does` belongs to a page or a widget."""

    keys: QKeySequence.StandardKey | str
    text: str
    section: str
    does: str = ""

    def sequence(self) -> QKeySequence:
        """Return the keys of this platform."""
        return QKeySequence(self.keys)


KEYS: tuple[Key, ...] = (
    Key("Ctrl+K", mark("Search, or run a command"), EVERYWHERE, "palette"),
    Key("Ctrl+N", mark("New run"), EVERYWHERE),
    Key("Ctrl+B", mark("Build a package"), EVERYWHERE, "build"),
    Key("Ctrl+,", mark("Settings"), EVERYWHERE, "settings"),
    Key(Standard.HelpContents, mark("Connection doctor"), EVERYWHERE, "doctor"),
    Key("Ctrl+Shift+N", mark("Notifications"), EVERYWHERE, "bell"),
    Key("Ctrl+/", mark("This sheet"), EVERYWHERE, "sheet"),
    Key(Standard.Close, mark("Close the window"), EVERYWHERE, "close"),
    Key(Standard.Quit, mark("Quit the window"), EVERYWHERE, "quit"),
    Key(Standard.Find, mark("Search in the page"), PAGE),
    Key(Standard.FindNext, mark("Next match"), PAGE),
    Key(Standard.FindPrevious, mark("Previous match"), PAGE),
    Key("End", mark("Follow the log"), PAGE),
    Key(Standard.Copy, mark("Copy what is selected"), PAGE),
    Key("Return", mark("Open, or press the focused button"), LISTS),
    Key("Menu", mark("Actions of the row"), LISTS),
    Key("Esc", mark("Close without deciding"), LISTS),
)


def page_keys() -> list[tuple[str, str, str]]:
    """Return the keys of the rail's first nine pages: keys, page, untranslated title."""
    visible = [one for one in PAGES if one.section][:9]
    return [(f"Ctrl+{n}", one.key, one.title) for n, one in enumerate(visible, start=1)]


def native(sequence: QKeySequence) -> str:
    """Return keys as this platform writes them."""
    return sequence.toString(QKeySequence.SequenceFormat.NativeText)


def keys_of(action: str) -> str:
    """Return the keys of an action or a page, for menus and the palette; empty for none."""
    for one in KEYS:
        if one.does == action:
            return native(one.sequence())
    for keys, key, _ in page_keys():
        if key == action:
            return native(QKeySequence(keys))
    return ""


def sheet() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return sections of the sheet: a title, and what each key does."""
    sections: dict[str, list[tuple[str, str]]] = {EVERYWHERE: [], PAGE: [], LISTS: []}
    for one in KEYS:
        keys = native(one.sequence())
        if keys:
            sections[one.section].append((keys, tr(one.text)))
    pages = [(native(QKeySequence(keys)), tr(title)) for keys, _, title in page_keys()]
    return [(tr("Pages"), pages), *((tr(title), rows) for title, rows in sections.items())]


def add_shortcuts(window: QWidget, actions: dict[str, Callable[[], object]]) -> None:
    """Make the shortcuts whose actions are given; pages keep their own."""
    for one in KEYS:
        sequence = one.sequence()
        if one.does in actions and not sequence.isEmpty():
            QShortcut(sequence, window).activated.connect(actions[one.does])
