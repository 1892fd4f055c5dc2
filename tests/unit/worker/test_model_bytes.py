"""Models as safetensors without copying, and what is found wrong with an update."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load

from agent_core.worker.engines.codec import Tensor
from agent_core.worker.engines.model_bytes import NotAModelError, faults, safetensors


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

    blob = safetensors(stored, {"round": "3"})
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

    part = safetensors([big], {}).parts[1]

    assert isinstance(part, memoryview)
    assert part.obj is big.data


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
        safetensors([bad], {})


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
