"""An agent killed between commit and acknowledgement loses no frame and doubles none."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from helpers.job_bench import Bench, collect, run

from agent_core.paths import Home

# The agent's side: commits each frame, is killed before it acknowledges some of them.
AGENT = """
import asyncio, os, signal, sqlite3, sys
from pathlib import Path
from agent_core.jobs.supervisor import Supervisor
from agent_core.paths import Home

async def main():
    database = sqlite3.connect(sys.argv[2])
    seen = database.execute("SELECT count(*), coalesce(max(seq), 0) FROM frames").fetchone()
    die_after = int(sys.argv[3])
    (handle,) = await Supervisor(Home(Path(sys.argv[1]))).attach_all()
    async for frame in handle.frames():
        arrived = (frame.seq, frame.kind, str(frame.fields.get("n")), os.getpid())
        database.execute("INSERT INTO arrivals VALUES (?)", (frame.seq,))
        database.execute("INSERT OR IGNORE INTO frames VALUES (?, ?, ?, ?)", arrived)
        database.commit()
        if die_after and frame.seq >= seen[1] + die_after:
            os.kill(os.getpid(), signal.SIGKILL)
        await handle.ack(frame.seq)
    print((await handle.outcome()).reason)

asyncio.run(main())
"""
CODE = """
for n in range(120):
    say("metrics", {"n": n})
    if n % 20 == 19:
        time.sleep(0.05)
"""


def agent(home: Home, database: Path, die_after: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", AGENT, str(home.root), str(database), str(die_after)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )


def test_r1_an_agent_killed_again_and_again_loses_nothing(
    home: Home, worker: Path, tmp_path: Path
) -> None:
    path = tmp_path / "agent.sqlite3"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE frames (seq INTEGER PRIMARY KEY, kind, n, pid)")
        database.execute("CREATE TABLE arrivals (seq)")
        database.commit()

    async def scenario(bench: Bench) -> None:
        await bench.launch(CODE)
        for die_after in (1, 7, 30, 2, 45):
            done = await asyncio.to_thread(agent, home, path, die_after)
            assert done.returncode == -9, done.stderr
        done = await asyncio.to_thread(agent, home, path, 0)
        assert done.stdout.strip() == "finished", done.stderr

    run(home, worker, scenario)
    with closing(sqlite3.connect(path)) as database:
        numbers = [
            int(n)
            for (n,) in database.execute("SELECT n FROM frames WHERE kind = 'metrics' ORDER BY seq")
        ]
        assert numbers == list(range(120))
        seqs = [seq for (seq,) in database.execute("SELECT seq FROM frames ORDER BY seq")]
        assert seqs == list(range(1, len(seqs) + 1))
        (arrivals,) = database.execute("SELECT count(*) FROM arrivals").fetchone()
        assert arrivals > len(seqs), "what was committed but not acknowledged comes again"
        (agents,) = database.execute("SELECT count(DISTINCT pid) FROM frames").fetchone()
        assert agents >= 5


def test_frames_are_read_from_disk_once_the_keeper_has_ended(home: Home, worker: Path) -> None:
    async def scenario(bench: Bench) -> None:
        handle = await bench.launch("for n in range(50): say('metrics', {'n': n}, b'x' * 1000)")
        assert (await handle.outcome()).is_ok
        async with asyncio.timeout(15):
            while handle.is_kept:  # noqa: ASYNC110 - it flushes and leaves
                await asyncio.sleep(0.02)
        kinds = [frame.kind async for frame in handle.frames()]
        assert kinds.count("metrics") == 50
        await handle.ack(10)
        again = [frame.seq async for frame in handle.frames()]
        assert again[0] == 11

    run(home, worker, scenario)


class Resetting:
    """A connection to a keeper that ends just as it is asked."""

    async def send(self, *_arguments: object) -> int:
        raise ConnectionResetError

    async def close(self) -> None:
        """Nothing is left to close."""


def test_a_keeper_that_ends_while_it_is_asked_is_read_from_its_folder(
    home: Home, worker: Path
) -> None:
    """The last frames and the outcome are there, although the connection broke."""

    async def scenario(bench: Bench) -> None:
        handle = await bench.launch("say('metrics', {'n': 1})")
        assert (await handle.outcome()).reason == "finished"
        lines: list[object] = [Resetting(), None, Resetting(), None]

        async def connect() -> object:
            return lines.pop(0)

        handle._connect = connect  # type: ignore[method-assign, assignment]

        assert [frame.kind for frame in await collect(handle, ack=False)][-1] == "done"
        assert (await handle.outcome()).reason == "finished"

    run(home, worker, scenario)
