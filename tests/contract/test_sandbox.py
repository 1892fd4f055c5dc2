"""What a job can do behind each kind of sandbox; nothing is claimed that is not tried here."""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from helpers.job_bench import Bench, collect, make_worker, run

from agent_core.jobs import cgroup, sandbox
from agent_core.jobs.spec import Limits
from agent_core.paths import Home

pytestmark = pytest.mark.sandbox

TRY = """
import errno, socket
found = {}
def attempt(name, what):
    try:
        found[name] = what() or True
    except Exception as error:
        found[name] = False
"""


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with tempfile.TemporaryDirectory(prefix="jobs-") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield Home(Path(folder) / "home").make()


@pytest.fixture
def worker(tmp_path: Path) -> Path:
    return make_worker(tmp_path / "fake_worker")


@pytest.fixture(params=["bubblewrap", "unshare", "none"])
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    name: str = request.param
    if name != "none" and sandbox.probe(name) is None:
        pytest.skip(f"{name} cannot be used on this machine")
    monkeypatch.setattr(sandbox, "describe", lambda: sandbox.report(name, ()))
    return name


def findings(
    home: Home, worker: Path, code: str, data: Path | None = None, **limits: int
) -> dict[str, Any]:
    """Run code in a job and return what it found."""

    async def scenario(bench: Bench) -> dict[str, Any]:
        handle = await bench.launch(TRY + code + "\nsay('metrics', found)", data=data, **limits)
        frames = await collect(handle)
        found = [frame.fields for frame in frames if frame.kind == "metrics"]
        assert found, (await handle.outcome(), frames)
        return found[0]

    return run(home, worker, scenario)  # type: ignore[no-any-return]


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[dict[str, str]]:
    with ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        name = f"silodesk-test-{os.getpid()}-{tmp_path.name}"
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0{name}")
        abstract.listen()
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="jobs-"))
        path = stack.enter_context(socket.socket(socket.AF_UNIX))
        path.bind(f"{folder}/s")
        path.listen()
        yield {"port": str(tcp.getsockname()[1]), "abstract": name, "path": f"{folder}/s"}


def test_s9_network_and_local_services(
    home: Home, worker: Path, kind: str, doors: dict[str, str]
) -> None:
    code = f"""
attempt("tcp", lambda: socket.create_connection(("127.0.0.1", {doors["port"]}), 2))
attempt("udp", lambda: socket.socket(type=socket.SOCK_DGRAM).connect(("192.0.2.1", 53)))
attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0{doors["abstract"]}"))
attempt("path", lambda: socket.socket(socket.AF_UNIX).connect({doors["path"]!r}))
found = {{key: bool(value) for key, value in found.items()}}
"""
    found = findings(home, worker, code)
    if kind == "bubblewrap":
        assert found == {"tcp": False, "udp": False, "abstract": False, "path": False}
    elif kind == "unshare":
        assert (found["tcp"], found["udp"], found["abstract"]) == (False, False, False)
    else:
        assert found["tcp"], "where nothing holds, the report must say so"


def test_the_report_says_what_the_probe_found(kind: str) -> None:
    doors = sandbox.probe(kind) if kind != "none" else tuple(sandbox.DOORS)
    assert doors is not None
    report = sandbox.report(kind, doors)
    if kind == "bubblewrap":
        assert doors == ()
        assert report.is_contained
        assert "no network" in report.sentence
    else:
        assert not report.is_contained
        assert "your files" in report.sentence
        assert "no network" not in report.sentence


