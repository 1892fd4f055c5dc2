"""Opaque random secrets: made once, shown once, stored as hashes."""

from __future__ import annotations

import hashlib
import secrets


def make(length: int = 32) -> str:
    """Return a fresh secret in URL-safe letters."""
    return secrets.token_urlsafe(length)


def digest(secret: str) -> str:
    """Return what is stored of a secret; it has 256 bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()
