"""Rounds of apps without a strategy of the message API, read from what crosses the Grid."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

from flwr.app import ArrayRecord, Message, MetricRecord

from ..session import Job
from . import curves
from .codec import Tensor, TensorSet
from .exchange import Request
from .flower_client import metrics_of
from .rounds import RoundBook


class LegacyRounds:
    """Opens and closes rounds by their messages; global metrics are means by examples."""

    def __init__(self, job: Job, book: RoundBook) -> None:
        self._job = job
        self._book = book
        self._parts: dict[str, list[tuple[float, dict[str, float]]]] = {}

    def begin(self, number: int, message: Message) -> None:
        """Take the first message of an exchange: it carries the global model as it is now."""
        if self._book.open and self._book.open.number != number:
            self.end()
        self._book.begin(number)
        model = _model(message)
        if curves.phase_name(message.metadata.message_type) == "train":
            number -= 1
        if model and not self._book.has_model(number):
            self._book.model(model, number, {})

    def add(self, request: Request, reply: Message) -> None:
        """Take a silo's good answer."""
        phase = curves.phase_name(request.exchange.phase)
        values, _ = metrics_of(reply, request.exchange.phase)
        if values:
            self._parts.setdefault(phase, []).append((_weight(reply), values))

    def end(self) -> None:
        """Close the open round."""
        if self._book.is_watched:
            return
        for parts in self._parts.values():
            self._book.metrics(curves.weighted_mean(parts))
        self._parts = {}
        self._book.close()


def _model(message: Message) -> TensorSet:
    for record in message.content.values():
        if isinstance(record, ArrayRecord):
            return [Tensor(k, a.dtype, tuple(a.shape), a.stype, a.data) for k, a in record.items()]
    return []


def _weight(reply: Message) -> float:
    for record in reply.content.values():
        if isinstance(record, MetricRecord):
            for key in curves.WEIGHTS:
                value = record.get(key)
                if isinstance(value, int | float) and value > 0:
                    return float(value)
    return 1.0
