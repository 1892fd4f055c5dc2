"""Start at log-in and silodesk:// links, put in place and taken away by the agent itself."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Protocol

import platformdirs

from agent_core.agent import autostart_files as files
from agent_core.agent.autostart_files import Launch, RegistryValue
from agent_core.errors import StorageError
from agent_core.paths import CACHE_VARIABLE, Home

log = logging.getLogger(__name__)
TOLD_BOUND_S = 10.0  # telling the system that files changed; it reads them at log-in anyway


class Autostart(Protocol):
    """One system's way to start at log-in and to open links."""

    how: str
    may_set_links: bool  # or the system itself reads them from the installed program

    def has_start(self) -> bool:
        """Return whether the agent starts at log-in."""
        ...

    def set_start(self, is_wanted: bool) -> None:
        """Make it start at log-in, or not any more."""
        ...

    def has_links(self) -> bool:
        """Return whether links open this desktop."""
        ...

    def set_links(self, is_wanted: bool) -> None:
        """Make links open this desktop, or not any more."""
        ...

    def has_other_links(self) -> bool:
        """Return whether links open something else: another home's desktop, or a program."""
        ...

    def places(self) -> list[str]:
        """Return the files or keys that are used."""
        ...


class LinuxAutostart:
    """A systemd user unit for the agent, an autostart entry for the icon, an entry for links."""

    how = "systemd user unit and autostart entry"
    may_set_links = True

    def __init__(self, launch: Launch, config: Path, data: Path) -> None:
        self._launch = launch
        units = config / "systemd" / "user"
        self.unit = units / f"silodesk-agent{launch.suffix}.service"
        self.wanted = units / "default.target.wants" / self.unit.name
        self.tray = config / "autostart" / f"silodesk{launch.suffix}.desktop"
        self.link = data / "applications" / f"silodesk{launch.suffix}.desktop"
        self.handlers = config / "mimeapps.list"

    def has_start(self) -> bool:
        return self.unit.is_file() and self.wanted.is_symlink()

    def set_start(self, is_wanted: bool) -> None:
        if is_wanted:
            _write(self.unit, files.unit(self._launch).encode())
            _write(self.tray, files.tray_entry(self._launch).encode())
            _link(self.wanted, self.unit)
        else:
            _remove(self.wanted, self.unit, self.tray)
        _tell("systemctl", "--user", "daemon-reload")

    def has_links(self) -> bool:
        return self.link.is_file() and files.handler_of(_read(self.handlers)) == self.link.name

    def has_other_links(self) -> bool:
        return files.handler_of(_read(self.handlers)) not in ("", self.link.name)

    def set_links(self, is_wanted: bool) -> None:
        before = _read(self.handlers)
        if is_wanted:
            _write(self.link, files.link_entry(self._launch).encode())
            after = files.with_handler(before, self.link.name)
        else:
            _remove(self.link)
            after = files.without_handler(before, self.link.name)
        if after != before:
            _write(self.handlers, after.encode())
        _tell("update-desktop-database", str(self.link.parent))

    def places(self) -> list[str]:
        return [str(one) for one in (self.unit, self.tray, self.link)]


class MacAutostart:
    """Two LaunchAgents; links are the application bundle's."""

    how = "LaunchAgent"
    may_set_links = False

    def __init__(self, launch: Launch, folder: Path) -> None:
        self._launch = launch
        self.agent = folder / f"{files.AGENT_LABEL}{launch.suffix}.plist"
        self.tray = folder / f"{files.TRAY_LABEL}{launch.suffix}.plist"

    def has_start(self) -> bool:
        return self.agent.is_file()

    def set_start(self, is_wanted: bool) -> None:
        if is_wanted:
            _write(self.agent, files.agent_plist(self._launch))
            _write(self.tray, files.tray_plist(self._launch))
        else:
            _remove(self.agent, self.tray)

    def has_links(self) -> bool:
        return self._launch.is_frozen  # a bundle brings CFBundleURLTypes in its Info.plist

    def set_links(self, is_wanted: bool) -> None:
        """Change nothing: macOS reads the bundle alone."""

    def has_other_links(self) -> bool:
        return False

    def places(self) -> list[str]:
        return [str(self.agent), str(self.tray)]


