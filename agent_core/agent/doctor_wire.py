"""The doctor's checks of the wire: proxy, name, port, encryption."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import socket
import ssl

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from agent_core.agent.doctor_case import SOCKET_S, Case, found
from agent_core.protocol.records_doctor import DoctorCheck
from agent_core.transport.http import system_trust
from agent_core.transport.proxy import proxy_for

HEAD_LIMIT = 8192
SOURCES = {
    "settings": "from SiloDesk's settings", "environment": "from the system's environment",
}  # fmt: skip
_REFUSED = {
    403: "it forbids this address", 407: "it wants a sign-in",
    502: "it cannot reach the hub", 503: "it cannot reach the hub", 504: "the hub was too slow",
}  # fmt: skip
# OpenSSL's numbers of why a chain is not trusted.
_EXPIRED, _SELF_SIGNED, _OTHER_NAME = 10, 18, 62


async def check_address(case: Case) -> DoctorCheck:
    """Say which address is looked at, and from which address of ours."""
    if not case.url:
        return found("address", "skip", case.why_no_url or "No hub is named yet.",
                     remedy="Type a hub's address or paste an invitation link.")  # fmt: skip
    case.proxy = proxy_for(case.url)
    case.address = await asyncio.to_thread(_own_address, case.proxy.host or case.host)
    if not case.address:
        return found(
            "address", "fail", "This machine has no network connection.",
            "No network card has an address that leads to the hub.",
            "Plug in the cable or join the wireless network, then run the checks again.",
        )  # fmt: skip
    return found("address", "pass", f"{case.url}, from {case.address}")


def _own_address(host: str) -> str:
    """Return the address this machine would send from; nothing is sent."""
    targets = [host, "192.0.2.1"]  # the second where the name is not known: any way out
    for target in targets:
        with contextlib.suppress(OSError):
            family, _, _, _, place = socket.getaddrinfo(target, 9, type=socket.SOCK_DGRAM)[0]
            with socket.socket(family, socket.SOCK_DGRAM) as probe:
                probe.connect(place)
                return str(probe.getsockname()[0])
    return ""


async def check_proxy(case: Case) -> DoctorCheck:
    """Say which proxy is on the way and whether it lets this address through."""
    proxy = case.proxy
    if not proxy.url:
        why = {
            "loopback": "None: the hub is on this machine.",
            "settings": "None, as SiloDesk's settings say.",
        }.get(proxy.source, "None is set; connections are direct.")
        return found("proxy", "pass", why)
    where = f"{proxy.host}:{proxy.port}"
    source = SOURCES.get(proxy.source, proxy.source)
    try:
        status = await asyncio.to_thread(_ask_proxy, case)
    except socket.gaierror:
        return found(
            "proxy", "fail", f"The proxy's name {proxy.host} is not known.",
            f"The proxy comes {source}.", "Correct the proxy under Settings, or ask the IT desk.",
        )  # fmt: skip
    except TimeoutError:
        return found(
            "proxy", "fail", f"The proxy {where} does not answer.",
            f"The proxy comes {source}; it took the connection and said nothing, or a firewall "
            "drops what is sent there.",
            "Ask the IT desk whether this proxy is the right one.",
        )  # fmt: skip
    except OSError as error:
        return found(
            "proxy", "fail", f"The proxy {where} cannot be reached: {_why(error)}.",
            f"The proxy comes {source}.", "Correct the proxy under Settings, or ask the IT desk.",
        )  # fmt: skip
    if status in _REFUSED:
        return found(
            "proxy", "fail", f"The proxy {where} does not let this machine through to "
            f"{case.host}: {_REFUSED[status]} (HTTP {status}).",
            f"The proxy comes {source}.",
            f"Ask the IT desk to allow {case.host}:{case.port}; the letter says exactly what.",
        )  # fmt: skip
    return found("proxy", "pass", f"{where}, {source}")


def _ask_proxy(case: Case) -> int:
    with socket.create_connection((case.proxy.host, case.proxy.port), SOCKET_S) as sock:
        if case.is_tls:
            return _tunnel(sock, case.host, case.port)
        request = f"GET {case.url}/api/v1/hub HTTP/1.1\r\nHost: {case.host}:{case.port}\r\n"
        sock.sendall(f"{request}Connection: close\r\n\r\n".encode())
        return _status(sock)


def _tunnel(sock: socket.socket, host: str, port: int) -> int:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    sock.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())
    return _status(sock)


def _status(sock: socket.socket) -> int:
    head = b""
    while b"\r\n\r\n" not in head and len(head) < HEAD_LIMIT:
        block = sock.recv(1024)
        if not block:
            break
        head += block
    words = head.split(b"\r\n", 1)[0].split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 502


async def check_dns(case: Case) -> DoctorCheck:
    """Look the hub's name up."""
    if case.proxy.url:
        return found("dns", "pass", "The proxy looks the name up.")
    try:
        rows = await asyncio.get_running_loop().getaddrinfo(
            case.host, case.port, type=socket.SOCK_STREAM
        )
    except (OSError, UnicodeError):
        return found(
            "dns", "fail", f"The name {case.host} is not known.",
            "The name server of this network has no such name.",
            "Check the spelling; where it is right, ask the IT desk whether this network may "
            "look the name up.",
        )  # fmt: skip
    places = list(dict.fromkeys(str(row[4][0]) for row in rows))
    return found("dns", "pass", f"{case.host} is {', '.join(places[:3])}")


