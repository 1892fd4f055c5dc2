"""One exchange of a round: whom the server asked, who answered, until when, and the quorum."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from flwr.app import ConfigRecord, Message

from ..channel import EXIT_FAILED
from ..session import Job, JobFailedError
from .codec import TensorSet
from .curves import phase_name
from .rounds import Round, RoundBook

ROUND_KEYS = ("server-round", "server_round", "current_round", "round")


class Exchange:
    """A batch of requests of one phase."""

    def __init__(self, job: Job, round_number: int, phase: str, seconds: float) -> None:
        self._job = job
        self.round = round_number
        self.phase = phase
        self.seconds = seconds
        self.started_at = time.time()
        self.deadline = time.monotonic() + seconds
        self.asked: list[int] = []
        self.good: list[int] = []
        self.failed: dict[int, str] = {}
        self.closed_by = "all"

    def is_first_of(self, round_: Round) -> bool:
        """Return whether nothing of its round was asked before."""
        return round_.asked == 0

    def ask(self, edge_id: int) -> None:
        """Note a request."""
        self.asked.append(edge_id)

    def succeed(self, edge_id: int) -> None:
        """Note a good answer."""
        self.good.append(edge_id)

    def fail(self, edge_id: int, reason: str) -> None:
        """Note an error in place of an answer."""
        self.failed[edge_id] = reason

    def close_by_deadline(self) -> None:
        """Note that not everyone was waited for."""
        self.closed_by = "deadline"

    def no_answer(self, edge_id: int) -> str:
        """Return why an answer is missing."""
        label, why = self._job.label(edge_id), self._job.paused.get(edge_id)
        missing = f"{label} gave no answer within {self.seconds:.0f} s"
        return f"{missing}: it is {_clause(why)}" if why else missing

    def show(self, rounds: int | None) -> None:
        """Report who is waited for, since when and until when."""
        waiting = [edge for edge in self.asked if edge not in self.good and edge not in self.failed]
        names = ", ".join(self._job.label(edge) for edge in waiting[:5])
        more = "" if len(waiting) <= 5 else f" and {len(waiting) - 5} more"
        sentences = [f"Waiting for {names}{more}."] if waiting else []
        paused = [(edge, self._job.paused[edge]) for edge in waiting if edge in self._job.paused]
        sentences += [f"{self._job.label(edge)} is {_clause(why)}." for edge, why in paused[:3]]
        self._job.reporter.progress(
            round=self.round, rounds=rounds, phase=phase_name(self.phase), waiting=waiting,
            detail=" ".join(sentences),
            since=self.started_at, until=self.started_at + self.seconds,
        )  # fmt: skip

    def check_quorum(self) -> None:
        """Raise JobFailedError where fewer silos than needed gave a good answer."""
        sentence = self.missed_quorum()
        if sentence:
            raise JobFailedError(sentence)

    def missed_quorum(self) -> str:
        """Return why the run cannot go on, or nothing."""
        needed = min(self._job.order.quorum, len(self.asked))
        if len(self.good) >= needed:
            return ""
        when = " by its deadline" if self.closed_by == "deadline" else ""
        reasons = "; ".join(dict.fromkeys(self._reason(edge) for edge in self.failed))
        return (
            f"Round {self.round} had {len(self.good)} of {needed} needed silos{when}"
            f" ({phase_name(self.phase)}): {reasons}."
        )

    def _reason(self, edge_id: int) -> str:
        label, reason = self._job.label(edge_id), self.failed[edge_id].rstrip(".")
        return reason if reason.startswith(label) else f"{label}: {reason}"


@dataclass(frozen=True)
class Request:
    """A message that waits for its reply, and the model it carried."""

    edge_id: int
    message: Message
    exchange: Exchange
    model: TensorSet


class TallyOfThreads:
    """The legacy API asks each silo in a thread of its own; together these are one exchange."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._key: tuple[int, str] | None = None
        self._whole: Exchange | None = None

    def begin(self, round_number: int, phase: str) -> None:
        """Judge the exchange before, where this one is another."""
        if self._key != (round_number, phase):
            self.end()
            self._key = (round_number, phase)

    def add(self, part: Exchange) -> None:
        """Add one silo's part."""
        if self._whole is None:
            self._whole = Exchange(self._job, part.round, part.phase, part.seconds)
        self._whole.asked += part.asked
        self._whole.good += part.good
        self._whole.failed |= part.failed
        if part.closed_by == "deadline":
            self._whole.close_by_deadline()

    def count_in(self, book: RoundBook) -> None:
        """Let the book know how the exchange stands."""
        if self._whole is not None:
            whole = self._whole
            book.count(whole.phase, whole.asked, whole.good, whole.closed_by)

    def end(self) -> None:
        """Stop the job where the quorum was missed; an exception in a thread would be swallowed."""
        whole, self._whole = self._whole, None
        sentence = whole.missed_quorum() if whole else ""
        if sentence:
            self._job.switch.turn(sentence, EXIT_FAILED)


def _clause(reason: str) -> str:
    """Return a sentence ("Paused by …") as it goes on behind "is"."""
    return (reason[:1].lower() + reason[1:]).rstrip(".")


def round_of(message: Message, last: int, phase: str) -> int:
    """Return the round that a message belongs to, as well as it can be known."""
    if message.metadata.group_id.isdigit():
        return int(message.metadata.group_id)
    for record in message.content.values():
        if isinstance(record, ConfigRecord):
            for key in ROUND_KEYS:
                value: Any = record.get(key)
                if isinstance(value, int) and not isinstance(value, bool):
                    return value
    return last + 1 if phase_name(phase) == "train" else max(last, 1)
