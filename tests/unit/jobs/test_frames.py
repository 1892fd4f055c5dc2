"""Frames over descriptors that never block: taken apart at any cut, refused where malformed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_core.jobs.intake import BODY_LIMIT, FrameReader
from agent_core.jobs.outlet import Outlet, encode
from agent_core.worker.channel import HEAD, MAGIC, ChannelError, read_frame

DIGEST = "ab" * 32


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    for end in ends:
        os.set_blocking(end, False)
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            pass


def frames_of(data: bytes, cuts: list[int], blobs: str = "") -> list[tuple[Any, ...]]:
    """Feed bytes in pieces and return the frames."""
    found: list[tuple[Any, ...]] = []
    read, write = os.pipe()
    os.set_blocking(read, False)
    reader = FrameReader(read, lambda *frame: found.append(frame), blobs)
    try:
        start = 0
        for end in [*sorted(cuts), len(data)]:
            os.write(write, data[start:end])
            start = max(start, end)
            reader.read()
    finally:
        os.close(write)
        os.close(read)
        reader.close()
    return found


@settings(max_examples=80, deadline=None)
@given(cuts=st.lists(st.integers(0, 260), max_size=6))
def test_frames_arrive_whole_however_they_are_cut(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    folder = tmp_path_factory.mktemp("blobs")
    data = (
        encode("metrics", {"n": 1})
        + encode("blob", {"sha256": DIGEST}, b"tensor")
        + encode("message", {"n": 2}, b"body")
    )
    found = frames_of(data, [min(cut, len(data)) for cut in cuts], str(folder))
    assert found == [
        ("metrics", {"n": 1}, b"", 0),
        ("blob", {"sha256": DIGEST, "size": 6}, b"", 6),
        ("message", {"n": 2}, b"body", 0),
    ]
    assert (folder / DIGEST).read_bytes() == b"tensor"
    assert [path.name for path in folder.iterdir()] == [DIGEST]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(junk=st.binary(max_size=300))
def test_s12_junk_is_refused_or_waited_for(junk: bytes) -> None:
    for data in (junk, MAGIC + junk, encode("log", {}) + junk):
        try:
            frames_of(data, [])
        except ChannelError:
            pass


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        HEAD.pack(MAGIC, 1 << 31, 0),
        HEAD.pack(MAGIC, 2, 0) + b"[]",
        HEAD.pack(MAGIC, 4, 0) + b"{oh}",
        HEAD.pack(MAGIC, 2000, 0) + b"[" * 2000,
        encode("message", {}, blob=BODY_LIMIT + 1),
        encode("blob", {"sha256": "../../etc/passwd"}, b"x"),
        encode("blob", {"sha256": DIGEST.upper()}, b"x"),
        encode("blob", {}, b"x"),
    ],
)
def test_s12_malformed_frames_are_refused(data: bytes, tmp_path: Path) -> None:
    with pytest.raises(ChannelError):
        frames_of(data, [], str(tmp_path))
    assert not list(tmp_path.iterdir())


def test_a_half_written_tensor_is_dropped(tmp_path: Path) -> None:
    data = encode("blob", {"sha256": DIGEST}, b"half", blob=100)
    assert frames_of(data, [], str(tmp_path)) == []
    assert not list(tmp_path.iterdir())


def test_an_empty_tensor_is_a_file(tmp_path: Path) -> None:
    assert frames_of(encode("blob", {"sha256": DIGEST}), [], str(tmp_path))[0][3] == 0
    assert (tmp_path / DIGEST).read_bytes() == b""


def test_an_outlet_writes_bytes_and_files_in_order(pipe: tuple[int, int], tmp_path: Path) -> None:
    read, write = pipe
    file = tmp_path / "tensor"
    file.write_bytes(bytes(range(256)) * 8000)
    outlet = Outlet(write)
    outlet.put(encode("message", {"n": 1}, b"first"))
    outlet.put(encode("blob", {"sha256": DIGEST}, blob=2_048_000), str(file))
    outlet.put(encode("message", {"n": 2}))
    received = bytearray()
    for _ in range(10_000):
        outlet.write()
        try:
            received += os.read(read, 1 << 20)
        except BlockingIOError:
            break
    assert outlet.is_empty
    assert outlet.waiting == 0
    assert not file.exists(), "a file is removed once it is opened"
    whole = tmp_path / "received"
    whole.write_bytes(received)
    with whole.open("rb") as stream:
        frames = [read_frame(stream) for _ in range(4)]
    assert [frame.kind if frame else None for frame in frames] == [
        "message", "blob", "message", None,
    ]  # fmt: skip
    assert frames[1] is not None
    assert bytes(frames[1].body) == bytes(range(256)) * 8000


def test_a_stop_overtakes_what_was_not_begun_but_cuts_no_frame(
    pipe: tuple[int, int], tmp_path: Path
) -> None:
    read, write = pipe
    file = tmp_path / "tensor"
    file.write_bytes(bytes(3_000_000))
    outlet = Outlet(write)
    outlet.put(encode("blob", {"sha256": DIGEST}, blob=3_000_000), str(file))
    outlet.put(encode("message", {}))
    outlet.write()
    outlet.put_first(encode("stop", {}))
    received = bytearray()
    for _ in range(10_000):
        outlet.write()
        try:
            received += os.read(read, 1 << 20)
        except BlockingIOError:
            break
    whole = tmp_path / "received"
    whole.write_bytes(received)
    with whole.open("rb") as stream:
        kinds = [frame.kind for frame in iter(lambda: read_frame(stream), None)]
    assert kinds == ["blob", "stop", "message"]


def test_an_outlet_that_is_dropped_removes_its_files(pipe: tuple[int, int], tmp_path: Path) -> None:
    file = tmp_path / "tensor"
    file.write_bytes(b"x")
    outlet = Outlet(pipe[1])
    outlet.put(b"head", str(file))
    outlet.drop()
    assert outlet.is_empty
    assert not file.exists()
