"""Say the window's words in the person's language.

English text is the key: `tr("Open run {name}", name=…)`. A text that is chosen now and shown
later (a class attribute, a table) is marked with `mark` and goes through `tr` where it is shown.
"""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

CONTEXT = "SiloDesk"


def tr(text: str, **values: object) -> str:
    """Return `text` in the language that is set, its {names} filled in."""
    said = QCoreApplication.translate(CONTEXT, text)
    return said.format(**values) if values else said


def trn(one: str, many: str, count: int, **values: object) -> str:
    """Return the form for `count`, which the text may name as {count}."""
    return tr(one if count == 1 else many, count=count, **values)


def mark(text: str) -> str:
    """Mark a text for translation where it is shown."""
    return text
