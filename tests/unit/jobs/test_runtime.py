"""Job runtimes made from a wheelhouse, without any network: once, shared, with errors in words."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent_core.cli.main import make_app
from agent_core.errors import RuntimeSetupError, StorageError
from agent_core.jobs import installer, runtime
from agent_core.jobs.bubblewrap import interpreter_folders
from agent_core.jobs.installer import Follow


def make_wheel(folder: Path, name: str, version: str, requires: str = "") -> None:
    """Write a wheel with one module that knows its version."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + (f"Requires-Dist: {requires}\n" if requires else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\n"
        "Tag: py3-none-any\n",
    }
    lines = []
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        lines.append(f"{path},sha256={digest.decode()},{len(text)}")
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)


@pytest.fixture(scope="module")
def wheelhouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheels")
    make_wheel(folder, "sdground", "1.0")
    make_wheel(folder, "sdextra", "2.0", "sdground>=1")
    make_wheel(folder, "sdextra", "2.1", "sdground>=1")
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def base(wheelhouse: Path, cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SILODESK_CACHE", str(cache))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheelhouse))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    path = tmp_path / "base.txt"
    path.write_text("# the ground\nsdground==1.0\n")
    return path


def evaluate(python: Path, code: str) -> str:
    done = subprocess.run(
        [str(python), "-I", "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    return done.stdout.strip()


def test_a_runtime_is_made_once_and_extras_stand_on_it(base: Path) -> None:
    told: list[str] = []
    ground = runtime.ensure([], lambda text, _done, _total: told.append(text), base=base)
    assert evaluate(ground.python, "import sdground; print(sdground.VERSION)") == "1.0"
    assert any("on disk" in text for text in told), "the size is announced before"
    assert any("Installing 1 package" in text for text in told)
    told.clear()
    assert runtime.ensure(["flwr>=1.0"], lambda *_: told.append("again"), base=base) == ground
    assert told == []
    extra = runtime.ensure(["sdextra<2.1"], base=base)
    assert extra.key != ground.key
    code = "import sdextra, sdground; print(sdextra.VERSION, sdground.__file__)"
    version, file = evaluate(extra.python, code).split()
    assert version == "2.0"
    assert file.startswith(str(ground.python.parent.parent))
    assert runtime.ensure(["sdextra<2.1", "sdextra<2.1"], base=base) == extra
    folders = interpreter_folders(extra.python)
    assert extra.python.parent.parent in folders
    assert ground.python.parent.parent in folders, "the sandbox shows the base too"
    assert {entry.key for entry in runtime.made()} >= {ground.key, extra.key}


def test_several_agents_make_it_once(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base.write_text("sdground==1.0\n# another key\n")
    made: list[Path] = []
    real = runtime.make_venv

    def counted(python: Path, folder: Path, **options: Any) -> None:
        made.append(folder)
        real(python, folder, **options)

    monkeypatch.setattr(runtime, "make_venv", counted)
    found: list[runtime.Runtime] = []
    waited: list[str] = []

    def ask() -> None:
        found.append(runtime.ensure([], lambda text, *_: waited.append(text), base=base))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 3
    assert len(set(found)) == 1
    assert len(made) == 1
    assert any("waiting" in text for text in waited)


def test_what_cannot_be_installed_is_named_and_leaves_nothing(base: Path, cache: Path) -> None:
    for wanted, words in (("sdextra==9.9", "2.0, 2.1"), ("sdmissing", "no wheel")):
        with pytest.raises(RuntimeSetupError, match=words) as caught:
            runtime.ensure([wanted], base=base)
        assert wanted in caught.value.sentence
        assert caught.value.code == "runtime.requirement"
        assert caught.value.next_step
    keys = {path.name for path in (cache / "runtimes").iterdir() if path.is_dir()}
    assert keys == {entry.key for entry in runtime.made()}


@pytest.mark.parametrize(
    "line",
    [
        "--index-url=https://example.org",
        "-e .",
        "pkg @ https://example.org/pkg.whl",
        "pkg @ file:///etc/passwd",
        "git+https://example.org/x",
        "a b c",
    ],
)
def test_s2_a_requirement_is_a_name_with_versions(line: str, base: Path) -> None:
    with pytest.raises(RuntimeSetupError) as caught:
        runtime.ensure([line], base=base)
    assert caught.value.code == "runtime.requirement"


def test_an_interrupted_runtime_is_made_again(base: Path) -> None:
    base.write_text("sdground==1.0\n# cancelled\n")

    class CancelledByTestError(Exception):
        pass

    def cancel(text: str, _done: int, _total: int) -> None:
        if "Installing" in text:
            raise CancelledByTestError

    with pytest.raises(CancelledByTestError):
        runtime.ensure([], cancel, base=base)
    assert runtime.peek(base) is None
    assert runtime.ensure([], base=base) == runtime.peek(base)


def test_an_installation_that_takes_too_long_is_ended(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base.write_text("sdground==1.0\n# too long\n")
    monkeypatch.setattr(installer, "INSTALL_BOUND_S", 0.0)
    with pytest.raises(RuntimeSetupError, match="did not end within") as caught:
        runtime.ensure([], base=base)
    assert caught.value.next_step
    assert runtime.peek(base) is None


def test_no_room_and_no_python_are_told(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    base.write_text("sdground==1.0\n# no room\n")
    monkeypatch.setattr(runtime, "BASE_NEEDED", 1 << 60)
    with pytest.raises(StorageError, match="a job runtime needs"):
        runtime.ensure([], base=base)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(RuntimeSetupError, match="No Python") as caught:
        runtime.ensure([], base=base)
    assert "python3-venv" in caught.value.next_step


PIP = {
    "network": (
        "WARNING: connection broken by 'X'\nERROR: No matching distribution found for numpy",
        "runtime.network",
    ),
    "full": ("ERROR: Could not install: [Errno 28] No space left on device", "storage.full"),
    "conflict": ("ERROR: Cannot install a and b: conflicting dependencies.", "runtime.conflict"),
    "venv": ("ensurepip is not available", "runtime.python"),
    "other": ("ERROR: something else", "runtime"),
}


@pytest.mark.parametrize("name", PIP)
def test_pips_errors_become_sentences(name: str) -> None:
    output, code = PIP[name]
    error = installer._failure(output, "The base runtime cannot be installed")
    assert error.code == code
    assert error.next_step
    assert error.sentence.endswith(".")


def test_pips_lines_become_progress() -> None:
    told: list[tuple[str, int, int]] = []
    follow = Follow("Base", lambda *entry: told.append(entry))
    for line in (
        "Collecting torch==2.13.0 (from -r base.txt (line 1))",
        "Downloading torch-2.13.0+cpu-cp311-cp311-linux_x86_64.whl (175.1 MB)",
        "Processing /opt/wheels/typing_extensions-4.1-py3-none-any.whl",
        "WARNING: something",
        "Installing collected packages: a, b, torch",
    ):
        follow.line(line)
    assert told == [
        ("Base: Collecting torch", 1, 0),
        ("Base: Downloading torch (175.1 MB)", 1, 0),
        ("Base: Collecting typing_extensions", 2, 0),
        ("Base: Installing 3 packages", 3, 3),
    ]


def test_the_command_lists_and_finds_runtimes(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "base_file", lambda: base)
    ground = runtime.ensure([], base=base)
    runner = CliRunner()
    made = runner.invoke(make_app(), ["runtime", "make", "--json"])
    assert json.loads(made.stdout)["python"] == str(ground.python)
    path = runner.invoke(make_app(), ["runtime", "path"])
    assert path.stdout.strip() == str(ground.python)
    listed = runner.invoke(make_app(), ["runtime", "list", "--json"])
    assert ground.key in {entry["key"] for entry in json.loads(listed.stdout)}
    base.write_text("sdground==1.0\n# never made\n")
    missing = runner.invoke(make_app(), ["runtime", "path"])
    assert missing.exit_code == 1
    assert "silodesk runtime make" in missing.stderr


def test_without_a_pip_at_hand_the_environment_brings_its_own(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base.write_text("sdground==1.0\n# own pip\n")
    monkeypatch.setattr(runtime, "has_pip", lambda _python: False)
    ground = runtime.ensure([], base=base)
    assert installer.has_pip(ground.python)
    assert evaluate(ground.python, "import sdground; print(sdground.VERSION)") == "1.0"


def test_what_the_base_brings_needs_no_runtime_of_its_own(tmp_path: Path) -> None:
    """Only a version that the base does not have, or an extra of a package, asks for more."""
    base = tmp_path / "base.txt"
    base.write_text("# pinned\ntorch==2.13.0\nscikit-learn==1.5.0\n")

    assert runtime.is_brought("torch", base)
    assert runtime.is_brought("Torch>=2", base)
    assert runtime.is_brought("scikit_learn", base)
    assert not runtime.is_brought("torch>=3", base)
    assert not runtime.is_brought("torch[opt]", base)
    assert not runtime.is_brought("pandas", base)
