"""Read a PNG, PGM or PPM picture with zlib and NumPy alone; the runtime has no image library."""

from __future__ import annotations

import re
import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
SIDE_LIMIT = 8192
PIXEL_LIMIT = 16 * 1024 * 1024
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # PNG's colour types


class PictureError(ValueError):
    """This picture cannot be read, in words for people."""


def read_picture(data: bytes) -> np.ndarray:
    """Return values from 0 to 255 as (height, width, 1 or 3)."""
    if data.startswith(SIGNATURE):
        try:
            return _png(data)
        except (struct.error, zlib.error, IndexError, ValueError) as error:
            if isinstance(error, PictureError):
                raise
            raise PictureError("The PNG picture is damaged.") from error
    if data[:2] in (b"P5", b"P6"):
        return _netpbm(data)
    raise PictureError("Only PNG, PGM and PPM pictures are read here; save it as PNG.")


def _check(width: int, height: int) -> None:
    if not (0 < width <= SIDE_LIMIT and 0 < height <= SIDE_LIMIT and width * height <= PIXEL_LIMIT):
        raise PictureError(f"A picture of {width} x {height} pixels is too large.")


def _png(data: bytes) -> np.ndarray:
    place, packed, palette = len(SIGNATURE), [], b""
    width = height = depth = colour = interlaced = 0
    while place + 8 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind = data[place + 4 : place + 8]
        content = data[place + 8 : place + 8 + length]
        place += length + 12
        if kind == b"IHDR":
            width, height, depth, colour, _, _, interlaced = struct.unpack(">IIBBBBB", content)
        elif kind == b"PLTE":
            palette = content
        elif kind == b"IDAT":
            packed.append(content)
        elif kind == b"IEND":
            break
    _check(width, height)
    if depth != 8 or interlaced or colour not in SAMPLES:
        raise PictureError("Only PNG pictures with 8 bits a sample and no interlacing are read.")
    samples = SAMPLES[colour]
    stride = width * samples
    raw = zlib.decompressobj().decompress(b"".join(packed), (stride + 1) * height)
    lines = np.frombuffer(raw, np.uint8).reshape(height, stride + 1)
    pixels = _unfiltered(lines, samples).reshape(height, width, samples)
    if colour == 3:
        colours: np.ndarray = np.frombuffer(palette, np.uint8).reshape(-1, 3)
        return np.take(colours, pixels[:, :, 0], axis=0)
    return np.ascontiguousarray(pixels[:, :, : 1 if samples < 3 else 3])


def _unfiltered(lines: np.ndarray, samples: int) -> np.ndarray:
    height, stride = lines.shape[0], lines.shape[1] - 1
    result = np.zeros((height, stride), np.uint8)
    before = np.zeros(stride, np.int32)
    for number in range(height):
        how, line = int(lines[number, 0]), lines[number, 1:].astype(np.int32)
        if how == 2:
            line = (line + before) & 255
        elif how == 1:
            line = (line.reshape(-1, samples).cumsum(0) & 255).reshape(-1)
        elif how in (3, 4):
            line = _by_neighbours(how, line, before, samples)
        elif how != 0:
            raise PictureError("The PNG picture is damaged.")
        result[number] = line
        before = line
    return result


def _by_neighbours(how: int, line: np.ndarray, above: np.ndarray, samples: int) -> np.ndarray:
    values, up = line.tolist(), above.tolist()
    for place in range(len(values)):
        left = values[place - samples] if place >= samples else 0
        if how == 3:
            guess = (left + up[place]) // 2
        else:
            corner = up[place - samples] if place >= samples else 0
            estimate = left + up[place] - corner
            away = [abs(estimate - left), abs(estimate - up[place]), abs(estimate - corner)]
            guess = (left, up[place], corner)[away.index(min(away))]
        values[place] = (values[place] + guess) & 255
    return np.array(values, np.int32)


def _netpbm(data: bytes) -> np.ndarray:
    match = re.match(rb"P([56])\s+(?:#.*\n)*(\d{1,5})\s+(\d{1,5})\s+(\d{1,5})\s", data)
    if match is None or int(match[4]) != 255:
        raise PictureError("Only PGM and PPM pictures with values to 255 are read.")
    width, height, samples = int(match[2]), int(match[3]), 1 if match[1] == b"5" else 3
    _check(width, height)
    count = width * height * samples
    if len(data) - match.end() < count:
        raise PictureError("The picture is cut.")
    pixels = np.frombuffer(data, np.uint8, count, match.end())
    return pixels.reshape(height, width, samples).copy()
