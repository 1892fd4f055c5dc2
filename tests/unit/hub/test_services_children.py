"""Supervision of one child: early ends, deaths, stubborn ones, left-over ones, long logs."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.services import run, until, wait_for

from agent_core.errors import ServiceError
from agent_core.hub import children
from agent_core.hub.children import Child, Program, trim_log
from agent_core.hub.left_over import end_left_over, identity, write_record
from agent_core.hub.loopback import claim, is_free

SLEEPER = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"  # noqa: E501


def program(folder: Path, code: str, grace_s: float = 5.0) -> Program:
    async def says_up() -> bool:
        return (folder / "service.log").read_text().endswith("up\n")

    return Program("The tested child", [sys.executable, "-c", code], folder, says_up, {}, grace_s)


def test_a_child_that_dies_is_started_again_and_gone_after_stop(tmp_path: Path) -> None:
    async def life() -> None:
        child = Child(program(tmp_path, SLEEPER))
        await child.start()
        first = child.pid
        assert first is not None
        child.signal(signal.SIGKILL)
        await until(lambda: child.restarts == 1 and child.pid is not None, "a second life")
        second = child.pid
        assert second not in (None, first)
        assert child.fault == ""
        await child.stop()
        assert child.pid is None
        assert identity(second or 0) is None
        assert not child.program.record.exists()

    run(life())


def test_a_stubborn_child_is_killed_after_its_grace(tmp_path: Path) -> None:
    async def life() -> None:
        child = Child(program(tmp_path, STUBBORN, grace_s=0.2))
        await child.start()
        pid = child.pid
        await child.stop()
        assert identity(pid or 0) is None

    run(life())


def test_s7_a_child_gets_no_secret_of_the_hubs_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("SILODESK_DATABASE", "SILODESK_MQTT_PASSWORD", "SILODESK_S3_SECRET_KEY", "OTHERS")
    for name in names:
        monkeypatch.setenv(name, "hunter2")
    says = "import json, os; print(json.dumps(dict(os.environ)), flush=True); "

    async def life() -> None:
        given = program(tmp_path, says + SLEEPER)
        child = Child(dataclasses.replace(given, environment={"GOMEMLIMIT": "1MiB"}))
        await child.start()
        await child.stop()

    run(life())
    told = json.loads((tmp_path / "service.log").read_text().splitlines()[0])
    assert "hunter2" not in told.values()
    assert (told["GOMEMLIMIT"], told["PATH"]) == ("1MiB", os.environ["PATH"])


@pytest.mark.parametrize(
    ("says", "code", "sentence"),
    [
        ("listen tcp 127.0.0.1:1: bind: address already in use", "service.port", "taken"),
        ("write /x: no space left on device", "service.disk", "full"),
        ("some riddle", "service.start", "some riddle"),
        ("", "service.start", "said nothing"),
    ],
)
def test_an_early_end_is_told_with_its_cause(
    tmp_path: Path, says: str, code: str, sentence: str
) -> None:
    async def life() -> None:
        child = Child(program(tmp_path, f"print({says!r}); raise SystemExit(1)"))
        with pytest.raises(ServiceError) as told:
            await child.start()
        assert told.value.code == code
        assert sentence in told.value.sentence
        assert told.value.next_step
        assert child.pid is None

    run(life())


def test_an_early_end_is_noticed_while_something_else_keeps_us_waiting(tmp_path: Path) -> None:
    (tmp_path / "service.log").write_text("an old life: address already in use\n")

    async def hangs() -> bool:
        await asyncio.sleep(600)
        return True

    async def life() -> None:
        command = [sys.executable, "-c", "raise SystemExit('a new riddle')"]
        with pytest.raises(ServiceError) as told:
            await Child(Program("It", command, tmp_path, hangs)).start()
        assert told.value.code == "service.start"
        assert "a new riddle" in told.value.sentence

    run(life())


def test_a_child_that_never_serves_is_told_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(children, "READY_BOUND_S", 0.3)

    async def life() -> None:
        child = Child(program(tmp_path, "import time; time.sleep(600)"))
        with pytest.raises(ServiceError) as told:
            await child.start()
        assert told.value.code == "service.silent"
        assert child.pid is None

    run(life())


def test_a_program_that_cannot_run_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "dying_with_us", lambda command: command)

    async def never() -> bool:
        return False

    async def life() -> None:
        with pytest.raises(ServiceError, match="cannot be started"):
            await Child(Program("It", [str(tmp_path / "missing")], tmp_path, never)).start()

    run(life())


@pytest.fixture
def stray() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", SLEEPER], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_left_over_child_is_ended_at_the_next_start(
    tmp_path: Path, stray: subprocess.Popen[bytes]
) -> None:
    record = tmp_path / "service.json"
    write_record(record, stray.pid)
    end_left_over(record)
    wait_for(lambda: stray.poll() is not None, "it ended")
    assert not record.exists()


def test_another_process_with_the_same_number_is_left_alone(
    tmp_path: Path, stray: subprocess.Popen[bytes]
) -> None:
    record = tmp_path / "service.json"
    write_record(record, stray.pid)
    content = json.loads(record.read_text())
    record.write_text(json.dumps({**content, "identity": content["identity"] + "0"}))
    end_left_over(record)
    assert not record.exists()
    assert stray.poll() is None


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": "x", "identity": "y"}', '{"pid": 1}'])
def test_a_record_that_a_crash_cut_harms_nobody(tmp_path: Path, text: str) -> None:
    record = tmp_path / "service.json"
    record.write_text(text)
    end_left_over(record)
    assert not record.exists()


def test_a_long_log_keeps_its_newest_part_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "service.log"
    with path.open("ab", buffering=0) as writer:
        writer.write(b"old\n" * 3000 + b"newest\n")
        trim_log(path, limit=20_000)
        assert path.stat().st_size > 10_000, "short enough"
        trim_log(path, limit=1000)
        assert path.stat().st_size == 0
        writer.write(b"after\n")
    assert path.read_bytes() == b"after\n"
    kept = (tmp_path / "service.old.log").read_bytes()
    assert kept.endswith(b"newest\n")
    assert len(kept) <= 1000


def test_stopping_while_a_child_is_being_restarted_leaves_none(tmp_path: Path) -> None:
    async def life() -> None:
        child = Child(program(tmp_path, SLEEPER))
        await child.start()
        child.signal(signal.SIGKILL)
        await until(lambda: child.pid is None, "it died")
        await child.stop()
        await asyncio.sleep(0)
        assert child.pid is None

    run(life())


def test_ports_are_distinct_free_and_remembered(tmp_path: Path) -> None:
    path = tmp_path / "ports.json"
    names = [f"p{number}" for number in range(12)]
    ports = claim(path, names)
    assert len({*ports.values()}) == 12
    assert all(is_free(port) for port in ports.values())
    assert claim(path, names) == ports
    assert claim(path, [*names, "one more"]).items() > ports.items()
    path.write_text("garbage")
    assert len(claim(path, names)) == 12


def test_ports_beside_others_are_free_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, beside = tmp_path / "ports.json", {"b": ("a", 5)}
    ports = claim(path, ["a"], beside)
    assert ports["b"] == ports["a"] + 5
    assert claim(path, ["a"], beside) == ports
    monkeypatch.setattr(
        "agent_core.hub.loopback.is_free", lambda port: port != ports["b"] and is_free(port)
    )
    moved = claim(path, ["a"], beside)
    assert moved["a"] != ports["a"]
    assert moved["b"] == moved["a"] + 5


def test_the_identity_of_a_process_is_its_own() -> None:
    assert identity(os.getpid()) == identity(os.getpid())
    assert identity(os.getpid()) != identity(1)
    assert identity(2**22 - 3) is None
