"""Everything a package prints, logs or warns, natively too, becomes log lines."""

from __future__ import annotations

import codecs
import faulthandler
import logging
import os
import re
import sys
import threading
from typing import BinaryIO, TextIO

from .reporter import Reporter

_COLOURS = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_LEVEL = re.compile(r"\b(DEBUG|INFO|WARNING|WARN|ERROR|CRITICAL|FATAL)\b")
_NAMES = {"WARN": "WARNING", "FATAL": "CRITICAL"}
_LEVELS = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
_EXCEPTION = re.compile(r"^[\w.]*(Error|Exception|Interrupt|Exit)\b")


class LevelGuess:
    """Guess the level of printed lines; a traceback is an error from its first line to its last."""

    def __init__(self) -> None:
        self._in_traceback = False

    def __call__(self, line: str) -> str:
        """Return the level of the next line of one stream."""
        if line.startswith("Traceback (most recent call last)"):
            self._in_traceback = True
            return "ERROR"
        if self._in_traceback:
            self._in_traceback = line.startswith((" ", "\t"))
            return "ERROR"
        if "Warning: " in line[:200]:
            return "WARNING"
        found = _LEVEL.search(line[:80])
        if found:
            return _NAMES.get(found[1], found[1])
        return "ERROR" if _EXCEPTION.match(line) else "INFO"


class ReporterHandler(logging.Handler):
    """Turn records of `logging` into log lines with their own level."""

    def __init__(self, reporter: Reporter) -> None:
        super().__init__()
        self._reporter = reporter

    def emit(self, record: logging.LogRecord) -> None:
        """Report one record, with its traceback."""
        level = record.levelname if record.levelname in _LEVELS else "INFO"
        self._reporter.log(level, self.format(record), at=record.created)


class Capture:
    """Take the process's output over, from descriptors upward."""

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._thread: threading.Thread | None = None
        self._original: int | None = None

    def start(self) -> None:
        """Point descriptors 1 and 2, `sys.stdout`, `logging` and `warnings` at the log."""
        self._original = os.dup(2)
        faulthandler.enable(os.fdopen(os.dup(2), "w"))
        reading, writing = os.pipe()
        for number in (1, 2):
            os.dup2(writing, number)
        os.close(writing)
        # New streams: the old ones may remember that their descriptor was a file that can seek.
        sys.stdout = _text_stream(1)
        sys.stderr = _text_stream(2)
        self._thread = threading.Thread(
            target=self._read, args=(os.fdopen(reading, "rb", 0),), name="silodesk-log", daemon=True
        )
        self._thread.start()
        root = logging.getLogger()
        root.handlers[:] = [ReporterHandler(self._reporter)]
        root.setLevel(logging.INFO)
        logging.captureWarnings(capture=True)

    def close(self, timeout: float = 2.0) -> None:
        """Report what was printed last; children that keep the pipe open are not waited for."""
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):  # a package closed or replaced it
                continue
        if self._original is not None and self._thread is not None:
            for number in (1, 2):
                os.dup2(self._original, number)
            self._thread.join(timeout)

    def _read(self, stream: BinaryIO) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        guess = LevelGuess()
        rest = ""
        while data := stream.read(65536):
            text = rest + decoder.decode(data)
            *lines, rest = re.split(r"\r\n|\n|\r", text)
            if len(rest) > 65536:
                lines, rest = [*lines, rest], ""
            self._report(lines, guess)
        self._report([rest], guess)

    def _report(self, lines: list[str], guess: LevelGuess) -> None:
        for line in lines:
            clean = _COLOURS.sub("", line).rstrip()
            if clean:
                self._reporter.log(guess(clean), clean)


def _text_stream(descriptor: int) -> TextIO:
    return open(
        descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
    )
