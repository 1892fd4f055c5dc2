"""Which commands a search finds, and in what order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.shell.commands import Command

LIMIT = 60
RECENT_SHOWN = 6


def rank(commands: Iterable[Command], text: str, recent: Sequence[str]) -> list[Command]:
    """Return what fits, the best first; every word of the search has to occur."""
    words = text.casefold().split()
    places = {key: place for place, key in enumerate(recent)}
    if not words:
        return list(commands)
    scored = []
    for number, one in enumerate(commands):
        score = _score(one, words)
        if score is not None:
            bonus = 6 - min(6, places.get(one.key, 6))
            scored.append((-score - bonus, number, one))
    return [one for *_, one in sorted(scored, key=lambda item: item[:2])[:LIMIT]]


def _score(command: Command, words: list[str]) -> int | None:
    """Return how well a command fits: a word's start counts more than its middle."""
    title, haystack = command.text.casefold(), command.haystack
    total = 0
    for word in words:
        if title.startswith(word):
            total += 20
        elif f" {word}" in title:
            total += 14
        elif word in title:
            total += 9
        elif f" {word}" in f" {haystack}":
            total += 6
        elif word in haystack:
            total += 3
        else:
            return None
    return total


def recent_first(commands: Sequence[Command], recent: Sequence[str]) -> list[Command]:
    """Return the recently chosen of these, the last first."""
    by_key = {one.key: one for one in commands}
    return [by_key[key] for key in recent if key in by_key][:RECENT_SHOWN]
