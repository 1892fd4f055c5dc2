"""REST calls against a real server on loopback: credentials, problems, silence, TLS."""

from __future__ import annotations

import datetime as dt
import gzip
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from agent_core.errors import (
    ConflictError,
    ForbiddenError,
    LimitError,
    NotFoundError,
    NotSignedInError,
    ProtocolError,
    SiloDeskError,
    UnreachableError,
    UserInputError,
)
from agent_core.transport.rest import Rest


class Handler(BaseHTTPRequestHandler):
    """Answers what the path says and keeps what came."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        server: Any = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        server.seen.append((self.command, self.path, dict(self.headers), body))
        server.peers.add(self.client_address)
        status, content = server.answers.get(self.path.partition("?")[0], (200, {}))
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


class Quiet(ThreadingHTTPServer):
    """Says nothing about clients that refuse it."""

    def handle_error(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = Quiet(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    made.seen, made.peers, made.answers = [], set(), {}
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(10)


@pytest.fixture
def rest(server: Any) -> Iterator[Rest]:
    made = Rest(f"http://127.0.0.1:{server.server_address[1]}/", lambda: "a-token")
    yield made
    made.close()


def test_a_call_carries_credential_parameters_and_json(server: Any, rest: Rest) -> None:
    server.answers["/api/v1/runs"] = (200, {"id": 7})
    answer = rest.call(
        "POST", "/runs", {"limit": 5, "after": None}, {"name": "Lauf ä"}, {"Idempotency-Key": "k"}
    )
    assert answer == {"id": 7}
    verb, path, headers, body = server.seen[0]
    assert (verb, path) == ("POST", "/api/v1/runs?limit=5")
    assert json.loads(body) == {"name": "Lauf ä"}
    assert headers["Authorization"] == "Bearer a-token"
    assert headers["Content-Type"] == "application/json"
    assert headers["Idempotency-Key"] == "k"


def test_a_device_names_its_scheme_and_no_token_sends_none(server: Any) -> None:
    base = f"http://127.0.0.1:{server.server_address[1]}/api/v1"
    for token in ("Device d-token", None):
        client = Rest(base, lambda token=token: token)
        client.call("GET", "/hub")
        client.close()
    assert server.seen[0][2]["Authorization"] == "Device d-token"
    assert server.seen[0][1] == "/api/v1/hub"
    assert "Authorization" not in server.seen[1][2]


def test_netrc_and_proxies_of_the_environment_do_not_reach_loopback(
    server: Any, rest: Rest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login eve password x\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    rest.call("GET", "/hub")
    assert server.seen[0][2]["Authorization"] == "Bearer a-token"


def test_connections_are_kept(server: Any, rest: Rest) -> None:
    for _ in range(5):
        rest.call("GET", "/hub")
    assert len(server.peers) == 1


def test_threads_have_their_own_connections(server: Any, rest: Rest) -> None:
    def call() -> None:
        rest.call("GET", "/hub")
        rest.close()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(server.seen) == 4
    assert len(server.peers) == 4


def test_telemetry_goes_compressed(server: Any, rest: Rest) -> None:
    server.answers["/api/v1/telemetry"] = (200, {"stream": "logs", "highest": 3})
    assert rest.post_gzip("/telemetry", {"records": ["ü" * 5000]})["highest"] == 3
    _, _, headers, body = server.seen[0]
    assert headers["Content-Encoding"] == "gzip"
    assert len(body) < 500
    assert json.loads(gzip.decompress(body)) == {"records": ["ü" * 5000]}


def test_an_answer_without_content_is_none(server: Any, rest: Rest) -> None:
    server.answers["/api/v1/sessions"] = (200, b"")
    assert rest.call("DELETE", "/sessions") is None


def test_a_problem_document_becomes_its_error(server: Any, rest: Rest) -> None:
    problem = ConflictError(
        "The run was started.", next_step="Clone it.", code="conflict.state", run=3
    )
    server.answers["/api/v1/runs/3/start"] = (409, problem.to_problem())
    with pytest.raises(ConflictError) as told:
        rest.call("POST", "/runs/3/start")
    assert told.value.sentence == "The run was started."
    assert told.value.next_step == "Clone it."
    assert told.value.code == "conflict.state"
    assert told.value.details == {"run": 3}


@pytest.mark.parametrize(
    ("status", "content", "family"),
    [
        (401, b"", NotSignedInError),
        (403, b"<html>proxy</html>", ForbiddenError),
        (404, {"detail": "Not Found"}, NotFoundError),
        (413, b"too large", LimitError),
        (422, {"detail": []}, UserInputError),
        (429, b"", LimitError),
        (500, b"", SiloDeskError),
        (503, b"", UnreachableError),
        (502, b"<html>", UnreachableError),
        (200, b"<html>a proxy's sign-in page</html>", ProtocolError),
    ],
)
def test_answers_without_words_get_some(
    server: Any, rest: Rest, status: int, content: Any, family: type[SiloDeskError]
) -> None:
    server.answers["/api/v1/x"] = (status, content)
    with pytest.raises(family) as told:
        rest.call("GET", "/x")
    assert type(told.value) is family
    assert told.value.next_step


def test_a_number_that_is_none_is_refused_before_it_is_sent(server: Any, rest: Rest) -> None:
    with pytest.raises(UserInputError):
        rest.call("POST", "/runs", json={"lr": float("nan")})
    assert server.seen == []


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        (f"http://127.0.0.1:{free_port()}", "nothing listens there"),
        ("http://hub.invalid", "its name is not known"),
    ],
    ids=["closed port", "unknown name"],
)
def test_silence_is_told_with_its_cause(url: str, cause: str) -> None:
    with pytest.raises(UnreachableError) as told:
        Rest(url).call("GET", "/hub")
    assert cause in told.value.sentence
    assert url.removeprefix("http://") in told.value.sentence
    assert told.value.next_step


def test_a_hub_that_hangs_and_one_that_hangs_up_are_told_apart() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(UnreachableError, match="did not answer in time"):
            Rest(url).call("GET", "/hub", timeout=(1, 0.2))

        def hang_up() -> None:
            for _ in range(2):  # the first is the connection above, still in the queue
                listener.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(UnreachableError, match="closed the connection"):
            Rest(url).call("GET", "/hub")
        thread.join(10)


def certificate(folder: Path) -> ssl.SSLContext:
    """Return a server's context with a certificate of its own making."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    pem = folder / "server.pem"
    pem.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    return context


def test_s8_a_certificate_of_ones_own_making_is_refused(server: Any, tmp_path: Path) -> None:
    server.socket = certificate(tmp_path).wrap_socket(
        server.socket, server_side=True, do_handshake_on_connect=False
    )
    with pytest.raises(UnreachableError) as told:
        Rest(f"https://127.0.0.1:{server.server_address[1]}", lambda: "secret").call("GET", "/hub")
    assert told.value.code == "unreachable.certificate"
    assert server.seen == []


def test_s8_a_hub_without_tls_is_not_talked_to_over_https(server: Any) -> None:
    with pytest.raises(UnreachableError) as told:
        Rest(f"https://127.0.0.1:{server.server_address[1]}", lambda: "secret").call("GET", "/hub")
    assert told.value.code == "unreachable.tls"
