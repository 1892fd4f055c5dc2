"""The MQTT link by itself: absent brokers, TLS, handlers that fail, crashes, full queues."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.services import BrokerOnly, Listener, run, running_services, until

from agent_core.errors import NotFoundError, UnreachableError
from agent_core.hub import nats_config
from agent_core.transport import mqtt
from agent_core.transport.mqtt import MqttLink

IN = "silodesk/201/inbox"
OUT = "silodesk/201/outbox"


@pytest.fixture
def silent_port() -> Iterator[int]:
    """Yield the port of something that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def link(port: int, states: list[tuple[bool, str]], **options: object) -> MqttLink:
    return MqttLink(
        "127.0.0.1", port, "u", "p", "c1", lambda *_: None,
        lambda up, detail: states.append((up, detail)), **options,
    )  # type: ignore[arg-type]  # fmt: skip


def test_an_absent_broker_is_told_and_tried_again_until_closed() -> None:
    states: list[tuple[bool, str]] = []

    async def life() -> None:
        away = link(free_port(), states)
        with pytest.raises(UnreachableError) as told:
            await away.connect(0.5)
        assert "Nothing listens there." in told.value.sentence
        assert told.value.code == "unreachable.broker"
        assert told.value.next_step
        assert not away.connected
        assert away.detail == "Nothing listens there."
        assert away.publish("t", b"x"), "it waits for the broker"
        await away.close()

    run(life())
    assert states == [(False, "Nothing listens there.")], "the same cause is told once"


def test_a_broker_that_says_nothing_is_bounded(silent_port: int) -> None:
    async def life() -> None:
        silent = link(silent_port, [])
        with pytest.raises(UnreachableError):
            await silent.connect(0.3)
        await silent.close()

    run(life())


def test_s8_a_broker_without_tls_gets_no_password(silent_port: int) -> None:
    async def life() -> None:
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            heard.append(await reader.read(4096))
            writer.write(b"\x20\x02\x00\x00")
            writer.close()

        heard: list[bytes] = []
        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        states: list[tuple[bool, str]] = []
        port = server.sockets[0].getsockname()[1]
        client = link(port, states, tls=ssl.create_default_context())
        with pytest.raises(UnreachableError):
            await client.connect(1.0)
        await client.close()
        server.close()
        assert heard
        assert not [words for words in heard if b"MQTT" in words]

    run(life())


def test_a_late_broker_is_found_by_itself(tmp_path: Path) -> None:
    async def life() -> None:
        async with running_services(tmp_path, kind=BrokerOnly) as (_, e):
            pass
        late = Listener(e, e.mqtt_username, e.mqtt_password)
        with pytest.raises(UnreachableError):
            await late.link.connect(0.2)
        await late.link.subscribe(["silodesk/+/outbox"])
        async with running_services(tmp_path, kind=BrokerOnly):
            await late.link.connect(30)
            assert late.link.connected
            assert late.states[-1] == (True, "")
        await late.link.close()

    run(life())


def test_one_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What needs a broker shares one."""
    monkeypatch.setattr(nats_config, "ACK_WAIT", "1s")

    async def life() -> None:
        async with running_services(tmp_path, kind=BrokerOnly) as (services, e):
            await services.broker.set_device(201, 1, "d201", "pw")
            async with Listener(e, e.mqtt_username, e.mqtt_password) as hub:
                await hub.link.subscribe([OUT])
                async with Listener(e, "d201", "pw") as device:
                    await _a_bad_message_is_one_bad_message(hub, device)
                    await _a_burst_arrives_whole(hub, device)
                    await _a_full_queue_says_so(device, monkeypatch)
                await _what_was_not_handled_comes_again(hub, e)

    run(life())


async def _a_bad_message_is_one_bad_message(hub: Listener, device: Listener) -> None:
    keep = hub.link._on_message

    def picky(topic: str, payload: bytes) -> None:
        if payload == b"bad":
            raise ValueError(payload)
        if payload == b"unknown":
            raise NotFoundError("unknown")
        keep(topic, payload)

    hub.link._on_message = picky
    for payload in (b"bad", b"unknown", b"good"):
        device.link.publish(OUT, payload)
    await hub.until(1)
    assert hub.heard == [(OUT, b"good")]
    await until(lambda: device.link.pending == 0, "everything is acknowledged")
    hub.link._on_message = keep
    hub.heard.clear()


async def _a_burst_arrives_whole(hub: Listener, device: Listener) -> None:
    for number in range(3000):
        assert device.link.publish(OUT, str(number).encode()) or number > mqtt.QUEUE_MESSAGES / 2
        if number % 500 == 499:
            await until(lambda: device.link.pending == 0, "the broker keeps up")
    heard = await hub.until(3000)
    assert [int(payload) for _, payload in heard] == list(range(3000))
    hub.heard.clear()


async def _a_full_queue_says_so(device: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mqtt, "QUEUE_BYTES", 1000)
    assert device.link.publish(OUT, b"x" * 900)
    assert not device.link.publish(OUT, b"x" * 900), "the loop has not seen the acknowledgement"
    await until(lambda: device.link.pending == 0, "there is room again")
    assert device.link.publish(OUT, b"last")
    await until(lambda: device.link.pending == 0, "the last one is with the broker")


async def _what_was_not_handled_comes_again(hub: Listener, e: object) -> None:
    """A receiver that dies between receiving and handling gets the message once more."""
    crashed = Listener(e, "d201", "pw", client_id="session-1")  # type: ignore[arg-type]
    await crashed.link.connect()
    await crashed.link.subscribe([IN])
    arrived: list[bytes] = []
    crashed.link._deliver = lambda _t, payload, *_: arrived.append(payload)  # type: ignore[method-assign]
    hub.link.publish(IN, b"do it")
    await until(lambda: arrived == [b"do it"], "it arrives and is not handled")
    crashed.link._client._sock.close()  # type: ignore[union-attr]
    crashed.link._client.loop_stop()
    again = Listener(e, "d201", "pw", client_id="session-1")  # type: ignore[arg-type]
    await again.link.connect()
    await again.link.subscribe([IN])
    assert await again.until(1, 30) == [(IN, b"do it")]
    await again.link.close()
