"""Every way a job can end has a reason, a sentence with the cause, and a next step."""

from __future__ import annotations

import signal
from typing import Any

import pytest

from agent_core.jobs import outcome
from agent_core.worker import channel

CASES: list[tuple[dict[str, Any], str, str]] = [
    ({"exit_code": 0, "done": {"ok": True}}, "finished", "finished"),
    ({"exit_code": 0, "done": {"ok": False, "detail": "Not trained."}}, "failed", "Not trained"),
    ({"exit_code": 70, "done": {"detail": "KeyError: 'age'"}}, "exception", "KeyError: 'age'"),
    (
        {"exit_code": 70, "cause": "stop", "done": {"reason": "raised", "detail": "KeyError: 'a'"}},
        "exception",
        "raised an exception: KeyError: 'a'",
    ),
    ({"exit_code": 71, "done": {"detail": "2 of 3 silos answered."}}, "failed", "2 of 3"),
    ({"exit_code": 72, "cause": "stop", "detail": "The owner."}, "stopped", "The owner"),
    ({"exit_code": 73}, "failed", "keeper"),
    ({"exit_code": 74, "done": {"detail": "No module named 'foo'"}}, "exception", "foo"),
    ({"exit_code": 3, "tail": ["x", "last words"]}, "exception", "exit code 3: last words"),
    ({"exit_code": 1, "tail": ["bwrap: Can't mount proc"]}, "failed", "sandbox cannot be made"),
    ({"exit_code": 1, "tail": ["MemoryError"]}, "out_of_memory", "memory"),
    (
        {"exit_code": 70, "done": {"detail": "DefaultCPUAllocator: not enough memory"}},
        "out_of_memory",
        "memory",
    ),
    ({"exit_code": -9, "oom_killed": True, "peak_rss": 3 * 10**9}, "out_of_memory", "3.0 GB"),
    ({"exit_code": -9}, "killed", "SIGKILL"),
    ({"exit_code": -9, "cause": "stop", "was_killed": True}, "stopped", "killed"),
    ({"exit_code": -int(signal.SIGSEGV)}, "killed", "SIGSEGV"),
    ({"exit_code": -int(signal.SIGXCPU)}, "killed", "processor time"),
    ({"exit_code": -9, "cause": "disk_quota", "detail": "5000000"}, "failed", "5.0 MB"),
    ({"exit_code": -9, "cause": "disk_full", "detail": "No space left"}, "failed", "full"),
    ({"exit_code": -9, "cause": "protocol", "detail": "junk."}, "failed", "no frame"),
]  # fmt: skip


@pytest.mark.parametrize(("record", "reason", "words"), CASES)
def test_a_record_becomes_words(record: dict[str, Any], reason: str, words: str) -> None:
    found = outcome.from_record("job", record)
    assert found.reason == reason
    assert words in found.sentence
    assert not found.sentence[0].islower()
    assert found.is_ok is (reason == "finished")
    if reason not in ("finished", "stopped"):
        assert found.next_step
    assert ".." not in found.sentence


def test_every_named_exit_code_is_explained() -> None:
    codes = [value for name, value in vars(channel).items() if name.startswith("EXIT_")]
    assert len(codes) == 6
    for code in codes:
        _, sentence, _ = outcome.explain(code, {"done": {"ok": code == 0}})
        assert "exit code" not in sentence, sentence


def test_a_lost_job_tells_why_where_the_keeper_said_so() -> None:
    found = outcome.lost("job", "OSError: broken.")
    assert (found.reason, found.exit_code) == ("lost", None)
    assert "OSError: broken" in found.sentence
