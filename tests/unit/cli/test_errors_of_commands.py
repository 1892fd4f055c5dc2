"""What a person reads when a command cannot do its work, in real processes without a hub."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from agent_core.paths import Home

NO_KEYRING = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring"}


@pytest.fixture
def root() -> Iterator[Path]:
    """Return a short folder."""
    folder = Path(tempfile.mkdtemp(prefix="sd-", dir="/tmp"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


def silodesk(
    *arguments: str | Path, stdin: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [sys.executable, "-m", "agent_core.cli", *map(str, arguments)],
        input=stdin, capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, **environment},
    )  # fmt: skip


def problem(*arguments: str | Path, exit_code: int = 1, **options: str) -> dict[str, str]:
    """Return the problem document of a command that fails, once its text was checked too."""
    told = silodesk(*arguments, **options)
    assert told.returncode == exit_code, told.stdout + told.stderr
    assert told.stdout == "" or "error:" not in told.stdout
    lines = told.stderr.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("error: "))
    as_json = silodesk("--json", *arguments, **options)
    assert as_json.returncode == exit_code
    found: dict[str, str] = json.loads(as_json.stdout[as_json.stdout.index("{") :])
    assert "Traceback" not in told.stderr + as_json.stderr + as_json.stdout
    assert found["title"], found
    assert found["next_step"], found
    assert lines[start + 1].startswith("  next: ")
    assert lines[start + 2] == f"  code: {found['code']}"
    return found


def test_wrong_paths_are_named(root: Path) -> None:
    """Source folder, package file, data folder, sample and app folder."""
    nowhere = root / "nowhere"
    source = problem("build", "-t", "client", "-sf", nowhere, "-ep", "a.py", "-df", root,
                     exit_code=2)  # fmt: skip
    package = problem("package", "verify", nowhere, exit_code=2)
    data = problem("agent", "--home", root, "--data", nowhere, exit_code=2)
    app = problem("rehearse", nowhere, exit_code=2)
    assert [source["code"], package["code"], data["code"], app["code"]] == [
        "input.source", "input.package", "input.data", "input.package",
    ]  # fmt: skip
    assert all(str(nowhere) in found["title"] for found in (source, package, data, app))


def test_what_is_typed_wrong_is_said_in_plain_words(root: Path) -> None:
    """A number that is none, a command that is none: with --json a problem document too."""
    number = problem("run", "show", "first", "--home", root, exit_code=2)
    command = problem("rum", exit_code=2)
    port = problem("hub", "--port", "70000", "--home", root, exit_code=2)
    assert "a whole number is needed" in number["title"]
    assert "silodesk run show --help" in number["next_step"]
    assert {number["code"], command["code"], port["code"]} == {"input.usage"}


def test_an_agent_that_does_not_run_is_said_with_how_to_start_it(root: Path) -> None:
    """Every command that asks the agent."""
    found = problem("status", "--home", root)
    assert problem("run", "watch", "1", "--home", root) == found
    assert found["code"] == "unreachable.agent"
    assert str(root) in found["title"]
    assert "silodesk agent" in found["next_step"]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody can write to")
@pytest.mark.parametrize("command", [("agent",), ("hub",), ("login", "a@b.example", "--hub", "x")])
def test_a_home_that_cannot_be_written_is_named(command: tuple[str, ...]) -> None:
    """/proc refuses new folders even to root."""
    found = problem(*command, "--home", "/proc/silodesk")
    assert found["code"] == "storage.home"
    assert "/proc/silodesk" in found["title"]
    assert "--home" in found["next_step"]


def test_no_key_store_is_said_with_the_file_as_a_way_out(root: Path) -> None:
    """By the agent itself, and the same by the command that starts it in the background."""
    own = problem("agent", "--home", root, **NO_KEYRING)
    behind = problem("login", "a@b.example", "--hub", "http://127.0.0.1:1", "--home", root,
                     **NO_KEYRING)  # fmt: skip
    assert own["code"] == behind["code"] == "keyring"
    assert own["title"] == behind["title"]
    assert "--credentials FILE" in behind["next_step"]


def test_a_taken_port_is_said_and_nothing_is_started(root: Path) -> None:
    """A socket of another program holds it."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen(1)
        port = other.getsockname()[1]
        found = problem("hub", "--home", root, "--port", str(port))
    assert found["code"] == "service.port"
    assert str(port) in found["title"]
    assert "--port" in found["next_step"]


