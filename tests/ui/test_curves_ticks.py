"""Axes and values: every value inside its range, labels short and without repeats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.widgets.curve_plot_ticks import (
    Kind,
    ago_scale,
    bytes_text,
    elapsed_scale,
    kind_of,
    log_scale,
    round_scale,
    value_scale,
    value_text,
)

values = st.floats(-1e6, 1e6, allow_nan=False)


@given(values, values, st.sampled_from(["number", "ratio", "percent", "bytes"]))
def test_a_scale_holds_its_values(first: float, second: float, kind: Kind) -> None:
    """The range holds both ends and has a handful of different labels."""
    lowest, highest = sorted((first, second))
    scale = value_scale(lowest, highest, kind)

    assert scale.lowest <= lowest
    assert scale.highest >= highest
    assert 1 <= len(scale.ticks) <= 12
    assert all(scale.lowest <= place <= scale.highest for place, _ in scale.ticks)


def test_rounds_are_labelled_at_round_numbers() -> None:
    """The last round of usual plans has its label."""
    for last, wanted in ((5, "1 2 3 4 5"), (10, "1 2 4 6 8 10"), (20, "1 5 10 15 20"),
                         (50, "1 10 20 30 40 50")):  # fmt: skip
        assert " ".join(label for _, label in round_scale(float(last), last).ticks) == wanted


def test_labels_of_usual_metrics() -> None:
    """Accuracy is written in percent, loss with the digits its step needs."""
    accuracy = [label for _, label in value_scale(0.66, 0.97, "ratio").ticks]
    loss = [label for _, label in value_scale(0.08, 0.61, "number").ticks]

    assert accuracy == ["60 %", "70 %", "80 %", "90 %", "100 %"]
    assert loss == ["0.0", "0.2", "0.4", "0.6", "0.8"]


@given(st.floats(1e-9, 1e9), st.floats(1.0, 1e6))
def test_a_logarithmic_scale_has_ticks(lowest: float, ratio: float) -> None:
    """A logarithmic axis shows its range."""
    scale = log_scale(lowest, lowest * ratio)

    assert scale.lowest < scale.highest
    assert len(scale.ticks) <= 12


@given(st.integers(1, 5000), st.integers(1, 5000))
def test_rounds_start_at_one(last: int, planned: int) -> None:
    """The axis of rounds begins with round 1 and holds the last one."""
    scale = round_scale(float(last), planned)

    assert scale.ticks[0] == (1.0, "1")
    assert scale.highest >= last
    assert all(label == f"{place:.0f}" for place, label in scale.ticks)
    assert len(scale.ticks) <= 10


def test_values_in_words() -> None:
    """Values are written as people read them, a missing one is said."""
    assert value_text(0.959, "ratio") == "95.9 %"
    assert value_text(7.5, "ratio") == "7.500"
    assert value_text(0.12, "number") == "0.120"
    assert value_text(float("nan"), "number") == "not a number"
    assert value_text(1234.5, "number") == "1234"
    assert bytes_text(16_400) == "16.4 kB"
    assert bytes_text(999_990) == "1.0 MB"
    assert bytes_text(12) == "12 B"
    assert kind_of("test_accuracy") == "ratio"
    assert kind_of("macro_f1") == "ratio"
    assert kind_of("train_loss") == "number"


def test_time_axes() -> None:
    """Time since the start and time ago are labelled in round steps."""
    assert [label for _, label in elapsed_scale(1000).ticks] == ["0 s", "5 min", "10 min", "15 min"]
    assert [label for _, label in ago_scale(1200, 5000.0).ticks] == [
        "−15 min",
        "−10",
        "−5",
        "now",
    ]
    assert [label for _, label in ago_scale(120, 5000.0).ticks] == [
        "−1.5 min",
        "−1 min",
        "−30 s",
        "now",
    ]
    assert [label for _, label in ago_scale(4, 5000.0).ticks] == ["−2 s", "−1", "now"]
