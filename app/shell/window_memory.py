"""What the window remembers from one start to the next: place, page, splitters, what was said."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QByteArray, QSettings
from PySide6.QtWidgets import QSplitter, QWidget

from agent_core.paths import Home

RECENT = 12


class WindowMemory:
    """A small file beside the agent's; losing it loses nothing but comfort."""

    def __init__(self, home: Home) -> None:
        self._file = QSettings(str(home.root / "window.ini"), QSettings.Format.IniFormat)

    def geometry(self) -> QByteArray | None:
        """Return the window's last place."""
        kept = self._file.value("geometry")
        return kept if isinstance(kept, QByteArray) else None

    def keep(self, geometry: QByteArray, key: str, arguments: dict[str, Any]) -> None:
        """Remember where the window stands and which page it shows."""
        self._file.setValue("geometry", geometry)
        plain = {name: one for name, one in arguments.items() if isinstance(one, int | str)}
        self._file.setValue("page", json.dumps([key, plain]))
        self._file.sync()

    def page(self) -> tuple[str, dict[str, Any]]:
        """Return the page that was shown last, empty where there is none."""
        try:
            key, arguments = json.loads(str(self._file.value("page") or "null"))
        except (TypeError, ValueError):
            return "", {}
        if not isinstance(key, str) or not isinstance(arguments, dict):
            return "", {}
        return key, arguments

    # --- splitters ---
    def restore_splitters(self, key: str, page: QWidget) -> None:
        """Give a page's splitters the sizes they had, and remember those they get."""
        for number, one in enumerate(page.findChildren(QSplitter)):
            name = f"splitters/{key}/{one.objectName() or number}"
            kept = self._file.value(name)
            if isinstance(kept, QByteArray):
                one.restoreState(kept)
            one.splitterMoved.connect(
                lambda *_, one=one, name=name: self._file.setValue(name, one.saveState())
            )

    # --- the palette ---
    def recent(self) -> list[str]:
        """Return the keys of what was chosen in the palette, the last first."""
        kept = self._file.value("recent")
        if isinstance(kept, str):
            kept = [kept]
        return [str(one) for one in kept] if isinstance(kept, list) else []

    def add_recent(self, key: str) -> None:
        """Remember what was chosen in the palette."""
        rest = [one for one in self.recent() if one != key]
        self._file.setValue("recent", [key, *rest][:RECENT])

    # --- what is said once ---
    def has_said(self, what: str) -> bool:
        """Return whether something that is said once was said."""
        return bool(self._file.value(f"said/{what}"))

    def say(self, what: str) -> None:
        """Remember that something was said."""
        self._file.setValue(f"said/{what}", 1)
        self._file.sync()
