"""What people read at the command line and at the agent's local API when a hub cannot help."""

from __future__ import annotations

import contextlib
import http.server
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from agent_core.client import AgentClient, start_agent_if_needed
from agent_core.errors import SiloDeskError
from agent_core.paths import Home
from agent_core.rehearsal.federation import Federation

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def federation() -> Iterator[Federation]:
    """Return a running federation of one silo."""
    root = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    with Federation(silos=1, root=root, say=lambda _: None) as running:
        yield running
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture
def stranger(federation: Federation) -> Iterator[list[str]]:
    """Return the options of a machine of its own, whose agent ends with the test."""
    home = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    yield ["--home", str(home), "--credentials", str(home / "secrets.json"), "--password-stdin"]
    client = AgentClient(Home(home))
    with contextlib.suppress(SiloDeskError):
        client.call("agent.shutdown")
    client.close()
    shutil.rmtree(home, ignore_errors=True)


def problem(*arguments: str, stdin: str = "a-password\n") -> dict[str, Any]:
    """Return what a failing command says with `--json`, and check what it says to people."""
    told = command(*arguments, stdin=stdin)
    assert told.returncode in (1, 2), told.stdout + told.stderr
    lines = told.stderr.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("error: "))
    assert lines[start + 1].startswith("  next: ")
    as_json = command("--json", *arguments, stdin=stdin)
    found: dict[str, Any] = json.loads(as_json.stdout)
    assert found["next_step"]
    assert lines[start + 2] == f"  code: {found['code']}"
    assert "Traceback" not in told.stderr + as_json.stderr
    return found


