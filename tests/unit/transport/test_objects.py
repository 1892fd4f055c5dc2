"""Transfers over a bad network: cut, refused, stalled, and disks that are full."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from agent_core.errors import (
    ForbiddenError,
    NotFoundError,
    ProtocolError,
    StorageError,
    UnreachableError,
)
from agent_core.transport import objects, retry
from agent_core.transport.objects import download, upload

DATA = hashlib.shake_128(b"model").digest(4 * 1024 * 1024)
SHA = hashlib.sha256(DATA).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """A store that serves DATA with ranges, and misbehaves as the test says."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server: Any = self.server
        server.gets.append(self.headers.get("Range"))
        status = server.statuses.pop(0) if server.statuses else 200
        if status != 200:
            return self._short(status)
        start, data = 0, server.data
        found = re.match(r"bytes=(\d+)-", self.headers.get("Range") or "")
        if found and server.knows_ranges:
            start = int(found[1])
            self.send_response(206)
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        end = len(data)
        if server.cuts > 0:
            server.cuts -= 1
            end = min(end, start + len(data) // 20)
            self.close_connection = True
        self.wfile.write(data[start:end])
        return None

    def do_PUT(self) -> None:
        server: Any = self.server
        length = int(self.headers["Content-Length"])
        if server.cuts > 0:
            server.cuts -= 1
            self.rfile.read(length // 2)
            self.close_connection = True
            return None
        body = self.rfile.read(length)
        status = server.statuses.pop(0) if server.statuses else 200
        if status != 200:
            return self._short(status)
        server.puts[self.path] = body
        self.send_response(200)
        self.send_header("ETag", f'"{hashlib.md5(body).hexdigest()}"')
        self.send_header("Content-Length", "0")
        self.end_headers()
        return None

    def _short(self, status: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        pass


class Quiet(ThreadingHTTPServer):
    """Says nothing about connections that clients break."""

    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = Quiet(("127.0.0.1", 0), Handler)
    made.data, made.gets, made.puts = DATA, [], {}
    made.statuses, made.cuts, made.knows_ranges = [], 0, True
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join(10)


@pytest.fixture
def url(server: Any) -> str:
    return f"http://127.0.0.1:{server.server_address[1]}"


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries follow each other at once."""

    def at_once(work: Callable[[], Any], *, attempts: int) -> Any:
        return retry.retry(work, attempts=attempts, pause=lambda _: None)

    monkeypatch.setattr(objects, "retry", at_once)


def test_r9_a_download_cut_ten_times_goes_on_each_time(
    server: Any, url: str, tmp_path: Path
) -> None:
    server.cuts = 10
    target = tmp_path / "deep" / "model"
    download(f"{url}/k", target, SHA, len(DATA))
    assert target.read_bytes() == DATA
    assert len(server.gets) == 11
    starts = [int(text[6:-1]) for text in server.gets if text]
    assert starts == sorted(set(starts)), "every attempt began where the one before stopped"


def test_a_download_that_gets_nowhere_ends_and_keeps_what_it_has(
    server: Any, url: str, tmp_path: Path
) -> None:
    (tmp_path / ".model.part").write_bytes(DATA[:1000])
    server.statuses = [503] * 100
    with pytest.raises(UnreachableError) as told:
        download(f"{url}/k", tmp_path / "model", SHA, len(DATA))
    assert told.value.next_step
    assert (tmp_path / ".model.part").read_bytes() == DATA[:1000]
    assert len(server.gets) <= 2 * objects.ATTEMPTS


def test_a_store_without_ranges_starts_over(server: Any, url: str, tmp_path: Path) -> None:
    server.knows_ranges = False
    (tmp_path / ".model.part").write_bytes(DATA[:1000])
    download(f"{url}/k", tmp_path / "model", SHA, len(DATA))
    assert (tmp_path / "model").read_bytes() == DATA


def test_a_longer_leftover_than_the_file_is_thrown_away(
    server: Any, url: str, tmp_path: Path
) -> None:
    (tmp_path / ".model.part").write_bytes(DATA + b"more")
    download(f"{url}/k", tmp_path / "model", SHA, len(DATA))
    assert (tmp_path / "model").read_bytes() == DATA


def test_a_complete_leftover_needs_no_network(tmp_path: Path) -> None:
    (tmp_path / ".model.part").write_bytes(DATA)
    download("http://127.0.0.1:1/k", tmp_path / "model", SHA, len(DATA))
    assert (tmp_path / "model").read_bytes() == DATA


def test_damage_on_the_way_is_fetched_again_once(server: Any, url: str, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError) as told:
        download(f"{url}/k", tmp_path / "model", "0" * 64, len(DATA))
    assert told.value.code == "protocol.hash"
    assert len(server.gets) == 2
    assert list(tmp_path.iterdir()) == []


def test_more_bytes_than_announced_are_cut_off(server: Any, url: str, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError, match="more than the 100 bytes"):
        download(f"{url}/k", tmp_path / "model", SHA, 100)
    assert not (tmp_path / "model").exists()
    assert (tmp_path / ".model.part").stat().st_size == 0


@pytest.mark.parametrize(
    ("status", "family"), [(404, NotFoundError), (403, ForbiddenError), (400, ForbiddenError)]
)
def test_refusals_are_told_and_not_repeated(
    server: Any, url: str, tmp_path: Path, status: int, family: type[Exception]
) -> None:
    server.statuses = [status]
    with pytest.raises(family):
        download(f"{url}/k", tmp_path / "model", SHA, len(DATA))
    assert len(server.gets) == 1


def test_a_new_address_is_asked_for_when_the_old_one_is_refused(
    server: Any, url: str, tmp_path: Path
) -> None:
    server.statuses = [403]
    asked: list[int] = []

    def renewed() -> str:
        asked.append(1)
        return f"{url}/renewed"

    download(f"{url}/k", tmp_path / "model", SHA, len(DATA), refresh_url=renewed)
    assert asked == [1]
    assert (tmp_path / "model").read_bytes() == DATA


def test_an_empty_object_is_a_file(server: Any, url: str, tmp_path: Path) -> None:
    server.data = b""
    download(f"{url}/k", tmp_path / "empty", hashlib.sha256(b"").hexdigest(), 0)
    assert (tmp_path / "empty").read_bytes() == b""


def test_r5_a_disk_that_refuses_is_told(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError) as told:
        download(f"{url}/k", tmp_path / "file" / "model", SHA, len(DATA))
    assert "folder" in told.value.next_step
    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(StorageError) as told:
        download(f"{url}/k", tmp_path / "model", SHA, len(DATA))
    assert told.value.code == "storage.full"
    assert "Free some space" in told.value.next_step


def test_parts_are_sent_again_by_themselves(server: Any, url: str, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(DATA)
    server.cuts, server.statuses = 2, [500, 200, 503]
    parts = [{"number": n, "url": f"{url}/{n}"} for n in (1, 2, 3)]
    size = len(DATA) // 3 + 1
    tags = upload(parts, source, size)
    assert b"".join(server.puts[f"/{n}"] for n in (1, 2, 3)) == DATA
    assert [tag["number"] for tag in tags] == [1, 2, 3]
    assert tags[0]["etag"] == hashlib.md5(DATA[:size]).hexdigest()


def test_an_upload_that_gets_nowhere_ends(url: str, server: Any, tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"abc")
    server.statuses = [500] * 100
    done: dict[int, str] = {7: "kept"}
    with pytest.raises(UnreachableError):
        upload([{"number": 1, "url": f"{url}/1"}], tmp_path / "source", 10, done=done)
    assert done == {7: "kept"}
