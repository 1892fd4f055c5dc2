"""A small service of desktop notifications on the session's bus.

It writes each call as a line of JSON, and takes lines "act ID KEY" that press a button.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from PySide6.QtCore import ClassInfo, QCoreApplication, QObject, QSocketNotifier, Signal, Slot
from PySide6.QtDBus import QDBusConnection

NAME = "org.freedesktop.Notifications"


def say(**what: Any) -> None:
    """Write one line."""
    print(json.dumps(what), flush=True)


@ClassInfo({"D-Bus Interface": NAME})
class Service(QObject):
    """What a desktop's notification server offers, of the specification's version 1.2."""

    ActionInvoked = Signal("uint", str)
    NotificationClosed = Signal("uint", "uint")

    def __init__(self, capabilities: list[str]) -> None:
        super().__init__()
        self._capabilities = capabilities
        self._last = 0

    @Slot(result="QStringList")
    def GetCapabilities(self) -> list[str]:
        return self._capabilities

    @Slot(str, "uint", str, str, str, "QStringList", "QVariantMap", int, result="uint")
    def Notify(
        self, app: str, replaces: int, icon: str, title: str, text: str, actions: list[str],
        hints: dict[str, Any], expires: int,
    ) -> int:  # fmt: skip
        self._last = replaces or self._last + 1
        say(
            call="notify", id=self._last, app=app, title=title, text=text, actions=actions,
            expires=expires,
        )  # fmt: skip
        return self._last

    @Slot("uint")
    def CloseNotification(self, number: int) -> None:
        say(call="close", id=number)
        self.NotificationClosed.emit(number, 3)


def main() -> None:
    """Serve until the input ends."""
    app = QCoreApplication([])
    bus = QDBusConnection.sessionBus()
    service = Service(sys.argv[1:])
    every = QDBusConnection.RegisterOption
    bus.registerObject(
        "/org/freedesktop/Notifications", service, every.ExportAllSlots | every.ExportAllSignals
    )
    say(call="ready", is_registered=bus.registerService(NAME))

    def read() -> None:
        text = os.read(0, 4096).decode()
        if not text:
            app.quit()
        for line in text.splitlines():
            _, number, key = line.split()
            service.ActionInvoked.emit(int(number), key)
            service.NotificationClosed.emit(int(number), 2)

    notifier = QSocketNotifier(0, QSocketNotifier.Type.Read)
    notifier.activated.connect(read)
    app.exec()


if __name__ == "__main__":
    main()