def command(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """Run `silodesk`."""
    return subprocess.run(
        [sys.executable, "-m", "agent_core.cli", *arguments],
        input=stdin, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def until(look: Callable[[], bool], bound_s: float, what: str) -> None:
    """Wait until something holds."""
    deadline = time.monotonic() + bound_s
    while not look():
        assert time.monotonic() < deadline, f"{what} did not come within {bound_s} s"
        time.sleep(0.05)


def test_a_wrong_password(federation: Federation, stranger: list[str]) -> None:
    """The same words whether or not the address is known."""
    hub = ["--hub", federation.hub_url]
    known = problem("login", "elif.kaya@meridian.example", *hub, *stranger)
    unknown = problem("login", "nobody@meridian.example", *hub, *stranger)
    assert known["code"] == "auth.password"
    assert known == unknown


def test_guessing_is_slowed_and_says_for_how_long(
    federation: Federation, stranger: list[str]
) -> None:
    """After some failures nobody has to guess what the wait is about."""
    for _ in range(5):
        with pytest.raises(SiloDeskError):
            federation.members[1].client.call(
                "account.sign_in", hub_url=federation.hub_url, email="guessed@meridian.example",
                password="a-guess",
            )  # fmt: skip
    found = problem("login", "guessed@meridian.example", "--hub", federation.hub_url, *stranger)
    assert found["code"] == "limit.sign_in"
    assert "minutes" in found["next_step"]


@pytest.mark.parametrize(
    ("address", "code", "words"),
    [
        ("http://127.0.0.1:1", "unreachable", "nothing listens there"),
        ("http://hub.invalid", "unreachable", "name is not known"),
        ("ftp://127.0.0.1", "input.hub", "is not the address of a hub"),
        ("http://", "input.hub", "is not the address of a hub"),
        ("http://127.0.0.1:99999", "input.hub", "is not the address of a hub"),
        ("http://[half", "input.hub", "is not the address of a hub"),
    ],
)
def test_a_wrong_hub_address(
    federation: Federation, address: str, code: str, words: str
) -> None:  # fmt: skip
    """Typed wrong, or right but nobody there."""
    with pytest.raises(SiloDeskError) as told:
        federation.members[1].client.call("hub.about", hub_url=address)
    assert told.value.code == code
    assert words in told.value.sentence
    assert told.value.next_step


def test_an_address_where_another_program_listens(federation: Federation) -> None:
    """A web server that is no hub."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        with pytest.raises(SiloDeskError) as told:
            federation.members[1].client.call(
                "account.sign_in", hub_url=f"http://127.0.0.1:{server.server_port}",
                email="a@b.example", password="p",
            )  # fmt: skip
    finally:
        server.shutdown()
        server.server_close()
    assert told.value.code != "internal"
    assert "does not speak as a SiloDesk hub" in told.value.sentence
    assert "address" in told.value.next_step


def test_an_invitation_that_is_none_or_was_used(
    federation: Federation, stranger: list[str]
) -> None:
    """No link, an invented code, and a code that another person used."""
    assert problem("join", "https://meridian.example/x", *stranger)["code"] == "input.link"
    invented = f"silodesk://join?hub={federation.hub_url}&code=invented"
    assert problem("join", invented, *stranger)["code"] == "missing.invitation"
    coordinator, silo = federation.members[0].client, federation.members[1].client
    link = coordinator.call("invitations.create", group_id=federation.group_id, role="operator")[
        "link"
    ]
    silo.call("invitations.join", link=link, silo="Klinikum", device_name="a")
    fresh = ["--email", "late@silo.example", "--name", "Late"]
    with_account = problem("join", link, *fresh, *stranger, stdin="long-enough-password\n")
    without = problem("join", link, *stranger)
    for found in (with_account, without):
        assert found["code"] == "conflict.invitation"
        assert "already used" in found["title"]


def test_what_does_not_exist(federation: Federation) -> None:
    """A run, a group and an approval that nobody has."""
    home = ["--home", str(federation.coordinator.home.root)]
    for arguments in (
        ("run", "show", "999"), ("run", "start", "999"), ("run", "watch", "999"),
        ("run", "logs", "999"), ("project", "create", "p", "--group", "99"),
        ("approval", "show", "99"),
    ):  # fmt: skip
        assert problem(*arguments, *home)["code"].startswith("missing")


@pytest.mark.parametrize(
    ("method", "fields"),
    [
        ("runs.get", {}),
        ("runs.get", {"run_id": "first"}),
        ("runs.get", {"run_id": 10**30}),
        ("runs.start", {"run_id": "first"}),
        ("runs.start", {}),
        ("approvals.get", {"id": {"a": 1}}),
        ("approvals.get", {"id": 10**30}),
        ("approvals.allow", {"content_digest": None}),
        ("packages.upload", {"path": ["x"]}),
        ("packages.upload", {"path": "x" * 5000}),
        ("hub.about", {"hub_url": 5}),
        ("hub.about", {"hub_url": "x" * 5000}),
        ("invitations.read", {"link": True}),
        ("jobs.stop", {"job_id": "\x00"}),
        ("runs.nosuch", {}),
    ],
)
def test_wrong_fields_at_the_local_api(
    federation: Federation, method: str, fields: dict[str, Any]
) -> None:
    """Whatever a client sends, it learns what is wrong; nothing fails inside."""
    with pytest.raises(SiloDeskError) as told:
        federation.coordinator.client.call(method, **fields)
    assert told.value.code.split(".")[0] in ("input", "missing")
    assert told.value.next_step


def test_settings_that_cannot_be(federation: Federation) -> None:
    """An unknown name, a wrong type, and a data folder that is not there."""
    home = ["--home", str(federation.coordinator.home.root)]
    assert problem("settings", "set", "colour=red", *home)["code"] == "input.settings"
    wrong = problem("settings", "set", "job_memory=plenty", *home)
    assert (wrong["code"], wrong["details"]["field"]) == ("input.settings", "job_memory")
    assert "Megabytes" in wrong["next_step"]
    missing = problem("settings", "set", "data_dir=/no/such/folder", *home)
    assert (missing["code"], missing["details"]["field"]) == ("input.data", "data_dir")


def test_a_package_that_is_too_large(federation: Federation) -> None:
    """More than the hub takes: refused before a byte of it is sent."""
    package = federation.folder / "large.zip"
    with package.open("wb") as file:
        file.truncate(513 * 1024 * 1024)
    found = problem(
        "app", "create", "large", str(package), "--group", str(federation.group_id),
        "--home", str(federation.coordinator.home.root),
    )  # fmt: skip
    assert found["code"] == "limit.package"
    assert "513 MB" in found["title"]
    assert "512 MB" in found["title"]


def test_the_broker_is_away(federation: Federation) -> None:
    """It was killed and cannot come back at once: the status says so; then all is well again."""
    silo = federation.members[1].client
    broker = service(federation, "nats-server")
    broker.send_signal(signal.SIGSTOP)  # alive for its supervisor, silent on its connections
    try:
        until(lambda: silo.status()["state"] in ("silent", "offline"), 60, "the loss of the broker")
        until(lambda: bool(silo.status()["detail"]), 40, "the reason")
        status = silo.status()
        told = command("status", "--home", str(federation.members[1].home.root))
    finally:
        broker.send_signal(signal.SIGCONT)
    assert "broker" in status["detail"]
    assert "hub" in status["detail"]
    first = told.stdout.splitlines()[0]  # its keepalive may have run out between the two looks
    assert any(
        first.startswith(f"agent      {state} — {sentence}")
        for state, sentence in (
            ("silent", "The broker is there, but the hub does not answer."),
            ("offline", "The hub's message broker does not answer."),
        )
    ), told.stdout
    until(lambda: silo.status()["state"] == "online", 40, "the broker's return")


def test_the_hub_is_away(federation: Federation) -> None:
    """Every call says where nothing listens; the agent stays, and all is well again afterwards."""
    federation.hub.process.terminate()
    federation.hub.process.wait(30)
    try:
        found = problem("project", "list", "--home", str(federation.coordinator.home.root))
        local = federation.coordinator.client.status()
    finally:
        federation.restart_hub()
    assert found["code"] == "unreachable"
    assert federation.hub_url.removeprefix("http://") in found["title"]
    assert "Start the hub" in found["next_step"]
    assert local["account"]["name"] == "Elif Kaya"
    until(lambda: federation.coordinator.client.status()["state"] == "online", 40, "the hub")


@pytest.fixture
def disk() -> Iterator[Path]:
    """Return a disk of 4 MB."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    folder = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)],
        capture_output=True, check=False,
    )  # fmt: skip
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("this machine lets nobody mount")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)
    folder.rmdir()


