"""Small tensors inside a message: joined and split without loss, else refused."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.agent import inline
from agent_core.errors import ProtocolError
from agent_core.protocol.messages import INLINE, BlobRef


def refs(blobs: list[bytes], url: str = INLINE) -> list[BlobRef]:
    """Return references to tensors."""
    return [
        BlobRef(sha256=hashlib.sha256(blob).hexdigest(), size=len(blob), url=url) for blob in blobs
    ]


@given(st.binary(max_size=200), st.lists(st.binary(max_size=100), min_size=1, max_size=5))
def test_split_gives_back_what_was_joined(body: bytes, blobs: list[bytes]) -> None:
    """Inline part and tensors come back byte for byte."""
    assert inline.split(inline.join(body, blobs), refs(blobs)) == (body, blobs)


def test_without_inline_tensors_the_body_is_the_body() -> None:
    """Tensors that travel as objects leave the body alone."""
    assert inline.split(b"abc", refs([b"x"], "http://store/x")) == (b"abc", [])
    assert inline.split(b"abc", []) == (b"abc", [])


@pytest.mark.parametrize("body", [b"", b"\0\0", b"\xff\xff\xff\xffab", b"\0\0\0\0", b"\0\0\0\1ab"])
def test_wrong_lengths_are_refused(body: bytes) -> None:
    """A body that is shorter or longer than it says is no message."""
    with pytest.raises(ProtocolError):
        inline.split(body, refs([b"tensor"]))


def test_a_changed_tensor_is_refused() -> None:
    """One flipped bit does not reach a job."""
    body = bytearray(inline.join(b"abc", [b"tensor"]))
    body[-1] ^= 1

    with pytest.raises(ProtocolError, match="sha256"):
        inline.split(bytes(body), refs([b"tensor"]))


def test_mixed_places_are_refused() -> None:
    """All inside or all outside."""
    mixed = [*refs([b"a"]), *refs([b"b"], "http://store/b")]
    with pytest.raises(ProtocolError, match="neither"):
        inline.split(inline.join(b"", [b"a"]), mixed)
