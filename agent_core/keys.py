"""Where secrets lie (keyring or a 0600 file), the Ed25519 keys among them, and fingerprints."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Protocol, TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from agent_core.errors import ProtocolError, SiloDeskError, StorageError, UserInputError
from agent_core.paths import Home, resources_dir
from agent_core.protocol.signing import decode, encode
from agent_core.settings import Settings

CREDENTIALS_VARIABLE = "SILODESK_CREDENTIALS"
KEYRING_LIMIT_S = 10.0
LOCK_LIMIT_S = 10.0
WORDS_IN_FINGERPRINT = 4

OWNER_KEY = "owner-key"
DEVICE_KEY = "device-key"

Answer = TypeVar("Answer")


class NoKeyStoreError(SiloDeskError):
    """This machine has no keyring that works, and no file was named instead."""

    default_code = "keyring"


class CredentialStore(Protocol):
    """Where an agent, hub or person keeps secrets by name."""

    @property
    def place(self) -> str:
        """Say in words where the secrets lie."""

    def get(self, name: str) -> str | None:
        """Return a secret, or None where there is none."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""

    def delete(self, name: str) -> None:
        """Forget a secret; one that is not there is no error."""

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Hold the store for one process, for a read followed by a write."""


class KeyringStore:
    """Secrets in the system's keyring, under names that include the home folder."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._service = f"SiloDesk {home.root.expanduser().resolve()}"

    @property
    def place(self) -> str:
        """Say in words where the secrets lie."""
        return "the system's keyring"

    def check(self) -> None:
        """Raise NoKeyStoreError unless a keyring answers that keeps secrets encrypted."""
        import keyring

        backend = _timed(keyring.get_keyring)
        module = type(backend).__module__
        if module.startswith(("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")):
            raise _no_keyring("it has no service that keeps secrets encrypted")
        self.get("probe")

    def get(self, name: str) -> str | None:
        """Return a secret, or None where there is none."""
        import keyring

        return _timed(lambda: keyring.get_password(self._service, name))

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""
        import keyring

        _timed(lambda: keyring.set_password(self._service, name, value))

    def delete(self, name: str) -> None:
        """Forget a secret; one that is not there is no error."""
        import keyring

        if self.get(name) is not None:
            _timed(lambda: keyring.delete_password(self._service, name))

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Hold the store for one process, for a read followed by a write."""
        return _locked(self._home.make().root / "keyring.lock")


class FileStore:
    """Secrets in one JSON file that only its owner may read."""

    def __init__(self, path: Path, home: Home | None = None) -> None:
        self._path = path.expanduser().resolve()
        # Two homes may share one named file; a file inside its home moves along with it.
        root = home.root.expanduser().resolve() if home else None
        self._scope = "" if root is None or self._path.is_relative_to(root) else f"{root}: "

    @property
    def place(self) -> str:
        """Say in words where the secrets lie."""
        return f"the file {self._path}"

    def get(self, name: str) -> str | None:
        """Return a secret, or None where there is none."""
        return self._read().get(self._scope + name)

    def set(self, name: str, value: str) -> None:
        """Keep a secret; a crash leaves the old or the new file."""
        with self._held():
            self._write({**self._read(), self._scope + name: value})

    def delete(self, name: str) -> None:
        """Forget a secret; one that is not there is no error."""
        with self._held():
            content = self._read()
            if content.pop(self._scope + name, None) is not None:
                self._write(content)

    def lock(self) -> contextlib.AbstractContextManager[None]:
        """Hold the store for one process, for a read followed by a write."""
        self._make_folder()
        return _locked(self._path.with_name(self._path.name + ".making"))

    def _held(self) -> contextlib.AbstractContextManager[None]:
        self._make_folder()
        return _locked(self._path.with_name(self._path.name + ".lock"))

    def _make_folder(self) -> None:
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise self._unusable(error) from error

    def _read(self) -> dict[str, str]:
        try:
            with self._path.open("rb") as file:
                if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                    raise UserInputError(
                        f"The credentials file {self._path} can be read by other accounts.",
                        next_step=f"Run `chmod 600 {self._path}`, and make new keys if anyone "
                        "else had access to this machine.",
                        code="input.credentials",
                    )
                content = json.load(file)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable(error) from error
        except ValueError as error:
            raise self._damaged() from error
        if not isinstance(content, dict) or not all(isinstance(v, str) for v in content.values()):
            raise self._damaged()
        return content

    def _write(self, content: dict[str, str]) -> None:
        part = None
        try:
            # mkstemp makes the file 0600 from its first moment.
            handle, part = tempfile.mkstemp(dir=self._path.parent, prefix=f".{self._path.name}.")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(content, file, indent=2, sort_keys=True)
                file.flush()
                os.fsync(file.fileno())
            Path(part).replace(self._path)
        except OSError as error:
            if part:
                Path(part).unlink(missing_ok=True)
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> StorageError:
        return StorageError(
            f"The credentials file {self._path} cannot be used: {error.strerror}.",
            next_step="Name a file in a folder that you may write: --credentials FILE.",
            code="storage.credentials",
        )

    def _damaged(self) -> StorageError:
        return StorageError(
            f"The credentials file {self._path} is damaged.",
            next_step="Put its backup back, or rename it; new keys are then made.",
            code="storage.credentials",
        )


def open_store(home: Home, settings: Settings, credentials: Path | None = None) -> CredentialStore:
    """Return the named credentials file, else the keyring.

    The file is named by the argument, by SILODESK_CREDENTIALS or by the settings, in this order.
    Raises NoKeyStoreError where neither a file is named nor a keyring works.
    """
    named = credentials or os.environ.get(CREDENTIALS_VARIABLE) or settings.credentials
    if named:
        return FileStore(Path(named), home)
    store = KeyringStore(home)
    store.check()
    return store


def owner_key(store: CredentialStore) -> Ed25519PrivateKey:
    """Return the key that signs this person's packages and runs, made on first use."""
    return _key(store, OWNER_KEY)


