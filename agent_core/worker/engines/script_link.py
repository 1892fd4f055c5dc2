"""What stands behind `silodesk_job` inside a job."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import io
import math
import time
import uuid
from pathlib import Path
from typing import Any

from .. import channel
from ..inbox import Incoming
from ..session import Job, JobFailedError
from ..silodesk_job import EndOfRun
from . import curves, notices
from .codec import CodecError, Tensor, TensorSet, unpack
from .rounds import RoundBook

GONE = frozenset({"KILLED", "FAILED", "EXCEPTION", "FINISHED"})
LEVELS = frozenset({"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"})


class ScriptLink:
    """A script's connection to its run."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._book = RoundBook(job)
        self._is_server = job.order.role == "server"
        self._ranks = {int(edge["rank"]): int(edge["edge_id"]) for edge in job.order.edges}
        self._edges = {edge_id: rank for rank, edge_id in self._ranks.items()}
        self._steps = 0
        self._round = 0
        self._asked: set[int] = set()
        self._answered: set[int] = set()
        self._exchange_began: float | None = None
        self.has_talked = False

    def report(self, metrics: dict[str, float], round_: int | None, step: int | None) -> None:
        """Report points of curves."""
        self._job.switch.check()
        self._steps += 1
        if round_ is not None:
            self._enter(int(round_))
        values: dict[str, float] = {}
        for key, value in metrics.items():
            number = _finite(value)
            if number is None:
                self.log(f"'{key}' is no finite number; it is not drawn.", "WARNING")
            else:
                values[str(key)] = number
        if self._is_server and round_ is not None:
            self._book.metrics(values)
        else:
            points = curves.points(
                values,
                round_number=round_,
                step=step if step is not None else (round_ or self._steps),
                scope="global" if self._is_server else "own",
            )
            self._job.reporter.metrics(points)

    def log(self, text: str, level: str) -> None:
        """Write log lines."""
        self._job.reporter.log(level if level in LEVELS else "INFO", str(text))

    def config(self) -> dict[str, Any]:
        """Return the run's configuration."""
        return dict(self._job.order.config)

    def data_dir(self) -> str:
        """Return the silo's data folder."""
        return self._job.data_dir

    def should_stop(self) -> bool:
        """Return whether a stop was ordered."""
        return self._job.switch.is_set

    def save_model(self, model: Any, round_: int) -> None:
        """Report a round's global model; a client's stays in its silo."""
        if not self._is_server:
            self.log("Only the server's script stores models; this one stays here.", "WARNING")
            return
        self._enter(int(round_))
        if isinstance(model, dict):
            tensors = _tensors(model)
        else:
            content = bytes(model) if isinstance(model, bytes) else Path(model).read_bytes()
            tensors = _from_safetensors(content)
        metrics = self._book.open.metrics if self._book.open else {}
        self._book.model(tensors, int(round_), metrics)
        self._book.flush_models()

    def send(self, to: int, arrays: dict[str, Any], meta: dict[str, Any]) -> None:
        """Send arrays and values to a rank."""
        self._job.switch.check()
        if to not in self._ranks or to == self._job.order.rank:
            raise ValueError(f"There is no other job of rank {to} in this run.")
        self.has_talked = True
        packed = self._book.packer.pack({"kind": "plain", "meta": meta}, [_tensors(arrays)])
        fields = {
            "message_id": uuid.uuid4().hex, "reply_to": "", "to_edge": self._ranks[to],
            "round": self._round,
        }  # fmt: skip
        self._asked.add(self._ranks[to])
        self._exchange_began = self._exchange_began or time.time()
        self._job.reporter.message(fields, packed.body, packed.blobs)

    def receive(self, timeout: float | None) -> tuple[int, dict[str, Any], dict[str, Any]]:
        """Return the next message from another script."""
        self.has_talked = True
        seconds = self._job.order.round_deadline_s if timeout is None else timeout
        until = time.monotonic() + seconds
        self._show_waiting(seconds)
        while True:
            event = self._job.inbox.next(until)
            if event is None:
                raise TimeoutError(f"No message came within {seconds:.0f} s.")
            if event.kind == channel.PEER:
                self._lose(event)
                continue
            try:
                header, sets = unpack(event.body, event.blobs)
            except CodecError as error:
                self.log(f"A message cannot be read: {error}", "ERROR")
                continue
            if header.get("kind") == notices.END and not self._is_server:
                raise EndOfRun
            if header.get("kind") == "plain":
                sender = int(event.fields.get("from_edge") or self._job.server)
                self._answered.add(sender)
                return self._edges.get(sender, 0), _arrays(sets), dict(header.get("meta") or {})

    def finish(self) -> None:
        """Close the last round."""
        self._count()
        self._book.close()

    def _lose(self, event: Incoming) -> None:
        if event.fields.get("state") in GONE and event.fields.get("state") != "FINISHED":
            label = self._job.label(int(event.fields.get("edge_id") or 0))
            reason = event.fields.get("reason") or event.fields["state"]
            raise ConnectionError(f"{label} does not answer any more: {reason}")

    def _enter(self, number: int) -> None:
        if number == self._round:
            return
        if self._is_server:
            self._job.inbox.gate.enter(number, self._job.order.rounds, self._job.reporter)
        self._round = number
        if self._is_server:
            # A script names its round before or after it exchanges arrays.
            if self._book.open and not self._book.open.asked:
                self._count()
            opened = self._book.begin(number)
            if self._asked or self._answered:
                opened.started_at = self._exchange_began or opened.started_at
            self._count()
        self._job.reporter.progress(
            round=number, rounds=self._job.order.rounds, phase="script", detail="", waiting=[],
            since=time.time(), until=None,
        )  # fmt: skip

    def _count(self) -> None:
        if self._asked or self._answered:
            self._book.count("train", sorted(self._asked), sorted(self._answered), "all")
        self._asked, self._answered, self._exchange_began = set(), set(), None

    def _show_waiting(self, seconds: float) -> None:
        others = self._asked - self._answered if self._is_server else {self._job.server}
        self._job.reporter.progress(
            round=self._round, rounds=self._job.order.rounds, phase="waiting",
            detail="Waiting for a message.", waiting=sorted(others),
            since=time.time(), until=time.time() + seconds,
        )  # fmt: skip


def _finite(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _tensors(arrays: dict[str, Any]) -> TensorSet:
    import numpy as np

    tensors = []
    for name, value in arrays.items():
        array = np.asarray(value)
        stream = io.BytesIO()
        np.save(stream, array, allow_pickle=False)
        tensors.append(
            Tensor(str(name), str(array.dtype), array.shape, "numpy.ndarray", stream.getvalue())
        )
    return tensors


def _arrays(sets: list[TensorSet]) -> dict[str, Any]:
    import numpy as np

    try:
        return {
            tensor.name: np.load(io.BytesIO(tensor.data), allow_pickle=False)
            for tensor in (sets[0] if sets else [])
        }
    except (ValueError, EOFError) as error:
        raise JobFailedError(
            f"Another script sent an array that cannot be read: {error}"
        ) from error


def _from_safetensors(content: bytes) -> TensorSet:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return _tensors(load(content))
    except SafetensorError as error:
        raise ValueError(f"This is no safetensors file: {error}") from error
