"""Finding plain bytes in a piece of a log: no Python for each hit, and other threads go on.

Two neighbouring bytes of what is wanted are compared everywhere at once; only where both stand are
the others compared, up to eight at a time. `bytes.find` needs an object for each hit, and both it
and `bytes.lower` hold up every other thread meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from app.widgets.log_view_store import Ints

Spans = Ints  # a row for each hit: its first byte, and the one behind its last
Find = Callable[[bytes], Spans]

_SIZES = (8, 4, 2, 1)
_CASE = 32  # the bit in which a letter of ASCII and its capital differ


def no_spans() -> Spans:
    """Return that nothing was found."""
    return np.empty((0, 2), np.int64)


def bytes_finder(wanted: bytes, *, folds: bool) -> Find:
    """Return what finds bytes one after the other; `folds` takes capitals of ASCII as letters."""
    width = len(wanted)
    wanted = wanted.lower() if folds else wanted
    cases = bytes(_CASE if folds and 97 <= code <= 122 else 0 for code in wanted)
    parts = list(_parts(wanted, cases))

    def find(raw: bytes) -> Spans:
        if not 0 < width <= len(raw):
            return no_spans()
        places = _pairs(raw, wanted, cases)
        for at, kind, value, case in parts:
            if not len(places):
                return no_spans()
            count = len(raw) - kind.itemsize + 1
            # One number begins at every byte.
            numbers: Any = np.ndarray((count,), kind, raw, strides=(1,))[places + at]
            places = places[(numbers if case is None else numbers | case) == value]
        places = apart(places, width)
        return np.stack((places, places + width), axis=1)

    return find


def _pairs(raw: bytes, wanted: bytes, cases: bytes) -> Ints:
    """Return where the first two bytes of what is wanted stand."""
    codes = np.frombuffer(raw, np.uint8)
    folded = codes | _CASE if any(cases[:2]) else codes
    end = len(codes) - len(wanted) + 1
    found = (folded if cases[0] else codes)[:end] == wanted[0]
    if len(wanted) > 1:
        found &= (folded if cases[1] else codes)[1 : end + 1] == wanted[1]
    return np.flatnonzero(found)


def _parts(wanted: bytes, cases: bytes) -> Iterator[tuple[int, np.dtype[Any], Any, Any]]:
    """Cut what is wanted into numbers of machine size; they may overlap."""
    at = min(2, len(wanted))
    size = next(size for size in _SIZES if size <= max(1, len(wanted)))
    kind = np.dtype(f"u{size}")
    while at < len(wanted):
        at = min(at, len(wanted) - size)
        (value,), (case,) = (np.frombuffer(text, kind, 1, at) for text in (wanted, cases))
        yield at, kind, value, case or None
        at += size


def apart(places: Ints, width: int) -> Ints:
    """Return the places without those that lie within a hit before them, from the left."""
    count = len(places)
    if width < 2 or count < 2 or int(np.diff(places).min()) >= width:
        return places
    # A chain from the first on: each round doubles how far the links known reach.
    following = np.append(np.searchsorted(places, places + width), count)
    taken = np.zeros(count + 1, np.bool_)
    taken[0] = True
    reached = 1
    while reached < count:
        taken[following[np.flatnonzero(taken)]] = True
        following = following[following]
        reached *= 2
    kept: npt.NDArray[np.int64] = places[taken[:count]]
    return kept
