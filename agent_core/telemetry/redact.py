"""Keeping secrets out of log lines: tokens, passwords, keys, signed addresses."""

from __future__ import annotations

import re

GONE = "[removed]"

_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]*PRIVATE KEY-----")
_PEM = re.compile(_PEM_BEGIN.pattern + r".*?(?:" + _PEM_END.pattern + r"|\Z)", re.DOTALL)
# A line without any of these holds nothing of the patterns below; most lines end here.
_SUSPECT = re.compile(
    r"://|-----BEGIN|eyJ|AKIA|bearer|basic |authorization|password|passwd|pwd|secret|token"
    r"|api.?key|access.?key|private.?key|signature|credential|code=",
    re.IGNORECASE,
)
_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret|(?:api|access|secret|private|owner)[_-]?key|"
    r"[\w-]*(?:password|passwd|secret)|[\w-]*token|x-amz-(?:signature|credential|security-token)"
)
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (_PEM, GONE),
    (re.compile(r"(authorization\W{1,4})(?:\w+\s+)?[^\s'\",}]+", re.IGNORECASE), rf"\1{GONE}"),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{12,}", re.IGNORECASE), rf"\1 {GONE}"),
    (re.compile(r"(\w[\w+.-]*://[^\s/:@]*:)[^\s/@]+@"), rf"\1{GONE}@"),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), GONE),
    (re.compile(r"\bAKIA[0-9A-Z]{12,}"), GONE),
    (re.compile(r"([?&]code=)[^\s&'\"]+"), rf"\1{GONE}"),
    # A bare number after "token" is a count of tokens, as text models log it.
    (
        re.compile(
            rf"(?<![\w-])((?:{_NAMES})[\"']?\s*[:=]\s*[\"']?)(?!\d+(?:\.\d+)?(?:\W|\Z))"
            r"(?!\[removed\])[^\s\"',;&}]{3,}",
            re.IGNORECASE,
        ),
        rf"\1{GONE}",
    ),
)


def redact(text: str) -> str:
    """Return the text with everything that looks like a secret taken out."""
    if not _SUSPECT.search(text):
        return text
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


class LineRedactor:
    """Redact a stream of lines, where a private key may run over many of them."""

    def __init__(self) -> None:
        self._in_key = False

    def line(self, text: str) -> str:
        """Return one line without secrets."""
        if self._in_key:
            end = _PEM_END.search(text)
            if end is None:
                return GONE
            self._in_key = False
            return GONE + redact(text[end.end() :])
        begins = [found.end() for found in _PEM_BEGIN.finditer(text)]
        self._in_key = bool(begins) and not _PEM_END.search(text, begins[-1])
        return redact(text)
