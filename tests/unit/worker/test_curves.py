"""Curves: sensible names, numbers only, weighted means."""

from __future__ import annotations

import math

import pytest

from agent_core.worker.engines import curves


@pytest.mark.parametrize(
    ("key", "phase", "name"),
    [
        ("loss", "train", "train_loss"),
        ("loss", "evaluate", "eval_loss"),
        ("accuracy", "evaluate.fast", "eval_accuracy"),
        ("test_accuracy", "evaluate", "test_accuracy"),
        ("train-loss", "train", "train_loss"),
        ("val/f1 score", "evaluate", "val_f1_score"),
        ("temperature", "query", "query_temperature"),
    ],
)
def test_curve_is_named_after_phase_and_key(key: str, phase: str, name: str) -> None:
    """The phase stands before a key that does not say it."""
    assert curves.curve_name(key, phase) == name


def test_weights_are_no_curve_and_lists_become_several() -> None:
    """`num-examples` is left out; a list of classes is drawn per class."""
    good, bad = curves.numbers({"num-examples": 7, "f1": [0.5, 1], "ok": True}, "train")

    assert good == {"train_f1_0": 0.5, "train_f1_1": 1.0, "train_ok": 1.0}
    assert bad == []


def test_S6_nan_and_infinity_are_named_not_drawn() -> None:
    """Also an integer that no float can hold."""
    good, bad = curves.numbers({"loss": math.nan, "x": math.inf, "y": 10**400, "z": 1}, "train")

    assert good == {"train_z": 1.0}
    assert bad == ["train_loss", "train_x", "train_y"]


def test_points_carry_round_step_and_scope() -> None:
    """The step is the round where none is given."""
    (point,) = curves.points({"a": 1.5}, round_number=3, scope="own")

    assert (point["key"], point["value"], point["round"], point["step"]) == ("a", 1.5, 3, 3)
    assert point["scope"] == "own"


def test_weighted_mean_counts_only_who_has_the_metric() -> None:
    """A silo without a metric does not pull it down."""
    mean = curves.weighted_mean([(1, {"a": 1.0}), (3, {"a": 2.0, "b": 5.0})])

    assert mean == {"a": 1.75, "b": 5.0}