class Registry(Protocol):
    """Text values under HKEY_CURRENT_USER."""

    def get(self, key: str, name: str) -> str | None:
        """Return a value, or None."""
        ...

    def put(self, one: RegistryValue) -> None:
        """Write a value, with its key."""
        ...

    def drop(self, key: str, name: str | None) -> None:
        """Remove a value, or with None a key and all below it."""
        ...


class WindowsAutostart:
    """A Run entry for the icon, which starts the agent; a class for links."""

    how = "Run entry of this account"
    may_set_links = True

    def __init__(self, launch: Launch, registry: Registry) -> None:
        self._run = files.run_values(launch)
        self._links = files.link_values(launch)
        self._registry = registry

    def has_start(self) -> bool:
        return self._registry.get(self._run[0].key, self._run[0].name) is not None

    def set_start(self, is_wanted: bool) -> None:
        for one in self._run:
            self._registry.put(one) if is_wanted else self._registry.drop(one.key, one.name)

    def has_links(self) -> bool:
        return self._registry.get(self._links[-1].key, "") == self._links[-1].value

    def has_other_links(self) -> bool:
        return self._registry.get(self._links[-1].key, "") not in (None, self._links[-1].value)

    def set_links(self, is_wanted: bool) -> None:
        if is_wanted:
            for one in self._links:
                self._registry.put(one)
        elif not self.has_other_links():
            self._registry.drop(files.LINK_KEY, None)

    def places(self) -> list[str]:
        return [rf"HKEY_CURRENT_USER\{one.key}" for one in (*self._run, self._links[0])]


def autostart_of(home: Home) -> Autostart:
    """Return this system's way, for one home."""
    cache = os.environ.get(CACHE_VARIABLE)
    root = home.root.resolve()
    is_default = root == _usual_home()
    environment = {CACHE_VARIABLE: str(Path(cache).resolve())} if cache else {}
    launch = Launch(root, is_default, environment=environment)
    if sys.platform == "win32":
        from agent_core.agent.autostart_registry import WindowsRegistry

        return WindowsAutostart(launch, WindowsRegistry())
    if sys.platform == "darwin":
        return MacAutostart(launch, Path.home() / "Library" / "LaunchAgents")
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    data = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return LinuxAutostart(launch, config, data)


def _usual_home() -> Path:
    """Return the home that a program finds which is told nothing."""
    return Path(platformdirs.user_data_dir("silodesk", appauthor=False)).resolve()


def report(way: Autostart) -> dict[str, Any]:
    """Return what holds, for the local API."""
    return {
        "enabled": way.has_start(), "links": way.has_links(),
        "other_links": way.has_other_links(), "may_set_links": way.may_set_links,
        "how": way.how, "places": way.places(),
    }  # fmt: skip


def change(
    way: Autostart, enabled: bool | None = None, links: bool | None = None
) -> dict[str, Any]:
    """Put in place or take away what is named; raises StorageError where a file resists."""
    try:
        if enabled is not None:
            way.set_start(enabled)
        if links is not None:
            way.set_links(links)
    except OSError as error:
        raise StorageError(
            f"The entry for the start at log-in cannot be changed: {error}.",
            next_step="Check the permissions of that folder, then try again.",
            code="storage.autostart",
        ) from error
    return report(way)


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)


def _link(path: Path, target: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove(path)
    path.symlink_to(target)


def _remove(*paths: Path) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        return ""


def _tell(*command: str) -> None:
    """Let the system read its files again, where it offers that; log-in does it in any case."""
    if not shutil.which(command[0]):
        return
    try:
        done = subprocess.run(command, capture_output=True, timeout=TOLD_BOUND_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        log.info("%s did not answer", command[0])
        return
    if done.returncode:
        log.info("%s ended with %d", command[0], done.returncode)
