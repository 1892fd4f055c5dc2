"""The keeper: one small process per job that owns its pipes and its end; standard library only.

Run as `python -I -S -c BOOT <root> <folder>`. It reads `launch.json` in its folder, starts the
worker from its main thread (a sandbox dies with the thread that started it), spools what the
worker says, and leaves `exit.json` behind. It survives the agent; the job does not survive it.
"""
# ruff: noqa: PTH112, PTH118, PTH119
# (pathlib would cost every keeper its memory)

from __future__ import annotations

import errno
import fcntl
import json
import os
import selectors
import signal
import sys
import time
from typing import Any

from agent_core.jobs import limits, yielding
from agent_core.jobs.desk import Caller, Desk
from agent_core.jobs.ending import Ending, become_subreaper
from agent_core.jobs.intake import FrameReader
from agent_core.jobs.outlet import Outlet, encode
from agent_core.jobs.spawn import Launch, boot_id, spawn, start_ticks
from agent_core.jobs.spool import SpoolWriter, open_regular, remove, reserve, write_atomically
from agent_core.worker import channel

INBOX_LIMIT = 64 * 1024 * 1024  # bytes waiting for the worker, tensors aside
KNOWN_LIMIT = 20_000  # delivery ids kept against doubling
TAIL_LINES = 20
DISK_CHECK_S = 2.0
HOME_CHECK_S = 30.0
FLUSH_S = 10.0
CUT_GRACE_S = 2.0
EXIT_ROOM = 64 * 1024  # of the exit record: how a job ended is told on a full disk, too
TAIL_TEXT = 500


