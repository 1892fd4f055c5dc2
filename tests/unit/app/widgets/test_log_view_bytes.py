"""Plain bytes in a piece of a log: the same hits as one look after the other finds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.widgets.log_view_bytes import apart, bytes_finder

FEW = st.binary(max_size=200).map(lambda raw: bytes(b"aAb\n@`"[code % 6] for code in raw))


def one_by_one(raw: bytes, wanted: bytes, *, folds: bool) -> list[list[int]]:
    """Find the same with bytes.find."""
    text, wanted = (raw.lower(), wanted.lower()) if folds else (raw, wanted)
    spans, at = [], text.find(wanted)
    while at >= 0:
        spans.append([at, at + len(wanted)])
        at = text.find(wanted, at + len(wanted))
    return spans


@given(raw=FEW, wanted=FEW.filter(lambda text: 0 < len(text) < 20), folds=st.booleans())
def test_hits_are_those_of_one_look_after_the_other(raw: bytes, wanted: bytes, folds: bool) -> None:
    """Also where hits overlap, and where a sign differs from another as letters from capitals."""
    for text in (raw, wanted * 3 + raw + wanted):
        found = bytes_finder(wanted, folds=folds)(text)
        assert found.tolist() == one_by_one(text, wanted, folds=folds)


@pytest.mark.parametrize("width", range(1, 30))
def test_words_of_every_length_are_compared_to_their_end(width: int) -> None:
    word = bytes(range(97, 97 + 26))[:width].ljust(width, b"!")
    other = word[:-1] + b"?"
    text = b"..".join((other, word, word.upper(), other, word))
    assert len(bytes_finder(word, folds=False)(text)) == text.count(word)
    assert len(bytes_finder(word, folds=True)(text)) == 3


def test_bytes_of_every_value_are_found() -> None:
    every = bytes(range(256))
    for code in range(256):
        assert bytes_finder(bytes([code]), folds=False)(every).tolist() == [[code, code + 1]]
        folded = bytes_finder(bytes([code]), folds=True)(every)
        assert len(folded) == every.lower().count(bytes([code]).lower())


def test_nothing_is_found_of_nothing() -> None:
    assert len(bytes_finder(b"", folds=True)(b"text")) == 0
    assert len(bytes_finder(b"longer", folds=True)(b"text")) == 0


def test_a_rule_of_one_sign_holds_hits_side_by_side() -> None:
    places = np.arange(100_000)
    assert apart(places, 3).tolist() == list(range(0, 100_000, 3))
