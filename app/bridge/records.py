"""Records that a page keeps by the thousand, in little memory."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any, TypeVar

from agent_core.protocol.record import Record

Kind = TypeVar("Kind", bound=Record)


def records(kind: type[Kind], items: Iterable[dict[str, Any]]) -> list[Kind]:
    """Return items of the wire as records that share what is alike in them."""
    return [compact(kind.model_validate(item)) for item in items]


def compact(record: Kind) -> Kind:
    """Let a record share texts and lists with others, and forget which fields it was given."""
    values = record.__dict__
    for name, value in values.items():
        if type(value) is str:
            values[name] = sys.intern(value)
        elif type(value) is dict:
            values[name] = {
                sys.intern(key) if type(key) is str else key: one for key, one in value.items()
            }
        elif type(value) is list and all(type(one) in (int, str) for one in value):
            values[name] = _lists.setdefault(tuple(value), value)  # the sites of most rounds
    # The set of the given fields takes more memory than their values; all of them were given.
    object.__setattr__(record, "__pydantic_fields_set__", _all_of(type(record)))
    return record


_lists: dict[tuple[Any, ...], list[Any]] = {}
_fields: dict[type[Record], set[str]] = {}


def _all_of(kind: type[Record]) -> set[str]:
    found = _fields.get(kind)
    if found is None:
        found = _fields[kind] = set(kind.model_fields)
    return found
