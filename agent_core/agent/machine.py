"""What this machine says of itself: its device id and its hardware."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import uuid
from importlib.metadata import PackageNotFoundError, version

import psutil

from agent_core.paths import Home, default_home
from agent_core.protocol.records import Hardware

SYSTEMS = {"Darwin": "MacOS"}


def agent_version() -> str:
    """Return the version of this program."""
    try:
        return version("silodesk")
    except PackageNotFoundError:
        return "0"


def device_id(home: Home) -> str:
    """Return how this machine calls itself, in the form of FedML's agents.

    Several homes on one machine are several devices; so the folder goes into the number of all
    but the account's usual one.
    """
    number = uuid.getnode()
    if home.root.resolve() != default_home().resolve() or "SILODESK_HOME" in os.environ:
        digest = hashlib.sha256(str(home.root.resolve()).encode()).digest()
        number ^= int.from_bytes(digest[:6], "big")
    system = platform.system() or "Linux"
    return f"{number:#014x}@{SYSTEMS.get(system, system)}.Edge.Device"


def hardware(home: Home, sandbox: str = "") -> Hardware:
    """Return the machine's hardware; what cannot be found out stays empty."""
    return Hardware(
        cpu=_cpu_name(),
        cores=psutil.cpu_count() or 0,
        memory=psutil.virtual_memory().total,
        disk_free=shutil.disk_usage(home.root).free,
        gpus=_gpus(),
        os=_system_name(),
        python=platform.python_version(),
        sandbox=sandbox,
    )


def _cpu_name() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - no file on a disk
            for line in file:
                if line.startswith("model name"):
                    return line.split(":", 1)[1].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _system_name() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    except OSError:
        return f"{platform.system()} {platform.release()}"


def _gpus() -> list[str]:
    try:
        import pynvml

        pynvml.nvmlInit()
    except Exception:  # noqa: BLE001 - no driver, no library, no GPU: all of them mean "none"
        return []
    try:
        return [
            str(pynvml.nvmlDeviceGetName(pynvml.nvmlDeviceGetHandleByIndex(index)))
            for index in range(pynvml.nvmlDeviceGetCount())
        ]
    finally:
        pynvml.nvmlShutdown()