class Keeper:
    """Everything the keeper knows about its one job."""

    def __init__(self, folder: str, socket_path: str, launch: Launch) -> None:
        self.folder = folder
        self.launch = launch
        self.exit_path = os.path.join(folder, "exit.json")
        reserve(self.exit_path, EXIT_ROOM)
        self.spool = SpoolWriter(folder)
        self.desk = Desk(socket_path, self.spool, self.handle)
        self.selector = selectors.DefaultSelector()
        self.spawned = spawn(launch, folder)
        self.ending = Ending(self.spawned.pid, launch)
        self.session = yielding.SessionWatch()
        self.outlet = Outlet(self.spawned.stdin)
        self.reader = FrameReader(self.spawned.stdout, self.arrived, os.path.join(folder, "blobs"))
        self.logs = limits.LogLimit()
        self.bucket = limits.Bucket(limits.FRAME_RATE, limits.FRAME_BURST)
        self.known: dict[str, None] = {}
        self.held: list[tuple[bytes, str]] | None = []  # deliveries before `go`
        self.resume_at = 0.0  # the worker's output is read again from here
        self.check_at = time.monotonic() + DISK_CHECK_S
        self.error_text = b""
        self.has_errors = True
        self.tail: list[str] = []
        self.is_reading = False
        self.is_writing = False
        self.is_open = True
        self.has_output = False

    # --- from the worker

    def arrived(self, kind: str, fields: dict[str, Any], body: bytes, blob: int) -> None:
        """Spool one frame of the worker."""
        if kind == channel.LOG:
            lines = self.logs.pass_on(fields.get("lines"))
            if lines:
                self.spool.append(kind, {"lines": lines})
            return
        if kind == channel.DONE:
            self.ending.done = {
                key: str(fields.get(key, ""))[:4000] for key in ("reason", "detail")
            }
            self.ending.done["ok"] = bool(fields.get("ok"))
        pause = self.bucket.take(256 + len(body) + len(fields) * 64)
        if pause:
            self.resume_at = time.monotonic() + pause
        self.spool.append(kind, fields, body, blob)
        if blob and limits.free_bytes(self.folder) < limits.FREE_LIMIT:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def read_worker(self) -> None:
        """Take what the worker wrote; a worker that breaks the protocol is ended."""
        try:
            self.has_output = self.reader.read() > 0
            if not self.has_output and self.reader.is_at_end:
                self.close_output()
        except channel.ChannelError as error:
            self.close_output()
            self.end("protocol", str(error))
        except OSError as error:
            self.close_output()
            self.end("disk_full", error.strerror or str(error))

    def close_output(self) -> None:
        """Read the worker's output no more."""
        self.is_open = False
        self.watch_output()
        self.reader.close()

    def read_errors(self) -> bool:
        """Turn what the worker wrote to stderr into log lines; return whether there may be more."""
        try:
            data = os.read(self.spawned.stderr, 64 * 1024)
        except BlockingIOError:
            return False
        if not data and self.has_errors:
            self.has_errors = False
            self.selector.unregister(self.spawned.stderr)
        lines = (self.error_text + data).split(b"\n")
        self.error_text = lines.pop() if data else b""  # at the end a last line needs no newline
        if len(self.error_text) > limits.LINE_LIMIT:
            lines.append(self.error_text)
            self.error_text = b""
        texts = [line.decode("utf-8", "replace").rstrip("\r") for line in lines if line.strip()]
        self.tail = [*self.tail, *(text[:TAIL_TEXT] for text in texts)][-TAIL_LINES:]
        at = time.time()
        passed = self.logs.pass_on([{"at": at, "level": "INFO", "text": text} for text in texts])
        if passed:
            self.append_log({"lines": passed, "source": "stderr"})
        return bool(data)

    def append_log(self, fields: dict[str, Any]) -> None:
        """Spool lines that no worker waits for; where the disk is full, the job ends for that."""
        try:
            self.spool.append(channel.LOG, fields)
        except OSError as error:
            self.end("disk_full", error.strerror or str(error))

    # --- from the agent

    def handle(
        self, caller: Caller, kind: str, fields: dict[str, Any], body: bytes
    ) -> dict[str, Any] | None:
        """Do one request of the agent and return its answer."""
        if kind == "attach":
            self.desk.attach(caller, int(fields.get("after") or 0))
        elif kind == "ack":
            self.spool.ack(int(fields["seq"]))
        elif kind == "deliver":
            return self.deliver(fields, body)
        elif kind == "go":
            return self.go(fields.get("order"))
        elif kind == "stop":
            self.stop(str(fields.get("reason") or ""), float(fields.get("grace_s") or 0))
            return {"ok": True}
        elif kind == "wait":
            caller.waits = fields.get("id")
        elif kind == "state":
            return {
                "last": self.spool.last,
                "acked": self.spool.acked,
                "went": self.held is None,
            }
        return None

    def deliver(self, fields: dict[str, Any], body: bytes) -> dict[str, Any]:
        """Queue one frame for the worker, once per delivery id; a tensor comes as a linked file."""
        name = str(fields["delivery_id"])
        file = os.path.join(self.folder, "in", os.path.basename(str(fields["file"])))
        if not fields["file"]:
            file = ""
        if name in self.known:
            if file:
                remove(file)
            return {"ok": True, "first": False}
        if self.outlet.waiting + len(body) > INBOX_LIMIT:
            if file:
                remove(file)
            return {"ok": False, "first": False}
        size = 0
        if file:
            descriptor = open_regular(file)
            size = os.fstat(descriptor).st_size
            os.close(descriptor)
        frame = encode(str(fields["frame_kind"]), fields["frame"], body, size)
        if self.held is None:
            self.outlet.put(frame, file)
        else:
            self.held.append((frame, file))
        self.known[name] = None
        if len(self.known) > KNOWN_LIMIT:
            del self.known[next(iter(self.known))]
        return {"ok": True, "first": True}

    def go(self, order: Any) -> dict[str, Any]:
        """Send the order, once, and what waited for it."""
        if self.held is None:
            return {"ok": True, "first": False}
        self.outlet.put(encode(channel.GO, {"order": order}))
        for frame, file in self.held:
            self.outlet.put(frame, file)
        self.held = None
        return {"ok": True, "first": True}

    def stop(self, reason: str, grace_s: float) -> None:
        """Ask the worker to end, and end it after the grace time."""
        if not self.ending.is_stopping:
            self.outlet.put_first(encode(channel.STOP, {"reason": reason}))
        self.ending.stop("stop", reason, grace_s)

    def cut(self) -> None:
        """End the job of a rehearsal whose last process is gone: nobody would come back for it."""
        self.selector.unregister(0)
        self.stop("The rehearsal has ended.", CUT_GRACE_S)

    def end(self, cause: str, detail: str) -> None:
        """End a job that broke a rule, now."""
        self.ending.stop(cause, detail, 0.0)

    # --- the loop

    def run(self) -> None:
        """Serve until the job has ended and everything that was said is on disk."""
        wake_read, wake_write = os.pipe()
        os.set_blocking(wake_read, False)
        os.set_blocking(wake_write, False)
        signal.set_wakeup_fd(wake_write, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: self.stop("The machine or session ends.", 5.0))
        self.desk.register(self.selector)
        self.selector.register(wake_read, selectors.EVENT_READ, lambda: drain(wake_read))
        self.selector.register(self.spawned.stderr, selectors.EVENT_READ, self.read_errors)
        if self.launch.has_lifeline:
            self.selector.register(0, selectors.EVENT_READ, self.cut)
        self.watch_output()
        while not self.ending.reap():
            for key, _ in self.selector.select(self.wait_s()):
                key.data()
            self.turn()
        self.finish()

    def turn(self) -> None:
        """Do what is due after a round of events."""
        if self.spool.commit_at and time.monotonic() >= self.spool.commit_at:
            try:
                self.spool.commit()
            except OSError as error:
                self.spool.commit_at = 0.0
                self.end("disk_full", error.strerror or str(error))
        self.desk.pump()
        self.ending.read_status(self.spawned.status)
        self.session.step(self.ending.first)
        try:
            self.outlet.write()
        except OSError:
            self.outlet.drop()  # the worker reads no more; how it ends will say why
        self.watch_output()
        self.watch_input()
        self.check_disk()
        self.ending.enforce()

    def wait_s(self) -> float | None:
        """Return how long nothing is due; None while only events matter."""
        dates = (
            self.resume_at, self.check_at, self.spool.commit_at, self.ending.due_at,
            self.session.due_at,
        )  # fmt: skip
        due = [at for at in dates if at]
        return max(0.0, min(due) - time.monotonic()) if due else None

    def watch_output(self) -> None:
        """Read the worker's output unless it is over a limit."""
        if self.resume_at and time.monotonic() >= self.resume_at:
            self.resume_at = 0.0
        is_wanted = (
            self.is_open
            and not self.resume_at
            and self.spool.backlog < limits.BACKLOG_LIMIT
            and self.spool.blob_backlog < limits.BLOB_BACKLOG_LIMIT
        )
        if is_wanted and not self.is_reading:
            self.selector.register(self.spawned.stdout, selectors.EVENT_READ, self.read_worker)
        elif self.is_reading and not is_wanted:
            self.selector.unregister(self.spawned.stdout)
        self.is_reading = is_wanted

    def watch_input(self) -> None:
        """Wait for room in the worker's input while something waits for it."""
        is_wanted = not self.outlet.is_empty
        if is_wanted and not self.is_writing:
            self.selector.register(self.spawned.stdin, selectors.EVENT_WRITE, lambda: None)
        elif self.is_writing and not is_wanted:
            self.selector.unregister(self.spawned.stdin)
        self.is_writing = is_wanted

    def check_disk(self) -> None:
        """End a job that fills the disk, or whose home was removed under it."""
        began = time.monotonic()
        if began < self.check_at:
            return
        if not os.path.isdir(self.folder):
            self.end("disk_full", "the keeper's folder was removed")
        limit = self.launch.disk
        if limit is None:
            self.check_at = began + HOME_CHECK_S
            return
        if limits.used_bytes(self.launch.workspace, limit) > limit:
            self.end("disk_quota", str(limit))
        now = time.monotonic()
        self.check_at = now + max(DISK_CHECK_S, 50 * (now - began))

    def finish(self) -> None:
        """Take the last output, write the exit record, tell the agent, leave."""
        self.has_output = True
        while self.is_open and self.has_output:
            self.read_worker()
        self.reader.close()
        while self.read_errors():
            pass
        if self.logs.dropped:
            self.append_log({"lines": [self.logs.note()]})
        self.ending.clear()
        try:
            self.spool.commit()
        except OSError as error:
            self.end("disk_full", error.strerror or str(error))
        record = {**self.ending.record(), "last_seq": self.spool.last, "tail": self.tail}
        write_atomically(self.exit_path, json.dumps(record).encode())
        self.desk.tell_exit(record)
        until = time.monotonic() + FLUSH_S
        self.desk.pump()
        while self.desk.callers and time.monotonic() < until:
            for key, _ in self.selector.select(0.1):
                key.data()
            self.desk.pump()
        self.desk.close()


