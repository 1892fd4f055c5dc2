"""Which model of a run is the best."""

from __future__ import annotations

from agent_core.protocol.metric_names import best_round, is_lower_better, main_metric


def test_accuracy_speaks_before_loss() -> None:
    assert main_metric({"test_loss", "train_loss", "test_accuracy"}) == "test_accuracy"
    assert main_metric(()) == ""
    assert is_lower_better("eval_loss")


def test_the_best_round_is_by_the_main_metric() -> None:
    assert best_round({1: {"test_accuracy": 0.9}, 2: {"test_accuracy": 0.8}}) == 1
    assert best_round({1: {"loss": 0.9}, 2: {"loss": 0.2}, 3: {"loss": 0.2}}) == 3
    assert best_round({1: {}, 2: {}}) is None
