"""A search that follows a log file as it grows, and tells what it finds piece by piece."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Signal

from app.widgets.log_view_canvas import Runner
from app.widgets.log_view_file import LogFile
from app.widgets.log_view_scan import Scan
from app.widgets.log_view_search import Query

POLL_MS = 60


class FileSearch(QObject):
    """One query at a time; starting another, or stopping, ends the one before within a piece."""

    found = Signal(object)  # a list of parts, behind all before
    dropped = Signal(int)  # hits from this row on come again
    finished = Signal()
    failed = Signal(object)

    def __init__(self, file: LogFile, runner: Runner, parent: QObject) -> None:
        super().__init__(parent)
        self._file = file
        self._runner = runner
        self._scan: Scan | None = None
        self._query: Query | None = None
        self._also: Query | None = None
        self._resume = 0  # where to go on when the file grows
        self._covered = 0  # bytes indexed when the last search ended
        self._is_running = False
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._take)

    @property
    def is_running(self) -> bool:
        """Return whether a search goes on."""
        return self._is_running

    @property
    def share(self) -> float:
        """Return how much of the file was looked at, 0 to 1."""
        if self._scan is None or not self._is_running or not self._file.indexed:
            return 1.0
        return min(1.0, self._scan.done / self._file.indexed)

    def start(self, query: Query, also: Query | None = None) -> None:
        """Look for something else, in lines that hold `also` too.

        Raises UserInputError for an unusable expression.
        """
        self.stop()
        scan = Scan(self._file, query, 0, also)
        self._query, self._also = query, also
        self._run(scan)

    def stop(self) -> None:
        """End the search; what was found stays found."""
        if self._scan is not None:
            self._scan.cancel()
        self._scan = self._query = None
        self._is_running = False
        self._poll.stop()

    def resume(self) -> None:
        """Go on where the file has grown."""
        if self._query is None or self._is_running or self._covered >= self._file.indexed:
            return
        if len(self._file):
            self.dropped.emit(self._file.row_at(self._resume))
        self._run(Scan(self._file, self._query, self._resume, self._also))

    def _run(self, scan: Scan) -> None:
        self._scan = scan
        self._is_running = True
        self._poll.start()

        def done(complete: bool) -> None:
            if scan is self._scan and complete:
                self._take()
                self._poll.stop()
                self._is_running = False
                self._covered, self._resume = scan.done, min(scan.whole, scan.done)
                self.finished.emit()

        def failed(error: Exception) -> None:
            if scan is self._scan:
                self.stop()
                self.failed.emit(error)

        self._runner(scan.run, done, failed)

    def _take(self) -> None:
        if self._scan is None:
            return
        parts = self._scan.take()
        if parts:
            self.found.emit(parts)
