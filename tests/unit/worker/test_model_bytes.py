"""Models as safetensors without copying, and what is found wrong with an update."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load

from agent_core.worker.engines.codec import Packer, Tensor, unpack
from agent_core.worker.engines.model_bytes import (
    NotAModelError,
    faults,
    laid_as_model,
    safetensors,
)
from agent_core.worker.inbox import HeldBlob


def tensor(name: str, array: np.ndarray, stype: str = "numpy.ndarray") -> Tensor:
    """Return an array as Flower carries it."""
    stream = io.BytesIO()
    np.save(stream, array, allow_pickle=False)
    return Tensor(name, str(array.dtype), array.shape, stype, stream.getvalue())


dtypes = st.sampled_from(["<f8", "<f4", "<f2", "<i8", "<i4", "|u1", "|b1", ">f4", ">i2"])


@given(
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(
            lambda name: name != "__metadata__"
        ),
        dtypes.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(max_side=4))),
        max_size=4,
    ),
    st.booleans(),
)
def test_model_reads_back_with_the_real_library(
    arrays: dict[str, np.ndarray], fortran: bool
) -> None:
    """Names, shapes and every bit are there, whatever the order in memory was."""
    order = "F" if fortran else "C"
    stored = [tensor(name, np.asarray(array, order=order)) for name, array in arrays.items()]

    blob = safetensors(stored)
    content = b"".join(blob.parts)
    found = load(content)

    assert blob.size == len(content)
    assert set(found) == set(arrays)
    for name, array in arrays.items():
        assert found[name].shape == array.shape
        np.testing.assert_array_equal(found[name], array)


def test_big_tensors_are_not_copied() -> None:
    """The parts of the blob are views of the bytes that the app made."""
    big = tensor("w", np.zeros(100_000, dtype=np.float32))

    part = safetensors([big]).parts[1]

    assert isinstance(part, memoryview)
    assert part.obj is big.data


@given(
    st.dictionaries(
        st.sampled_from(["w", "b", "__metadata__", "ü", ""]),
        dtypes.flatmap(lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_side=4))),
        max_size=4,
    ),
    st.booleans(),
)
def test_message_whose_blob_is_a_model_brings_every_byte(
    arrays: dict[str, np.ndarray], fortran: bool
) -> None:
    """What arrives is what was packed, head and all; where it can, the blob is the model file."""
    order = "F" if fortran else "C"
    sent = [tensor(name, np.asarray(array, order=order)) for name, array in arrays.items()]

    packed = Packer(layout=laid_as_model).pack({}, [sent])
    held = {blob.sha256: HeldBlob(b"".join(blob.parts)) for blob in packed.blobs}

    assert unpack(packed.body, held)[1] == [sent]
    assert unpack(packed.body, held)[1] == [sent]  # cut once


def test_global_model_is_one_object_as_message_and_as_model() -> None:
    """The round's model has the name that its tensors have in the store."""
    arrays = [tensor("w", np.ones((3, 2), dtype=np.float32)), tensor("b", np.zeros(2))]

    packed = Packer(layout=laid_as_model).pack({}, [arrays])

    assert packed.blobs[0].sha256 == safetensors(arrays).sha256
    found = load(b"".join(packed.blobs[0].parts))
    np.testing.assert_array_equal(found["w"], np.ones((3, 2)))


def test_arrays_that_are_no_model_travel_whole() -> None:
    """Two of one name, and what no NumPy made, have a form of their own."""
    twice = [tensor("w", np.ones(2)), tensor("w", np.zeros(2))]

    laid = laid_as_model(twice)

    assert laid.heads == []
    assert list(laid.blob.parts) == [one.data for one in twice]
    with pytest.raises(NotAModelError, match="two things"):
        safetensors(twice)


@pytest.mark.parametrize(
    "bad",
    [
        tensor("c", np.zeros(2, dtype=np.complex64)),
        tensor("s", np.array(["text"])),
        tensor("x", np.zeros(2), stype="torch.tensor"),
        Tensor("cut", "float64", (2,), "numpy.ndarray", tensor("cut", np.zeros(2)).data[:-1]),
        Tensor("junk", "float32", (2,), "numpy.ndarray", b"no numpy file"),
    ],
)
def test_what_has_no_safetensors_form_is_refused(bad: Tensor) -> None:
    """The reason names the array."""
    with pytest.raises(NotAModelError, match=bad.name):
        safetensors([bad])


def test_S6_faults_of_an_update_are_named() -> None:
    """NaN, infinity, a wrong shape and unreadable bytes; a good update has none."""
    model = [tensor("w", np.zeros((2, 2), dtype=np.float32)), tensor("b", np.zeros(2))]
    good = [tensor("w", np.ones((2, 2), dtype=np.float32)), tensor("b", np.ones(2))]
    broken = [
        tensor("w", np.array([[1, np.nan]], dtype=np.float32)),
        Tensor("b", "float64", (2,), "numpy.ndarray", b"\x93NUMPY junk"),
    ]

    assert faults(good, model) == []
    assert faults(broken, model) == [
        "has 'w' of shape [1, 2], not [2, 2]",
        "has NaN or infinite values in 'w'",
        "has an unreadable array 'b'",
    ]


def test_large_finite_values_are_no_fault() -> None:
    """A sum that overflows is looked at again."""
    huge = np.full(4, 3e38, dtype=np.float32)

    assert faults([tensor("w", huge)], []) == []


def test_S2_object_arrays_are_never_unpickled() -> None:
    """A pickled array is a fault, not a program."""
    stream = io.BytesIO()
    np.save(stream, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    update = [Tensor("w", "object", (1,), "numpy.ndarray", stream.getvalue())]

    assert faults(update, []) == ["has an unreadable array 'w'"]
