"""Real worker processes running plain scripts: output, ends, stops, and talk between them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers.worker_peer import FIRST_CLIENT_EDGE, Federation, Worker, make_order, start_all

from agent_core.worker import channel

ENTRY = {"engine": "script", "entry": "fedml/main.py"}


@pytest.fixture
def federation(tmp_path: Path) -> Iterator[Federation]:
    """Yield a federation of the application's own interpreter, without torch and flwr."""
    (tmp_path / "fedml").mkdir()
    federation = Federation(Path(sys.executable), tmp_path, tmp_path / "data")
    yield federation
    federation.close()


def start(federation: Federation, code: str, **values: Any) -> Worker:
    """Start one client on a script."""
    (federation.package / "fedml" / "main.py").write_text(textwrap.dedent(code))
    worker = federation.start(FIRST_CLIENT_EDGE, "client", 1)
    worker.wait_for(channel.READY)
    worker.send(channel.GO, {"order": make_order("client", 1, 1, **{**ENTRY, **values})})
    return worker


def levels(worker: Worker) -> dict[str, str]:
    """Return the level of each line."""
    return {
        line["text"]: line["level"]
        for frame in worker.of(channel.LOG)
        for line in frame.fields["lines"]
    }


def test_everything_a_package_says_becomes_log_lines(federation: Federation) -> None:
    """print, logging, warnings, native writes and a child's output, with their levels."""
    worker = start(
        federation,
        """
        import logging, os, subprocess, sys, warnings
        print("printed")
        print("WARNING: printed with a level")
        print("half a line", end="")
        print("progress 1%\\rprogress 2%\\r", end="")
        print("ERROR to stderr", file=sys.stderr)
        logging.getLogger("mine").warning("logged %s", 1)
        logging.getLogger("mine").debug("too detailed")
        warnings.warn("careful")
        os.write(1, b"native \\xff bytes\\n")
        subprocess.run(["sh", "-c", "echo child"])
        print("\\x1b[92mINFO\\x1b[0m: coloured")
        """,
    )
    assert worker.wait() == channel.EXIT_OK

    found = levels(worker)
    assert found["printed"] == "INFO"
    assert found["WARNING: printed with a level"] == "WARNING"
    assert found["half a lineprogress 1%"] == "INFO"
    assert found["progress 2%"] == "INFO"
    assert found["ERROR to stderr"] == "ERROR"
    assert found["logged 1"] == "WARNING"
    assert "too detailed" not in found
    assert any("careful" in text and level == "WARNING" for text, level in found.items())
    assert found["native � bytes"] == "INFO"
    assert found["child"] == "INFO"
    assert found["INFO: coloured"] == "INFO"
    assert worker.done == {"ok": True, "reason": "finished", "detail": ""}


def test_an_exception_is_told_with_its_place(federation: Federation) -> None:
    """The whole traceback goes to the log, one sentence into the end."""
    worker = start(federation, "def deep():\n    raise ValueError('bad\\nshape')\n\ndeep()\n")

    assert worker.wait() == channel.EXIT_EXCEPTION
    assert worker.done["reason"] == "exception"
    assert worker.done["detail"] == "ValueError: bad (fedml/main.py:2 in deep)"
    errors = worker.lines("ERROR")
    assert errors[0] == "Traceback (most recent call last):"
    assert "ValueError: bad" in errors


