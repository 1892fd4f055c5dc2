"""A long list that is told newest first: what is new is read, what is known is kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, NamedTuple, TypeVar

Kind = TypeVar("Kind")

PAGE = 100  # so many at once: what an answer takes meanwhile stays small
STEP = 10  # looked at first, where some are known
SLACK = 50  # more than wanted are kept, until the list is read anew

Ask = Callable[[str, int], dict[str, Any]]  # a cursor and how many -> a page


class Newest(NamedTuple, Generic[Kind]):
    """The newest of a list; `cursor` leads on to older ones, "" where there are none."""

    items: list[Kind]
    cursor: str
    total: int


class Reading(NamedTuple, Generic[Kind]):
    """How a list is read: what asks for a page, what parses it, what tells items apart."""

    ask: Ask
    parse: Callable[[list[dict[str, Any]]], list[Kind]]
    key: Callable[[Kind], Hashable]

    def newest(self, known: Newest[Kind] | None, count: int) -> Newest[Kind]:
        """Return so many or a few more, reading no further than to what completes the known."""
        names = {self.key(one) for one in known.items} if known is not None else set()
        told: dict[Hashable, Kind] = {}
        cursor = ""
        while True:
            before = len(told)
            page = self.ask(cursor, STEP if names and not told else PAGE)
            told.update((self.key(one), one) for one in self.parse(page["items"]))
            total = int(page.get("total") or len(told))
            fresh = [one for name, one in told.items() if name not in names]
            if known is not None and _completes(known, len(fresh), len(told), total, count):
                # What is told again may say something else now.
                kept = [told.get(self.key(one), one) for one in known.items]
                return Newest(fresh + kept, known.cursor, total)
            cursor = _following(page, cursor)
            # A hub that goes on telling the same would never end.
            if not cursor or len(told) >= count or len(told) == before:
                return Newest(list(told.values()), cursor, total)

    def older(self, known: Newest[Kind], count: int) -> Newest[Kind]:
        """Return what is known with so many older ones, or a few more."""
        found = {self.key(one): one for one in known.items}
        cursor, total = known.cursor, known.total
        wanted, before = len(found) + count, -1
        while cursor and before < len(found) < wanted:
            before = len(found)
            page = self.ask(cursor, PAGE)
            found.update((self.key(one), one) for one in self.parse(page["items"]))
            cursor, total = _following(page, cursor), int(page.get("total") or total)
        return Newest(list(found.values()), cursor, total)


def is_pushed_out(name: Any, known: Newest[Kind], key: Callable[[Kind], Any]) -> bool:
    """Return whether newer ones pushed something out of what is read."""
    return bool(known.cursor) and name < min(map(key, known.items), default=name)


def _completes(known: Newest[Any], fresh: int, told: int, total: int, count: int) -> bool:
    """Return whether nothing but the fresh ones came to what is known, and it is not too much."""
    is_joined = fresh < told and known.total + fresh == total
    return is_joined and len(known.items) + fresh <= count + SLACK


def _following(page: dict[str, Any], cursor: str) -> str:
    """Return where the list goes on, "" at its end or where it does not move."""
    following = str(page.get("next_cursor") or "")
    return following if page["items"] and following != cursor else ""
