"""A broker and a store that the hub does not start itself, named by address."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from agent_core.errors import UserInputError

DEFAULT_BUCKET = "silodesk"
LOOPBACK_NAMES = {"127.0.0.1", "localhost", "::1"}
# Passwords may stand in the address, but in the environment no list of processes shows them.
MQTT_PASSWORD = "SILODESK_MQTT_PASSWORD"  # noqa: S105 - the name of a variable
S3_ACCESS_KEY, S3_SECRET_KEY = "SILODESK_S3_ACCESS_KEY", "SILODESK_S3_SECRET_KEY"


@dataclass(frozen=True)
class ExternalBroker:
    """A Mosquitto with its dynamic-security plugin."""

    host: str
    port: int
    tls: bool
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class ExternalStore:
    """A bucket of an S3 store."""

    url: str
    bucket: str
    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)


@dataclass(frozen=True)
class ExternalServices:
    """Addresses as the hub's options take them; an empty one means: the hub starts its own.

    `mqtt`: mqtts://user:password@host:8883. `s3`: https://access:secret@host/bucket.
    """

    mqtt: str = field(default="", repr=False)
    s3: str = field(default="", repr=False)
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def broker(self) -> ExternalBroker | None:
        """Return the broker's address taken apart; raises UserInputError."""
        if not self.mqtt:
            return None
        url = _split(self.mqtt, "--mqtt", {"mqtt", "mqtts"})
        tls = url.scheme == "mqtts"
        _guard(url, tls, "--mqtt", "mqtts")
        username = unquote(url.username or "")
        password = unquote(url.password or "") or self.environment.get(MQTT_PASSWORD, "")
        if not username or not password:
            raise UserInputError(
                "--mqtt names no account of the broker.",
                next_step=f"Write mqtts://ADMIN@host and put the password into {MQTT_PASSWORD}.",
            )
        port = url.port or (8883 if tls else 1883)
        return ExternalBroker(url.hostname or "", port, tls, username, password)

    def store(self) -> ExternalStore | None:
        """Return the store's address taken apart; raises UserInputError."""
        if not self.s3:
            return None
        url = _split(self.s3, "--s3", {"http", "https"})
        _guard(url, url.scheme == "https", "--s3", "https")
        access_key = unquote(url.username or "") or self.environment.get(S3_ACCESS_KEY, "")
        secret_key = unquote(url.password or "") or self.environment.get(S3_SECRET_KEY, "")
        if not access_key or not secret_key:
            raise UserInputError(
                "--s3 comes without access key and secret key.",
                next_step=f"Put them into {S3_ACCESS_KEY} and {S3_SECRET_KEY}.",
            )
        bucket = url.path.strip("/") or DEFAULT_BUCKET
        if "/" in bucket or len(bucket) < 3:
            raise UserInputError(
                f"'{bucket}' is no bucket's name.",
                next_step="End the --s3 address with the bucket, of at least three letters.",
            )
        host = url.netloc.rpartition("@")[2]
        return ExternalStore(f"{url.scheme}://{host}", bucket, access_key, secret_key)


def _split(address: str, option: str, schemes: set[str]) -> SplitResult:
    try:
        url = urlsplit(address)
        _ = url.port  # raises for what is no number
    except ValueError:  # its words may repeat the password
        raise UserInputError(
            f"{option} is no address.",
            next_step="Write it as scheme://user:password@host:port; escape special signs by %.",
        ) from None
    if url.scheme not in schemes or not url.hostname:
        raise UserInputError(
            f"{option} must begin with {' or '.join(sorted(s + '://' for s in schemes))}"
            " and name a host.",
            next_step="Correct the address.",
        )
    return url


def _guard(url: SplitResult, is_encrypted: bool, option: str, scheme: str) -> None:
    if not is_encrypted and url.hostname not in LOOPBACK_NAMES:
        raise UserInputError(
            f"{option} would send passwords and updates in the clear to {url.hostname}.",
            next_step=f"Use {scheme}://; without TLS only services of this machine may be named.",
        )
