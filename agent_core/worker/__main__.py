"""The worker: connect, import frameworks, wait for `go`, run the engine, say how it ended."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from pathlib import Path
from typing import BinaryIO, NoReturn

from . import channel
from .capture import Capture
from .ending import Ending, of_exception
from .inbox import Inbox
from .reporter import Reporter
from .session import DATA_VARIABLE, Job, Order
from .stop import JobStopped, StopSwitch

IDLE_AFTER_S = 3.0  # without an order, a worker is one that waits warm
LEAVE_AFTER_S = 3.0  # for exit handlers and threads that a package left behind


def main() -> int:
    """Run one job over stdin and stdout; return its exit code."""
    incoming, outgoing = take_channel()
    switch = StopSwitch()
    reporter = Reporter(outgoing, switch)
    capture = Capture(reporter)
    capture.start()
    switch.install()
    reporter.send(channel.HELLO, {"pid": os.getpid(), "python": sys.version.split()[0]})
    inbox = Inbox(incoming, switch)
    inbox.start()
    try:
        ending = work(reporter, inbox, switch)
    # The border of the job: whatever a package raises becomes the job's end, in words.
    except BaseException as error:  # noqa: BLE001
        switch.is_ignored = True
        ending = of_exception(error, Path(os.environ.get("SILODESK_PACKAGE") or "/package"))
        if ending.trace:
            reporter.log("ERROR", ending.trace)
    switch.is_ignored = True
    finish(ending, reporter, capture)
    return ending.exit_code


def take_channel() -> tuple[BinaryIO, BinaryIO]:
    """Keep stdin and stdout for frames; what prints or reads afterwards finds other files there."""
    incoming = os.fdopen(os.dup(0), "rb", 1024 * 1024)
    outgoing = os.fdopen(os.dup(1), "wb", 64 * 1024)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sys.path[:] = [path for path in sys.path if path not in ("", str(Path.cwd()))]
    sys.dont_write_bytecode = True
    return incoming, outgoing


def work(reporter: Reporter, inbox: Inbox, switch: StopSwitch) -> Ending:
    """Import frameworks, wait for the order, and run its engine."""
    from .engines import warm

    started = time.monotonic()
    versions = warm.import_frameworks(lambda: inbox.has_order)
    ready = {"import_s": round(time.monotonic() - started, 3), "versions": versions}
    reporter.send(channel.READY, ready)
    given = inbox.wait_for_order(IDLE_AFTER_S)
    if given is None:
        warm.import_more()
        reporter.send(channel.READY, {**ready, "rests": True})
        given = inbox.wait_for_order()
    order = Order.read(given or {})
    job = Job(order, reporter, inbox, switch)
    os.environ.setdefault(DATA_VARIABLE, job.data_dir)
    sys.path.insert(0, str(job.source_root))
    warm.run_engine(job)
    switch.check()
    return Ending(channel.EXIT_OK, "finished", "")


def finish(ending: Ending, reporter: Reporter, capture: Capture) -> None:
    """Report the last lines and the end."""
    try:
        capture.close()
        reporter.send(
            channel.DONE,
            {"ok": ending.exit_code == 0, "reason": ending.reason, "detail": ending.sentence},
        )
        reporter.close(timeout=30.0)
    except (JobStopped, OSError):
        return


def leave(exit_code: int) -> NoReturn:
    """Exit, running a package's exit handlers, but not for longer than they may take."""
    watch = threading.Timer(LEAVE_AFTER_S, os._exit, (exit_code,))
    watch.daemon = True
    watch.start()
    try:
        # What sys.exit does but for taking every module apart, which costs seconds after torch.
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
        atexit._run_exitfuncs()  # noqa: SLF001
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(exit_code)


if __name__ == "__main__":
    leave(main())
