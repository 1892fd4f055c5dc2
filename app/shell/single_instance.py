"""One window for each home: a second start hands its link to the first and leaves."""

from __future__ import annotations

import hashlib

from PySide6.QtCore import QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from agent_core.paths import Home

WAIT_MS = 1000
LIMIT = 8192


def server_name(home: Home) -> str:
    """Return the name under which the window of a home can be reached."""
    return "silodesk-" + hashlib.sha256(str(home.root.resolve()).encode()).hexdigest()[:16]


def hand_over(home: Home, link: str) -> bool:
    """Give a link to the running window; return whether there is one."""
    socket = QLocalSocket()
    socket.connectToServer(server_name(home))
    if not socket.waitForConnected(WAIT_MS):
        return False
    socket.write(link.encode() + b"\n")
    socket.waitForBytesWritten(WAIT_MS)
    answered = socket.waitForReadyRead(WAIT_MS)
    socket.disconnectFromServer()
    return answered


class SingleInstance(QObject):
    """Listen for later starts; `opened` carries their link, empty for none."""

    opened = Signal(str)

    def __init__(self, home: Home, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        self._server.newConnection.connect(self._greet)
        name = server_name(home)
        if not self._server.listen(name):
            # hand_over() got no answer: what is left of a killed window stands in the way.
            QLocalServer.removeServer(name)
            self._server.listen(name)

    def close(self) -> None:
        """Listen no more."""
        self._server.close()

    def _greet(self) -> None:
        socket = self._server.nextPendingConnection()
        socket.readyRead.connect(lambda: self._read(socket))
        socket.disconnected.connect(socket.deleteLater)
        if socket.bytesAvailable():
            self._read(socket)

    def _read(self, socket: QLocalSocket) -> None:
        if socket.bytesAvailable() > LIMIT:
            socket.abort()
            return
        if socket.canReadLine():
            line = bytes(socket.readLine().data()).decode("utf-8", "replace").strip()
            socket.write(b"ok\n")
            socket.flush()
            self.opened.emit(line)
