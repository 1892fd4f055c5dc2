"""A dataset's hash is its content; what it holds is told in bounded time, broken files included."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from agent_core.agent.datasets_rows import RowCount
from agent_core.agent.datasets_scan import (
    CancelledScanError,
    entries_of,
    kind_of,
    mark_of,
    scan,
)
from agent_core.errors import UserInputError


def folder(root: Path, files: dict[str, str | bytes]) -> Path:
    """Write files below a folder."""
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return root


def test_the_hash_is_of_paths_and_contents_alone(tmp_path: Path) -> None:
    """Another place and other times are the same data; another name or byte is not."""
    files: dict[str, str | bytes] = {"b/2.csv": "x\n1\n", "a.csv": "x\n2\n"}
    one = scan(folder(tmp_path / "one", files), "csv")
    other = scan(folder(tmp_path / "other", dict(reversed(files.items()))), "csv")
    renamed = scan(folder(tmp_path / "r", {"b/3.csv": "x\n1\n", "a.csv": "x\n2\n"}), "csv")
    changed = scan(folder(tmp_path / "c", {"b/2.csv": "x\n1\n", "a.csv": "x\n3\n"}), "csv")

    assert one.hash == other.hash
    assert len({one.hash, renamed.hash, changed.hash}) == 3
    assert (one.files, one.rows, [c.name for c in one.columns]) == (2, 2, ["x"])


def test_a_mark_tells_of_a_change_without_reading(tmp_path: Path) -> None:
    """The same size at the same time still has another change time."""
    root = folder(tmp_path, {"a.csv": "x\n1\n"})
    before = mark_of(entries_of(root))
    times = root.joinpath("a.csv").stat()

    root.joinpath("a.csv").write_text("x\n2\n")
    os.utime(root / "a.csv", ns=(times.st_atime_ns, times.st_mtime_ns))

    assert mark_of(entries_of(root)) != before


def test_links_are_not_followed(tmp_path: Path) -> None:
    """What they point to is no part of the data, and a person is told."""
    secret = folder(tmp_path / "secret", {"s.csv": "x\n1\n"})
    root = folder(tmp_path / "data", {"a.csv": "x\n1\n"})
    (root / "file").symlink_to(secret / "s.csv")
    (root / "more").symlink_to(secret, target_is_directory=True)

    found = scan(root, "csv")

    assert found.rows == 1
    assert "2 links are not followed" in found.notice


def test_a_single_file_is_a_dataset(tmp_path: Path) -> None:
    """It is known by its name."""
    path = folder(tmp_path, {"t.csv": "a,b\n1,2\n"}) / "t.csv"

    assert kind_of(path) == "csv"
    assert scan(path, "csv").rows == 1


def test_kinds_are_seen_in_names(tmp_path: Path) -> None:
    """Tables, folders of images, and anything else."""
    images = folder(tmp_path / "i", {"cat/1.png": b"1", "cat/2.PNG": b"2", "dog/1.jpg": b"33"})
    parquet = folder(tmp_path / "p", {"x.parquet": b"PAR1"})

    found = scan(images, "images")

    assert [kind_of(images), kind_of(parquet)] == ["images", "parquet"]
    assert [(c.name, c.count, c.size) for c in found.classes] == [("cat", 2, 2), ("dog", 1, 2)]
    assert "Parquet" in scan(parquet, "any").notice


def test_reading_can_be_stopped_and_tells_how_far_it_is(tmp_path: Path) -> None:
    """Chunk by chunk."""
    root = folder(tmp_path, {"a.bin": b"x" * 3_000_000})
    told: list[tuple[int, int]] = []

    with pytest.raises(CancelledScanError):
        scan(root, "any", lambda done, total: told.append((done, total)), lambda: len(told) > 1)

    assert told == [(1_048_576, 3_000_000), (2_097_152, 3_000_000)]


def test_what_is_gone_is_told(tmp_path: Path) -> None:
    """In a sentence with the place."""
    with pytest.raises(UserInputError, match="does not exist"):
        scan(tmp_path / "nothing", "any")


@pytest.mark.parametrize(
    ("text", "rows", "exact"),
    [
        (b"a,b\n1,2\n3,4\n", 3, True),
        (b"a,b\r\n1,2\r\n3,4", 3, True),
        (b'a\n"two\nlines"\nx\n', 3, True),
        (b'a\n"a ""quoted"" one"\n', 2, True),
        (b"a\n\n\n1\n\n", 2, True),
        (b"a\r1\r2\r", 3, True),
        (b"", 0, True),
        (b'a\n5" pipe\n6\n7\n', 4, False),
        (b'""\n""\n', 2, True),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 1000])
def test_rows_are_counted_whatever_the_chunks(
    text: bytes, rows: int, exact: bool, size: int
) -> None:
    """Quoted line ends do not count; an open quote makes it a guess."""
    if b"\r" in text and size < 1000:
        pytest.skip("a bare carriage return is judged by its chunk")
    counter = RowCount()
    for at in range(0, len(text), size):
        counter.take(text[at : at + size])

    assert (counter.rows(), counter.is_exact) == (rows, exact)
