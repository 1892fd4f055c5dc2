"""Job runtimes: one virtual environment per set of requirements, made once and shared."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from agent_core.errors import RuntimeSetupError, StorageError
from agent_core.jobs.following import GoOn, always
from agent_core.jobs.installer import (
    INSTALL_BOUND_S,
    Progress,
    find_python,
    has_pip,
    install,
    make_venv,
)
from agent_core.paths import cache_dir, resources_dir

MARKER = "silodesk.json"  # written last: without it a folder is no runtime
WAIT_BOUND_S = INSTALL_BOUND_S + 5 * 60.0
POLL_S = 0.2
BASE_NEEDED = 2 * 1024**3
EXTRA_NEEDED = 256 * 1024**2


@dataclass(frozen=True)
class Runtime:
    """An environment that jobs run in."""

    python: Path
    key: str


@dataclass(frozen=True)
class Made:
    """A runtime as it is listed."""

    key: str
    python: str
    requirements: list[str]
    made_at: float


def folder() -> Path:
    """Return the folder of all runtimes."""
    return cache_dir() / "runtimes"


def base_file() -> Path:
    """Return the file that pins what every job can import."""
    return resources_dir() / "runtimes" / "base.txt"


def silent(_text: str, _done: int, _total: int) -> None:
    """Drop progress."""


def ensure(
    requirements: list[str],
    progress: Progress = silent,
    *,
    base: Path | None = None,
    go_on: GoOn = always,
) -> Runtime:
    """Return the runtime of a set of requirements, making it where it does not exist yet.

    Several agents may ask at once: one makes it, the others wait. An error that `progress` or
    `go_on`, asked several times a second, raises cancels. Raises RuntimeSetupError, StorageError.
    """
    base = base or base_file()
    wanted = [text for text in cleaned(requirements) if not is_brought(text, base)]
    python, version = find_python()
    ground = _ground(base, python, version, progress, go_on)
    if not wanted:
        return ground
    digest = hashlib.sha256("\n".join([ground.key, *wanted]).encode()).hexdigest()
    key = f"extra-{digest[:16]}"

    def make(target: Path) -> None:
        _room(target, EXTRA_NEEDED)
        what = "Requirements of the package"
        progress(f"{what}: {', '.join(wanted)}", 0, 0)
        own = target / "bin" / "python"
        pip = next((other for other in (python, ground.python) if has_pip(other)), own)
        make_venv(python, target, with_pip=pip == own, go_on=go_on)
        _build_on(target, ground.python)
        install(pip, own, wanted, what, progress, go_on)

    return _once(key, wanted, make, progress, go_on)


def peek(base: Path | None = None) -> Runtime | None:
    """Return the base runtime if it is made already."""
    target = folder() / _base_key(base or base_file(), find_python()[1])
    return _runtime(target) if _is_whole(target) else None


def made() -> list[Made]:
    """Return every finished runtime."""
    found = []
    for marker in sorted(folder().glob(f"*/{MARKER}")):
        content = json.loads(marker.read_text("utf-8"))
        found.append(
            Made(
                marker.parent.name,
                str(_runtime(marker.parent).python),
                list(content.get("requirements") or []),
                float(content.get("made_at") or 0),
            )
        )
    return found


def cleaned(requirements: list[str]) -> list[str]:
    """Return requirements checked, sorted and without Flower, which the base brings.

    Raises RuntimeSetupError for what is no requirement, or names an address or an option.
    """
    found = set()
    for line in requirements:
        text = line.split(" #")[0].strip()
        if not text or text.startswith("#"):
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise _unusable(text, "it is not a name with versions") from error
        if requirement.url:
            raise _unusable(text, "it names an address instead of a version")
        if not requirement.name.lower().startswith("flwr"):
            found.add(str(requirement))
    return sorted(found)


def is_brought(text: str, base: Path) -> bool:
    """Return whether the base runtime's pins satisfy a requirement; it then needs no own one."""
    wanted = Requirement(text)
    for line in base.read_text("utf-8").splitlines():
        name, mark, pinned = line.strip().partition("==")
        if mark and canonicalize_name(name) == canonicalize_name(wanted.name):
            has_more = wanted.extras or wanted.marker
            return not has_more and wanted.specifier.contains(pinned, prereleases=True)
    return False