def drain(descriptor: int) -> None:
    """Forget the bytes that woke us."""
    try:
        os.read(descriptor, 4096)
    except BlockingIOError:
        pass


def lock(folder: str) -> None:
    """Hold the lock that says this keeper lives, until the process ends."""
    path = os.path.join(folder, "keeper.lock")
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    fcntl.flock(os.open(path, flags, 0o600), fcntl.LOCK_EX)  # who looks holds it for a moment


def read_launch(folder: str) -> tuple[str, Launch]:
    """Return the socket's path and what is to be started."""
    descriptor = open_regular(os.path.join(folder, "launch.json"))
    with os.fdopen(descriptor, encoding="utf-8") as file:
        content = json.load(file)
    return content["socket"], Launch.from_json(content)


def write_identity(folder: str, pid: int) -> None:
    """Write who keeper and job are: never the pid alone."""
    own = os.getpid()
    content = {
        "boot_id": boot_id(),
        "keeper": {"pid": own, "ticks": start_ticks(own)},
        "job": {"pid": pid, "ticks": start_ticks(pid)},
        "started_at": time.time(),
    }
    write_atomically(os.path.join(folder, "keeper.json"), json.dumps(content).encode())


def main() -> None:
    """Detach, start the job, tell the supervisor on stdout, keep."""
    folder = sys.argv[2]
    if os.fork():
        os._exit(0)  # the keeper's parent is the machine from here on
    os.umask(0o077)
    lock(folder)
    socket_path, launch = read_launch(folder)
    become_subreaper()
    yielding.lower(0, yielding.JOB)  # sandbox and worker inherit it
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        keeper = Keeper(folder, socket_path, launch)
    except OSError as error:
        os.write(1, json.dumps({"error": str(error), "errno": error.errno}).encode() + b"\n")
        return
    write_identity(folder, keeper.spawned.pid)
    os.write(1, b"{}\n")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    try:
        keeper.run()
    finally:
        remove(socket_path)
