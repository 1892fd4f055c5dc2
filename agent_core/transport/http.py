"""HTTP sessions that keep connections, trust what the system trusts, and explain silence."""

from __future__ import annotations

import functools
import socket
import ssl
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.exceptions import NameResolutionError, ProtocolError, ProxyError, SSLError

from agent_core.errors import UnreachableError
from agent_core.transport import proxy


class _Adapter(HTTPAdapter):
    """Keep connections alive without Nagle's delay, and trust what the system trusts."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        options["blocksize"] = 1024 * 1024  # of bodies that are read from files
        options["socket_options"] = [
            *HTTPConnection.default_socket_options,
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
        ]
        super().init_poolmanager(*arguments, **options)


class _TrustingAdapter(_Adapter):
    """Verify certificates against the operating system's store."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        options["ssl_context"] = system_trust()
        super().init_poolmanager(*arguments, **options)


@functools.cache
def system_trust() -> ssl.SSLContext:
    """Return the TLS context that trusts what this machine's operating system trusts."""
    import truststore  # only where something speaks TLS: its import costs start-up time

    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def new_session(url: str) -> requests.Session:
    """Return a session for the host of a URL that keeps connections alive and ignores netrc."""
    session = _Session()
    # A proxy of the environment cannot reach this machine's own loopback.
    session.trust_env = urlsplit(url).hostname not in proxy.LOOPBACK
    session.mount("http://", _Adapter(pool_maxsize=8))
    session.mount("https://", _LazyTrust())
    session.auth = _no_netrc
    return session


class _Session(requests.Session):
    """Ask for the proxy at each call, so that a changed setting holds at once."""

    def merge_environment_settings(self, url: Any, *arguments: Any) -> Any:
        merged = super().merge_environment_settings(url, *arguments)
        chosen = proxy.override(str(url))
        if chosen is not None:
            merged["proxies"] = chosen
        return merged


class _LazyTrust(requests.adapters.BaseAdapter):
    """Build the TLS adapter at the first https call."""

    def __init__(self) -> None:
        super().__init__()
        self._real: _TrustingAdapter | None = None

    def send(self, *arguments: Any, **options: Any) -> requests.Response:
        if self._real is None:
            self._real = _TrustingAdapter(pool_maxsize=8)
        return self._real.send(*arguments, **options)

    def close(self) -> None:
        if self._real is not None:
            self._real.close()


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    # Without it requests would put a password from ~/.netrc over our Authorization header.
    return request


def unreachable(where: str, error: BaseException) -> UnreachableError:
    """Return what a person should know when an HTTP peer did not answer."""
    host = urlsplit(where).netloc or where
    causes = list(_chain(error))
    certificate = next((e for e in causes if isinstance(e, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        return UnreachableError(
            f"The certificate of {host} cannot be trusted: {certificate.verify_message}.",
            next_step="Check the address, or let the hub's administrator renew its certificate.",
            code="unreachable.certificate",
        )
    if any(isinstance(e, SSLError | ssl.SSLError) for e in causes):
        return UnreachableError(
            f"{host} does not speak TLS as expected.",
            next_step="Check whether the address should begin with http:// or https://.",
            code="unreachable.tls",
        )
    if any(isinstance(e, ProxyError) for e in causes):
        cause = "the proxy on the way does not let it through"
        step = "Open the connection doctor; it names the proxy and what to ask for."
    elif any(isinstance(e, NameResolutionError | socket.gaierror) for e in causes):
        cause, step = "its name is not known", "Check the address and the network."
    elif any(isinstance(e, ConnectionRefusedError) for e in causes):
        cause, step = "nothing listens there", "Start the hub, or check the address."
    elif isinstance(error, requests.Timeout):
        cause = "it did not answer in time"
        step = "Try again in a moment; if it stays so, check the hub and the network."
    elif any(isinstance(e, ProtocolError | ConnectionError) for e in causes):
        cause, step = "it closed the connection", "Look at its log if this happens again."
    else:
        cause, step = "the connection failed", "Check the address and the network."
    return UnreachableError(f"{host} cannot be reached: {cause}.", next_step=step)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and everything it wraps: causes, contexts, and urllib3's arguments."""
    seen: set[int] = set()
    todo: list[BaseException] = [error]
    while todo:
        here = todo.pop()
        if id(here) in seen:
            continue
        seen.add(id(here))
        yield here
        nexts = [here.__cause__, here.__context__, getattr(here, "reason", None), *here.args]
        todo += [item for item in nexts if isinstance(item, BaseException)]
