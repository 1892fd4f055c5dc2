"""Every end of a job: asked, forced, by limits; its tree is gone and its words are right."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import psutil
import pytest
from helpers.job_bench import Bench, collect, run

from agent_core.jobs import sandbox
from agent_core.jobs.process import JOB_VARIABLE
from agent_core.lifeline import Lifeline
from agent_core.paths import Home

# Leaves a daemon of its own session behind, twice forked, that ignores what it can.
DAEMON = """
import signal
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        os.closerange(0, 3)
        time.sleep(600)
    os._exit(0)
os.wait()
say("metrics", {"daemon": True})
"""
STUBBORN = DAEMON + "\nwhile True: time.sleep(1)"


def of_job(job_id: str) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(JOB_VARIABLE) == job_id:
                found.append(process)
        except psutil.Error:
            continue
    return found


async def until_daemon(handle) -> None:  # type: ignore[no-untyped-def]
    async for frame in handle.frames():
        if frame.kind == "metrics":
            return


@pytest.mark.parametrize("kind", ["bubblewrap", "unshare", "none"])
def test_r4_stop_leaves_no_process_not_even_a_daemon(
    home: Home, worker: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    if kind != "none" and sandbox.probe(kind) is None:
        pytest.skip(f"{kind} cannot be used on this machine")
    monkeypatch.setattr(sandbox, "describe", lambda: sandbox.report(kind, ()))
    job_id = f"stop-{kind}"

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch(STUBBORN, job_id)
        await until_daemon(handle)
        assert len(of_job(job_id)) >= 2
        outcome = await handle.stop(0.2, "The owner stopped the run.")
        assert of_job(job_id) == []
        assert outcome.reason == "stopped"
        assert "The owner stopped the run" in outcome.sentence
        assert "killed" in outcome.sentence

    run(home, worker, scenario)


@pytest.mark.parametrize("kind", ["bubblewrap", "none"])
def test_a_daemon_left_behind_at_the_end_is_swept(
    home: Home, worker: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(sandbox, "describe", lambda: sandbox.report(kind, ()))

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch(DAEMON, f"end-{kind}")
        outcome = await handle.outcome()
        assert outcome.is_ok, outcome
        assert of_job(handle.job_id) == []

    run(home, worker, scenario)


def test_an_obeyed_stop_is_no_kill(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        handle = await bench.launch("hear()")
        outcome = await handle.stop(20, "The round's deadline passed.")
        assert (outcome.reason, outcome.exit_code) == ("stopped", 72)
        assert outcome.sentence == "The job was stopped: The round's deadline passed."
        assert str(await handle.stop(1)) == str(outcome), "a second stop finds the same end"

    run(home, worker, scenario)


def test_stop_before_go_ends_the_waiting_worker(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        handle = await bench.launch()
        assert (await handle.stop(20)).exit_code == 72

    run(home, worker, scenario)


ENDS = {
    "exception": ("raise ValueError('column age is missing')", {}, "exception", "column age"),
    "exit code": ("os._exit(3)", {}, "exception", "exit code 3"),
    "failed": ("end(71, ok=False, reason='quorum missed')", {}, "failed", "quorum missed"),
    "memory error": ("x = bytearray(1 << 30)", {"memory": 300 << 20}, "out_of_memory", "memory"),
    "killed": ("os.kill(os.getpid(), 9)", {}, "killed", "SIGKILL"),
    "crash": ("os.kill(os.getpid(), 11)", {}, "killed", "SIGSEGV"),
    "junk": (
        "out.write(b'hello, world, this is junk'); out.flush(); hear()",
        {},
        "failed",
        "frame",
    ),
    "disk": (
        "open('/job/big', 'wb').write(bytes(30_000_000)); hear()",
        {"disk": 10_000_000},
        "failed",
        "10.0 MB of scratch",
    ),
}


@pytest.mark.parametrize("name", ENDS)
def test_every_end_has_its_sentence(
    home: Home, worker: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    code, limits, reason, words = ENDS[name]

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch(code, **limits)
        outcome = await handle.outcome()
        assert outcome.reason == reason, outcome
        assert words in outcome.sentence
        assert outcome.next_step
        frames = await collect(handle)
        assert frames[0].kind == "hello"

    run(home, worker, scenario)


def test_s9_a_flood_of_output_is_bounded(home: Home, worker: Path) -> None:
    code = """
line = "x" * 5000
for n in range(8000):
    sys.stderr.write(line + chr(10))
say("metrics", {"after": True})
"""

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch(code)
        texts: list[str] = []
        kinds = set()
        async for frame in handle.frames():
            kinds.add(frame.kind)
            if frame.kind == "log":
                texts += [line["text"] for line in frame.fields["lines"]]
            await handle.ack(frame.seq)
        assert sum(map(len, texts)) < 20_000_000
        assert any("lines were dropped" in text for text in texts)
        assert "metrics" in kinds
        folder = home.keepers / handle.job_id
        assert sum(path.stat().st_size for path in folder.glob("frames-*")) < 20_000_000

    run(home, worker, scenario)


def test_s9_a_job_that_is_not_read_waits_instead_of_filling_the_disk(
    home: Home, worker: Path
) -> None:
    code = "body = bytes(1 << 20)\nwhile True: say('message', {}, body)"

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch(code)
        folder = home.keepers / handle.job_id
        size, last = 0, -1
        async with asyncio.timeout(30):
            while size != last or not size:
                last = size
                await asyncio.sleep(0.4)
                size = sum(path.stat().st_size for path in folder.glob("frames-*"))
                if size > 64 << 20:
                    break
        assert size < 300 << 20
        assert (await handle.stop(0)).reason == "stopped"

    run(home, worker, scenario)


def test_a_job_whose_home_was_removed_ends(
    home: Home, worker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(bench: Bench) -> None:
        # A disk limit makes the keeper look every two seconds instead of every thirty.
        handle = await bench.launch("time.sleep(600)", "homeless", disk=1 << 30)
        tree = psutil.Process(handle.pid).children(recursive=True)
        assert tree
        shutil.rmtree(home.keepers)
        _, alive = await asyncio.to_thread(psutil.wait_procs, tree, 20)
        assert not alive

    run(home, worker, scenario)


def test_a_job_on_a_lifeline_ends_when_that_is_cut(home: Home, worker: Path) -> None:
    """No agent is needed for it: whoever killed the rehearsal may have killed that, too."""
    line = Lifeline()

    async def scenario(bench: Bench) -> None:
        bench.supervisor.lifeline = line.end
        handle = await bench.launch(STUBBORN, "lifeline")
        await until_daemon(handle)
        await handle.close()
        line.cut()
        outcome = await handle.outcome()
        assert outcome.reason == "stopped", outcome
        assert of_job("lifeline") == []

    run(home, worker, scenario)
