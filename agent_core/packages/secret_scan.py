"""Look for secrets in the text of files that are about to leave this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass

_NAMES = "password|passwd|secret|api_?key|access_?token|auth_?token"

PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern))
    for what, pattern in (
        ("a private key", r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----"),
        ("a cloud access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
        ("a code host's token", r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_\w{22,255})\b"),
        ("a code host's token", r"\bglpat-[\w-]{20,255}\b"),
        ("a model host's token", r"\bhf_[A-Za-z0-9]{30,64}\b"),
        ("an API key", r"\bsk-[A-Za-z0-9_-]{32,255}\b"),
        ("an API key", r"\bAIza[0-9A-Za-z_-]{35}\b"),
        ("a chat token", r"\bxox[abprs]-[0-9A-Za-z-]{10,255}\b"),
        ("a signed token", r"\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{10,2000}"),
        ("a password in an address", r"\b[a-z][a-z0-9+.-]{1,20}://[^\s/:@]{1,64}:[^\s/@]{3,64}@"),
        (
            "a password",
            rf"(?i)\b(?:{_NAMES})[\"']?\s{{0,4}}[:=]\s{{0,4}}[\"'][^\"'\s]{{8,200}}[\"']",
        ),
    )
)
_LINE_LIMIT = 10_000


@dataclass(frozen=True)
class Secret:
    """A line that looks like it holds a secret; the secret itself is not kept."""

    path: str
    line: int
    what: str


def secrets_in(text: str, path: str) -> list[Secret]:
    """Return the lines of a file that look like they hold a secret."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for what, pattern in PATTERNS:
            if pattern.search(line[:_LINE_LIMIT]):
                found.append(Secret(path, number, what))
                break
    return found
