"""The spool: in order, durable, dropped when acknowledged, whole records only."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.jobs import spool
from agent_core.jobs.spool import SpoolReader, SpoolWriter


@pytest.fixture
def folder(tmp_path: Path) -> str:
    (tmp_path / "blobs").mkdir()
    return str(tmp_path)


def test_records_come_back_as_they_were_written(folder: str) -> None:
    writer = SpoolWriter(folder)
    assert writer.append("metrics", {"a": 1}) == 1
    assert writer.append("message", {"b": "ä"}, b"\x00\xff") == 2
    writer.commit()
    records = list(SpoolReader(folder))
    assert [(record.seq, record.fields(), record.body) for record in records] == [
        (1, {"a": 1, "kind": "metrics"}, b""),
        (2, {"b": "ä", "kind": "message"}, b"\x00\xff"),
    ]
    assert [record.seq for record in SpoolReader(folder, after=1)] == [2]


def test_only_what_the_agent_has_not_committed_is_synced(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(spool, "SYNC", synced.append)
    writer = SpoolWriter(folder)
    assert writer.commit_at == 0, "an idle spool is never due"
    writer.append("metrics", {})
    assert writer.commit_at > 0
    writer.ack(1)
    assert writer.commit_at == 0
    writer.commit()
    assert synced == []
    writer.append("metrics", {})
    writer.commit()
    assert len(synced) == 1
    assert writer.commit_at == 0
    writer.commit()
    assert len(synced) == 1


def test_a_reader_stops_at_the_last_record_it_may_read(folder: str) -> None:
    writer = SpoolWriter(folder)
    writer.append("metrics", {})
    reader = SpoolReader(folder)
    assert reader.next(0) is None
    record = reader.next(1)
    assert record is not None
    assert record.seq == 1
    assert reader.next(1) is None


def test_a_reader_follows_the_writer_over_segments(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "SEGMENT_LIMIT", 500)
    writer, reader = SpoolWriter(folder), SpoolReader(folder)
    seen = []
    for number in range(60):
        writer.append("metrics", {"n": number}, b"x" * 50)
        writer.commit()
        if number % 3 == 0:
            while (record := reader.next(writer.last)) is not None:
                seen.append(record.seq)
    seen += [record.seq for record in iter(lambda: reader.next(writer.last), None)]
    assert seen == list(range(1, 61))
    assert len(spool.segments(folder)) > 5
    assert [record.seq for record in SpoolReader(folder, after=30)] == list(range(31, 61))


def test_acknowledged_segments_go_and_the_rest_stays(
    folder: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool, "SEGMENT_LIMIT", 500)
    writer = SpoolWriter(folder)
    for number in range(40):
        writer.append("metrics", {"n": number}, b"x" * 50)
    writer.commit()
    before = len(spool.segments(folder))
    writer.ack(25)
    assert len(spool.segments(folder)) < before
    assert spool.read_acked(folder) == 25
    assert [r.seq for r in SpoolReader(folder, after=25)] == list(range(26, 41))
    writer.ack(99)
    assert writer.acked == 40, "nothing is acknowledged before it is there"
    assert writer.backlog == 0


def test_a_tensor_goes_with_its_last_record(folder: str) -> None:
    blob = Path(folder) / "blobs" / "aa"
    blob.write_bytes(b"abc")
    writer = SpoolWriter(folder)
    writer.append("blob", {"sha256": "aa"}, blob=3)
    writer.append("metrics", {})
    writer.append("blob", {"sha256": "aa"}, blob=3)
    writer.commit()
    assert writer.blob_backlog == 6
    writer.ack(2)
    assert blob.exists()
    writer.ack(3)
    assert not blob.exists()
    assert writer.blob_backlog == 0


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(1, 400), junk=st.binary(max_size=40))
def test_a_cut_or_spoiled_tail_is_no_record(
    tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes
) -> None:
    folder = str(tmp_path_factory.mktemp("spool"))
    writer = SpoolWriter(folder)
    for number in range(4):
        writer.append("metrics", {"n": number}, b"y" * 60)
    writer.commit()
    (_, path), *_ = spool.segments(folder)
    data = Path(path).read_bytes()
    Path(path).write_bytes(data[:-cut] + junk)
    seqs = [record.seq for record in SpoolReader(folder)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) <= 4


def test_a_full_disk_leaves_whole_records(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = SpoolWriter(folder)
    writer.append("metrics", {"n": 1})
    real = os.write
    calls = []

    def failing(descriptor: int, data: bytes) -> int:
        calls.append(1)
        if len(calls) == 1:
            return real(descriptor, bytes(data)[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(OSError, match="No space"):
        writer.append("metrics", {"n": 2})
    monkeypatch.undo()
    assert writer.append("metrics", {"n": 3}) == 2
    writer.commit()
    assert [record.fields()["n"] for record in SpoolReader(folder)] == [1, 3]


def test_s9_planted_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("key")
    (tmp_path / "link").symlink_to(secret)
    os.mkfifo(tmp_path / "pipe")
    for name in ("link", "pipe"):
        with pytest.raises(OSError):
            spool.open_regular(str(tmp_path / name))
    (tmp_path / "acked").symlink_to(secret)
    with pytest.raises(OSError):
        spool.write_acked(str(tmp_path), 3)
    assert secret.read_text() == "key"
