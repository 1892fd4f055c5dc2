"""Secrets: who may read them, which home they belong to, and what happens without a keyring."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import keyring
import keyring.backend
import keyring.errors
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_core import keys
from agent_core.errors import StorageError, UserInputError
from agent_core.keys import (
    CREDENTIALS_VARIABLE,
    CredentialStore,
    FileStore,
    KeyringStore,
    NoKeyStoreError,
    device_key,
    fingerprint_words,
    open_store,
    owner_key,
    public_text,
    short_fingerprint,
)
from agent_core.paths import Home, resources_dir
from agent_core.protocol.signing import sign, verify
from agent_core.settings import Settings


class HeldKeyring(keyring.backend.KeyringBackend):
    """A keyring in memory, as encrypted as the real one to its callers."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.held[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.held[service, username]


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[HeldKeyring]:
    """Put a keyring in place of the machine's."""
    monkeypatch.delenv(CREDENTIALS_VARIABLE, raising=False)
    before = keyring.get_keyring()
    backend = HeldKeyring()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture(params=["file", "keyring"])
def store(request: pytest.FixtureRequest, tmp_path: Path, held: HeldKeyring) -> CredentialStore:
    """Return each kind of store."""
    home = Home(tmp_path / "home")
    return FileStore(tmp_path / "c.json") if request.param == "file" else KeyringStore(home)


def test_every_store_keeps_and_forgets(store: CredentialStore) -> None:
    assert store.get("a") is None
    store.set("a", "1")
    store.set("b", "2")
    store.set("a", "3")
    assert (store.get("a"), store.get("b")) == ("3", "2")
    store.delete("a")
    store.delete("a")
    assert (store.get("a"), store.get("b")) == (None, "2")
    assert store.place


def test_keys_are_made_once_and_differ(store: CredentialStore) -> None:
    owner, device = public_text(owner_key(store)), public_text(device_key(store))
    assert owner != device
    assert public_text(owner_key(store)) == owner
    assert public_text(device_key(store)) == device
    verify(owner, sign(owner_key(store), {"a": 1}), {"a": 1})


def test_a_damaged_key_is_said_and_not_replaced(store: CredentialStore) -> None:
    store.set("owner-key", "short")
    with pytest.raises(StorageError, match="owner-key"):
        owner_key(store)
    assert store.get("owner-key") == "short"


def test_s7_the_file_is_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "new" / "c.json"
    store = FileStore(path)
    key = owner_key(store)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert public_text(key) not in path.read_text()
    assert list(json.loads(path.read_text())) == ["owner-key"]


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666, 0o610])
def test_s7_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "c.json"
    FileStore(path).set("a", "secret-value")
    path.chmod(mode)
    with pytest.raises(UserInputError, match="other accounts") as caught:
        FileStore(path).get("a")
    assert "chmod 600" in caught.value.next_step
    assert "secret-value" not in repr(caught.value) + str(caught.value.to_problem())
    with pytest.raises(UserInputError):
        FileStore(path).set("a", "2")


@pytest.mark.parametrize("content", ["{", "[]", '{"a": 1}', "\xff"])
def test_a_damaged_file_is_said_and_kept(tmp_path: Path, content: str) -> None:
    path = tmp_path / "c.json"
    path.write_text(content)
    path.chmod(0o600)
    with pytest.raises(StorageError, match="damaged"):
        FileStore(path).set("a", "1")
    assert path.read_text() == content


def test_a_file_in_an_impossible_place_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="cannot be used"):
        FileStore(tmp_path / "file" / "c.json").set("a", "1")


def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = FileStore(tmp_path / "c.json")
    store.set("a", "1")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StorageError, match="No space left"):
        store.set("a", "2")
    assert store.get("a") == "1"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["c.json", "c.json.lock"]


