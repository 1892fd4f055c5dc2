"""Count the rows of a table while its bytes go by, at the speed of the disk."""

from __future__ import annotations


class RowCount:
    """Count line ends outside quotes; blank lines are no rows.

    A quote that never closes makes the count a guess: then every line end counts.
    """

    def __init__(self) -> None:
        self._rows = 0  # rows by the rule of quotes
        self._lines = 0  # rows where quotes mean nothing
        self._is_quoted = False
        self._rest = b""  # a line that has not ended: only whether it is blank matters
        self._plain_rest = b""
        self._wide = False

    @property
    def is_exact(self) -> bool:
        """Return whether the quotes were in order."""
        return not self._is_quoted and not self._wide

    def take(self, chunk: bytes) -> None:
        """Look at the next bytes."""
        if not self._lines and not self._rows and chunk[:2] in (b"\xff\xfe", b"\xfe\xff"):
            self._wide = True
        if self._wide:
            chunk = chunk.replace(b"\0", b"")
        chunk = chunk.replace(b"\r", b"\n") if b"\n" not in chunk else chunk
        self._lines, self._plain_rest = _count(self._lines, self._plain_rest, chunk)
        for number, part in enumerate(chunk.split(b'"')):
            if number:
                self._is_quoted = not self._is_quoted
                self._rest = b"x"  # a quote is content, even around nothing
            if not self._is_quoted:
                self._rows, self._rest = _count(self._rows, self._rest, part)

    def rows(self) -> int:
        """Return how many rows went by, a head included."""
        rows, rest = (
            (self._lines, self._plain_rest) if self._is_quoted else (self._rows, self._rest)
        )
        return rows + bool(rest.strip())


def _count(rows: int, rest: bytes, part: bytes) -> tuple[int, bytes]:
    *ended, last = part.split(b"\n")
    if not ended:
        return rows, (rest + last)[:16] if not rest.strip() else rest
    if (rest + ended[0]).strip():
        rows += 1
    rows += sum(1 for line in ended[1:] if line and not line.isspace())
    return rows, last[:16]