async def check_tcp(case: Case) -> DoctorCheck:
    """Open a connection to the hub's port."""
    where = f"{case.host}:{case.port}"
    if case.proxy.url:
        return found("tcp", "pass", "Connects through the proxy.")
    try:
        sock = await asyncio.to_thread(connect, case)
    except TimeoutError:
        return found(
            "tcp", "fail", f"Nothing answers at {where}.",
            "A firewall on the way drops the packets, or the machine is off.",
            f"Ask the IT desk to allow outgoing connections to {where}.",
        )  # fmt: skip
    except OSError as error:
        return found(
            "tcp", "fail", f"{where} cannot be reached: {_why(error)}.",
            "The machine is there, but no program listens on this port."
            if isinstance(error, ConnectionRefusedError) else "",
            "Check the address, or start the hub.",
        )  # fmt: skip
    sock.close()
    return found("tcp", "pass", f"{where} takes connections.")


def connect(case: Case) -> socket.socket:
    """Return a connection to the hub, through the proxy where there is one."""
    if not case.proxy.url:
        return socket.create_connection((case.host, case.port), SOCKET_S)
    sock = socket.create_connection((case.proxy.host, case.proxy.port), SOCKET_S)
    if _tunnel(sock, case.host, case.port) != 200:
        sock.close()
        raise ConnectionError("the proxy refused")
    return sock


def _why(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "nothing listens there"
    return (error.strerror or type(error).__name__).lower()


async def check_tls(case: Case) -> DoctorCheck:
    """Check the hub's certificate; where it is not trusted, say whose it is."""
    if not case.is_tls:
        if case.is_loopback:
            return found("tls", "pass", "Not needed: plain http that never leaves this machine.")
        return found(
            "tls", "note", "This hub is spoken to without encryption (http).",
            "Whoever is on the way can read passwords and updates.",
            "Ask the hub's administrator for an https address.",
        )  # fmt: skip
    try:
        words = await asyncio.to_thread(_trusted, case)
    except ssl.SSLCertVerificationError as error:
        certificate = await asyncio.to_thread(_seen, case)
        return _untrusted(case, error, certificate)
    except (TimeoutError, OSError) as error:
        is_silent = isinstance(error, TimeoutError)
        return found(
            "tls", "fail",
            f"{case.host}:{case.port} took the connection and says nothing." if is_silent
            else f"{case.host}:{case.port} does not speak TLS.",
            "Another program listens there, or a device on the way swallows the answer.",
            "Check the port, and whether the address begins with http:// or https://.",
        )  # fmt: skip
    return found("tls", "pass", words)


def _trusted(case: Case) -> str:
    trust = system_trust()
    with connect(case) as raw, trust.wrap_socket(raw, server_hostname=case.host) as sock:
        data = sock.getpeercert(binary_form=True) or b""
        version = sock.version() or "TLS"
    certificate = x509.load_der_x509_certificate(data)
    _note(case, certificate)
    until = certificate.not_valid_after_utc.date().isoformat()
    return f"{version}, certificate by {_name(certificate.issuer)}, valid until {until}."


def _seen(case: Case) -> x509.Certificate | None:
    """Return the certificate that was shown. It is only read: nothing is sent over this."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with connect(case) as raw, context.wrap_socket(raw, server_hostname=case.host) as sock:
            data = sock.getpeercert(binary_form=True) or b""
        certificate = x509.load_der_x509_certificate(data)
    except (OSError, ValueError):
        return None
    _note(case, certificate)
    return certificate


def _note(case: Case, certificate: x509.Certificate) -> None:
    raw = certificate.public_bytes(Encoding.DER)
    case.facts["certificate"] = hashlib.sha256(raw).hexdigest()
    case.facts["issuer"] = _name(certificate.issuer)
    case.facts["subject"] = _name(certificate.subject)


def _name(name: x509.Name) -> str:
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        found_ = name.get_attributes_for_oid(oid)
        if found_:
            return str(found_[0].value)[:100]
    return "an unnamed issuer"


def _untrusted(
    case: Case, error: ssl.SSLCertVerificationError, certificate: x509.Certificate | None
) -> DoctorCheck:
    issuer = _name(certificate.issuer) if certificate else "an unknown issuer"
    facts = {"issuer": issuer}
    code = error.verify_code
    stopped = "SiloDesk stopped before sending anything, so no key or data was exposed."
    if code == _EXPIRED:
        return found("tls", "fail", f"The certificate of {case.host} has expired.", stopped,
                     "Let the hub's administrator renew it; check this machine's clock too.",
                     **facts)  # fmt: skip
    if code == _OTHER_NAME or "match" in error.verify_message.lower():
        subject = _name(certificate.subject) if certificate else "another name"
        return found("tls", "fail", f"The certificate is for {subject}, not for {case.host}.",
                     stopped, "Check the address: it must be the name in the certificate.",
                     **facts)  # fmt: skip
    if code == _SELF_SIGNED or (certificate and certificate.issuer == certificate.subject):
        return found(
            "tls", "fail",
            f"{case.host} shows a certificate that it signed itself (“{issuer}”).",
            f"No authority vouches for it. {stopped}",
            "Ask the hub's administrator for a certificate of a known authority, or let your "
            "IT desk install this one on the machine after comparing its fingerprint.",
            **facts,
        )  # fmt: skip
    return found(
        "tls", "fail", f"“{issuer}” vouches for {case.host}, and this machine does not know it.",
        "Either your network's security gateway replaces the hub's certificate with its own, or "
        f"the hub uses an authority of its own. {stopped}",
        f"Ask the IT desk to let {case.host} pass without inspection, or to install the "
        "gateway's certificate on this machine.",
        gateway=issuer, **facts,
    )  # fmt: skip