@pytest.mark.parametrize(
    ("code", "exit_code", "words"),
    [
        ("import sys; sys.exit()", channel.EXIT_OK, ""),
        ("import sys; sys.exit(3)", channel.EXIT_FAILED, "exit code 3"),
        ("import sys; sys.exit('no data')", channel.EXIT_FAILED, "no data"),
        ("import no_such_library", channel.EXIT_IMPORT, "imports 'no_such_library'"),
        ("raise MemoryError", channel.EXIT_EXCEPTION, "ran out of memory (fedml/main.py:1"),
        ("this is no python", channel.EXIT_EXCEPTION, "SyntaxError"),
    ],
)
def test_every_end_has_its_code_and_sentence(
    federation: Federation, code: str, exit_code: int, words: str
) -> None:
    """What a person reads names the cause."""
    worker = start(federation, code)

    assert worker.wait() == exit_code
    assert words in worker.done["detail"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"entry": "fedml/other.py"}, "no entry file 'fedml/other.py'"),
        ({"entry": "../../etc/passwd"}, "no entry file"),
        ({"engine": "magic"}, "no engine 'magic'"),
    ],
)
def test_an_order_that_cannot_be_run_is_refused(
    federation: Federation, values: dict[str, Any], words: str
) -> None:
    """A bad order is a known cause, not a traceback."""
    worker = start(federation, "pass", **values)

    assert worker.wait() == channel.EXIT_FAILED
    assert words in worker.done["detail"]


@pytest.mark.parametrize(
    "body",
    ["time.sleep(600)", "while True: pass", "silodesk_job.receive(600)", "time.sleep(0.01)"],
)
def test_R4_stop_reaches_busy_code(federation: Federation, body: str) -> None:
    """A sleep, a busy loop and a wait end, also where the package catches every Exception."""
    worker = start(
        federation,
        f"""
        import silodesk_job, time
        print("begun", flush=True)
        while True:
            try:
                {body}
            except Exception:
                print("swallowed")
        """,
    )
    until_said(worker, "begun")
    worker.send(channel.STOP, {"reason": "The owner stopped the run."})

    assert worker.wait(20) == channel.EXIT_STOPPED
    assert worker.done == {
        "ok": False, "reason": "stopped", "detail": "The owner stopped the run.",
    }  # fmt: skip


def test_R4_stop_before_go_ends_the_worker(federation: Federation) -> None:
    """A warm worker that is never ordered leaves as quickly."""
    worker = federation.start(FIRST_CLIENT_EDGE, "client", 1)
    worker.wait_for(channel.READY)
    worker.send(channel.STOP, {"reason": "not needed"})

    assert worker.wait(20) == channel.EXIT_STOPPED


def test_a_worker_without_an_order_tells_that_it_rests(federation: Federation) -> None:
    """It has imported by then all that a job may use, and still takes the order."""
    (federation.package / "fedml" / "main.py").write_text("print('done')\n")
    worker = federation.start(FIRST_CLIENT_EDGE, "client", 1)

    first, second = worker.wait_for(channel.READY, count=2)
    worker.send(channel.GO, {"order": make_order("client", 1, 1, **ENTRY)})

    assert ("rests" in first.fields, second.fields["rests"]) == (False, True)
    assert worker.wait(20) == channel.EXIT_OK


def test_a_script_may_ask_whether_to_stop(federation: Federation) -> None:
    """An end of its own choice is no stop."""
    worker = start(
        federation,
        """
        import silodesk_job, signal
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        print("begun", flush=True)
        while not silodesk_job.should_stop():
            pass
        print("tidied up")
        """,
    )
    until_said(worker, "begun")
    worker.send(channel.STOP, {"reason": "enough"})

    assert worker.wait(20) == channel.EXIT_STOPPED
    assert "tidied up" in worker.lines()


def test_a_keeper_that_went_away_ends_the_job(federation: Federation) -> None:
    """No job is left behind without anyone who listens."""
    worker = start(federation, "import time; print('begun', flush=True); time.sleep(600)")
    until_said(worker, "begun")
    assert worker.process.stdin is not None
    worker.process.stdin.close()

    assert worker.wait(20) == channel.EXIT_CHANNEL


