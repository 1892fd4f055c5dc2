"""MNIST from IDX files, dealt to users by a power law over two digits each."""

import gzip
from functools import lru_cache
from pathlib import Path

import numpy as np


@lru_cache(maxsize=4)
def read_idx(folder: str, name: str) -> np.ndarray:
    """Return the array of an IDX file, gzipped or not."""
    path = Path(folder) / name
    packed = path.with_name(name + ".gz")
    if packed.is_file():
        data = gzip.decompress(packed.read_bytes())
    elif path.is_file():
        data = path.read_bytes()
    else:
        raise FileNotFoundError(f"{packed} is missing: this job reads MNIST's IDX files")
    dimensions = data[3]
    shape = np.frombuffer(data, ">i4", dimensions, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


@lru_cache(maxsize=1)
def deal(folder: str, users: int, seed: int) -> tuple[list[list[tuple[int, int]]], np.ndarray]:
    """Return each user's two stretches of the images ordered by digit, and that order.

    Every user gets five images of two neighbouring digits, then a share that follows a
    log-normal law, as LEAF and FedProx deal MNIST.
    """
    labels = read_idx(folder, "train-labels-idx1-ubyte")
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels, minlength=10)
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    shares = np.random.default_rng(seed).lognormal(0, 2.0, (10, -(-users // 10), 2))
    spare = counts - 2 * 5 * -(-users // 10)
    shares = shares / shares.sum(axis=(1, 2), keepdims=True) * spare[:, None, None]
    taken = np.zeros(10, dtype=int)
    stretches = []
    for user in range(users):
        mine = []
        for half in range(2):
            digit = (user + half) % 10
            size = min(5 + int(shares[digit, user // 10, half]), counts[digit] - taken[digit])
            first = starts[digit] + taken[digit]
            mine.append((int(first), int(first + size)))
            taken[digit] += size
        stretches.append(mine)
    return stretches, order


@lru_cache(maxsize=1)
def pixel_scale(folder: str) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and deviation of each pixel over the training images."""
    images = read_idx(folder, "train-images-idx3-ubyte")
    images = images.reshape(len(images), -1)
    total, squares = np.zeros(images.shape[1]), np.zeros(images.shape[1])
    for part in np.array_split(images, 12):
        values = part.astype(np.float32)
        total += values.sum(0)
        squares += np.einsum("ij,ij->j", values, values)
    mean = total / len(images)
    deviation = np.sqrt(np.maximum(squares / len(images) - mean**2, 0))
    return mean.astype(np.float32), (deviation + 0.001).astype(np.float32)


def rows(folder: str, images: np.ndarray) -> np.ndarray:
    """Return images as rows whose pixels are standardised, as LEAF and FedML do it."""
    mean, deviation = pixel_scale(folder)
    return (images.reshape(len(images), -1) - mean) / deviation


def user_data(folder: str, user: int, users: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return images (one row each) and labels of one user."""
    stretches, order = deal(folder, users, seed)
    chosen = np.concatenate([order[first:last] for first, last in stretches[user]])
    images = read_idx(folder, "train-images-idx3-ubyte")[chosen]
    labels = read_idx(folder, "train-labels-idx1-ubyte")[chosen]
    return rows(folder, images), labels.astype(np.int64)


@lru_cache(maxsize=1)
def test_share(folder: str, part: int, parts: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one part of the 10,000 test images, and their labels."""
    images = read_idx(folder, "t10k-images-idx3-ubyte")[part::parts]
    labels = read_idx(folder, "t10k-labels-idx1-ubyte")[part::parts]
    return rows(folder, images), labels.astype(np.int64)
