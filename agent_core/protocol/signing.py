"""Ed25519 signatures over canonical JSON; keys and signatures travel as URL-safe base64."""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agent_core.errors import ProtocolError


def canonical(value: Any) -> bytes:
    """Return the one JSON spelling of a value: sorted keys, no blanks, UTF-8, no NaN."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def encode(raw: bytes) -> str:
    """Return bytes as URL-safe base64 without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Return the bytes of URL-safe base64 without padding; raises ProtocolError."""
    try:
        return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise ProtocolError("A key or signature is not base64.") from error


def sign(private: Ed25519PrivateKey, value: Any) -> str:
    """Return the signature over the canonical JSON of a value."""
    return encode(private.sign(canonical(value)))


def verify(public_key: str, signature: str, value: Any) -> None:
    """Check a signature over the canonical JSON of a value; raises ProtocolError."""
    try:
        key = Ed25519PublicKey.from_public_bytes(decode(public_key))
        key.verify(decode(signature), canonical(value))
    except (InvalidSignature, ValueError) as error:
        raise ProtocolError(
            "A signature does not match what it signs.",
            next_step="Ask the sender to sign and send it again; nothing of it was used.",
            code="protocol.signature",
        ) from error
