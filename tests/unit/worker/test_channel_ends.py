"""Reporter and inbox back to back: order, blobs sent once, batches, and a keeper that goes away."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core.worker import channel
from agent_core.worker.inbox import Inbox, Incoming
from agent_core.worker.reporter import Blob, Reporter
from agent_core.worker.stop import JobStopped, StopSwitch


class QuietSwitch(StopSwitch):
    """A switch that leaves the test's main thread alone."""

    def turn(self, reason: str, exit_code: int = channel.EXIT_STOPPED) -> None:
        """Set the switch without a signal."""
        self.reason, self.exit_code = reason, exit_code
        self._set.set()
        for wake in self._wakers:
            wake()


def until(look: Callable[[], bool], bound_s: float = 10.0) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + bound_s
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@contextmanager
def pipe() -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Yield the two ends of a pipe."""
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as source, os.fdopen(writing, "wb") as sink:
        yield source, sink


def blob(content: bytes) -> Blob:
    """Return a blob."""
    return Blob(hashlib.sha256(content).hexdigest(), len(content), [content])


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(st.integers(0, 9), max_size=6, unique=True), max_size=30))
def test_every_message_arrives_with_its_blobs(messages: list[list[int]]) -> None:
    """Sender and receiver forget the same blobs, whatever is named in whatever order."""
    contents = [bytes([number]) * 5 for number in range(10)]
    got: list[Incoming] = []
    with pipe() as (source, sink):
        switch = QuietSwitch()
        inbox = Inbox(source, switch)
        inbox.subscribe(got.append)
        inbox.start()
        reporter = Reporter(sink, switch)
        for number, names in enumerate(messages):
            fields = {"message_id": str(number), "to_edge": 1, "round": 1, "reply_to": ""}
            reporter.message(fields, b"body", [blob(contents[name]) for name in names])
        reporter.close(10)
        sink.close()
        until(lambda: switch.is_set)

    assert [event.fields["message_id"] for event in got] == [str(n) for n in range(len(messages))]
    for event, names in zip(got, messages, strict=True):
        arrived = [held.pieces((5,))[0] for held in event.blobs.values()]
        assert arrived == [contents[n] for n in names]


def test_a_blob_named_again_is_sent_once() -> None:
    """Several silos get the same tensors: one frame carries them."""
    with pipe() as (source, sink):
        reporter = Reporter(sink, QuietSwitch())
        for edge in (1, 2, 3):
            fields = {"message_id": str(edge), "to_edge": edge, "round": 1, "reply_to": ""}
            reporter.message(fields, b"", [blob(b"model")])
        reporter.close(10)
        sink.close()
        kinds = []
        while (frame := channel.read_frame(source)) is not None:
            kinds.append(frame.kind)

    assert kinds == ["blob", "message", "message", "message"]


def test_a_message_waits_for_its_blob() -> None:
    """The order of blob and message does not matter; later messages overtake."""
    got: list[str] = []
    with pipe() as (source, sink):
        switch = QuietSwitch()
        inbox = Inbox(source, switch)
        inbox.subscribe(lambda event: got.append(event.fields["message_id"]))
        inbox.start()
        late = blob(b"late")
        named = [{"sha256": late.sha256, "size": late.size}]
        channel.write_frame(sink, channel.MESSAGE, {"message_id": "a", "blobs": named})
        channel.write_frame(sink, channel.MESSAGE, {"message_id": "b", "blobs": []})
        until(lambda: got == ["b"])
        channel.write_frame(sink, channel.BLOB, {"sha256": late.sha256, "size": 4}, late.parts)
        until(lambda: got == ["b", "a"])


def test_small_news_go_in_batches_before_what_matters() -> None:
    """Lines and points written at once share a frame; only the last progress is sent."""
    with pipe() as (source, sink):
        reporter = Reporter(sink, QuietSwitch())
        reporter.log("INFO", "one\n\ntwo")
        reporter.log("ERROR", "three")
        reporter.metrics([{"key": "a", "value": 1.0}])
        reporter.progress(round=1)
        reporter.progress(round=2)
        reporter.send(channel.ROUND, {"round": 1})
        reporter.close(10)
        sink.close()
        frames = []
        while (frame := channel.read_frame(source)) is not None:
            frames.append(frame)

    assert [frame.kind for frame in frames] == ["progress", "metrics", "log", "round"]
    assert frames[0].fields["round"] == 2
    assert [line["text"] for line in frames[2].fields["lines"]] == ["one", "two", "three"]


def test_a_batch_leaves_by_itself() -> None:
    """A line is not held back until something else is sent."""
    with pipe() as (source, sink):
        reporter = Reporter(sink, QuietSwitch())
        reporter.log("INFO", "alone")
        frame = channel.read_frame(source)
        reporter.close(10)

    assert frame is not None
    assert frame.fields["lines"][0]["text"] == "alone"


def test_a_keeper_that_goes_away_turns_the_switch() -> None:
    """A broken pipe is the end of the job, with its own exit code."""
    switch = QuietSwitch()
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as sink:
        os.close(reading)
        reporter = Reporter(sink, switch)
        reporter.send(channel.READY, {})
        until(lambda: switch.is_set)
        reporter.close(10)
        sink.raw.close()  # type: ignore[attr-defined]

    assert switch.exit_code == channel.EXIT_CHANNEL


def test_junk_on_the_channel_turns_the_switch() -> None:
    """Something that is no frame is a broken channel."""
    with pipe() as (source, sink):
        switch = QuietSwitch()
        inbox = Inbox(source, switch)
        inbox.start()
        sink.write(b"this is no frame at all, and long enough")
        sink.flush()
        with pytest.raises(JobStopped):
            inbox.wait_for_order()

    assert switch.exit_code == channel.EXIT_CHANNEL


def test_a_stop_ends_a_wait() -> None:
    """Who waits for a message hears of the stop at once."""
    with pipe() as (source, sink):
        switch = QuietSwitch()
        inbox = Inbox(source, switch)
        inbox.start()
        threading.Timer(
            0.05, channel.write_frame, (sink, channel.STOP, {"reason": "enough"})
        ).start()
        with pytest.raises(JobStopped, match="enough"):
            inbox.next(time.monotonic() + 30)


def test_next_ends_at_its_time() -> None:
    """A wait has a bound."""
    with pipe() as (source, _):
        assert Inbox(source, QuietSwitch()).next(time.monotonic() + 0.01) is None
