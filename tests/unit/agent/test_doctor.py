"""The connection doctor against real faults on the loopback, each named as what it is."""

from __future__ import annotations

import asyncio
import datetime as dt
import ipaddress
import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent_core.agent.doctor import examine
from agent_core.agent.doctor_case import Case
from agent_core.agent.own_doctor import address_of
from agent_core.errors import UserInputError
from agent_core.paths import Home
from agent_core.protocol.records_doctor import CHECKS, DoctorReport
from agent_core.settings import Settings
from agent_core.transport import proxy

HUB = {"name": "OncoFed", "version": "0.1.0", "first_account": False}


@pytest.fixture(autouse=True)
def _direct() -> Iterator[None]:
    proxy.choose("none")
    yield
    proxy.choose("")


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Serve what `/api/v1/hub` answers, with the clock set off, over TLS where asked."""
    servers: list[ThreadingHTTPServer] = []

    def start(
        body: bytes = json.dumps(HUB).encode(), *, off_s: float = 0.0, status: int = 200,
        tls: ssl.SSLContext | None = None,
    ) -> str:  # fmt: skip
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response_only(status)
                self.send_header("Date", formatdate(time.time() + off_s, usegmt=True))
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_CONNECT = do_GET  # noqa: N815 - the name that http.server looks for

            def log_message(self, *_: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"{'https' if tls else 'http'}://127.0.0.1:{server.server_address[1]}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def silent() -> Iterator[str]:
    """A port that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


def look(tmp_path: Path, url: str, told: list[str] | None = None) -> DoctorReport:
    """Run the doctor without a device."""
    case = Case(
        Home(tmp_path).make(), Settings(), url, "No hub is named yet.",
        why_unbound="Not tried: this machine is not bound to a hub yet.",
        credentials=str(tmp_path / "credentials.json"),
    )  # fmt: skip
    (tmp_path / "credentials.json").write_text("{}")
    (tmp_path / "credentials.json").chmod(0o600)
    heard = told if told is not None else []
    return asyncio.run(examine(case, lambda check, done, total: heard.append(check.key)))


def state(report: DoctorReport, key: str) -> str:
    """Return a check's state."""
    return next(check.state for check in report.checks if check.key == key)


def test_every_check_is_told_in_order_and_the_hub_is_named(tmp_path, serve) -> None:
    told: list[str] = []
    report = look(tmp_path, serve(), told)
    assert tuple(told) == CHECKS
    assert state(report, "hub") == "pass"
    assert "OncoFed" in next(c.result for c in report.checks if c.key == "hub")
    assert state(report, "clock") == "pass"
    assert state(report, "broker") == "skip"
    assert report.fault == ""
    assert [stop.kind for stop in report.path] == ["machine", "hub", "broker", "store"]


def test_a_closed_port_is_the_fault_and_what_follows_is_not_tried(tmp_path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    report = look(tmp_path, f"http://127.0.0.1:{port}")
    assert report.fault == "tcp"
    assert "nothing listens there" in report.sentence
    assert state(report, "hub") == "skip"
    assert state(report, "disk") in {"pass", "fail"}  # this machine is looked at all the same


def test_a_port_that_never_answers_is_told_within_its_bound(tmp_path, silent) -> None:
    report = look(tmp_path, silent)
    assert report.fault == "hub"
    assert "never answers" in report.sentence


def test_an_unknown_name_is_told_as_such(tmp_path) -> None:
    report = look(tmp_path, "http://hub.silodesk.invalid:8750")
    assert report.fault == "dns"
    assert "hub.silodesk.invalid" in report.sentence
    assert report.letter["host"] == "hub.silodesk.invalid"


def test_a_proxy_that_refuses_is_named_with_where_it_comes_from(tmp_path, serve) -> None:
    refusing = serve(b"no", status=407)
    proxy.choose(refusing)
    report = look(tmp_path, "http://hub.silodesk.invalid:8750")
    assert report.fault == "proxy"
    assert "407" in report.sentence
    assert "settings" in report.consequence
    assert report.path[1].kind == "proxy"
    assert report.letter["proxy"] == refusing.removeprefix("http://")


def test_a_proxy_that_hangs_is_named(tmp_path, silent) -> None:
    proxy.choose(silent)
    report = look(tmp_path, "https://hub.silodesk.invalid")
    assert report.fault == "proxy"
    assert "does not answer" in report.sentence


def test_a_proxy_that_lets_through_leads_to_the_hub(tmp_path, serve) -> None:
    proxy.choose(serve())
    report = look(tmp_path, "http://hub.silodesk.invalid:8750")
    assert state(report, "hub") == "pass"
    assert state(report, "dns") == "pass"


def certificate(folder: Path, name: str, issuer: str = "") -> ssl.SSLContext:
    """Return a server's context with a certificate of its own making."""
    key, ca = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    by = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]) if issuer else subject
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(by)
        .public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(ca if issuer else key, hashes.SHA256())
    )  # fmt: skip
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ) + built.public_bytes(serialization.Encoding.PEM)
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_a_self_signed_certificate_stops_everything_behind_it(tmp_path, serve) -> None:
    report = look(tmp_path, serve(tls=certificate(tmp_path, "hub.example")))
    assert report.fault == "tls"
    assert "signed itself" in report.sentence
    assert "before sending anything" in report.consequence
    assert len(report.letter["certificate"]) == 64
    assert state(report, "hub") == "skip"


def test_a_gateway_of_unknown_authority_is_named(tmp_path, serve) -> None:
    url = serve(tls=certificate(tmp_path, "hub.example", issuer="Lindenau WebGuard CA"))
    report = look(tmp_path, url)
    assert report.fault == "tls"
    assert "Lindenau WebGuard CA" in report.sentence
    gateway = next(stop for stop in report.path if stop.kind == "gateway")
    assert (gateway.name, gateway.state) == ("Lindenau WebGuard CA", "fail")
    assert report.letter["issuer"] == "Lindenau WebGuard CA"


@pytest.mark.parametrize(("off_s", "expected"), [(-3600, "fail"), (90, "note"), (0, "pass")])
def test_a_clock_that_is_off_is_measured(tmp_path, serve, off_s, expected) -> None:
    report = look(tmp_path, serve(off_s=off_s))
    assert state(report, "clock") == expected


def test_what_is_no_hub_is_told_as_such(tmp_path, serve) -> None:
    report = look(tmp_path, serve(b"<html>Welcome</html>"))
    assert report.fault == "hub"
    assert "not a SiloDesk hub" in report.sentence


def test_without_an_address_the_machine_is_looked_at_alone(tmp_path) -> None:
    report = look(tmp_path, "")
    assert state(report, "hub") == "skip"
    assert not report.letter
    assert "alone" in report.sentence


def test_an_invitation_link_names_its_hub() -> None:
    link = "silodesk://join?hub=http://127.0.0.1:8750&code=abc"
    assert address_of(link) == "http://127.0.0.1:8750"
    assert address_of(" ") == ""
    with pytest.raises(UserInputError):
        address_of("silodesk://join?code=abc")


@pytest.mark.parametrize(
    "text", ["ftp://x:1", "http://x", "http://u:p@x:1", "x y:1", "http://x:1/p"]
)
def test_a_proxy_that_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(UserInputError):
        proxy.choose(text)


def test_loopback_is_never_sent_to_a_proxy() -> None:
    proxy.choose("proxy.example:3128")
    assert proxy.proxy_for("http://127.0.0.1:1").url == ""
    assert proxy.proxy_for("http://hub.example").url == "http://proxy.example:3128"
