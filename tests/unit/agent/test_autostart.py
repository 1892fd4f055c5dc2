"""Start at log-in and links: written for this account, removed without a trace, quoted rightly."""

from __future__ import annotations

import os
import plistlib
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from agent_core.agent import autostart_files as files
from agent_core.agent.autostart import (
    LinuxAutostart,
    MacAutostart,
    WindowsAutostart,
    autostart_of,
    change,
    report,
)
from agent_core.agent.autostart_files import Launch, RegistryValue
from agent_core.agent.own_autostart import AutostartMethods
from agent_core.errors import StorageError
from agent_core.paths import Home

ODD = Path('/srv/a b/"silo" $x 100%/c\\d')


def launch(home: Path = ODD, **how: object) -> Launch:
    return Launch(home, is_default=False, python="/opt/py/bin/python", **how)  # type: ignore[arg-type]


@pytest.fixture
def linux(tmp_path: Path) -> LinuxAutostart:
    return LinuxAutostart(launch(), tmp_path / "config", tmp_path / "data")


def everything(folder: Path) -> list[str]:
    return sorted(
        str(one.relative_to(folder))
        for one in folder.rglob("*")
        if one.is_symlink() or one.is_file()
    )


def test_on_writes_unit_and_icon_and_off_leaves_nothing(linux, tmp_path: Path) -> None:
    assert not linux.has_start()
    assert change(linux, enabled=True)["enabled"]
    assert linux.wanted.resolve() == linux.unit.resolve()
    assert len(everything(tmp_path)) == 3
    assert change(linux, enabled=True)["enabled"]  # again, as after an update
    assert not change(linux, enabled=False)["enabled"]
    assert everything(tmp_path) == []
    assert not change(linux, enabled=False)["enabled"]


def test_jobs_outlive_the_unit_and_a_second_agent_is_no_loop(linux) -> None:
    linux.set_start(True)
    unit = linux.unit.read_text()
    assert "KillMode=process\n" in unit
    assert "Restart=on-abnormal\n" in unit  # an agent that finds another one ends with 1
    assert "WantedBy=default.target\n" in unit


def unit_words(line: str) -> list[str]:
    """Read a command as systemd does."""
    return [
        word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line, posix=True)
    ]  # fmt: skip


def test_odd_folders_survive_the_quoting_of_the_unit() -> None:
    unit = files.unit(launch(environment={"SILODESK_CACHE": "/c a"}))
    line = next(one for one in unit.splitlines() if one.startswith("ExecStart="))
    assert unit_words(line.removeprefix("ExecStart=")) == launch().agent()
    assert 'Environment="SILODESK_CACHE=/c a"' in unit


@pytest.mark.parametrize("text", [files.tray_entry(launch()), files.link_entry(launch())])
def test_odd_folders_survive_the_quoting_of_a_desktop_entry(text: str) -> None:
    line = next(one for one in text.splitlines() if one.startswith("Exec="))
    value = line.removeprefix("Exec=").replace("\\\\", "\\")  # the rule for strings comes first
    words = [  # shells read \\$ in quotes as $; shlex leaves it
        word.replace("%%", "%").replace("\\$", "$") for word in shlex.split(value, posix=True)
    ]
    if words[-1] == "%u":
        assert words[:-1] == launch().desktop()
    else:
        assert words == launch().desktop("--tray")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_takes_the_unit(linux, tmp_path: Path) -> None:
    sure = LinuxAutostart(
        Launch(tmp_path / "a b", is_default=False), tmp_path / "config", tmp_path / "data"
    )
    sure.set_start(True)
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", str(sure.unit)],
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    if "Failed to initialize manager" in done.stderr:
        pytest.skip("systemd cannot look at units here")
    assert done.returncode == 0, done.stderr


def test_links_keep_what_else_is_registered(linux) -> None:
    linux.handlers.parent.mkdir(parents=True)
    before = "[Added Associations]\ntext/plain=a.desktop\n[Default Applications]\nx/y=b.desktop\n"
    linux.handlers.write_text(before)
    assert change(linux, links=True)["links"]
    now = linux.handlers.read_text()
    assert f"[Default Applications]\nx-scheme-handler/silodesk={linux.link.name}\n" in now
    assert now.count("x-scheme-handler/silodesk") == 1
    change(linux, links=True)
    assert linux.handlers.read_text() == now
    assert not change(linux, links=False)["links"]
    assert linux.handlers.read_text() == before
    assert not linux.link.exists()


