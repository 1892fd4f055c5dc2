"""What a job may write is bounded, and what it wrote is counted without following links."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_core.jobs import limits
from agent_core.jobs.limits import Bucket, LogLimit, used_bytes


def test_a_bucket_says_how_long_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("agent_core.jobs.limits.time.monotonic", lambda: now[0])
    bucket = Bucket(rate=10, burst=100)
    assert bucket.take(100) == 0
    assert bucket.take(50) == pytest.approx(5.0)
    now[0] += 5
    assert bucket.may_take(1) is False
    now[0] += 1
    assert bucket.may_take(10) is True
    assert bucket.may_take(1) is False


def test_log_lines_over_the_rate_are_dropped_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [0.0]
    monkeypatch.setattr("agent_core.jobs.limits.time.monotonic", lambda: now[0])
    log = LogLimit()
    line = {"at": 1.0, "level": "INFO", "text": "x" * limits.LINE_LIMIT}
    passed = [len(log.pass_on([line])) for _ in range(2000)]
    assert 0 in passed
    assert log.dropped == passed.count(0)
    now[0] += 60
    note, after = log.pass_on([line])
    assert f"{passed.count(0)} log lines were dropped" in note["text"]
    assert after["text"] == line["text"]
    assert log.dropped == 0


def test_lines_are_cut_and_what_is_no_line_is_left_out() -> None:
    passed = LogLimit().pass_on(
        [{"text": "y" * 99_999, "level": "LOUD", "at": "now"}, "junk", {"text": 3}, None]
    )
    assert len(passed) == 1
    assert len(passed[0]["text"]) == limits.LINE_LIMIT
    assert passed[0]["level"] == "INFO"
    assert isinstance(passed[0]["at"], float)
    assert LogLimit().pass_on({"not": "a list"}) == []


def test_used_bytes_counts_files_and_follows_no_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "big").write_bytes(bytes(3_000_000))
    inside = tmp_path / "inside"
    (inside / "deep").mkdir(parents=True)
    (inside / "deep" / "file").write_bytes(bytes(500_000))
    (inside / "link").symlink_to(outside)
    used = used_bytes(str(inside), 1 << 40)
    assert 500_000 <= used < 1_000_000