@pytest.mark.parametrize(
    ("option", "value", "code"),
    [
        ("--database", "postgresql://u:secret@127.0.0.1:1/x", "service.database"),
        ("--database", "mysql://x", "input.database"),
        ("--mqtt", "mqtts://127.0.0.1:1", "input"),
        ("--services", "/no/such/file", "input.services"),
        ("--host", "0.0.0.0", "input.host"),
    ],
)
def test_services_of_a_hub_that_cannot_be_used(
    root: Path, option: str, value: str, code: str
) -> None:
    """An outside database that is away, addresses that are none, a file that is not there."""
    found = problem("hub", "--home", root, "--port", "0", option, value,
                    exit_code=1 if code.startswith("service") else 2)  # fmt: skip
    assert found["code"] == code
    assert "secret" not in found["title"]
    assert "Errno" not in found["title"]


def test_no_python_for_jobs_is_said_with_what_to_install(root: Path) -> None:
    """A runtime is asked for where no interpreter has venv: a broken one first in the way."""
    fake = root / "bin"
    fake.mkdir()
    script = (
        "import sys; sys.frozen = True; from agent_core.cli.main import main; "
        "sys.argv = ['silodesk', 'runtime', 'make', '--json']; main()"
    )
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False,
        env={**os.environ, "PATH": str(fake), "SILODESK_CACHE": str(root / "cache")},
    )  # fmt: skip
    found = json.loads(told.stdout)
    assert told.returncode == 1
    assert found["code"] == "runtime.python"
    assert "apt-get install python3 python3-venv" in found["next_step"]


def test_a_requirement_nobody_offers_is_named(root: Path) -> None:
    """pip may ask no index, so the requirement cannot exist anywhere."""
    if not (Path.home() / ".cache" / "silodesk" / "runtimes").is_dir():
        pytest.skip("the base runtime is not made yet")
    found = problem("runtime", "make", "silodesk-no-such-requirement>=9", PIP_NO_INDEX="1")
    assert found["code"] == "runtime.requirement"
    assert "silodesk-no-such-requirement>=9" in found["title"]


def test_interrupting_a_command_leaves_no_traceback(root: Path) -> None:
    """Ctrl+C in an agent that starts ends it with nothing but an exit code."""
    process = subprocess.Popen(
        [sys.executable, "-m", "agent_core.cli", "agent", "--home", str(root), "--credentials",
         str(root / "secrets.json"), "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["ready"]
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
    finally:
        if process.poll() is None:
            process.kill()
    assert "Traceback" not in stderr
    assert process.returncode in (0, 130)


def test_a_command_interrupted_while_it_waits_leaves_no_traceback(root: Path) -> None:
    """Ctrl+C while a password is awaited."""
    secrets = root / "secrets.json"
    process = subprocess.Popen(
        [sys.executable, "-m", "agent_core.cli", "login", "a@b.example", "--hub",
         "http://127.0.0.1:1", "--home", str(root), "--credentials", str(secrets),
         "--password-stdin"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # A shell's background jobs ignore Ctrl+C, and so would what they start.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    try:
        deadline = time.monotonic() + 40
        # Only the command itself starts the agent here: it is past its imports by then.
        while not Home(root).socket.exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
        assert (process.returncode, stderr) == (130, "")
    finally:
        if process.poll() is None:
            process.kill()
        end_agent(root)


def end_agent(home: Path) -> None:
    """End the agent that a command started in the background."""
    from agent_core.client import AgentClient
    from agent_core.errors import SiloDeskError

    client = AgentClient(Home(home))
    try:
        client.call("agent.shutdown")
    except SiloDeskError:
        pass  # it is gone already
    client.close()
