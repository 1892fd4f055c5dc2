"""What Home shows follows from the agent's records."""

from __future__ import annotations

from typing import Any

from app.pages.home import model


def job(**fields: Any) -> dict[str, Any]:
    base = {"job_id": "a", "run_id": 1, "state": "TRAINING", "round": 0, "rounds": 50,
            "started_at": 0.0, "ended_at": None, "detail": ""}  # fmt: skip
    return {**base, **fields}


def status(at: float, cpu: float | None = 10.0, **fields: Any) -> dict[str, Any]:
    return {"system": {"at": at, "cpu_percent": cpu, "memory_used": 1, "memory_total": 4}, **fields}


def test_the_same_sample_counts_once_and_a_gap_stays_a_gap() -> None:
    meters = model.Meters()
    for sample in (status(1.0), status(1.0), status(2.0, None)):
        meters.take(sample)
    assert list(meters.cpu) == [10.0, None]
    assert list(meters.memory) == [25.0, 25.0]
    assert list(meters.gpu) == [None, None]


def test_jobs_are_live_or_ended_today_never_both() -> None:
    now = 1_800_000_000.0
    jobs = [
        job(job_id="live"),
        job(job_id="done", state="FINISHED", ended_at=now - 1),
        job(job_id="old", state="KILLED", ended_at=now - 2 * 86400),
    ]
    assert [j["job_id"] for j in model.live_jobs(jobs)] == ["live"]
    assert [j["job_id"] for j in model.ended_today(jobs, now)] == ["done"]


def test_what_waits_in_the_queue_comes_after_what_runs() -> None:
    jobs = [job(job_id="q", run_id=9, state="QUEUED"), job(job_id="t", run_id=1)]
    assert [j["job_id"] for j in model.live_jobs(jobs)] == ["t", "q"]


def test_time_left_needs_two_rounds_and_a_running_job() -> None:
    assert model.time_left(job(round=1), now=100) is None
    assert model.time_left(job(round=10, state="STOPPING"), now=100) is None
    assert model.time_left(job(round=10), now=100) == 400
    assert model.progress(job(round=60)) == (1.0, "Round 60 of 50")
    assert model.progress(job(rounds=None, round=3)) == (0.0, "Round 3")


def test_egress_by_kind_adds_up_to_what_left() -> None:
    parts = model.egress(
        {"bytes_up_today": 1000, "bytes_by_kind": {"updates": 600, "metrics": 0, "logs": 100}}
    )
    assert [(words, count) for words, count, _ in parts] == [
        ("Model updates", 600), ("Heartbeats and other messages", 300), ("Logs", 100),
    ]  # fmt: skip
    assert model.egress({}) == []


def test_words_about_an_approval_say_what_is_new() -> None:
    base = {"asked_by": "Elif", "project": "P"}
    assert "first time" in model.asked_words({**base, "first_time": True})
    assert "1 file changed" in model.asked_words({**base, "changed_files": ["a"]})
    assert "same code" in model.asked_words(base)


def test_presence_says_training_only_while_something_trains() -> None:
    online = {"state": "online", "jobs": [job()]}
    assert model.presence(online) == ("TRAINING", "Online · training")
    assert model.presence({"state": "online", "jobs": [job(state="QUEUED")]}) == ("ONLINE", "")
    assert model.presence({"state": "offline", "jobs": [job()]}) == ("OFFLINE", "")
