"""The book of rounds of a server job: what was asked and answered, global metrics, models."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from .. import channel
from ..session import Job
from . import curves
from .codec import Packer, TensorSet
from .model_bytes import NotAModelError, laid_as_model, safetensors

log = logging.getLogger("silodesk")


@dataclass
class Round:
    """One round under way."""

    number: int
    started_at: float = field(default_factory=time.time)
    asked: int = 0
    answered: int = 0
    closed_by: str = "all"
    missing: list[int] = field(default_factory=list)
    sites: list[int] = field(default_factory=list)
    metrics: dict[str, float] = field(default_factory=dict)


class RoundBook:
    """Reports rounds, global curves and models, each once."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self.packer = Packer(layout=laid_as_model)  # of the job's messages, and of its models
        self.rounds = job.order.rounds
        self.open: Round | None = None
        self.is_watched = False  # a strategy tells when rounds begin and end
        self.last = 0
        self._saved: set[int] = set()
        self._models: deque[tuple[TensorSet, int, dict[str, float], list[int]]] = deque()
        self._sites: list[int] = []

    @property
    def number(self) -> int:
        """Return the round under way, or the last one."""
        return self.open.number if self.open else self.last

    def begin(self, number: int) -> Round:
        """Open a round, closing the one before where nobody did."""
        if self.open and self.open.number != number:
            self.close()
        if self.open is None:
            self.open = Round(number)
        return self.open

    def count(self, phase: str, asked: list[int], good: list[int], closed_by: str) -> None:
        """Note how one exchange with the silos went; a round is judged by its training."""
        if self.open is None:
            return
        is_training = curves.phase_name(phase) == "train"
        if is_training or not self.open.asked:
            self.open.asked, self.open.answered = len(asked), len(good)
            self.open.missing = sorted(set(asked) - set(good))
        if is_training:
            self.open.sites = self._sites = sorted(good)
        if closed_by == "deadline":
            self.open.closed_by = closed_by

    def metrics(self, values: Mapping[str, float], number: int | None = None) -> None:
        """Report points of the global curves; a name that the round already has is made central."""
        number = self.number if number is None else number
        known = self.open.metrics if self.open and self.open.number == number else {}
        renamed = {
            f"central_{key}" if key in known else key: value for key, value in values.items()
        }
        known.update(renamed)
        self._job.reporter.metrics(curves.points(renamed, round_number=number, scope="global"))

    def model(self, tensors: TensorSet, number: int, metrics: Mapping[str, float]) -> None:
        """Take a round's global model; it is reported when the job has time for it."""
        if number not in self._saved and tensors:
            self._saved.add(number)
            sites = self._sites if number else []
            self._models.append((tensors, number, dict(metrics), list(sites)))

    def flush_models(self) -> None:
        """Report the models taken: while silos work, or at the end, so that no round waits."""
        while True:
            try:
                taken = self._models.popleft()
            except IndexError:  # nothing left; the legacy API calls from several threads
                return
            self._report_model(*taken)

    def _report_model(
        self, tensors: TensorSet, number: int, metrics: dict[str, float], sites: list[int]
    ) -> None:
        try:
            laid = self.packer.laid(tensors)
            blob = laid.blob if laid.heads else safetensors(tensors)
        except NotAModelError as error:
            log.warning("The model of round %s is not stored: %s.", number, error)
            return
        fields = {
            "round": number, "sha256": blob.sha256, "size": blob.size, "metrics": metrics,
            "sites": sites, "at": time.time(),
        }  # fmt: skip
        self._job.reporter.send_blob(blob)
        self._job.reporter.send(channel.MODEL, fields)

    def has_model(self, number: int) -> bool:
        """Return whether a round's model was reported already."""
        return number in self._saved

    def close(self) -> None:
        """Report the open round as closed."""
        if self.open is None:
            return
        done, self.open = self.open, None
        self.last = done.number
        fields = {
            "round": done.number, "started_at": done.started_at, "closed_at": time.time(),
            "answered": done.answered, "asked": done.asked, "closed_by": done.closed_by,
            "missing": done.missing, "metrics": done.metrics, "rounds": self.rounds,
        }  # fmt: skip
        self._job.reporter.send(channel.ROUND, fields)