def test_threads_left_behind_do_not_keep_the_job(federation: Federation) -> None:
    """Exit handlers run, but a thread that never ends is not waited for."""
    worker = start(
        federation,
        """
        import atexit, pathlib, threading
        atexit.register(pathlib.Path("left").write_text, "yes")
        threading.Thread(target=threading.Event().wait).start()
        """,
    )

    assert worker.wait(20) == channel.EXIT_OK
    assert worker.done["ok"] is True


def test_a_crash_in_native_code_is_seen_by_its_signal(federation: Federation) -> None:
    """The exit code tells the signal, and the keeper's file holds the stack."""
    worker = start(federation, "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)")

    assert worker.wait(20) == -signal.SIGSEGV
    told = (federation.folder / f"job-{FIRST_CLIENT_EDGE}" / "stderr").read_text()
    assert "Segmentation fault" in told


def test_a_script_sees_its_job(federation: Federation) -> None:
    """Role, rank, config and data folder; only the package's sources are importable."""
    (federation.package / "fedml" / "beside.py").write_text("NUMBER = 5\n")
    worker = start(
        federation,
        """
        import json, sys, beside, silodesk_job as job
        print(json.dumps([job.role, job.rank, job.clients, job.config(), job.data_dir(),
                          beside.NUMBER, __name__, "" in sys.path]))
        """,
        config={"lr": 0.5},
    )

    assert worker.wait() == channel.EXIT_OK
    data = str(federation.package / "data")
    assert json.loads(worker.lines()[0]) == [
        "client", 1, [1], {"lr": 0.5}, data, 5, "__main__", False,
    ]  # fmt: skip


def test_reports_become_points_of_curves(federation: Federation) -> None:
    """With round, with step, with neither; what is no number is told and left out."""
    worker = start(
        federation,
        """
        import numpy, silodesk_job
        silodesk_job.report({"loss": numpy.float32(0.5), "bad": float("nan")}, round=1)
        silodesk_job.report({"loss": 0.25}, step=7)
        silodesk_job.report({"loss": 1})
        silodesk_job.log("said", "WARNING")
        silodesk_job.save_model({"w": numpy.zeros(3)}, round=1)
        """,
    )

    assert worker.wait() == channel.EXIT_OK
    points = [(p["key"], p["value"], p["round"], p["step"], p["scope"]) for p in worker.metrics()]
    assert points == [
        ("loss", 0.5, 1, 1, "own"), ("loss", 0.25, None, 7, "own"), ("loss", 1.0, None, 3, "own"),
    ]  # fmt: skip
    assert any("'bad' is no finite number" in line for line in worker.lines("WARNING"))
    assert "said" in worker.lines("WARNING")
    assert worker.of(channel.MODEL) == []


FEDAVG = """
import numpy, silodesk_job as job

def server():
    model = {"w": numpy.zeros(4)}
    for number in (1, 2, 3):
        for rank in job.clients:
            job.send(rank, model, {"round": number})
        answers = [job.receive() for _ in job.clients]
        assert sorted(sender for sender, _, _ in answers) == job.clients
        total = sum(meta["n"] for _, _, meta in answers)
        model = {"w": sum(meta["n"] * arrays["w"] for _, arrays, meta in answers) / total}
        job.report({"mean": model["w"].mean()}, round=number)
        job.save_model(model, round=number)

def client():
    while True:
        sender, arrays, meta = job.receive()
        job.report({"seen": arrays["w"].mean()}, round=meta["round"])
        job.send(sender, {"w": arrays["w"] + job.rank}, {"n": job.rank})

server() if job.role == "server" else client()
"""


