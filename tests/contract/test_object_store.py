"""What hub and agents rely on from an object store, against the embedded seaweedfs."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from helpers.services import ServicesThread, shared_services, wait_for

from agent_core.errors import (
    ConflictError,
    ForbiddenError,
    LimitError,
    NotFoundError,
    ProtocolError,
    ServiceError,
    StorageError,
    UnreachableError,
)
from agent_core.hub.objects import SINGLE_LIMIT, ObjectStore
from agent_core.transport.objects import download, upload

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServicesThread]:
    with shared_services(tmp_path_factory.mktemp("store")) as thread:
        yield thread


@pytest.fixture
def store(services: ServicesThread) -> ObjectStore:
    return services.services.objects


def content(size: int, seed: int = 1) -> bytes:
    """Return bytes that no two sizes or seeds share."""
    block = hashlib.shake_128(f"{size} {seed}".encode()).digest(min(size, 65536))
    return (block * (size // max(len(block), 1) + 1))[:size]


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def put(store: ObjectStore, key: str, path: Path) -> dict[str, Any]:
    where = store.presign_put(key, path.stat().st_size)
    store.complete(key, where["upload_id"], upload(where["parts"], path, where["part_size"]))
    return where


@pytest.mark.parametrize("size", [0, 32_000, SINGLE_LIMIT + 3])
def test_what_was_put_together_stays_and_is_hashed_in_the_store(
    store: ObjectStore, tmp_path: Path, size: int
) -> None:
    path = tmp_path / "model"
    path.write_bytes(content(size))
    where = store.presign_put(f"models/{size}", size, in_parts=True)
    parts = upload(where["parts"], path, where["part_size"])
    assert store.head(f"models/{size}") is None
    store.complete(f"models/{size}", where["upload_id"], parts)
    assert store.sha256(f"models/{size}") == sha(path.read_bytes())

    late = requests.put(where["parts"][0]["url"], data=b"other bytes", timeout=10)
    store.complete(f"models/{size}", where["upload_id"], parts)  # the same words again
    assert store.sha256(f"models/{size}") == sha(path.read_bytes()), late.status_code
    with pytest.raises(NotFoundError):
        store.sha256("models/none")


def test_uploads_that_never_end_are_dropped(store: ObjectStore, tmp_path: Path) -> None:
    path = tmp_path / "model"
    path.write_bytes(content(1000))
    begun = {name: store.presign_put(f"models/9/{name}", 1000, in_parts=True) for name in "ab"}
    parts = {name: upload(put["parts"], path, put["part_size"]) for name, put in begun.items()}
    store.complete("models/9/a", begun["a"]["upload_id"], parts["a"])
    store.drop_unfinished("models/9/")
    assert store.head("models/9/a") == 1000
    with pytest.raises(ConflictError):
        store.complete("models/9/b", begun["b"]["upload_id"], parts["b"])


@pytest.mark.parametrize("size", [0, 1, 32_000, 5 * MIB + 3])
def test_one_put_carries_a_file_there_and_back(
    store: ObjectStore, tmp_path: Path, size: int
) -> None:
    data = content(size)
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(data)
    key = f"packages/{sha(data)}.zip"
    where = put(store, key, source)
    assert where["upload_id"] == ""
    assert [part["number"] for part in where["parts"]] == [1]
    assert store.head(key) == size
    seen: list[tuple[int, int]] = []
    download(
        store.presign_get(key), target, sha(data), size, lambda done, of: seen.append((done, of))
    )
    assert target.read_bytes() == data
    assert not size or seen[-1] == (size, size)
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_large_files_go_in_parts_and_an_interrupted_upload_goes_on(
    store: ObjectStore, tmp_path: Path
) -> None:
    size = SINGLE_LIMIT + 3 * MIB
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content(size))
    where = store.presign_put("big", size, 16 * MIB)
    assert where["upload_id"]
    assert [part["number"] for part in where["parts"]] == [1, 2, 3, 4, 5]
    done: dict[int, str] = {}
    upload(where["parts"][:3], source, where["part_size"], done=done)
    assert sorted(done) == [1, 2, 3]
    blocked = [{**part, "url": "http://127.0.0.1:1/"} for part in where["parts"][:3]]
    sent: list[int] = []
    tags = upload(
        [*blocked, *where["parts"][3:]], source, where["part_size"],
        lambda count, _: sent.append(count), done,
    )  # fmt: skip
    assert [tag["number"] for tag in tags] == [1, 2, 3, 4, 5]
    assert sent == sorted(sent)
    assert sent[-1] == size
    store.complete("big", where["upload_id"], tags)
    store.complete("big", where["upload_id"], tags)  # the first answer may have been lost
    assert store.head("big") == size
    download(store.presign_get("big"), target, sha(source.read_bytes()), size)
    store.delete_prefix("big")


def test_parts_that_do_not_fit_are_refused(store: ObjectStore) -> None:
    where = store.presign_put("broken", SINGLE_LIMIT + 1)
    with pytest.raises(ConflictError) as told:
        store.complete("broken", where["upload_id"], [{"number": 1, "etag": "0" * 32}])
    assert told.value.next_step
    assert store.head("broken") is None


def test_a_download_goes_on_where_it_stopped(store: ObjectStore, tmp_path: Path) -> None:
    data = content(6 * MIB)
    store.put_bytes("resumed", data)
    target = tmp_path / "target"
    (tmp_path / ".target.part").write_bytes(data[: 4 * MIB])
    seen: list[int] = []
    download(
        store.presign_get("resumed"), target, sha(data), len(data), lambda n, _: seen.append(n)
    )
    assert target.read_bytes() == data
    assert seen[0] > 4 * MIB, "only what was missing came"


def test_a_damaged_beginning_is_thrown_away_and_fetched_again(
    store: ObjectStore, tmp_path: Path
) -> None:
    data = content(3 * MIB)
    store.put_bytes("damaged", data)
    target = tmp_path / "target"
    (tmp_path / ".target.part").write_bytes(b"?" * MIB)
    download(store.presign_get("damaged"), target, sha(data), len(data))
    assert target.read_bytes() == data


def test_s1_other_bytes_than_announced_are_never_used(store: ObjectStore, tmp_path: Path) -> None:
    store.put_bytes("forged", b"forged!")
    with pytest.raises(ProtocolError) as told:
        download(store.presign_get("forged"), tmp_path / "target", sha(b"honest!"), 7)
    assert told.value.code == "protocol.hash"
    with pytest.raises(ProtocolError):
        download(store.presign_get("forged"), tmp_path / "target", sha(b"forg"), 4)
    assert not (tmp_path / "target").exists()


def test_ranges_are_served(store: ObjectStore) -> None:
    data = content(300_000)
    store.put_bytes("ranged", data)
    answer = requests.get(
        store.presign_get("ranged"), headers={"Range": "bytes=1000-1999"}, timeout=10
    )
    assert answer.status_code == 206
    assert answer.content == data[1000:2000]


def test_addresses_are_for_one_object_and_one_verb_and_for_a_time(
    store: ObjectStore, tmp_path: Path
) -> None:
    store.put_bytes("mine", b"mine")
    store.put_bytes("other", b"other")
    url = store.presign_get("mine")
    assert requests.get(url, timeout=10).content == b"mine"
    assert requests.get(url.replace("/mine", "/other"), timeout=10).status_code == 403
    assert requests.put(url, data=b"x", timeout=10).status_code == 403
    assert requests.delete(url, timeout=10).status_code == 403
    (tmp_path / "f").write_bytes(b"x")
    with pytest.raises(ForbiddenError) as told:
        upload([{"number": 1, "url": url}], tmp_path / "f", 1)
    assert told.value.next_step
    assert store.get_bytes("mine") == b"mine"


def test_an_expired_address_is_renewed_by_whoever_knows_a_new_one(
    store: ObjectStore, tmp_path: Path
) -> None:
    store.put_bytes("late", b"late")
    url = store.presign_get("late", 1)
    wait_for(lambda: requests.get(url, timeout=10).status_code == 403, "the address expires")
    with pytest.raises(ForbiddenError):
        download(url, tmp_path / "a", sha(b"late"), 4)
    asked: list[int] = []

    def renewed() -> str:
        asked.append(1)
        return store.presign_get("late", 600)

    download(url, tmp_path / "b", sha(b"late"), 4, refresh_url=renewed)
    assert (tmp_path / "b").read_bytes() == b"late"
    assert asked == [1]


def test_addresses_are_remembered_but_not_beyond_half_their_time(store: ObjectStore) -> None:
    assert store.presign_get("k", 3600) == store.presign_get("k", 3600)
    assert store.presign_get("k", 3600) != store.presign_get("j", 3600)
    first = store.presign_get("k", 2)
    wait_for(lambda: store.presign_get("k", 2) != first, "a fresh address")


def test_s5_without_the_right_key_nothing_is_served(
    services: ServicesThread, store: ObjectStore
) -> None:
    e = services.endpoints
    store.put_bytes("secret", b"secret")
    assert requests.get(f"{e.s3_url}/{e.bucket}/secret", timeout=10).status_code == 403
    assert requests.get(f"{e.s3_url}/", timeout=10).status_code == 403
    for access_key, secret_key in ((e.s3_access_key, "wrong"), ("unknown", e.s3_secret_key)):
        stranger = ObjectStore(e.s3_url, access_key, secret_key, e.bucket)
        with pytest.raises(ServiceError) as told:
            stranger.get_bytes("secret")
        assert "key" in told.value.next_step
        with pytest.raises(ServiceError):
            stranger.put_bytes("secret", b"changed")
        stranger.close()
    assert store.get_bytes("secret") == b"secret"


def test_s5_the_stores_inner_ports_serve_nothing_without_its_keys(
    services: ServicesThread, store: ObjectStore
) -> None:
    store.put_bytes("inner/secret", b"secret of the inner ports")
    ports = services.services.store_ports
    for name in ("filer", "volume", "master", "admin"):
        for path in (
            "/buckets/silodesk/inner/secret", "/buckets/?pretty=y", "/1,01", "/", "/status",
        ):  # fmt: skip
            try:
                answer = requests.get(f"http://127.0.0.1:{ports[name]}{path}", timeout=10)
            except requests.ConnectionError:
                continue
            assert b"secret of the inner" not in answer.content, (name, path)
    filer = f"http://127.0.0.1:{ports['filer']}/buckets/silodesk/inner/secret"
    assert requests.put(filer, data=b"changed", timeout=10).status_code == 401
    assert requests.delete(filer, timeout=10).status_code == 401
    assert store.get_bytes("inner/secret") == b"secret of the inner ports"


def test_whole_prefixes_are_deleted_and_nothing_beside_them(store: ObjectStore) -> None:
    for number in range(30):
        store.put_bytes(f"runs/7/{number}/x", b"x")
    store.put_bytes("runs/70/1/x", b"kept")
    store.delete_prefix("runs/7/")
    assert store.head("runs/7/0/x") is None
    assert store.head("runs/7/29/x") is None
    assert store.get_bytes("runs/70/1/x") == b"kept"
    store.delete_prefix("runs/7/")
    with pytest.raises(LimitError):
        store.delete_prefix("")


def test_named_objects_are_deleted_and_nothing_beside_them(store: ObjectStore) -> None:
    for name in ("a", "ab", "b"):
        store.put_bytes(f"models/8/{name}", b"x")
    store.delete(["models/8/a", "models/8/b", "models/8/never-there"])
    assert store.head("models/8/a") is None
    assert store.head("models/8/b") is None
    assert store.get_bytes("models/8/ab") == b"x"
    store.delete([])


def test_what_is_missing_is_said(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        store.get_bytes("nowhere")
    with pytest.raises(NotFoundError):
        store.get_file("nowhere", tmp_path / "x")
    with pytest.raises(NotFoundError) as told:
        download(store.presign_get("nowhere"), tmp_path / "x", sha(b""), 1)
    assert told.value.code == "missing.object"


def test_files_are_fetched_and_stored_by_the_hub(store: ObjectStore, tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(content(200_000))
    store.put_file("file", source)
    store.get_file("file", target)
    assert target.read_bytes() == source.read_bytes()
    with pytest.raises(StorageError):
        store.get_file("file", tmp_path / "no folder" / "x")


def test_r1_the_store_comes_back_after_kill_9_with_what_it_had(
    services: ServicesThread, store: ObjectStore, tmp_path: Path
) -> None:
    data = content(2 * MIB, 9)
    store.put_bytes("kept", data)
    pid = services.services.pids()["store"]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    # The agent's own retries carry a download over the restart.
    download(store.presign_get("kept"), tmp_path / "kept", sha(data), len(data))
    assert (tmp_path / "kept").read_bytes() == data
    wait_for(lambda: services.services.faults()["store"] == "", "the supervisor is content", 30)

    def writes() -> bool:
        try:
            store.put_bytes("after", b"after")
        except UnreachableError:
            return False
        return True

    wait_for(writes, "the store takes new objects", 30)
    assert store.get_bytes("after") == b"after"
