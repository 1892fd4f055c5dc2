"""What a prediction is asked with: rows as JSON, a CSV text, or a picture; into one tensor."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import torch

from .picture import PictureError, read_picture

ROWS_LIMIT = 10_000


class InputError(ValueError):
    """What was sent is no input of this model, in words for people."""


def read_inputs(given: dict[str, Any], content: str, body: bytes) -> torch.Tensor:
    """Return the inputs, one a row; raises InputError."""
    if content == "json":
        rows = _json_rows(given, body)
    elif content == "csv":
        rows = _csv_rows(given, body)
    elif content == "picture":
        return _picture(given, body)
    else:
        raise InputError(f"'{content}' is no kind of input.")
    if not rows:
        raise InputError("There is no row in it.")
    if len(rows) > ROWS_LIMIT:
        raise InputError(f"{len(rows)} rows came, and {ROWS_LIMIT} are taken at once.")
    values = torch.tensor(rows, dtype=torch.float32)
    if not bool(torch.isfinite(values).all()):
        raise InputError("A value is not finite.")
    return values.reshape(len(rows), *shape_of(given))


def shape_of(given: dict[str, Any]) -> tuple[int, ...]:
    """Return the shape of one input."""
    if given["kind"] == "table":
        return (len(given["columns"]),)
    return (int(given["channels"]), int(given["height"]), int(given["width"]))


def _size(given: dict[str, Any]) -> int:
    count = 1
    for number in shape_of(given):
        count *= number
    return count


def _json_rows(given: dict[str, Any], body: bytes) -> list[list[float]]:
    try:
        content = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise InputError("The body is not JSON.") from error
    rows = content.get("rows") if isinstance(content, dict) else content
    if not isinstance(rows, list):
        raise InputError('Send {"rows": [[...], ...]}, one list a row.')
    return [_row(given, row, place) for place, row in enumerate(rows[: ROWS_LIMIT + 1], 1)]


def _row(given: dict[str, Any], row: Any, place: int) -> list[float]:
    if isinstance(row, dict):
        lacking = [name for name in given["columns"] if name not in row]
        if lacking:
            raise InputError(f"Row {place} has no {lacking[0]}.")
        row = [row[name] for name in given["columns"]]
    flat = _flat(row, place)
    if len(flat) != _size(given):
        raise InputError(f"Row {place} has {len(flat)} values, and the model takes {_size(given)}.")
    return flat


def _flat(row: Any, place: int) -> list[float]:
    found: list[float] = []
    waiting = [row]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        else:
            found.append(_number(item, place))
    return found


def _number(value: Any, place: int) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise InputError(f"Row {place}: {str(value)[:40]!r} is no number.")
    try:
        return float(value)
    except (ValueError, OverflowError) as error:
        raise InputError(f"Row {place}: {str(value)[:40]!r} is no number.") from error


def _csv_rows(given: dict[str, Any], body: bytes) -> list[list[float]]:
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"The body is no CSV text: {error}.") from error
    lines = [line for line in lines if any(cell.strip() for cell in line)]
    columns = given["columns"]
    if not lines:
        return []
    head = [cell.strip() for cell in lines[0]]
    if not columns or not set(head) & set(columns):
        return [_row(given, line, place) for place, line in enumerate(lines, 1)]
    lacking = [name for name in columns if name not in head]
    if lacking:
        raise InputError(f"The CSV's first line names no column {lacking[0]}.")
    places = [head.index(name) for name in columns]
    rows = []
    for number, line in enumerate(lines[1:], 2):
        if len(line) < len(head):
            raise InputError(f"Line {number} has {len(line)} cells, and the first has {len(head)}.")
        rows.append([_number(line[place], number) for place in places])
    return rows


def _picture(given: dict[str, Any], body: bytes) -> torch.Tensor:
    if given["kind"] != "image":
        raise InputError("This model takes rows of a table, no picture.")
    try:
        pixels = read_picture(body)  # height, width, 1 or 3
    except PictureError as error:
        raise InputError(str(error)) from error
    values = torch.from_numpy(pixels).float().permute(2, 0, 1).unsqueeze(0)
    channels, height, width = shape_of(given)
    if channels == 1 and values.shape[1] == 3:
        weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
        values = (values * weights).sum(1, keepdim=True)
    elif channels == 3 and values.shape[1] == 1:
        values = values.expand(-1, 3, -1, -1)
    if values.shape[2:] != (height, width):
        values = torch.nn.functional.interpolate(
            values, (height, width), mode="bilinear", antialias=True, align_corners=False
        )
    return values.contiguous()
