"""The samples' data: dealt and split as their READMEs say."""

from __future__ import annotations

import csv
import gzip
import importlib.util
import struct
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

SAMPLES = Path(__file__).resolve().parents[3] / "resources" / "samples"
USERS = 1000


@pytest.fixture
def mnist() -> ModuleType:
    """Return the module of the MNIST client that reads and deals, with empty caches."""
    path = SAMPLES / "mnist_lr" / "client" / "mnist.py"
    spec = importlib.util.spec_from_file_location("mnist_sample", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def folder(tmp_path: Path) -> str:
    """Return a folder with tiny images in MNIST's form: 14,000 to train, 50 to test."""
    random = np.random.default_rng(0)
    for name, count in (("train", 14_000), ("t10k", 50)):
        labels = random.permutation(np.arange(count) % 10).astype(np.uint8)
        images = np.zeros((count, 4, 4), dtype=np.uint8)
        images[:, 0, 0] = labels * 20
        write(tmp_path / f"{name}-labels-idx1-ubyte.gz", labels)
        write(tmp_path / f"{name}-images-idx3-ubyte.gz", images)
    return str(tmp_path)


def write(path: Path, array: np.ndarray) -> None:
    """Write an IDX file."""
    head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(head + array.tobytes()))


def test_mnist_is_dealt_by_a_power_law_over_two_digits(mnist: ModuleType, folder: str) -> None:
    """Every user has two neighbouring digits, no image is dealt twice, and few users have much."""
    stretches, order = mnist.deal(folder, USERS, 0)
    chosen = [np.concatenate([order[a:b] for a, b in mine]) for mine in stretches]
    labels = mnist.read_idx(folder, "train-labels-idx1-ubyte")

    assert len(stretches) == USERS
    for user, images in enumerate(chosen):
        assert set(labels[images]) <= {user % 10, (user + 1) % 10}
        assert len(images) >= 10
    everything = np.concatenate(chosen)
    assert len(everything) == len(set(everything.tolist()))
    sizes = sorted(len(images) for images in chosen)
    assert sizes[-1] > 5 * sizes[USERS // 2]


def test_mnist_rows_are_standardised_and_belong_to_their_labels(
    mnist: ModuleType, folder: str
) -> None:
    """The one pixel that tells the digit keeps telling it."""
    images, labels = mnist.user_data(folder, 3, USERS, 0)

    mean, deviation = mnist.pixel_scale(folder)
    digits = (images[:, 0] * deviation[0] + mean[0]) / 20
    assert images.shape[1] == 16
    np.testing.assert_allclose(digits, labels, atol=1e-3)


def test_mnist_test_images_are_shared_out_once(mnist: ModuleType, folder: str) -> None:
    """The silos' shares together are all test images."""
    sizes = []
    for part in range(3):
        _, labels = mnist.test_share(folder, part, 3)
        sizes.append(len(labels))

    assert sizes == [17, 17, 16]


def test_mnist_that_is_missing_is_named(mnist: ModuleType, tmp_path: Path) -> None:
    """A wrong folder gives the path, not an index error."""
    with pytest.raises(FileNotFoundError, match=r"train-labels-idx1-ubyte\.gz is missing"):
        mnist.deal(str(tmp_path), USERS, 0)


def test_breast_cancer_table_is_whole_and_split_without_overlap() -> None:
    """569 patients in three hospitals, each patient once."""
    rows = []
    sizes = []
    for silo in (1, 2, 3):
        for name in ("train", "test"):
            path = SAMPLES / "breast_cancer" / "data" / f"silo-{silo}" / f"{name}.csv"
            with path.open(newline="") as file:
                table = list(csv.reader(file))
            assert table[0][0] == "diagnosis"
            assert {len(row) for row in table} == {31}
            rows += [tuple(row) for row in table[1:]]
            sizes.append(len(table) - 1)

    assert len(rows) == len(set(rows)) == 569
    assert sum(row[0] == "M" for row in rows) == 212
    assert sizes[0] > sizes[2] > sizes[4]
