"""What starts the agent and its tray icon at log-in, and opens links: texts for each system.

Everything here is content only; autostart.py writes and removes it.
"""

from __future__ import annotations

import hashlib
import plistlib
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

SCHEME = "silodesk"
AGENT_LABEL = "org.silodesk.agent"
TRAY_LABEL = "org.silodesk.tray"


@dataclass(frozen=True)
class Launch:
    """How this installation's programs are started for one home."""

    home: Path
    is_default: bool  # the account's usual home needs no name of its own
    python: str = sys.executable
    is_frozen: bool = bool(getattr(sys, "frozen", False))
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """Return what tells the entries of several homes apart."""
        if self.is_default:
            return ""
        return "-" + hashlib.sha256(str(self.home).encode()).hexdigest()[:8]

    def agent(self) -> list[str]:
        """Return the command of the agent."""
        return [*self._program("silodesk", "agent_core.cli"), "agent", "--json", *self._home()]

    def desktop(self, *arguments: str) -> list[str]:
        """Return the command of the desktop."""
        return [*self._program("silodesk-desktop", "app"), *self._home(), *arguments]

    def _program(self, name: str, module: str) -> list[str]:
        if self.is_frozen:
            return [str(Path(self.python).with_name(name))]
        return [self.python, "-P", "-m", module]  # -P: nothing of the current folder is imported

    def _home(self) -> list[str]:
        return [] if self.is_default else ["--home", str(self.home)]


# --- Linux ---
def unit(launch: Launch) -> str:
    """Return the systemd user unit of the agent.

    KillMode=process: keepers and jobs outlive the agent, also when the unit is stopped.
    """
    command = " ".join(_unit_word(word) for word in launch.agent())
    environment = "".join(
        f"Environment={_unit_word(f'{name}={value}')}\n"
        for name, value in sorted(launch.environment.items())
    )
    return (
        "[Unit]\n"
        "Description=SiloDesk agent\n"
        "StartLimitIntervalSec=300\n"
        "StartLimitBurst=5\n"
        "\n"
        "[Service]\n"
        "Type=exec\n"
        f"ExecStart={command}\n"
        f"{environment}"
        "KillMode=process\n"
        "Restart=on-abnormal\n"
        "RestartSec=5\n"
        "\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )


def tray_entry(launch: Launch) -> str:
    """Return the desktop entry that shows the tray icon at log-in."""
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=SiloDesk\n"
        "Comment=Shows what runs on this silo\n"
        f"Exec={_exec(launch.desktop('--tray'))}\n"
        "Icon=silodesk\n"
        "Terminal=false\n"
        "X-GNOME-Autostart-enabled=true\n"
    )


def link_entry(launch: Launch) -> str:
    """Return the desktop entry that opens silodesk:// links."""
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=SiloDesk\n"
        "Comment=The desktop of a federated-learning silo\n"
        f"Exec={_exec(launch.desktop())} %u\n"
        "Icon=silodesk\n"
        "Terminal=false\n"
        "Categories=Science;Network;\n"
        "StartupWMClass=silodesk\n"
        f"MimeType=x-scheme-handler/{SCHEME};\n"
    )


def with_handler(text: str, entry: str) -> str:
    """Return a mimeapps.list in which an entry opens our links; other lines stay."""
    lines = _without(text, "").splitlines()
    section, line = "[Default Applications]", f"x-scheme-handler/{SCHEME}={entry}"
    if section not in lines:
        lines += [*([""] if lines else []), section]
    lines.insert(lines.index(section) + 1, line)
    return "\n".join(lines) + "\n"


def without_handler(text: str, entry: str) -> str:
    """Return a mimeapps.list in which this entry opens no links; another one's line stays."""
    return _without(text, entry)


def handler_of(text: str) -> str:
    """Return the entry that opens our links by a mimeapps.list, empty for none."""
    for line in text.splitlines():
        if line.startswith(f"x-scheme-handler/{SCHEME}="):
            return line.partition("=")[2].split(";")[0].strip()
    return ""


def _without(text: str, entry: str) -> str:
    start = f"x-scheme-handler/{SCHEME}={entry}"
    kept = [one for one in text.splitlines() if not one.startswith(start)]
    return "\n".join(kept) + ("\n" if kept else "")


def _unit_word(word: str) -> str:
    """Quote a word of a unit file."""
    safe = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{safe}"' if set(safe) & set(" \t'\\;\"") else safe


def _exec(words: list[str]) -> str:
    """Return an Exec line; its words are quoted, and the whole is escaped as a string again."""
    quoted = []
    for word in words:
        safe = word.replace("%", "%%")
        if set(word) & set(" \t\"'\\><~|&;$*?#()`"):
            for letter in '\\"`$':
                safe = safe.replace(letter, f"\\{letter}")
            safe = f'"{safe}"'
        quoted.append(safe.replace("\\", "\\\\"))
    return " ".join(quoted)


# --- macOS ---
def agent_plist(launch: Launch) -> bytes:
    """Return the LaunchAgent of the agent; jobs are not of its process group's fate."""
    return plistlib.dumps({
        "Label": AGENT_LABEL + launch.suffix,
        "ProgramArguments": launch.agent(),
        "EnvironmentVariables": dict(launch.environment),
        "RunAtLoad": True,
        "KeepAlive": {"Crashed": True},
        "AbandonProcessGroup": True,
        "ProcessType": "Background",
    })  # fmt: skip


def tray_plist(launch: Launch) -> bytes:
    """Return the LaunchAgent of the icon in the menu bar."""
    return plistlib.dumps({
        "Label": TRAY_LABEL + launch.suffix,
        "ProgramArguments": launch.desktop("--tray"),
        "RunAtLoad": True,
        "AbandonProcessGroup": True,
        "LimitLoadToSessionType": "Aqua",
    })  # fmt: skip


def bundle_link_types() -> list[dict[str, object]]:
    """Return CFBundleURLTypes for the bundle's Info.plist, the only place macOS reads."""
    return [{"CFBundleURLName": "SiloDesk invitation", "CFBundleURLSchemes": [SCHEME]}]


# --- Windows ---
@dataclass(frozen=True)
class RegistryValue:
    """A text value under HKEY_CURRENT_USER; an empty name is the key's default."""

    key: str
    name: str
    value: str


RUN_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
LINK_KEY = rf"Software\Classes\{SCHEME}"


def run_values(launch: Launch) -> list[RegistryValue]:
    """Return the Run entry: the icon, which starts the agent where none runs."""
    command = subprocess.list2cmdline(_windowed(launch.desktop("--tray")))
    return [RegistryValue(RUN_KEY, "SiloDesk" + launch.suffix, command)]


def link_values(launch: Launch) -> list[RegistryValue]:
    """Return the registration of silodesk:// links."""
    command = subprocess.list2cmdline(_windowed(launch.desktop())) + ' "%1"'
    return [
        RegistryValue(LINK_KEY, "", "URL:SiloDesk"),
        RegistryValue(LINK_KEY, "URL Protocol", ""),
        RegistryValue(rf"{LINK_KEY}\shell\open\command", "", command),
    ]


def _windowed(command: list[str]) -> list[str]:
    """Return a command without a console window."""
    first = command[0]
    if first.lower().endswith("python.exe"):
        first = first[: -len("python.exe")] + "pythonw.exe"
    return [first, *command[1:]]
