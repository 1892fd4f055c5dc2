"""A field for a folder or file, with a button that opens the system's chooser."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog

from app.i18n import tr
from app.widgets.buttons import Button
from app.widgets.forms import Check, TextField


class PathField(TextField):
    """A path, typed or chosen."""

    def __init__(
        self,
        label: str,
        *,
        placeholder: str = "",
        hint: str = "",
        check: Check | None = None,
        pattern: str = "",
    ) -> None:
        self.browse = Button(tr("Browse..."), icon="folder", on_click=self._choose)
        super().__init__(
            label, placeholder=placeholder, hint=hint, check=check, mono=True, beside=self.browse
        )
        self._label = label
        self._pattern = pattern  # of files; empty: a folder is wanted
        self.browse.setAccessibleName(tr("Browse: {field}", field=label))

    def _choose(self) -> None:
        start = self.value() or str(Path.home())
        if self._pattern:
            path, _ = QFileDialog.getOpenFileName(self, self._label, start, self._pattern)
        else:
            path = QFileDialog.getExistingDirectory(self, self._label, start)
        if path:
            self.set(path)
            self.left.emit()
