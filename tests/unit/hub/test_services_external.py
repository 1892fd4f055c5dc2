"""Addresses of a broker and a store that the hub does not start itself."""

from __future__ import annotations

import pytest

from agent_core.errors import UserInputError
from agent_core.hub.external import ExternalServices


def test_nothing_named_means_the_hubs_own() -> None:
    assert ExternalServices().broker() is None
    assert ExternalServices().store() is None


def test_a_brokers_address_is_taken_apart() -> None:
    found = ExternalServices(mqtt="mqtts://admin:p%40ss@broker.example").broker()
    assert found is not None
    assert (found.host, found.port, found.tls) == ("broker.example", 8883, True)
    assert (found.username, found.password) == ("admin", "p@ss")
    local = ExternalServices(mqtt="mqtt://a:b@127.0.0.1").broker()
    assert local is not None
    assert (local.port, local.tls) == (1883, False)


def test_a_stores_address_is_taken_apart() -> None:
    found = ExternalServices(s3="https://AK:s%2Fk@s3.example:9000/silos").store()
    assert found is not None
    assert (found.url, found.bucket) == ("https://s3.example:9000", "silos")
    assert (found.access_key, found.secret_key) == ("AK", "s/k")


def test_passwords_may_come_by_the_environment() -> None:
    environment = {
        "SILODESK_MQTT_PASSWORD": "m",
        "SILODESK_S3_ACCESS_KEY": "a",
        "SILODESK_S3_SECRET_KEY": "s",
    }
    external = ExternalServices("mqtts://admin@b", "https://s3.example", environment)
    broker, store = external.broker(), external.store()
    assert broker is not None
    assert store is not None
    assert broker.password == "m"
    assert (store.access_key, store.secret_key, store.bucket) == ("a", "s", "silodesk")


@pytest.mark.parametrize(
    ("mqtt", "s3", "word"),
    [
        ("http://a:b@host", "", "mqtts://"),
        ("mqtts://", "", "host"),
        ("mqtts://a:hidden@host:99999999", "", "address"),
        ("mqtts://a:hid/den@host:port", "", "address"),
        ("mqtts://host", "", "account"),
        ("mqtt://a:hidden@hospital.example", "", "clear"),
        ("", "ftp://x", "https://"),
        ("", "https://host/bucket", "key"),
        ("", "http://a:hidden@hospital.example/bucket", "clear"),
        ("", "https://a:hidden@host/b", "bucket"),
        ("", "https://a:hidden@host/bucket/folder", "bucket"),
    ],
)
def test_s8_unusable_and_unsafe_addresses_are_refused_without_repeating_passwords(
    mqtt: str, s3: str, word: str
) -> None:
    external = ExternalServices(mqtt, s3, {})
    with pytest.raises(UserInputError) as told:
        external.broker()
        external.store()
    assert word in str(told.value)
    assert told.value.next_step
    assert "hidden" not in str(told.value)
    assert "hidden" not in repr(external)
