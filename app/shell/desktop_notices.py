"""Native messages with buttons, each by its own id: org.freedesktop.Notifications over D-Bus."""

from __future__ import annotations

import html
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import Q_ARG, Q_RETURN_ARG, SLOT, QMetaObject, QObject, Qt, Signal, Slot
from PySide6.QtDBus import (
    QDBusConnection,
    QDBusInterface,
    QDBusMessage,
    QDBusPendingCall,
    QDBusPendingCallWatcher,
)

from app.i18n import tr
from app.shell.notices import Notice

SERVICE = "org.freedesktop.Notifications"
PATH = "/org/freedesktop/Notifications"
ANSWER_MS = 2000
OPEN, LATER = "default", "later"  # "default" is also a click on the message itself
_URGENCY = {"danger": 2, "warn": 1}
_ICONS = {"danger": "dialog-error", "warn": "dialog-warning"}


class DesktopNotices(QObject):
    """Tell notices through the desktop's service; `followed` carries the one that was opened."""

    followed = Signal(object)  # Notice

    def __init__(self, parent: QObject, bus: QDBusConnection | None = None) -> None:
        super().__init__(parent)
        self._bus = QDBusConnection.sessionBus() if bus is None else bus
        self._shown: dict[int, Notice] = {}
        self._service: QDBusInterface | None = None
        self._asking: set[QDBusPendingCallWatcher] = set()
        for name, slot in (
            ("ActionInvoked", "_acted(uint,QString)"), ("NotificationClosed", "_closed(uint,uint)")
        ):  # fmt: skip
            wanted: Any = SLOT(slot)  # a text, whatever the stub of connect() says
            self._bus.connect(SERVICE, PATH, SERVICE, name, self, wanted)

    @property
    def is_there(self) -> bool:
        """Return whether a service shows messages, or would be started to."""
        if not self._bus.isConnected():
            return False
        daemon = self._bus.interface()
        if daemon.isServiceRegistered(SERVICE).value():
            return True
        return SERVICE in list(daemon.activatableServiceNames().value() or [])

    def tell(self, notice: Notice, failed: Callable[[], object]) -> None:
        """Show a notice; `failed` follows where the service does not answer or has no buttons."""
        # Asked first and without waiting: a service that hangs must not hold the window.
        question = QDBusMessage.createMethodCall(SERVICE, PATH, SERVICE, "GetCapabilities")
        watcher = QDBusPendingCallWatcher(self._bus.asyncCall(question, ANSWER_MS), self)
        self._asking.add(watcher)
        watcher.finished.connect(partial(self._answered, watcher, notice, failed))

    def withdraw(self, key: tuple[Any, ...]) -> None:
        """Take a notice away that needs no answer any more."""
        for number in [one for one, notice in self._shown.items() if notice.key == key]:
            del self._shown[number]
            self._call("CloseNotification", Q_ARG("uint", number))

    def _answered(
        self, watcher: QDBusPendingCallWatcher, notice: Notice, failed: Callable[[], object],
        _: QDBusPendingCall | None = None,
    ) -> None:  # fmt: skip
        self._asking.discard(watcher)
        watcher.deleteLater()
        reply = watcher.reply()
        is_good = reply.type() == QDBusMessage.MessageType.ReplyMessage
        offered = list(reply.arguments()[0]) if is_good and reply.arguments() else []
        number = self._notify(notice, "body-markup" in offered) if "actions" in offered else 0
        if number:
            self._shown[number] = notice
        else:
            failed()

    def _notify(self, notice: Notice, has_markup: bool) -> int:
        """Return the id under which a notice is shown; 0 where it is not."""
        actions = [OPEN, notice.action or tr("Open SiloDesk")]
        if notice.is_decision:
            actions += [LATER, tr("Later")]
        text = html.escape(notice.text, quote=False) if has_markup else notice.text
        # A decision stays until it is seen; how long others do is the desktop's choice.
        expires = 0 if notice.is_decision else -1
        hints = {"urgency": _URGENCY.get(notice.kind, 1), "desktop-entry": "silodesk"}
        shown = self._call(
            "Notify", Q_ARG("QString", "SiloDesk"), Q_ARG("uint", 0),
            Q_ARG("QString", _ICONS.get(notice.kind, "dialog-information")),
            Q_ARG("QString", notice.title), Q_ARG("QString", text),
            Q_ARG("QStringList", actions), Q_ARG("QVariantMap", hints), Q_ARG("int", expires),
        )  # fmt: skip
        return int(shown or 0)

    def _call(self, name: str, *arguments: Any) -> Any:
        """Call a method with its declared types: plain Python numbers would go as int32."""
        if self._service is None or not self._service.isValid():
            self._service = QDBusInterface(SERVICE, PATH, SERVICE, self._bus, self)
            self._service.setTimeout(ANSWER_MS)
        result = (Q_RETURN_ARG("uint"),) if name == "Notify" else ()
        try:
            return QMetaObject.invokeMethod(
                self._service, name, Qt.ConnectionType.DirectConnection, *result, *arguments
            )
        except RuntimeError:  # the service went between two calls, or has no such method
            return None

    @Slot("uint", str)
    def _acted(self, number: int, action: str) -> None:
        notice = self._shown.pop(number, None)
        if notice is not None and action != LATER:
            self.followed.emit(notice)

    @Slot("uint", "uint")
    def _closed(self, number: int, _: int) -> None:
        self._shown.pop(number, None)
