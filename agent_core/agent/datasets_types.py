"""Guess what the values of a column are."""

from __future__ import annotations

import re
from typing import Literal

Type = Literal["number", "whole", "yes/no", "date", "text", "empty"]
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "."})
_WHOLE = re.compile(r"[+-]?\d{1,18}\Z")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+|\d+,\d+)([eE][+-]?\d{1,3})?\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d.*)?\Z|\d{1,2}[./]\d{1,2}[./]\d{2,4}\Z")
_YES_NO = frozenset({"yes", "no", "true", "false", "y", "n"})
EXAMPLES = 3


def is_missing(value: str) -> bool:
    """Return whether a value stands for none."""
    return value.strip().lower() in MISSING


def type_of(value: str) -> Type:
    """Return what one value looks like."""
    text = value.strip()
    if _WHOLE.match(text):
        return "whole"
    if _NUMBER.match(text):
        return "number"
    if _DATE.match(text):
        return "date"
    return "yes/no" if text.lower() in _YES_NO else "text"


class Guess:
    """What a column's values have been so far."""

    def __init__(self) -> None:
        self.missing = 0
        self.examples: list[str] = []
        self._types: set[Type] = set()

    def take(self, value: str) -> None:
        """Look at the next value."""
        if is_missing(value):
            self.missing += 1
            return
        if "text" not in self._types:
            self._types.add(type_of(value[:64]))
        shown = value[:60]
        if len(self.examples) < EXAMPLES and shown not in self.examples:
            self.examples.append(shown)

    def type(self) -> Type:
        """Return the one type that holds all values."""
        if not self._types:
            return "empty"
        if self._types == {"whole", "number"}:
            return "number"
        return next(iter(self._types)) if len(self._types) == 1 else "text"
