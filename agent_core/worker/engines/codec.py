"""Messages between jobs: a JSON header and tensor bytes in blobs named by content; no pickle.

Standard library only. A message carries sets of arrays (Flower's ArrayRecords); the bytes of one
set are one blob, so that the same set in several messages is hashed, sent and stored once. Where a
set has the form of a model file (engines/model_bytes.py), that file is its blob, and what the file
lacks of each array's bytes (`heads`) is in the message: a global model is stored once, too.
"""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import base64
import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..inbox import HeldBlob
from ..reporter import Blob

SETS_REMEMBERED = 2
HEAD_LIMIT = 1024  # bytes of one array's head; a message of many must not fill the memory
BYTES_KEY = "$bytes"


class CodecError(ValueError):
    """What another job sent is no message."""


@dataclass(frozen=True)
class Tensor:
    """One named array as it travels: `data` is what `stype` says, for NumPy a whole .npy file."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    stype: str
    data: bytes


TensorSet = list[Tensor]


@dataclass(frozen=True)
class Laid:
    """Arrays as they lie in a blob: `lead` bytes, then what follows its head of each array."""

    blob: Blob
    lead: int = 0
    heads: list[bytes] = field(default_factory=list)  # none: arrays lie there whole


Layout = Callable[[TensorSet], Laid]


@dataclass(frozen=True)
class Packed:
    """A message ready to be sent."""

    body: bytes
    blobs: list[Blob]


class Packer:
    """Turn messages into bytes; a set of arrays that was packed lately is not hashed again."""

    def __init__(self, remembered: int = SETS_REMEMBERED, layout: Layout | None = None) -> None:
        self._remembered = remembered
        self._layout = layout or end_to_end
        self._recent: OrderedDict[tuple[int, ...], tuple[Laid, list[bytes]]] = OrderedDict()

    def pack(self, header: Mapping[str, Any], sets: Sequence[TensorSet] = ()) -> Packed:
        """Return body and blobs of a message."""
        specs = []
        blobs: dict[str, Blob] = {}
        for tensors in sets:
            laid = self.laid(tensors)
            blob = laid.blob
            if blob.size:
                blobs[blob.sha256] = blob
            spec: dict[str, Any] = {
                "blob": blob.sha256 if blob.size else "",
                "arrays": [[t.name, t.dtype, t.shape, t.stype, len(t.data)] for t in tensors],
            }
            if laid.heads:
                spec |= {"lead": laid.lead, "heads": [_squeezed(head) for head in laid.heads]}
            specs.append(spec)
        content = {**header, "sets": specs}
        body = json.dumps(content, separators=(",", ":"), default=_plain).encode()
        return Packed(body, list(blobs.values()))

    def laid(self, tensors: TensorSet) -> Laid:
        """Return how a set of arrays lies in its blob."""
        pieces = [tensor.data for tensor in tensors]
        # The pieces are kept with the entry, so an identity cannot be reused while it is a key.
        key = tuple(id(piece) for piece in pieces)
        if key in self._recent:
            self._recent.move_to_end(key)
            return self._recent[key][0]
        laid = self._layout(tensors)
        self._recent[key] = (laid, pieces)
        while len(self._recent) > self._remembered:
            self._recent.popitem(last=False)
        return laid


def end_to_end(tensors: TensorSet) -> Laid:
    """Lay whole arrays one after the other."""
    return Laid(blob_of([tensor.data for tensor in tensors]))


def blob_of(pieces: Sequence[bytes | memoryview]) -> Blob:
    """Return the blob that the concatenation of some bytes is, without concatenating them."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(piece)
    return Blob(digest.hexdigest(), sum(len(piece) for piece in pieces), pieces)


def unpack(
    body: bytes | bytearray, blobs: Mapping[str, HeldBlob]
) -> tuple[dict[str, Any], list[TensorSet]]:
    """Return header and sets of arrays of a message; raises CodecError."""
    try:
        header = json.loads(body, object_hook=_bytes_again)
        specs = header.pop("sets")
        sets = [_read_set(spec, blobs) for spec in specs]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise CodecError(f"It is no message of a job: {error}") from error
    return header, sets


def _read_set(spec: dict[str, Any], blobs: Mapping[str, HeldBlob]) -> TensorSet:
    held = blobs[spec["blob"]] if spec["blob"] else HeldBlob(b"")
    sizes = tuple(int(entry[4]) for entry in spec["arrays"])
    heads = tuple(_whole(*head) for head in spec.get("heads") or ())
    pieces = held.pieces(sizes, heads, int(spec.get("lead") or 0))
    tensors = []
    for (name, dtype, shape, stype, _), data in zip(spec["arrays"], pieces, strict=True):
        if not all(isinstance(text, str) for text in (name, dtype, stype)):
            raise CodecError("an array's name or type is no text")
        if not all(isinstance(n, int) for n in shape):
            raise CodecError("an array's shape is no number")
        tensors.append(Tensor(name, dtype, tuple(shape), stype, data))
    return tensors


def _squeezed(head: bytes) -> tuple[str, int]:
    """Return a head without the spaces before its last byte, and its length; see _whole."""
    return head[:-1].rstrip(b" ").decode("latin-1") + head[-1:].decode("latin-1"), len(head)


def _whole(text: str, length: int) -> bytes:
    head = text.encode("latin-1")
    if not len(head) <= length <= HEAD_LIMIT:
        raise CodecError("an array's head has a wrong length")
    return head[:-1].ljust(length - 1) + head[-1:]


def _plain(value: object) -> Any:
    """Return what JSON has no word for: bytes, and the scalars of array libraries."""
    if isinstance(value, bytes | bytearray):
        return {BYTES_KEY: base64.b64encode(value).decode()}
    item = getattr(value, "item", None)
    if callable(item):
        return item()
    message = f"a value of type {type(value).__name__} cannot travel between jobs"
    raise TypeError(message)


def _bytes_again(pairs: dict[str, Any]) -> Any:
    if len(pairs) == 1 and isinstance(pairs.get(BYTES_KEY), str):
        return base64.b64decode(pairs[BYTES_KEY], validate=True)
    return pairs
