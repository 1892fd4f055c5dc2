"""Which metric speaks for a model, and whether more or less of it is better."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_ORDER = ("test_accuracy", "accuracy", "test_loss", "loss", "train_accuracy", "train_loss")
_LOWER_IS_BETTER = ("loss", "error", "mse", "mae", "rmse", "perplexity")


def metric_rank(key: str) -> tuple[int, str]:
    """Return where a metric stands among others: accuracy and loss first."""
    return (_ORDER.index(key) if key in _ORDER else len(_ORDER), key)


def is_lower_better(key: str) -> bool:
    """Return whether a smaller value of a metric is the better one."""
    return any(word in key.lower() for word in _LOWER_IS_BETTER)


def main_metric(keys: Iterable[str]) -> str:
    """Return the metric by which models are compared, "" where there is none."""
    return min(keys, key=metric_rank, default="")


def best_round(metrics: Mapping[int, Mapping[str, float]]) -> int | None:
    """Return the round that is best by the main metric; of equal ones the latest."""
    key = main_metric({name for values in metrics.values() for name in values})
    scored = {number: values[key] for number, values in metrics.items() if key in values}
    if not scored:
        return None
    sign = 1 if is_lower_better(key) else -1
    return min(scored, key=lambda number: (sign * scored[number], -number))
