"""Start jobs behind keepers, and find them again after a restart."""

from __future__ import annotations

import asyncio
import compileall
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

from agent_core.errors import JobError, RuntimeSetupError, SiloDeskError, StorageError
from agent_core.jobs import cgroup, sandbox, workspace
from agent_core.jobs.handle import JobHandle, last_line, socket_path
from agent_core.jobs.process import is_lock_held
from agent_core.jobs.spec import JobSpec
from agent_core.paths import Home

ROOT = Path(__file__).resolve().parents[2]
BOOT = (
    "import sys; sys.path.insert(0, sys.argv[1]); from agent_core.jobs.keeper import main; main()"
)
START_BOUND_S = 30.0
LEAVE_BOUND_S = 5.0
KEPT_VARIABLES = ("PATH", "HOME", "LANG", "TMPDIR", "XDG_RUNTIME_DIR")


class Supervisor:
    """The jobs of one home."""

    def __init__(self, home: Home, worker: Path = ROOT / "agent_core" / "worker") -> None:
        """Supervise the jobs of a home; `worker` is the package that runs as silodesk_worker."""
        self._home = home
        self._worker = worker
        self._is_compiled = False
        self.lifeline: int | None = None  # keepers get it too; when it is cut, they end their jobs

    async def launch(self, spec: JobSpec) -> JobHandle:
        """Start a job, or return the one that runs under this id already."""
        workspace.check_id(spec.job_id)
        if not self._is_compiled:  # inside the sandbox nothing can be written beside the sources
            self._is_compiled = True
            await asyncio.to_thread(compileall.compile_dir, self._worker, quiet=2)
        kind = (await asyncio.to_thread(sandbox.describe)).kind
        folder = self._home.keepers / spec.job_id
        try:
            is_new = await asyncio.to_thread(self._make_folder, folder, spec, kind)
        except OSError as error:
            raise StorageError(
                f"The keeper's folder of job {spec.job_id} cannot be made: {error.strerror}.",
                next_step="Free some space or check the folder's permissions.",
            ) from error
        if is_new:
            try:
                await self._start_keeper(folder, spec)
            except SiloDeskError:
                await asyncio.to_thread(clear, folder)
                raise
        return JobHandle(self._home, spec.job_id)

    async def attach_all(self) -> list[JobHandle]:
        """Return every job that has a keeper's folder, whether it still runs or has ended."""
        if not self._home.keepers.is_dir():
            return []
        handles = []
        for folder in sorted(self._home.keepers.iterdir()):
            if folder.name.startswith("."):
                shutil.rmtree(folder, ignore_errors=True)  # never became a job
            elif (folder / "keeper.json").exists() or is_lock_held(folder / "keeper.lock"):
                handles.append(JobHandle(self._home, folder.name))
            else:
                shutil.rmtree(folder, ignore_errors=True)
        return handles

    def _make_folder(self, folder: Path, spec: JobSpec, kind: str) -> bool:
        has_started = (folder / "keeper.json").exists() or is_lock_held(folder / "keeper.lock")
        if has_started:
            return False
        if folder.exists():
            shutil.rmtree(folder)  # an agent died before its keeper was there
        self._home.keepers.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = folder.with_name(f".{folder.name}")
        shutil.rmtree(part, ignore_errors=True)
        for name in ("", "blobs", "in", "lib"):
            (part / name).mkdir(mode=0o700)
        (part / "lib" / "silodesk_worker").symlink_to(self._worker)
        wrapped = sandbox.wrap(spec, part / "lib", kind)
        content = self._launch_content(folder, part, spec, wrapped)
        (part / "launch.json").write_text(json.dumps(content), "utf-8")
        part.rename(folder)
        return True

    def _launch_content(
        self, folder: Path, part: Path, spec: JobSpec, wrapped: sandbox.Wrapped
    ) -> dict[str, Any]:
        files = {}
        for number, data in wrapped.files.items():
            (part / f"fd{number}").write_bytes(data)
            files[str(number)] = f"fd{number}"
        env = {**wrapped.env}
        if wrapped.kind != "bubblewrap":
            env["PYTHONPATH"] = str(folder / "lib")
        return {
            "job_id": spec.job_id,
            "sandbox": wrapped.kind,
            "socket": str(socket_path(folder)),
            "argv": wrapped.argv,
            "env": env,
            "cwd": str(spec.workspace),
            "files": files,
            "status_fd": wrapped.status_fd,
            "memory": spec.limits.memory,
            "cpu_seconds": spec.limits.cpu_seconds,
            "disk": spec.limits.disk,
            "workspace": str(spec.workspace),
            "has_lifeline": self.lifeline is not None,
            "cgroups": [str(group) for group in cgroup.make(spec.job_id, spec.limits)],
        }

    async def _start_keeper(self, folder: Path, spec: JobSpec) -> None:
        with (folder / "keeper.log").open("ab") as log:
            try:
                process = await asyncio.create_subprocess_exec(
                    str(spec.python), "-I", "-S", "-c", BOOT, str(ROOT), str(folder),
                    stdin=asyncio.subprocess.DEVNULL if self.lifeline is None else self.lifeline,
                    stdout=asyncio.subprocess.PIPE, stderr=log,
                    env={key: os.environ[key] for key in KEPT_VARIABLES if key in os.environ},
                    start_new_session=True,
                )  # fmt: skip
            except OSError as error:
                raise RuntimeSetupError(
                    f"The job runtime's Python {spec.python} cannot be started: {error.strerror}.",
                    next_step="Make the runtime again with `silodesk runtime make`.",
                ) from error
        try:
            async with asyncio.timeout(START_BOUND_S):
                line = await process.stdout.readline() if process.stdout else b""
                await process.wait()
        except TimeoutError as error:
            raise JobError(
                f"The keeper of job {spec.job_id} did not start within {START_BOUND_S:.0f} s.",
                next_step="Look at the machine's load, then start the run again.",
                code="job.keeper",
            ) from error
        answer = json.loads(line) if line else {"error": last_line(folder / "keeper.log")}
        if "error" in answer:
            raise JobError(
                f"Job {spec.job_id} cannot be started: {answer['error'] or 'its keeper died'}.",
                next_step="Run `silodesk doctor`; it checks sandbox and runtime.",
                code="job.start",
            )


def clear(folder: Path) -> None:
    """Remove what a start that failed left, once its keeper has let go."""
    until = time.monotonic() + LEAVE_BOUND_S
    while is_lock_held(folder / "keeper.lock"):
        if time.monotonic() > until:
            return  # it lives after all: a restarted agent will find it
        time.sleep(0.02)
    cgroup.clear(folder / "launch.json")
    shutil.rmtree(folder, ignore_errors=True)
