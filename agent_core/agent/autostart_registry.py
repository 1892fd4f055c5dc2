"""The part of the Windows registry that belongs to this account."""

from __future__ import annotations

import sys

from agent_core.agent.autostart_files import RegistryValue

if sys.platform == "win32":
    import winreg

    class WindowsRegistry:
        """Text values under HKEY_CURRENT_USER."""

        def get(self, key: str, name: str) -> str | None:
            """Return a value, or None."""
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key) as opened:
                    return str(winreg.QueryValueEx(opened, name)[0])
            except FileNotFoundError:
                return None

        def put(self, one: RegistryValue) -> None:
            """Write a value, with its key."""
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, one.key) as opened:
                winreg.SetValueEx(opened, one.name, 0, winreg.REG_SZ, one.value)

        def drop(self, key: str, name: str | None) -> None:
            """Remove a value, or with None a key and all below it."""
            access = winreg.KEY_ALL_ACCESS
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, key, 0, access) as opened:
                    if name is not None:
                        winreg.DeleteValue(opened, name)
                        return
                    while winreg.QueryInfoKey(opened)[0]:
                        self.drop(rf"{key}\{winreg.EnumKey(opened, 0)}", None)
                winreg.DeleteKey(winreg.HKEY_CURRENT_USER, key)
            except FileNotFoundError:
                return  # it is gone already
