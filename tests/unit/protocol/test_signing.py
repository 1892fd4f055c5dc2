"""Signatures hold for exactly what was signed."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from agent_core.errors import ProtocolError
from agent_core.protocol import signing

KEY = Ed25519PrivateKey.generate()
PUBLIC = signing.encode(KEY.public_key().public_bytes_raw())
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8,
)  # fmt: skip


@given(json_values)
def test_what_was_signed_verifies(value: object) -> None:
    signing.verify(PUBLIC, signing.sign(KEY, value), value)


def test_order_of_keys_does_not_matter() -> None:
    assert signing.canonical({"b": 1, "a": "ü"}) == signing.canonical({"a": "ü", "b": 1})


def test_S1_every_flipped_bit_of_a_signature_is_refused() -> None:
    signature = signing.decode(signing.sign(KEY, {"run": 1}))
    for position in range(len(signature) * 8):
        flipped = bytearray(signature)
        flipped[position // 8] ^= 1 << (position % 8)
        with pytest.raises(ProtocolError):
            signing.verify(PUBLIC, signing.encode(bytes(flipped)), {"run": 1})


@pytest.mark.parametrize(
    ("key", "signature"),
    [("", ""), ("x", "y"), ("é", "z"), (PUBLIC, "AA")],
    ids=["nothing", "letters", "beyond ASCII", "short"],
)
def test_S12_junk_is_a_protocol_error(key: str, signature: str) -> None:
    with pytest.raises(ProtocolError):
        signing.verify(key, signature, {})


def test_nan_cannot_be_signed() -> None:
    with pytest.raises(ValueError, match="JSON"):
        signing.sign(KEY, {"value": float("nan")})