def _unusable(text: str, why: str) -> RuntimeSetupError:
    return RuntimeSetupError(
        f"The requirement {text[:100]!r} cannot be installed: {why}.",
        next_step="Write it like `scikit-learn>=1.5` in the package's requirements.",
        code="runtime.requirement",
        requirement=text[:100],
    )


def _base_key(base: Path, version: str) -> str:
    parts = [base.read_text("utf-8"), version, platform.machine()]
    return "base-" + hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _ground(base: Path, python: Path, version: str, progress: Progress, go_on: GoOn) -> Runtime:
    lines = [line.strip() for line in base.read_text("utf-8").splitlines()]
    pins = [line for line in lines if line and not line.startswith("#")]

    def make(target: Path) -> None:
        _room(target, BASE_NEEDED)
        what = "Base runtime"
        progress(
            f"{what}: {', '.join(pins)}. This is done once; about 1.2 GB on disk "
            "(5 GB where pip offers the build for graphics processors)",
            0,
            0,
        )
        own = target / "bin" / "python"
        pip = python if has_pip(python) else own
        make_venv(python, target, with_pip=pip == own, go_on=go_on)
        install(pip, own, ["-r", str(base)], what, progress, go_on)

    return _once(_base_key(base, version), pins, make, progress, go_on)


def _build_on(target: Path, ground: Path) -> None:
    """Let an environment see what the base runtime has; the sandbox reads it from pyvenv.cfg."""
    (base_packages,) = (ground.parent.parent / "lib").glob("python3.*/site-packages")
    (packages,) = (target / "lib").glob("python3.*/site-packages")
    (packages / "silodesk-base.pth").write_text(f"{base_packages}\n", "utf-8")
    with (target / "pyvenv.cfg").open("a", encoding="utf-8") as file:
        file.write(f"silodesk-base = {ground.parent.parent}\n")


def _once(
    key: str,
    requirements: list[str],
    make: Callable[[Path], None],
    progress: Progress,
    go_on: GoOn,
) -> Runtime:
    target = folder() / key
    if _is_whole(target):
        return _runtime(target)
    try:
        folder().mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(folder() / f"{key}.lock", progress, go_on):
            if not _is_whole(target):
                _make(target, requirements, make)
    except OSError as error:
        raise StorageError(
            f"The job runtime {target} cannot be written: {error.strerror}.",
            next_step="Free some space or check the folder's permissions.",
        ) from error
    return _runtime(target)


def _make(target: Path, requirements: list[str], make: Callable[[Path], None]) -> None:
    shutil.rmtree(target, ignore_errors=True)
    try:
        make(target)
    except BaseException:  # an unfinished environment only takes space; raised on
        shutil.rmtree(target, ignore_errors=True)
        raise
    content = {"requirements": requirements, "made_at": time.time()}
    part = target / f"{MARKER}.part"
    part.write_text(json.dumps(content), "utf-8")
    part.replace(target / MARKER)


@contextmanager
def _locked(path: Path, progress: Progress, go_on: GoOn) -> Iterator[None]:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    until = time.monotonic() + WAIT_BOUND_S
    try:
        while not _take(descriptor):
            go_on()
            progress("Another agent is making this runtime; waiting for it", 0, 0)
            if time.monotonic() > until:
                raise RuntimeSetupError(
                    f"Another agent has been making this runtime for {WAIT_BOUND_S / 60:.0f} min.",
                    next_step="Look at that agent's log; it may wait for the network.",
                    code="runtime.locked",
                )
            time.sleep(POLL_S)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _room(target: Path, needed: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise StorageError(
            f"The disk that holds {target.parent} has {free / 1e9:.1f} GB left; "
            f"a job runtime needs {needed / 1e9:.1f} GB.",
            next_step="Free some space, or move the cache with SILODESK_CACHE.",
            code="storage.full",
        )


def _is_whole(target: Path) -> bool:
    # The interpreter is a link to the machine's; an upgrade may have taken that away.
    return (target / MARKER).is_file() and _runtime(target).python.exists()


def _runtime(target: Path) -> Runtime:
    return Runtime(target / "bin" / "python", target.name)