def test_processes_that_start_together_make_one_key(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from agent_core.keys import *\n"
        "sys.stdin.readline()\n"
        f"print(public_text(owner_key(FileStore(Path({str(tmp_path / 'c.json')!r})))))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.write("\n")
        process.stdin.flush()
    found = {process.communicate(timeout=60)[0] for process in processes}
    assert len(found) == 1
    assert found != {""}


def test_threads_lose_no_secret(tmp_path: Path) -> None:
    store = FileStore(tmp_path / "c.json")
    threads = [
        threading.Thread(target=store.set, args=(f"n{number}", str(number))) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert [store.get(f"n{number}") for number in range(8)] == [str(n) for n in range(8)]


def test_two_homes_never_share_a_device_key(tmp_path: Path, held: HeldKeyring) -> None:
    homes = [Home(tmp_path / name) for name in ("a", "b")]
    found = {public_text(device_key(open_store(home, Settings()))) for home in homes}
    assert len(found) == 2
    assert all(str(tmp_path) in service for service, _ in held.held)
    shared = tmp_path / "shared.json"
    found = {public_text(device_key(open_store(home, Settings(), shared))) for home in homes}
    assert len(found) == 2


def test_a_file_inside_its_home_moves_with_it(tmp_path: Path) -> None:
    home = Home(tmp_path / "a").make()
    before = public_text(owner_key(open_store(home, Settings(), home.credentials)))
    moved = Home(home.root.rename(tmp_path / "b"))
    assert public_text(owner_key(open_store(moved, Settings(), moved.credentials))) == before


def test_the_file_is_the_argument_then_the_variable_then_the_setting(
    tmp_path: Path, held: HeldKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, setting = Home(tmp_path), Settings(credentials=str(tmp_path / "setting"))
    assert open_store(home, Settings()).place == "the system's keyring"
    assert open_store(home, setting).place.endswith("/setting")
    monkeypatch.setenv(CREDENTIALS_VARIABLE, str(tmp_path / "variable"))
    assert open_store(home, setting).place.endswith("/variable")
    assert open_store(home, setting, tmp_path / "argument").place.endswith("/argument")


def test_without_a_keyring_the_next_step_is_a_file(tmp_path: Path, held: HeldKeyring) -> None:
    import keyring.backends.fail

    keyring.set_keyring(keyring.backends.fail.Keyring())
    with pytest.raises(NoKeyStoreError) as caught:
        open_store(Home(tmp_path), Settings())
    assert "--credentials FILE" in caught.value.next_step
    assert caught.value.code == "keyring"


def test_a_keyring_in_plain_text_is_no_keyring(
    tmp_path: Path, held: HeldKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HeldKeyring, "__module__", "keyrings.alt.file")
    with pytest.raises(NoKeyStoreError):
        open_store(Home(tmp_path), Settings())


def test_a_locked_keyring_is_said(
    tmp_path: Path, held: HeldKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    def locked(self: HeldKeyring, service: str, username: str) -> str:
        raise keyring.errors.KeyringLocked("locked")

    monkeypatch.setattr(HeldKeyring, "get_password", locked)
    with pytest.raises(NoKeyStoreError, match="KeyringLocked"):
        open_store(Home(tmp_path), Settings())


def test_a_keyring_that_never_answers_ends_at_its_limit(
    tmp_path: Path, held: HeldKeyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = threading.Event()

    def silent(self: HeldKeyring, service: str, username: str) -> None:
        release.wait(60)

    monkeypatch.setattr(HeldKeyring, "get_password", silent)
    monkeypatch.setattr(keys, "KEYRING_LIMIT_S", 0.05)
    try:
        with pytest.raises(NoKeyStoreError, match="did not answer"):
            open_store(Home(tmp_path), Settings())
    finally:
        release.set()


def test_a_held_lock_ends_at_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileStore(tmp_path / "c.json")
    monkeypatch.setattr(keys, "LOCK_LIMIT_S", 0.05)
    with store._held(), pytest.raises(StorageError, match="Another process"):
        store.set("a", "1")


def test_fingerprints_stay_the_same_for_ever() -> None:
    """Two sites compare words aloud; another release must not say other words."""
    assert fingerprint_words("ab" * 32) == "quiver deck cockpit lizard"
    assert fingerprint_words("AB" * 32) == fingerprint_words("ab" * 32)
    assert short_fingerprint("abc") == "BA:78:16:BF"


@settings(max_examples=20, deadline=None)
@given(st.binary(min_size=32, max_size=32))
def test_every_digest_has_four_words(digest: bytes) -> None:
    words = fingerprint_words(digest.hex()).split()
    assert len(words) == 4
    assert set(words) <= set((resources_dir() / "words.txt").read_text().split())


def test_words_cannot_be_mistaken_for_each_other() -> None:
    words = (resources_dir() / "words.txt").read_text().split()
    assert len(words) == len(set(words)) == 1024
    assert all(word.isascii() and word.islower() and 3 <= len(word) <= 8 for word in words)
    shortened = [word[:n] + word[n + 1 :] for word in words for n in range(len(word))]
    assert not set(shortened) & set(words)  # no word is another one with a letter less
    holes = [f"{word[:n]}_{word[n + 1 :]}" for word in words for n in range(len(word))]
    assert len(holes) == len(set(holes))  # no word is another one with a letter changed
