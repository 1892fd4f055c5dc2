"""Addresses that people type or paste: a hub's, and an invitation link's."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

from agent_core.errors import UserInputError


def clean_hub_url(text: str) -> str:
    """Return the base address of a hub as a person typed it; raises UserInputError."""
    url = text.strip().rstrip("/")
    if url and "://" not in text:
        url = f"http://{url}"
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
        is_address = is_address and parts.port != 0 and not re.search(r"[\s@\x00]", url)
        labels = (parts.hostname or "").split(".")
        is_address = is_address and len(url) < 300 and all(len(label) < 64 for label in labels)
    except ValueError:  # a port that is none, or half of an IPv6 address
        is_address = False
    if not is_address:
        raise UserInputError(
            f"'{text}' is not the address of a hub.",
            next_step="Write it like http://127.0.0.1:8765, as the hub prints it.",
            code="input.hub",
        )
    return url


def parse_link(link: str, kind: str = "join") -> tuple[str, str]:
    """Return hub address and code of an invitation's (or reset's) link; raises UserInputError."""
    parts = urlsplit(link.strip())
    fields = parse_qs(parts.query)
    hub, code = fields.get("hub", [""])[0], fields.get("code", [""])[0]
    if parts.scheme != "silodesk" or parts.netloc != kind or not hub or not code:
        raise UserInputError(
            "This is not an invitation link." if kind == "join" else "This is not such a link.",
            next_step=f"Paste the whole link; it begins with silodesk://{kind}?",
            code="input.link",
        )
    return clean_hub_url(hub), code