def test_scripts_average_by_hand(federation: Federation) -> None:
    """FedAvg without Flower: arrays there and back, rounds, models, and an end for everyone."""
    (federation.package / "fedml" / "main.py").write_text(FEDAVG)
    server, *clients = start_all(federation, 2, {"server": ENTRY, "client": ENTRY}, rounds=3)

    assert [worker.wait() for worker in (server, *clients)] == [0, 0, 0], server.text()
    rounds = [frame.fields for frame in server.of(channel.ROUND)]
    assert [(r["round"], r["asked"], r["answered"]) for r in rounds] == [
        (1, 2, 2), (2, 2, 2), (3, 2, 2),
    ]  # fmt: skip
    assert [round(r["metrics"]["mean"], 6) for r in rounds] == [1.666667, 3.333333, 5.0]
    assert [frame.fields["round"] for frame in server.of(channel.MODEL)] == [1, 2, 3]
    assert {point["scope"] for point in server.metrics()} == {"global"}
    assert [point["round"] for point in clients[0].metrics()] == [1, 2, 3]


def test_a_silo_that_failed_is_told_to_the_server_script(federation: Federation) -> None:
    """The wait for a silo that is gone ends with its name."""
    (federation.package / "fedml" / "main.py").write_text(
        "import silodesk_job as job, time\n"
        "job.receive(60) if job.role == 'server' else time.sleep(600)\n"
    )
    server, _ = start_all(federation, 1, {"server": ENTRY, "client": ENTRY})
    server.wait_for(channel.PROGRESS)
    federation.peer_failed(FIRST_CLIENT_EDGE, "out of memory")

    assert server.wait(20) == channel.EXIT_EXCEPTION
    assert "Silo 1 does not answer any more: out of memory" in server.done["detail"]


def test_a_server_script_that_does_not_talk_waits_for_the_silos(federation: Federation) -> None:
    """The same script in every silo, and nobody coordinates: the run ends with the last one."""
    (federation.package / "fedml" / "main.py").write_text(
        "import silodesk_job as job, time\n"
        "time.sleep(0.3 if job.role == 'client' else 0)\n"
        "job.report({'done': 1}, round=1)\n"
    )
    server, *clients = start_all(federation, 2, {"server": ENTRY, "client": ENTRY})

    assert [worker.wait() for worker in (server, *clients)] == [0, 0, 0], server.text()
    assert all(len(client.metrics()) == 1 for client in clients)


def test_too_few_silos_fail_a_run_of_plain_scripts(federation: Federation) -> None:
    """The quorum counts here too."""
    (federation.package / "fedml" / "main.py").write_text("pass\n")
    order = make_order("server", 0, 2, **ENTRY)
    server = federation.start(order["edge_id"], "server", 0)
    server.wait_for(channel.READY)
    server.send(channel.GO, {"order": order})
    for edge_id in (FIRST_CLIENT_EDGE, FIRST_CLIENT_EDGE + 1):
        federation.peer_failed(edge_id, "crashed")

    assert server.wait(20) == channel.EXIT_FAILED
    assert server.done["detail"] == "Only 0 of 2 needed silos finished their script."


def test_the_same_script_runs_alone(tmp_path: Path) -> None:
    """Outside of SiloDesk `silodesk_job` prints."""
    worker = Path(__file__).resolve().parents[3] / "agent_core" / "worker"
    (tmp_path / "main.py").write_text(
        "import silodesk_job as job\n"
        "job.report({'loss': 0.5}, round=1)\njob.log('a line')\njob.save_model({}, round=1)\n"
        "print(job.config(), job.should_stop(), job.role)\n"
        "try:\n    job.receive()\nexcept RuntimeError as error:\n    print(error)\n"
    )

    done = subprocess.run(
        [sys.executable, "main.py"], cwd=tmp_path, capture_output=True, text=True, check=True,
        timeout=60, env={**os.environ, "PYTHONPATH": str(worker)},
    )  # fmt: skip

    assert done.stdout.splitlines() == [
        "round 1: loss=0.5", "model of round 1", "{} False client",
        "There are no other jobs: this script does not run inside SiloDesk.",
    ]  # fmt: skip


def until_said(worker: Worker, text: str) -> None:
    """Wait until a line was logged."""
    count = 1
    while text not in worker.lines():
        count = len(worker.wait_for(channel.LOG, count)) + 1
