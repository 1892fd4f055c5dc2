"""A round's global model as a safetensors file, made from .npy bytes without copying tensors."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import io
import json
import math

import numpy as np

from ..reporter import Blob
from .codec import Laid, TensorSet, blob_of, end_to_end

DTYPES = {
    "float64": "F64", "float32": "F32", "float16": "F16", "int64": "I64", "int32": "I32",
    "int16": "I16", "int8": "I8", "uint64": "U64", "uint32": "U32", "uint16": "U16",
    "uint8": "U8", "bool": "BOOL",
}  # fmt: skip


class NotAModelError(ValueError):
    """These arrays have no safetensors form."""


def npy_view(data: bytes) -> tuple[np.dtype, tuple[int, ...], bool, memoryview]:
    """Return type, shape, whether Fortran-ordered, and raw values of a .npy file."""
    stream = io.BytesIO(data)
    version = np.lib.format.read_magic(stream)
    reading = (
        np.lib.format.read_array_header_1_0
        if version == (1, 0)
        else np.lib.format.read_array_header_2_0
    )
    shape, fortran, dtype = reading(stream)
    return dtype, shape, fortran, memoryview(data)[stream.tell() :]


def array_of(data: bytes) -> np.ndarray:
    """Return the array of a .npy file as a read-only view of its bytes."""
    dtype, shape, fortran, raw = npy_view(data)
    if dtype.hasobject:
        raise NotAModelError("an array holds Python objects")
    return np.frombuffer(raw, dtype).reshape(shape, order="F" if fortran else "C")


def laid_as_model(tensors: TensorSet) -> Laid:
    """Lay arrays as the model file which they are, or whole where they are none.

    The same arrays as a message's and as a round's model are then the same object in the store.
    """
    try:
        blob = safetensors(tensors)
    except NotAModelError:
        return end_to_end(tensors)
    heads = [
        tensor.data[: len(tensor.data) - len(part)]
        for tensor, part in zip(tensors, blob.parts[1:], strict=True)
        if isinstance(part, memoryview)  # of the array's own bytes; others were rearranged
    ]
    if not heads or len(heads) < len(tensors):
        return end_to_end(tensors)
    return Laid(blob, len(blob.parts[0]), heads)


def safetensors(tensors: TensorSet) -> Blob:
    """Return a safetensors file of named arrays; raises NotAModelError."""
    header: dict[str, object] = {}
    parts: list[bytes | memoryview] = []
    end = 0
    for tensor in tensors:
        if tensor.name in header or tensor.name == "__metadata__":
            raise NotAModelError(f"'{tensor.name}' names two things")
        dtype, shape, raw = _values(tensor.name, tensor.stype, tensor.data)
        header[tensor.name] = {
            "dtype": dtype, "shape": list(shape), "data_offsets": [end, end + len(raw)],
        }  # fmt: skip
        end += len(raw)
        parts.append(raw)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return blob_of([len(text).to_bytes(8, "little") + text, *parts])


def _values(name: str, stype: str, data: bytes) -> tuple[str, tuple[int, ...], bytes | memoryview]:
    if stype != "numpy.ndarray":
        raise NotAModelError(f"'{name}' is serialised as '{stype}'")
    try:
        dtype, shape, fortran, raw = npy_view(data)
    except (ValueError, EOFError) as error:
        raise NotAModelError(f"'{name}' is no NumPy array") from error
    if dtype.name not in DTYPES:
        raise NotAModelError(f"'{name}' has type {dtype.name}")
    if len(raw) != math.prod(shape) * dtype.itemsize:
        raise NotAModelError(f"'{name}' is cut")
    if fortran or dtype.byteorder == ">":
        array = np.ascontiguousarray(array_of(data), dtype.newbyteorder("<"))
        return DTYPES[dtype.name], shape, array.tobytes()
    return DTYPES[dtype.name], shape, raw


def faults(update: TensorSet, model: TensorSet) -> list[str]:
    """Return what is wrong with a silo's update: NaN, infinity, another shape than was sent."""
    found = []
    shapes = {tensor.name: tensor for tensor in model}
    for tensor in update:
        if tensor.stype != "numpy.ndarray":
            continue
        try:
            array = array_of(tensor.data)
        except (ValueError, EOFError):
            found.append(f"has an unreadable array '{tensor.name}'")
            continue
        if tensor.name in shapes and tensor.shape != shapes[tensor.name].shape:
            expected = list(shapes[tensor.name].shape)
            found.append(f"has '{tensor.name}' of shape {list(tensor.shape)}, not {expected}")
        if array.dtype.kind == "f" and not _is_finite(array):
            found.append(f"has NaN or infinite values in '{tensor.name}'")
    return found


def _is_finite(array: np.ndarray) -> bool:
    with np.errstate(all="ignore"):
        # One sum finds NaN and infinity; only a sum that overflowed needs the slow look.
        return bool(np.isfinite(array.sum())) or bool(np.isfinite(array).all())
