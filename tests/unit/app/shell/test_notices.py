"""What is told, in which words, and when nothing may pop up."""

from __future__ import annotations

from datetime import datetime

import pytest

from app.shell.notice_book import NoticeBook
from app.shell.notices import is_quiet, of_approval, of_job, of_outage, of_waiting

JOB = {"job_id": "j", "run_id": 7, "state": "FINISHED", "bytes_up": 822_000, "ended_at": 5.0}


def test_a_question_names_application_person_and_change() -> None:
    asked = {"id": 3, "application": "WDBC MLP", "asked_by": "Elif Kaya", "project": "Breast",
             "first_time": False, "changed_files": ["a", "b"], "asked_at": 9.0}  # fmt: skip
    notice = of_approval(asked, 10.0)
    assert notice.title == "Approval needed: WDBC MLP"
    assert notice.text == "Elif Kaya, Breast. 2 files changed since your last approval."
    assert notice.is_decision
    assert notice.at == 9.0
    assert "First time" in of_approval({**asked, "first_time": True}, 1.0).text
    assert "1 file changed" in of_approval({**asked, "changed_files": ["a"]}, 1.0).text
    assert "same code" in of_approval({**asked, "changed_files": []}, 1.0).text


def test_a_question_without_its_record_is_told_all_the_same() -> None:
    assert of_approval({"id": 3}, 10.0).title == "Approval needed: a run"


@pytest.mark.parametrize(
    ("state", "kind", "words"),
    [("FINISHED", "ok", "Run 7 finished"), ("FAILED", "danger", "Run 7 failed on this machine"),
     ("EXCEPTION", "danger", "raised an error"), ("KILLED", "warn", "was stopped")],
)  # fmt: skip
def test_an_end_is_told_with_its_cause_and_what_was_sent(state: str, kind: str, words: str) -> None:
    notice = of_job({**JOB, "state": state, "detail": "Out of memory."}, 1.0)
    assert notice is not None
    assert words in notice.title
    assert notice.kind == kind
    assert "822 kB sent." in notice.text
    assert ("Out of memory." in notice.text) == (state != "FINISHED")
    assert notice.arguments == {"run_id": 7}


def test_rounds_and_states_on_the_way_are_not_told() -> None:
    assert of_job({**JOB, "state": "TRAINING", "round": 4}, 1.0) is None


def test_one_notice_for_each_run_and_cause(qapp: object) -> None:
    book = NoticeBook()
    waits = of_waiting({"id": 7}, {"edge_id": 3, "silo": "Saint-Roch"}, 1.0)
    assert book.add(waits)
    assert not book.add(of_waiting({"id": 7}, {"edge_id": 3, "silo": "Saint-Roch"}, 50.0))
    assert book.add(of_waiting({"id": 7}, {"edge_id": 4, "silo": "Cosel"}, 50.0))
    assert book.unseen == 2


def test_decisions_stay_unseen_until_they_are_made(qapp: object) -> None:
    book = NoticeBook()
    question = of_approval({"id": 3}, 1.0)
    book.add(question)
    book.add(of_outage({"detail": "The broker does not answer."}, 2.0))
    assert book.has_failure
    book.see()
    assert book.unseen == 1
    assert not book.has_failure
    book.decided(question.key)
    assert book.unseen == 0
    assert [one.key[0] for one in book.notices] == ["offline"]


def test_the_book_is_bounded(qapp: object) -> None:
    book = NoticeBook()
    for number in range(250):
        book.add(of_approval({"id": number, "asked_at": float(number + 1)}, 1.0))
    assert len(book.notices) == 100
    assert book.unseen == 100


@pytest.mark.parametrize(
    ("span", "time", "expected"),
    [(("20:00", "06:00"), "23:10", True), (("20:00", "06:00"), "05:59", True),
     (("20:00", "06:00"), "06:00", False), (("20:00", "06:00"), "12:00", False),
     (("12:00", "13:00"), "12:30", True), (("12:00", "13:00"), "13:00", False),
     (("", ""), "23:00", False), (("20:00", ""), "23:00", False)],
)  # fmt: skip
def test_quiet_hours_may_cross_midnight(span: tuple[str, str], time: str, expected: bool) -> None:
    now = datetime.fromisoformat(f"2026-11-25T{time}:00+00:00")
    assert is_quiet(*span, now) is expected
