"""Bytes to and from the object store by presigned addresses: resumed, bounded, hash checked."""

from __future__ import annotations

import errno
import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from agent_core.errors import (
    ForbiddenError,
    NotFoundError,
    ProtocolError,
    SiloDeskError,
    StorageError,
    UnreachableError,
)
from agent_core.transport.http import new_session, unreachable
from agent_core.transport.retry import retry

BLOCK = 1024 * 1024
ATTEMPTS = 8  # about 12 s: longer than a store that was killed needs to be back
TIMEOUT = (5.0, 60.0)  # connecting; each read or written block
Progress = Callable[[int, int], None]

_sessions = threading.local()


def upload(
    parts: Sequence[Mapping[str, Any]],
    path: Path,
    part_size: int,
    progress: Progress | None = None,
    done: dict[int, str] | None = None,
) -> list[dict[str, Any]]:
    """Put a file in parts (`number` from 1, `url`) and return their numbers and etags.

    Each part is tried again by itself. `done` (number -> etag) is filled as parts arrive; given
    again after an interruption, only the missing parts are sent.
    """
    finished = done if done is not None else {}
    size = path.stat().st_size
    for part in parts:
        number = int(part["number"])
        start = (number - 1) * part_size
        if number not in finished:
            window = _Window(path, start, min(part_size, size - start), size, progress)
            finished[number] = retry(lambda w=window, p=part: _put(p["url"], w), attempts=ATTEMPTS)  # type: ignore[misc]
        elif progress is not None:
            progress(min(start + part_size, size), size)
    return [{"number": int(p["number"]), "etag": finished[int(p["number"])]} for p in parts]