def device_key(store: CredentialStore) -> Ed25519PrivateKey:
    """Return the key of this device, made on first use."""
    return _key(store, DEVICE_KEY)


def _key(store: CredentialStore, name: str) -> Ed25519PrivateKey:
    text = store.get(name)
    if text is None:
        with store.lock():
            text = store.get(name)
            if text is None:
                key = Ed25519PrivateKey.generate()
                store.set(name, encode(key.private_bytes_raw()))
                return key
    try:
        return Ed25519PrivateKey.from_private_bytes(decode(text))
    except (ValueError, ProtocolError) as error:
        raise StorageError(
            f"The {name} in {store.place} is damaged.",
            next_step="Put its backup back, or remove it; a new key is then made and has to be "
            "accepted by the others.",
            code="storage.key",
        ) from error


def public_text(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """Return the public half of a key as it travels."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return encode(public.public_bytes_raw())


def short_fingerprint(public_key: str) -> str:
    """Return a public key as people compare it at a glance: "A2:0D:71:5C"."""
    digest = hashlib.sha256(public_key.encode()).hexdigest().upper()[:8]
    return ":".join(digest[start : start + 2] for start in range(0, 8, 2))


@lru_cache(maxsize=1024)
def fingerprint_words(digest_hex: str) -> str:
    """Return a digest as four words to read aloud.

    Four of 1024 words are 40 bits. scrypt makes each try at another content with the same words
    cost some 20 ms, so that those 40 bits hold against a search.
    """
    raw = hashlib.scrypt(
        digest_hex.strip().lower().encode(), salt=b"silodesk words 1", n=2**13, r=8, p=1, dklen=8
    )
    words = _words()
    number = int.from_bytes(raw, "big")
    chosen = []
    for _ in range(WORDS_IN_FINGERPRINT):
        number, index = divmod(number, len(words))
        chosen.append(words[index])
    return " ".join(chosen)


@lru_cache(maxsize=1)
def _words() -> tuple[str, ...]:
    return tuple((resources_dir() / "words.txt").read_text("utf-8").split())


def _timed(call: Callable[[], Answer]) -> Answer:
    """Return what a keyring call answers; some never do, so it runs in a thread with a limit."""
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def ask() -> None:
        try:
            answers.append(call())
        except Exception as error:  # noqa: BLE001 - backends raise anything; it goes on as ours
            errors.append(error)

    thread = threading.Thread(target=ask, name="keyring", daemon=True)
    thread.start()
    thread.join(KEYRING_LIMIT_S)
    if answers:
        return answers[0]
    if errors:
        raise _no_keyring(f"{type(errors[0]).__name__}: {errors[0]}".strip(": ")) from errors[0]
    raise _no_keyring(f"it did not answer within {KEYRING_LIMIT_S:.0f} s")


def _no_keyring(cause: str) -> NoKeyStoreError:
    return NoKeyStoreError(
        f"The keyring of this machine cannot be used: {cause}.",
        next_step="Unlock or install a secret service, or name a file that only you can read: "
        "--credentials FILE.",
    )


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock file against other processes; the system frees it when a process dies."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise StorageError(
            f"The lock file {path} cannot be written: {error.strerror}.",
            next_step="Check the permissions of its folder and the free space.",
        ) from error
    try:
        _take(handle, path)
        yield
    finally:
        os.close(handle)


def _take(handle: int, path: Path) -> None:
    until = time.monotonic() + LOCK_LIMIT_S
    while True:
        try:
            if sys.platform == "win32":
                import msvcrt

                msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if time.monotonic() > until:
                raise StorageError(
                    f"Another process holds {path} for more than {LOCK_LIMIT_S:.0f} s.",
                    next_step="End it, then try again.",
                ) from error
            time.sleep(0.02)
