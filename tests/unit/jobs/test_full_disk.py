"""A disk that fills up under a job: the job ends for that, and its record says so."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.job_bench import Bench, collect, run

from agent_core.paths import Home

# Fills its own scratch, which lies on the keeper's disk, then goes on as if nothing were.
FILL = """
say("metrics", {"round": 1})
out.flush()
time.sleep(0.5)  # the keeper stores what was said while there is room
file = open("/job/filled" if os.path.isdir("/job") else "filled", "wb", buffering=0)
size = 65536
while size:
    try:
        file.write(bytes(size))
    except OSError:
        size //= 2
"""
TALKS = (
    FILL
    + """
while True:
    sys.stderr.write("a line to stderr " * 20 + chr(10))
    sys.stderr.flush()
    time.sleep(0.001)
"""
)
LEAVES = (
    FILL
    + """
for number in range(50):
    sys.stderr.write("last words " * 20 + chr(10))
sys.stderr.flush()
"""
)


@pytest.fixture
def small_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Return a home on a disk of 3 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)],
        capture_output=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("only root may mount a small disk")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    try:
        yield Home(disk / "home").make()
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=False)


@pytest.mark.parametrize("code", [TALKS, LEAVES], ids=["goes on", "leaves"])
def test_the_record_says_that_the_disk_was_full(small_home: Home, worker: Path, code: str) -> None:
    async def scenario(bench: Bench) -> None:
        handle = await bench.launch(code)
        kinds = [frame.kind for frame in await collect(handle)]
        outcome = await handle.outcome()
        assert "metrics" in kinds
        assert outcome.reason == "failed", outcome
        assert "the disk of its keeper is full" in outcome.sentence
        assert outcome.next_step == "Free some space, then start the run again."

    run(small_home, worker, scenario)
