"""Job folders, tensor links and process identities."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from agent_core.errors import ProtocolError, StorageError, UserInputError
from agent_core.jobs import workspace
from agent_core.jobs.process import JOB_VARIABLE, Identity, is_lock_held, sweep
from agent_core.jobs.relay import link_or_copy
from agent_core.jobs.spawn import boot_id, start_ticks
from agent_core.paths import Home


def test_folders_are_private_and_removed(tmp_path: Path) -> None:
    home = Home(tmp_path)
    made = workspace.prepare(home, "run-1-1-edge-2", needed=1)
    assert made.job_dir.is_dir()
    assert made.job_dir.stat().st_mode & 0o077 == 0
    assert workspace.prepare(home, "run-1-1-edge-2", needed=1) == made
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").write_text("kept")
    (made.job_dir / "link").symlink_to(outside)
    made.job_dir.chmod(0o500)
    workspace.remove(home, "run-1-1-edge-2")
    assert not made.job_dir.exists()
    assert (outside / "kept").exists()


@pytest.mark.parametrize("name", ["", ".", "../up", "a/b", "a\0b", "x" * 101, ".hidden"])
def test_a_job_id_names_a_folder_and_nothing_else(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserInputError):
        workspace.prepare(Home(tmp_path), name, needed=1)


def test_too_little_space_is_told_before_anything_is_made(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="left; a job needs") as caught:
        workspace.prepare(Home(tmp_path), "job", needed=1 << 60)
    assert caught.value.code == "storage.full"
    assert "Free some space" in caught.value.next_step
    assert not (tmp_path / "jobs" / "job").exists()


def test_a_tensor_is_linked_and_a_link_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "a"
    source.write_bytes(b"tensor")
    link_or_copy(source, tmp_path / "b")
    assert (tmp_path / "b").stat().st_ino == source.stat().st_ino
    link_or_copy(source, tmp_path / "b")
    (tmp_path / "planted").symlink_to(source)
    with pytest.raises(ProtocolError, match="not followed"):
        link_or_copy(tmp_path / "planted", tmp_path / "c")
    assert not (tmp_path / "c").exists()
    with pytest.raises(StorageError, match="cannot be handed over"):
        link_or_copy(tmp_path / "missing", tmp_path / "d")


def test_a_tensor_is_copied_where_it_cannot_be_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refused)
    (tmp_path / "a").write_bytes(b"tensor")
    link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"tensor"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_process_is_never_told_by_its_number_alone() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        ticks = start_ticks(child.pid)
        assert Identity(child.pid, ticks, boot_id()).is_running
        assert not Identity(child.pid, (ticks or 0) + 1, boot_id()).is_running
        assert not Identity(child.pid, ticks, "another boot").is_running
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert psutil.Process(child.pid).status() == psutil.STATUS_ZOMBIE
        assert not Identity(child.pid, ticks, boot_id()).is_running, "a zombie does not run"
    assert not Identity.read({}, "keeper").is_running


def test_a_lock_tells_life_and_lookers_do_not_disturb_each_other(tmp_path: Path) -> None:
    path = tmp_path / "keeper.lock"
    assert not is_lock_held(path)
    path.touch()
    assert not is_lock_held(path)
    with path.open("r+b") as looker:
        fcntl.flock(looker, fcntl.LOCK_SH)
        assert not is_lock_held(path)
    with path.open("r+b") as keeper:
        fcntl.flock(keeper, fcntl.LOCK_EX)
        assert is_lock_held(path)
    assert not is_lock_held(path)


def test_sweep_ends_what_carries_the_jobs_name() -> None:
    def start(job_id: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, JOB_VARIABLE: job_id}
        return subprocess.Popen(
            [sys.executable, "-c", "print(flush=True); input()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
        )

    name = f"sweep-{os.getpid()}"
    with start(name) as mine, start(f"{name}-other") as other:
        for child in (mine, other):
            assert child.stdout is not None
            child.stdout.readline()
        assert sweep(Identity(0, None, ""), name) == 1
        assert start_ticks(mine.pid) is None
        assert other.poll() is None
        other.kill()
