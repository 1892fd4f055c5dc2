"""A new run: devices, typed values, the effect in words, the cost in bytes."""

from __future__ import annotations

import time

import pytest
from helpers.fake_records import APPLICATIONS, DEVICES, RUNS

from app.pages.runs.new_run_model import (
    Draft,
    budget_words,
    estimate,
    guess_value,
    parameters_of,
    read_value,
    rounds_for,
)

RUN = next(run for run in RUNS if run.id == 1284)


def test_a_draft_begins_as_the_last_run() -> None:
    """The last run's devices, server, deadline and quorum are offered again."""
    draft = Draft.start(DEVICES, RUN)

    assert draft.server == 290
    assert draft.chosen == {266, 271, 274, 280, 283}
    assert draft.deadline_s == 60.0
    assert draft.needed == 3
    assert draft.rows()[-1].is_server


def test_without_a_last_run_everything_online_trains() -> None:
    """The silent device is left out; the aggregator is found by its name."""
    draft = Draft.start(DEVICES, None)

    assert draft.server == 290
    assert draft.chosen == {266, 271, 274, 283}
    assert draft.needed == 4


def test_this_machine_aggregates_where_no_device_is_named_so() -> None:
    """Whoever starts a first run most likely aggregates it."""
    hospitals = [device for device in DEVICES if device.edge_id != 290]

    assert Draft.start(hospitals, None, own_edge=271).server == 271
    assert Draft.start(hospitals, None).server == 283
    assert Draft.start([], None).server is None


def test_the_server_is_no_client() -> None:
    """A device has one part only."""
    draft = Draft.start(DEVICES, RUN)
    draft.set_server(266)
    draft.toggle(266)

    assert 266 not in draft.chosen
    assert draft.problem() == ""
    draft.chosen.clear()
    assert "trains" in draft.problem()


def test_presence_ages_while_one_looks() -> None:
    """A device that was online is silent once its heartbeats are missed, without a reading."""
    online = next(one for one in DEVICES if one.edge_id == 266)
    seen = online.model_copy(update={"last_seen": time.time(), "running": []})
    draft = Draft([seen], read_at=time.time())
    assert draft.rows()[0].seen == "online"
    draft.read_at -= 40
    draft.devices = [seen.model_copy(update={"last_seen": draft.read_at})]
    row = draft.rows()[0]
    assert row.seen == "silent"
    assert row.readiness[1].startswith("silent 4")
    draft.choose_online()
    assert not draft.chosen


def test_what_changed_in_the_group_keeps_the_choice() -> None:
    """A device that left is left out; the others stay chosen."""
    draft = Draft.start(DEVICES, RUN)
    key = draft.key
    draft.update(DEVICES, 5.0)
    assert (draft.key, draft.read_at) == (key, 5.0)
    draft.update([one for one in DEVICES if one.edge_id not in {266, 290}], 6.0)
    assert draft.chosen == {271, 274, 280, 283}
    assert draft.server is None
    assert draft.key != key


@pytest.mark.parametrize(
    ("budget", "words"), [(10**9, "within this site's"), (1000, "more than this"), (0, "")]
)
def test_only_this_silos_budget_is_told(budget: int, words: str) -> None:
    """The others keep theirs to themselves."""
    draft = Draft.start(DEVICES, RUN)
    assert budget_words(APPLICATIONS[0], draft, RUNS, 266, budget).startswith(words)
    assert budget_words(APPLICATIONS[0], draft, RUNS, 290, budget) == ""


def test_effect_in_one_sentence() -> None:
    """Deadline and quorum are said with their bound."""
    draft = Draft.start(DEVICES, RUN)
    draft.rounds = 50

    assert draft.effect() == (
        "A round ends when all 5 answer, or after 60 s with at least 3; with fewer, the run fails. "
        "Once started, all rounds end within 50 min."
    )
    draft.quorum = None
    assert "if one is missing after 60 s, the run fails" in draft.effect()


def test_every_change_is_another_run() -> None:
    """The idempotency key stays for a second try and changes with the draft."""
    draft = Draft.start(DEVICES, RUN)
    wish = draft.wish(11, APPLICATIONS[0], "again")

    assert draft.wish(11, APPLICATIONS[0], "again")["idempotency_key"] == wish["idempotency_key"]
    draft.toggle(266)
    assert draft.wish(11, APPLICATIONS[0], "again")["idempotency_key"] != wish["idempotency_key"]
    assert wish["client_edges"] == [266, 271, 274, 280, 283]
    assert wish["server_edge"] == 290


def test_parameters_come_from_the_package_then_from_the_last_run() -> None:
    """The package's config gives keys and types; the key of rounds has its own field."""
    config = {"num-server-rounds": 7, "lr": 0.1, "adam": True}
    package = APPLICATIONS[0].packages[0].model_copy(update={"manifest": {"config": config}})
    fresh = APPLICATIONS[0].model_copy(update={"id": 99, "packages": [package]})

    assert parameters_of(fresh, RUNS) == {"lr": 0.1, "adam": True}
    assert rounds_for(fresh, RUNS) == 7
    assert parameters_of(APPLICATIONS[0], RUNS) == {"learning-rate": 0.03, "batch-size": 10}
    assert rounds_for(APPLICATIONS[0], RUNS) == 50


@pytest.mark.parametrize(
    ("text", "like", "value"),
    [("0.3", 0.1, 0.3), ("1", 0.1, 1.0), ("12", 5, 12), ("true", False, True), ("[1]", [2], [1])],
)
def test_values_are_read_in_the_type_of_the_package(text: str, like: object, value: object) -> None:
    """A typed value keeps the type that the package declares."""
    assert read_value(text, like) == value
    assert type(read_value(text, like)) is type(like)


@pytest.mark.parametrize(
    ("text", "value"),
    [("null", None), (" ", None), ("7", 7), ("0.5", 0.5), ("true", True), ("adam", "adam")],
)
def test_a_parameter_without_a_value_stays_none(text: str, value: object) -> None:
    """A null of the package is sent as null until something else is typed."""
    assert read_value(text, None) == value


@pytest.mark.parametrize(("text", "like"), [("0.3x", 0.1), ("1.5", 5), ("maybe", True), ("{", {})])
def test_a_wrong_value_says_what_would_be_right(text: str, like: object) -> None:
    """The sentence names what would be right."""
    with pytest.raises(ValueError, match="Use "):
        read_value(text, like)


def test_free_values_are_guessed() -> None:
    """A number reads as a number, anything else as text."""
    assert [guess_value(text) for text in ("3", "0.5", "true", "null", "adam", "[1]")] == [
        3, 0.5, True, "null", "adam", "[1]",
    ]  # fmt: skip


def test_bytes_come_from_earlier_runs() -> None:
    """What a site sends is known from earlier rounds, and said to be unknown before."""
    draft = Draft.start(DEVICES, RUN)
    draft.rounds = 10

    first, second = estimate(APPLICATIONS[0], draft, [RUN])
    assert first.startswith("Each site sends about 16")
    assert "10 rounds" in second
    assert "first run" in estimate(APPLICATIONS[1], draft, [RUN])[1]
