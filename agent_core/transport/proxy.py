"""Which proxy HTTP goes through: the person's choice, else what the environment says."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import requests.utils

from agent_core.errors import UserInputError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SYSTEM, NONE = "", "none"
_chosen = [SYSTEM]


@dataclass(frozen=True)
class Proxy:
    """The proxy of one address, and who named it; an empty address is a direct connection."""

    url: str
    source: str  # "settings", "environment", "loopback", or "" where nobody named one

    @property
    def host(self) -> str:
        """Return the proxy's host."""
        return urlsplit(self.url).hostname or ""

    @property
    def port(self) -> int:
        """Return the proxy's port."""
        parts = urlsplit(self.url)
        return parts.port or (443 if parts.scheme == "https" else 80)


def clean(text: str) -> str:
    """Return a proxy setting as it is kept: "", "none" or http://host:port."""
    value = text.strip().rstrip("/")
    if value.lower() in {SYSTEM, NONE, "system"}:
        return NONE if value.lower() == NONE else SYSTEM
    url = value if "://" in value else f"http://{value}"
    try:
        parts = urlsplit(url)
        is_usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_usable = is_usable and parts.port is not None and not parts.path and " " not in url
    except ValueError:
        is_usable = False
    if not is_usable or parts.username or parts.password:
        raise UserInputError(
            f"'{text[:80]}' is not the address of a proxy.",
            next_step="Write it like http://proxy.example.org:3128, or none for a direct "
            "connection, or leave it empty for what the system says.",
            code="input.proxy",
            field="proxy",
        )
    return url


def choose(setting: str) -> None:
    """Take a person's choice for every connection from now on."""
    _chosen[0] = clean(setting)


def proxy_for(url: str) -> Proxy:
    """Return the proxy that an address is reached through."""
    parts = urlsplit(url)
    if parts.hostname in LOOPBACK:
        return Proxy("", "loopback")
    chosen = _chosen[0]
    if chosen == NONE:
        return Proxy("", "settings")
    if chosen:
        return Proxy(chosen, "settings")
    named = requests.utils.get_environ_proxies(url)
    found = requests.utils.select_proxy(url, named) or ""
    if found and "://" not in found:
        found = f"http://{found}"
    return Proxy(found, "environment" if found else "")


def override(url: str) -> dict[str, str] | None:
    """Return what requests shall use instead of the environment, or None to leave it alone."""
    proxy = proxy_for(url)
    if proxy.source != "settings":
        return None
    return {"http": proxy.url, "https": proxy.url} if proxy.url else {}
