"""Answers and events that overtake each other on their way to the window's thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

Found = TypeVar("Found")


class InOrder:
    """Let no answer take the place of one to a later question."""

    def __init__(self) -> None:
        self._asked = self._answered = 0

    def taking(self, take: Callable[[Found], object]) -> Callable[[Found], None]:
        """Return what takes the answer to the question that is asked now."""
        self._asked += 1
        asked = self._asked

        def answered(found: Found) -> None:
            if asked > self._answered:
                self._answered = asked
                take(found)

        return answered


class Told:
    """Things of a list that events keep current, by their keys.

    What an event told since the list was asked for may be newer than the list.
    """

    def __init__(self, key: str) -> None:
        self._key = key
        self._known: dict[str, dict[str, Any]] = {}
        self._since: dict[str, dict[str, Any]] = {}

    def values(self) -> list[dict[str, Any]]:
        """Return what is known."""
        return list(self._known.values())

    def ask(self) -> None:
        """Note that the list is asked for now."""
        self._since = {}

    def take(self, found: Iterable[dict[str, Any]]) -> None:
        """Take the list."""
        self._known = {**{str(one[self._key]): one for one in found}, **self._since}

    def tell(self, *things: dict[str, Any]) -> None:
        """Take what events or actions told."""
        for one in things:
            self._known[str(one[self._key])] = self._since[str(one[self._key])] = one

    def tell_new(self, one: dict[str, Any]) -> None:
        """Take what an action told, unless an event has told of it already."""
        if str(one[self._key]) not in self._known:
            self.tell(one)
