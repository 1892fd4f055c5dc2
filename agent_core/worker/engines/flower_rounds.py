"""Watch a Flower strategy at work: when rounds begin and end, its metrics, its global model."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flwr.app import ArrayRecord, MetricRecord
from flwr.serverapp.strategy import Strategy

from . import curves
from .codec import Tensor, TensorSet
from .flower_grid import SiloGrid
from .rounds import RoundBook


def tensors_of(arrays: ArrayRecord) -> TensorSet:
    """Return a record's arrays as plain tensors, without copying."""
    return [Tensor(k, a.dtype, tuple(a.shape), a.stype, a.data) for k, a in arrays.items()]


class NoEvaluation(logging.Filter):
    """Drop what Flower logs of the capturing evaluation where the app has none of its own."""

    TEXTS = (
        "Initial global evaluation results: %s",
        "Global evaluation",
        "\t└──> MetricRecord: %s",
    )

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a line is the app's."""
        return record.msg not in self.TEXTS


class Watcher:
    """Wraps `Strategy.start` while a server app runs; the strategy's behaviour stays as it is."""

    def __init__(self, book: RoundBook, grid: SiloGrid) -> None:
        self._book = book
        self._grid = grid
        self._offset = 0  # rounds of an earlier `start` in the same app

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Wrap every strategy's start within this block."""
        original = Strategy.start
        signature = inspect.signature(original)
        watcher = self

        @functools.wraps(original)
        def start(self: Strategy, *args: Any, **kwargs: Any) -> Any:
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            given = bound.arguments
            watcher._begin(given["num_rounds"])
            quiet = NoEvaluation()
            if given["evaluate_fn"] is None:
                logging.getLogger("flwr").addFilter(quiet)
            given["evaluate_fn"] = watcher._capturing(given["evaluate_fn"])
            try:
                with watcher._watched(self):
                    return original(*bound.args, **bound.kwargs)
            finally:
                logging.getLogger("flwr").removeFilter(quiet)

        setattr(Strategy, "start", start)  # noqa: B010 - a wrapper, which type checkers refuse
        try:
            yield
        finally:
            setattr(Strategy, "start", original)  # noqa: B010

    def _begin(self, rounds: int) -> None:
        self._book.close()
        self._offset = self._book.last
        self._book.is_watched = True
        self._book.rounds = self._offset + int(rounds)

    @contextmanager
    def _watched(self, strategy: Strategy) -> Iterator[None]:
        names = ("configure_train", "configure_evaluate", "aggregate_train", "aggregate_evaluate")
        own = {name: strategy.__dict__[name] for name in names if name in strategy.__dict__}
        for name in names:
            wrap = self._configuring if name.startswith("configure") else self._aggregating
            setattr(strategy, name, wrap(getattr(strategy, name), name.split("_")[1]))
        try:
            yield
        finally:
            for name in names:
                if name in own:
                    setattr(strategy, name, own[name])
                else:
                    strategy.__dict__.pop(name, None)

    def _configuring(self, original: Callable[..., Any], phase: str) -> Callable[..., Any]:
        @functools.wraps(original)
        def configure(server_round: int, *args: Any, **kwargs: Any) -> Any:
            if phase == "train":
                self._grid.enter_round(self._offset + server_round)
            self._book.begin(self._offset + server_round)
            return original(server_round, *args, **kwargs)

        return configure

    def _aggregating(self, original: Callable[..., Any], phase: str) -> Callable[..., Any]:
        @functools.wraps(original)
        def aggregate(server_round: int, *args: Any, **kwargs: Any) -> Any:
            try:
                result = original(server_round, *args, **kwargs)
            # Whatever an aggregation raises goes on, with what was wrong with the updates.
            except Exception as error:
                for fault in self._grid.faults:
                    error.add_note(fault)
                raise
            for part in result if isinstance(result, tuple) else (result,):
                if isinstance(part, MetricRecord):
                    self._report(part, phase)
            return result

        return aggregate

    def _report(self, record: MetricRecord, phase: str) -> None:
        values, bad = curves.numbers(record, phase)
        for name in bad:
            self._grid.note_fault(f"Global {name} is NaN or infinite; it is not drawn.")
        self._book.metrics(values)

    def _capturing(self, original: Callable[..., Any] | None) -> Callable[..., Any]:
        def evaluate(server_round: int, arrays: ArrayRecord) -> Any:
            number = self._offset + server_round
            result = original(server_round, arrays) if original else None
            if server_round == 0 and self._offset:
                return result
            values = curves.numbers(result, "test")[0] if isinstance(result, MetricRecord) else {}
            self._book.metrics(values, number)
            metrics = self._book.open.metrics if self._book.open else values
            self._book.model(tensors_of(arrays), number, metrics)
            if server_round:
                self._book.close()
            return result

        return evaluate