def fill(disk: Path) -> None:
    """Leave no byte."""
    for block in (64 * 1024, 1024):
        with contextlib.suppress(OSError), (disk / f"full-{block}").open("wb", 0) as file:
            while True:
                file.write(b"x" * block)


def test_no_disk_for_a_home(federation: Federation, disk: Path) -> None:
    """Agent, hub, and a command that starts the agent behind it."""
    fill(disk)
    home = ["--home", str(disk / "home")]
    secrets = ["--credentials", str(disk / "home" / "secrets.json")]
    login = ["login", "a@b.example", "--hub", federation.hub_url, "--password-stdin"]
    for arguments in (["agent", *secrets], ["hub"], [*login, *secrets]):
        found = problem(*arguments, *home)
        assert found["code"].startswith("storage"), arguments
        assert "space" in found["next_step"]


def test_no_disk_while_an_agent_runs(disk: Path) -> None:
    """A decision that cannot be kept is refused in words; with space again, it works again."""
    home = Home(disk / "home")
    client = AgentClient(home)
    start_agent_if_needed(home, "--credentials", str(home.root / "secrets.json"))
    try:
        fill(disk)
        with pytest.raises(SiloDeskError) as told:
            for number in range(4000):  # the journal may still have some room of its own
                client.call("approvals.allow", content_digest=f"{number:064x}", by="test")
        assert told.value.code.startswith("storage")
        assert "space" in told.value.next_step
        for file in disk.glob("full-*"):
            file.unlink()
        client.call("approvals.allow", content_digest="f" * 64, by="test")
    finally:
        for file in disk.glob("full-*"):
            file.unlink()
        client.call("agent.shutdown")
        client.close()
        until(lambda: not home.socket.exists(), 20, "the agent's end")


def service(federation: Federation, name: str) -> psutil.Process:
    """Return the hub's child service of this name."""
    children = psutil.Process(federation.hub.process.pid).children(recursive=True)
    return next(child for child in children if name in " ".join(child.cmdline()[:1]))