def test_links_of_another_home_are_seen_and_left_alone(tmp_path: Path) -> None:
    first = LinuxAutostart(launch(), tmp_path / "config", tmp_path / "data")
    second = LinuxAutostart(launch(Path("/other")), tmp_path / "config", tmp_path / "data")
    assert change(first, links=True)["other_links"] is False
    told = report(second)
    assert (told["links"], told["other_links"], told["may_set_links"]) == (False, True, True)
    change(second, links=False)
    assert report(first)["links"]
    assert change(second, links=True)["links"]  # a person's wish takes them over
    told = report(first)
    assert (told["links"], told["other_links"]) == (False, True)


def test_a_folder_that_resists_is_said(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where a folder should be")
    way = LinuxAutostart(launch(), tmp_path / "config", tmp_path / "data")
    with pytest.raises(StorageError) as raised:
        change(way, enabled=True)
    assert raised.value.code == "storage.autostart"


def test_homes_do_not_take_each_others_entries(tmp_path: Path) -> None:
    usual = Launch(tmp_path / "usual", is_default=True, python="/py")
    other = Launch(tmp_path / "other", is_default=False, python="/py")
    assert usual.suffix == ""
    assert usual.agent() == ["/py", "-P", "-m", "agent_core.cli", "agent", "--json"]
    assert other.suffix
    assert other.desktop("--tray")[-3:] == ["--home", str(tmp_path / "other"), "--tray"]


def test_a_frozen_program_starts_its_neighbours() -> None:
    frozen = Launch(Path("/h"), is_default=True, python="/opt/silodesk/silodesk", is_frozen=True)
    assert frozen.agent() == ["/opt/silodesk/silodesk", "agent", "--json"]
    assert frozen.desktop() == ["/opt/silodesk/silodesk-desktop"]


def test_macos_gets_two_launch_agents(tmp_path: Path) -> None:
    way = MacAutostart(launch(), tmp_path)
    assert change(way, enabled=True)["enabled"]
    agent = plistlib.loads(way.agent.read_bytes())
    assert agent["ProgramArguments"] == launch().agent()
    assert agent["AbandonProcessGroup"] is True  # jobs stay when the agent ends
    assert agent["RunAtLoad"] is True
    assert plistlib.loads(way.tray.read_bytes())["ProgramArguments"][-1] == "--tray"
    assert not change(way, enabled=False)["enabled"]
    assert everything(tmp_path) == []
    assert files.bundle_link_types()[0]["CFBundleURLSchemes"] == ["silodesk"]


class Registry:
    """What Windows would hold."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str] = {}

    def get(self, key: str, name: str) -> str | None:
        return self.values.get((key, name))

    def put(self, one: RegistryValue) -> None:
        self.values[one.key, one.name] = one.value

    def drop(self, key: str, name: str | None) -> None:
        for at in [at for at in self.values if at[0].startswith(key) and name in (None, at[1])]:
            del self.values[at]


def test_windows_gets_a_run_entry_and_a_class_for_links() -> None:
    registry = Registry()
    registry.put(RegistryValue(files.RUN_KEY, "Another", "x.exe"))
    python = Launch(Path(r"C:\Silo A"), is_default=False, python=r"C:\py\python.exe")
    way = WindowsAutostart(python, registry)
    assert not way.has_start()
    assert change(way, enabled=True, links=True) == report(way)
    run = registry.get(files.RUN_KEY, "SiloDesk" + python.suffix)
    assert run == r'C:\py\pythonw.exe -P -m app --home "C:\Silo A" --tray'
    assert registry.get(files.LINK_KEY, "URL Protocol") == ""
    opened = registry.get(rf"{files.LINK_KEY}\shell\open\command", "")
    assert opened is not None
    assert opened.endswith('"C:\\Silo A" "%1"')
    change(way, enabled=False, links=False)
    assert registry.values == {(files.RUN_KEY, "Another"): "x.exe"}


async def _asked(home: Home) -> tuple[dict[str, object], dict[str, object]]:
    methods = AutostartMethods(home).methods()
    return await methods["autostart.set"](enabled=True), await methods["autostart.get"]()


def test_the_agent_answers_what_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "d"))
    home = Home(tmp_path / "home").make()
    changed, told = asyncio.run(_asked(home))
    assert changed == told
    assert told["enabled"]
    assert not told["links"]
    unit = Path(str(told["places"][0]))  # type: ignore[index]
    assert f"--home {home.root}" in unit.read_text()
    change(autostart_of(home), enabled=False)
    assert everything(tmp_path / "c") == []


def test_the_usual_home_needs_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    way = autostart_of(Home(tmp_path / "silodesk"))
    assert report(way)["places"][0].endswith("/silodesk-agent.service")
