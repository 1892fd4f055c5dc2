"""Messages between jobs: what goes in comes out, and nothing else is taken for a message."""

from __future__ import annotations

import hashlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.worker.engines.codec import (
    SETS_REMEMBERED,
    CodecError,
    Packer,
    Tensor,
    blob_of,
    unpack,
)
from agent_core.worker.inbox import HeldBlob

names = st.text(max_size=12)
tensors = st.builds(
    Tensor,
    name=names,
    dtype=names,
    shape=st.lists(st.integers(0, 9), max_size=4).map(tuple),
    stype=names,
    data=st.binary(max_size=200),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | names
    | st.binary(max_size=30),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


@given(
    st.dictionaries(names.filter(lambda name: name != "sets"), values, max_size=5),
    st.lists(st.lists(tensors, max_size=4), max_size=3),
)
def test_what_is_packed_is_unpacked(header: dict[str, object], sets: list[list[Tensor]]) -> None:
    """Header, names, types, shapes and bytes come back, bytes as bytes and numbers exactly."""
    packed = Packer().pack(header, sets)
    blobs = {blob.sha256: HeldBlob(b"".join(blob.parts)) for blob in packed.blobs}

    again, found = unpack(packed.body, blobs)

    assert again == header
    assert found == sets


def test_blob_is_named_by_its_content() -> None:
    """The name of the pieces is the hash of the whole."""
    blob = blob_of([b"ab", b"", memoryview(b"cd")])

    assert blob.sha256 == hashlib.sha256(b"abcd").hexdigest()
    assert blob.size == 4


def test_same_arrays_are_hashed_once() -> None:
    """A round's arrays go to all silos, and again with the next round's training."""
    packer = Packer()
    arrays = [Tensor("w", "float32", (2,), "numpy.ndarray", bytes(8))]

    first = packer.pack({"to": 1}, [arrays]).blobs[0]
    second = packer.pack({"to": 2}, [list(arrays)]).blobs[0]

    assert second is first


def test_only_a_few_sets_are_remembered() -> None:
    """Old models do not pile up in memory."""
    packer = Packer()
    data = [bytes([number]) * 8 for number in range(SETS_REMEMBERED + 2)]
    first = packer.pack({}, [[Tensor("w", "", (), "", data[0])]]).blobs[0]
    for piece in data[1:]:
        packer.pack({}, [[Tensor("w", "", (), "", piece)]])

    again = packer.pack({}, [[Tensor("w", "", (), "", data[0])]]).blobs[0]

    assert again == first
    assert again is not first


@pytest.mark.parametrize(
    "specs",
    [
        None,
        [{"blob": "x", "arrays": [["w", "f", [1], "n", 5]]}],
        [{"blob": "x", "arrays": [["w", "f", [1], "n", 3]]}],
        [{"blob": "x", "arrays": [["w", "f", [1], "n", -4]]}],
        [{"blob": "x", "arrays": [["w", "f", ["a"], "n", 4]]}],
        [{"blob": "x", "arrays": [[1, "f", [1], "n", 4]]}],
        [{"blob": "other", "arrays": []}],
        [{"blob": "x", "arrays": [["w", "f"]]}],
        [{"blob": "x", "arrays": [["w", "f", [1], "n", 4]], "heads": [["a", 9]]}],
        [{"blob": "x", "arrays": [["w", "f", [1], "n", 4]], "heads": [["a", 2**40]]}],
        [{"blob": "x", "arrays": [["w", "f", [1], "n", 4]], "heads": [["abc", 2]]}],
        [{"blob": "x", "arrays": [["w", "f", [1], "n", 4]], "heads": [[3, 3]]}],
        [{"blob": "x", "arrays": [["w", "f", [1], "n", 4]], "heads": [["a", 1], ["b", 1]]}],
        [{"blob": "x", "arrays": [["w", "f", [1], "n", 4]], "heads": 7}],
        [{"blob": "x", "arrays": [["w", "f", [1], "n", 4]], "lead": -1}],
        [{"blob": "x", "arrays": [["w", "f", [1], "n", 4]], "lead": 2}],
        [7],
    ],
)
def test_S6_arrays_that_do_not_fit_their_bytes_are_refused(specs: object) -> None:
    """Sizes, names and shapes are checked before anything is made of them."""
    with pytest.raises(CodecError):
        unpack(json.dumps({"sets": specs}).encode(), {"x": HeldBlob(b"1234")})


def test_bytes_are_cut_once() -> None:
    """Two messages that name the same blob share its arrays; another cut is possible."""
    held = HeldBlob(bytearray(b"abcdef"))

    first = held.pieces((2, 4))

    assert first == [b"ab", b"cdef"]
    assert held.pieces((2, 4))[1] is first[1]
    assert held.pieces((3, 3)) == [b"abc", b"def"]
    with pytest.raises(ValueError, match="7 bytes were announced, and 6 came"):
        held.pieces((7,))


def test_heads_stand_before_what_follows_the_lead() -> None:
    """An array is its head and its part of the bytes; another cut finds the same bytes."""
    held = HeldBlob(bytearray(b"LEADabcdef"))

    assert held.pieces((3, 6), (b"1", b"22"), 4) == [b"1ab", b"22cdef"]
    assert held.pieces((4, 6)) == [b"LEAD", b"abcdef"]


@given(st.binary(max_size=300))
def test_S12_any_bytes_are_a_message_or_refused(body: bytes) -> None:
    """No other exception leaves the parser."""
    try:
        unpack(body, {})
    except CodecError:
        return


def test_S12_deep_nesting_is_refused() -> None:
    """A header of brackets does not end the job."""
    with pytest.raises(CodecError):
        unpack(b'{"sets":' + b"[" * 200_000, {})
