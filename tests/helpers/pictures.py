"""Pictures for tests, written by hand."""

from __future__ import annotations

import struct
import zlib

import numpy as np


def png(pixels: np.ndarray) -> bytes:
    """Return (height, width, 1 or 3) bytes as a PNG; line filters take turns."""
    height, width, samples = pixels.shape
    before, lines = np.zeros(width * samples, np.int32), []
    for number, row in enumerate(pixels.reshape(height, -1).astype(np.int32)):
        how = number % 3
        left = np.concatenate([np.zeros(samples, np.int32), row[:-samples]])
        line = [row, row - left, row - before][how] & 255
        lines.append(bytes([how]) + line.astype(np.uint8).tobytes())
        before = row
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if samples == 3 else 0, 0, 0, 0)
    chunks = [(b"IHDR", head), (b"IDAT", zlib.compress(b"".join(lines))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