def download(
    url: str,
    path: Path,
    sha256: str,
    size: int,
    progress: Progress | None = None,
    refresh_url: Callable[[], str] | None = None,
    *,
    is_passing: bool = False,
) -> Path:
    """Fetch an object to `path`, going on where an earlier attempt stopped; returns the path.

    The file appears under its name only when size and hash are right. `refresh_url` is asked for
    a new address when the store refuses the old one, as it does once it is expired. `is_passing`
    is a file that nobody would read after a power cut, such as a round's tensor.
    """
    part = path.with_name(f".{path.name}.part")
    fetch = _Fetch(url, part, sha256, size, progress, refresh_url, is_passing=is_passing)
    with _told(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        fetch.run()
        part.replace(path)
    return path


class _Window:
    """A slice of a file that can be sent, and sent again."""

    def __init__(
        self, path: Path, start: int, length: int, size: int, progress: Progress | None
    ) -> None:
        self.path, self.start, self.length, self.size = path, start, length, size
        self.progress = progress
        self._left = 0
        self._file: BinaryIO | None = None

    def __len__(self) -> int:
        return self.length

    @contextmanager
    def open(self) -> Iterator[_Window]:
        """Open the file at the slice's start."""
        with self.path.open("rb") as file:
            file.seek(self.start)
            self._file, self._left = file, self.length
            yield self

    def read(self, count: int = -1) -> bytes:
        """Return the next block of the slice, as http.client asks for it."""
        if self._file is None:
            return b""
        wanted = self._left if count < 0 else min(count, self._left)
        block = self._file.read(wanted)
        self._left -= len(block)
        if self.progress is not None and block:
            self.progress(self.start + self.length - self._left, self.size)
        return block


def _put(url: str, window: _Window) -> str:
    with window.open() as body, _http(url):
        # An empty body must be sent as bytes: a stream of length 0 would be sent in chunks.
        data: Any = body if len(body) else b""
        answer = _session(url).put(url, data=data, timeout=TIMEOUT)
        _check(answer, url)
    return str(answer.headers.get("ETag", "")).strip('"')


class _Fetch:
    """One download with its state between attempts."""

    def __init__(
        self,
        url: str,
        part: Path,
        sha256: str,
        size: int,
        progress: Progress | None,
        refresh_url: Callable[[], str] | None,
        *,
        is_passing: bool,
    ) -> None:
        self.url, self.part, self.sha256, self.size = url, part, sha256, size
        self.progress, self.refresh_url = progress, refresh_url
        self.reached = 0  # the most bytes that were ever there
        self.is_passing = is_passing
        self._spoiled = False

    def run(self) -> None:
        """Fetch with retries; attempts count only while nothing more arrives."""
        while True:
            before = self.reached
            try:
                return retry(self.attempt, attempts=ATTEMPTS)
            except UnreachableError:
                if self.reached <= before:
                    raise

    def attempt(self) -> None:
        """Fetch what is missing and check the whole; raises Retryable errors for another go."""
        digest = hashlib.sha256()
        with self.part.open("a+b") as file:
            have = self._resume(file, digest)
            if have < self.size:
                have = self._receive(file, digest, have)
            # Before it gets its name: after a power cut, a name would stand for what is not there.
            file.flush()
            if not self.is_passing:
                os.fsync(file.fileno())
        if have != self.size:
            raise UnreachableError(
                f"A download broke off after {have} of {self.size} bytes.",
                next_step="It goes on from there by itself.",
            )
        if digest.hexdigest() != self.sha256:
            self._spoil()

    def _resume(self, file: BinaryIO, digest: Any) -> int:
        have = file.seek(0, 2)
        if have > self.size:
            file.truncate(0)
            return 0
        file.seek(0)
        while block := file.read(BLOCK):
            digest.update(block)
        return have

    def _receive(self, file: BinaryIO, digest: Any, have: int) -> int:
        with _http(self.url), self._get(have) as answer:
            if have and answer.status_code != 206:
                # The store ignored the range: what is there cannot be continued.
                file.truncate(0)
                raise UnreachableError("The store could not continue a download; it starts again.")
            # read1 gives what is there: a connection that breaks costs nothing that had come.
            while block := answer.raw.read1(BLOCK):
                have += len(block)
                if have > self.size:
                    file.truncate(0)
                    raise ProtocolError(
                        f"The store sent more than the {self.size} bytes that were announced.",
                        next_step="Nothing of it was used. Tell the hub's administrator.",
                    )
                digest.update(block)
                file.write(block)
                self.reached = max(self.reached, have)
                if self.progress is not None:
                    self.progress(have, self.size)
        return have

    def _get(self, have: int) -> requests.Response:
        # Without "identity" a proxy may compress, and sizes and ranges would mean something else.
        headers = {"Accept-Encoding": "identity"}
        if have:
            headers["Range"] = f"bytes={have}-"
        answer = _session(self.url).get(self.url, headers=headers, timeout=TIMEOUT, stream=True)
        try:
            _check(answer, self.url)
        except ForbiddenError:
            answer.close()
            if self.refresh_url is None:
                raise
            self.url = self.refresh_url()
            raise UnreachableError(
                "The address of a download was expired; it was renewed."
            ) from None
        except SiloDeskError:
            answer.close()
            raise
        return answer

    def _spoil(self) -> None:
        self.part.unlink(missing_ok=True)
        error = "The bytes that arrived are not those that were announced (their sha256 differs)"
        if not self._spoiled:
            self._spoiled = True  # a transfer may be damaged once; twice is no accident
            raise UnreachableError(f"{error}; they are fetched again.")
        raise ProtocolError(
            f"{error}.",
            next_step="Nothing of it was used. Upload the file again, or tell the administrator.",
            code="protocol.hash",
        )


def _session(url: str) -> requests.Session:
    known: dict[str, requests.Session] = _sessions.__dict__.setdefault("by_host", {})
    host = urlsplit(url).netloc
    if host not in known:
        known[host] = new_session(url)
    return known[host]


def _check(answer: requests.Response, url: str) -> None:
    if answer.ok:
        return
    status, host = answer.status_code, urlsplit(url).netloc
    if status in (408, 429) or status >= 500:
        raise UnreachableError(
            f"The object store at {host} is not ready (HTTP {status}).",
            next_step="It is tried again by itself.",
            code="unreachable.store",
        )
    if status == 404:
        raise NotFoundError(
            "The object store does not have what was asked for.",
            next_step="It may have been deleted; upload it again.",
            code="missing.object",
        )
    if status == 416:
        raise UnreachableError("The store has less of a file than was fetched before.")
    raise ForbiddenError(
        f"The object store at {host} refused the address (HTTP {status}); it may be expired.",
        next_step="Ask the hub for a new address; check this machine's clock if it happens again.",
        code="forbidden.store",
    )


@contextmanager
def _http(url: str) -> Iterator[None]:
    try:
        yield
    except (requests.RequestException, HTTPError) as error:
        raise unreachable(url, error) from error
    except OSError as error:
        if isinstance(error, ConnectionError | TimeoutError):
            raise unreachable(url, error) from error
        raise


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}.",
            next_step="Free some space; the download then goes on where it stopped."
            if full
            else "Check that the folder exists and may be written.",
            code="storage.full" if full else None,
        ) from error