def test_s9_home_other_jobs_and_the_keeper_are_hidden(
    home: Home, worker: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    other = home.jobs / "other" / "job"
    other.mkdir(parents=True)
    (other / "private").write_text("private")
    (tmp_path / "id_ed25519").write_text("key")
    monkeypatch.setenv("SILODESK_TEST_SECRET", "hunter2")
    code = f"""
attempt("home", lambda: os.listdir({str(Path.home())!r}) and os.listdir({str(home.root)!r}))
attempt("key", lambda: open({str(tmp_path / "id_ed25519")!r}).read())
attempt("other", lambda: open({str(other / "private")!r}).read())
attempt("keeper", lambda: os.listdir({str(home.keepers)!r}))
attempt("processes", lambda: len([p for p in os.listdir("/proc") if p.isdigit()]) > 6)
attempt("passwd", lambda: open("/etc/passwd").read().count(chr(10)) > 1 and "many")
found["passwd"] = found["passwd"] == "many"
found["processes"] = len([p for p in os.listdir("/proc") if p.isdigit()]) > 6
found["secret"] = any("hunter2" in value for value in os.environ.values())
found["own"] = os.getcwd() == "/job" and open("/job/x", "w").write("x") == 1
"""
    found = findings(home, worker, code)
    assert found.pop("own") is True
    assert not any(found.values()), found


def test_s7_a_job_inherits_nothing_of_the_agents_environment(
    home: Home, worker: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SILODESK_TEST_SECRET", "hunter2")
    found = findings(home, worker, "found.update(os.environ)")
    assert "hunter2" not in str(found)
    assert found["FLWR_TELEMETRY_ENABLED"] == "0"
    assert int(found["OMP_NUM_THREADS"]) >= 1


def test_dataset_and_package_are_read_only(home: Home, worker: Path, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "patients.csv").write_text("age\n42\n")
    code = """
attempt("read", lambda: open("/data/patients.csv").read())
attempt("write", lambda: open("/data/patients.csv", "w"))
attempt("new", lambda: open("/data/new", "w"))
attempt("package", lambda: open("/package/new", "w"))
attempt("worker", lambda: open("/worker/silodesk_worker/__init__.py", "a"))
found["variable"] = os.environ["SILODESK_DATA"]
"""
    found = findings(home, worker, code, data=data)
    assert found.pop("read") == "age\n42\n"
    assert found.pop("variable") == "/data"
    assert not any(found.values()), found


def test_doors_that_namespaces_leave_open_are_filtered(home: Home, worker: Path) -> None:
    code = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    result = libc.syscall(*arguments)
    return errno.errorcode[ctypes.get_errno()] if result < 0 else "open"
attempt("vsock", lambda: socket.socket(40, socket.SOCK_STREAM))
found["io_uring"] = call(425, 8, ctypes.create_string_buffer(256))
found["keyctl"] = call(250, 0, -3, 1) if os.uname().machine == "x86_64" else "EPERM"
found["unix"] = bool(socket.socketpair())
found["user_namespace"] = libc.unshare(0x10000000) == 0
"""
    found = findings(home, worker, code)
    assert found == {
        "vsock": False,
        "io_uring": "EPERM",
        "keyctl": "EPERM",
        "unix": True,
        "user_namespace": False,
    }


def test_s9_a_fork_bomb_is_bounded(home: Home, worker: Path) -> None:
    if os.getuid() == 0:
        groups = cgroup.make("probe", Limits())
        for group in groups:
            cgroup.remove(group)
        if not groups:
            pytest.skip("root without control groups has no process limit")
    code = """
import signal
children = 0
try:
    while children < 5000:
        if os.fork() == 0:
            signal.pause()
        children += 1
except OSError as error:
    found["error"] = errno.errorcode[error.errno]
found["children"] = children
"""
    found = findings(home, worker, code)
    assert found["error"] == "EAGAIN"
    assert found["children"] < 2000


def test_scratch_in_memory_is_bounded(
    home: Home, worker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.jobs.bubblewrap.SHARED_MEMORY", 32 << 20)
    code = """
def fill():
    with open("/dev/shm/big", "wb") as file:
        for _ in range(40):
            file.write(bytes(1 << 20))
attempt("fill", fill)
os.unlink("/dev/shm/big")
"""
    assert findings(home, worker, code) == {"fill": False}


def test_s9_planted_links_are_not_followed(
    home: Home, worker: Path, kind: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("private key")
    keeper = home.keepers / "run-1-1-edge-2"
    code = f"""
for folder in ("/job", os.getcwd(), {str(keeper)!r}, {str(keeper / "blobs")!r}):
    for name in ("exit.json", "acked", "launch.json", "a" * 64, "incoming.part", "exit.json.part"):
        try:
            path = os.path.join(folder, name)
            if os.path.lexists(path): os.unlink(path)
            os.symlink({str(secret)!r}, path)
        except OSError:
            pass
say("blob", {{"sha256": "b" * 64, "size": 3}}, b"abc")
"""

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch(code)
        async for frame in handle.frames():
            if frame.blob is not None:
                assert not frame.blob.is_symlink()
        await handle.outcome()

    # Without walls a job can break its own keeper's files, but nothing is read or written through.
    with contextlib.nullcontext() if kind == "bubblewrap" else contextlib.suppress(Exception):
        run(home, worker, scenario)
    assert secret.read_text() == "private key"
    assert not secret.is_symlink()


def test_memory_of_all_processes_is_bounded_and_told(home: Home, worker: Path) -> None:
    groups = cgroup.make("probe", Limits(memory=1 << 28))
    is_bounded = any(list(group.glob("memory.*")) for group in groups)
    for group in groups:
        cgroup.remove(group)
    if not is_bounded:
        pytest.skip("no memory control group can be made here")
    code = """
import mmap
shared = mmap.mmap(-1, 1 << 30)
for start in range(0, 1 << 30, 4096):
    shared[start] = 1
"""

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch(code, memory=200 << 20)
        outcome = await handle.outcome()
        assert outcome.reason == "out_of_memory", outcome
        assert "memory" in outcome.next_step

    run(home, worker, scenario)
