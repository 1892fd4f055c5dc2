"""What hub and devices rely on from a broker: the embedded nats-server and Debian's mosquitto.

Brokers acknowledge forbidden publishes and drop them, and mosquitto grants forbidden
subscriptions; so permissions are tested by what does not arrive.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from helpers.services import Listener, Mosquitto, ServicesThread, run, shared_services, until

from agent_core.errors import ForbiddenError, LimitError, NotSignedInError
from agent_core.hub.external import ExternalServices
from agent_core.hub.nats_config import DeviceLogin
from agent_core.protocol.topics import HUB_SUBSCRIPTIONS, device_topics, ui_topic
from agent_core.transport.mqtt import PAYLOAD_LIMIT

ALICE = DeviceLogin(201, 11, "d201", "alice's secret")
BOB = DeviceLogin(202, 12, "d202", 'bob"s {secret} $x')


class Setting:
    """One broker with two devices that it knows."""

    def __init__(self, services: ServicesThread, restart: Callable[[], None]) -> None:
        self.services, self.restart = services, restart
        self.endpoints = services.endpoints

    def control(self, call: Callable[[Any], Any]) -> Any:
        """Run a call of the broker's control on its own loop."""
        return self.services.run(call(self.services.services.broker))

    def hub(self, **options: Any) -> Listener:
        """Return the hub's connection."""
        e = self.endpoints
        return Listener(e, e.mqtt_username, e.mqtt_password, **options)

    def device(self, login: DeviceLogin, **options: Any) -> Listener:
        """Return a device's connection."""
        return Listener(self.endpoints, login.username, login.password, **options)


def _nats(folder: Path) -> Iterator[Setting]:
    with shared_services(folder) as thread:

        def restart() -> None:
            import os
            import signal

            pid = thread.services.pids()["broker"]
            assert pid is not None
            os.kill(pid, signal.SIGKILL)

        yield Setting(thread, restart)


def _mosquitto(folder: Path) -> Iterator[Setting]:
    if not Mosquitto.available():
        pytest.skip("Debian's mosquitto with its tools is not installed")
    broker = Mosquitto()
    broker.start()
    try:
        with shared_services(folder, ExternalServices(mqtt=broker.address)) as thread:

            def restart() -> None:
                broker.stop()
                broker.start()

            yield Setting(thread, restart)
    finally:
        broker.stop()


@pytest.fixture(
    scope="module", params=["nats", pytest.param("mosquitto", marks=pytest.mark.mosquitto)]
)
def setting(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    make = {"nats": _nats, "mosquitto": _mosquitto}[request.param]
    yield from make(tmp_path_factory.mktemp(request.param))


@pytest.fixture(autouse=True)
def _known_devices(setting: Setting) -> None:
    setting.control(lambda broker: broker.sync([ALICE, BOB]))


def test_hub_and_device_reach_each_other(setting: Setting) -> None:
    topics = device_topics(ALICE.edge_id)

    async def talk() -> None:
        async with setting.hub() as hub, setting.device(ALICE) as alice:
            await hub.link.subscribe(HUB_SUBSCRIPTIONS)
            await alice.link.subscribe([*topics.subscribed, ui_topic(ALICE.account_id)])
            for topic in topics.published:
                assert alice.link.publish(topic, b"up " + topic.encode())
            heard = await hub.until(4)
            assert sorted(heard) == sorted((t, b"up " + t.encode()) for t in topics.published)
            down = [*topics.subscribed, ui_topic(ALICE.account_id)]
            for topic in down:
                hub.link.publish(topic, b"down " + topic.encode())
            assert sorted(await alice.until(4)) == sorted((t, b"down " + t.encode()) for t in down)

    run(talk())


def test_messages_of_one_topic_keep_their_order(setting: Setting) -> None:
    topics = device_topics(ALICE.edge_id)

    async def talk() -> None:
        async with setting.hub() as hub, setting.device(ALICE) as alice:
            await hub.link.subscribe(["silodesk/+/outbox"])
            for number in range(500):
                alice.link.publish(topics.outbox, str(number).encode())
            assert [int(p) for _, p in await hub.until(500)] == list(range(500))

    run(talk())


def test_s5_a_device_speaks_on_its_own_topics_only(setting: Setting) -> None:
    """Non-delivery, with a message behind it as the proof of passage.

    A forbidden topic may cost the connection (mosquitto), so each is tried on one of its own, until
    the broker has answered it: by an acknowledgement, which proves nothing, or by hanging up.
    """
    mine, other = device_topics(ALICE.edge_id), device_topics(BOB.edge_id)
    foreign = [
        *other.published, *other.subscribed, *mine.subscribed, ui_topic(BOB.account_id),
        "silodesk/201/outbox/more", "flclient_agent/201/else", "somewhere",
    ]  # fmt: skip

    async def talk() -> None:
        async with setting.hub() as hub, setting.device(BOB) as bob:
            await hub.link.subscribe(HUB_SUBSCRIPTIONS)
            await bob.link.subscribe(other.subscribed)
            for topic in foreign:
                async with setting.device(ALICE) as alice:
                    alice.link.publish(topic, b"forged")
                    await until(partial(_is_answered, alice), f"an answer to {topic}")
            async with setting.device(ALICE) as alice:
                alice.link.publish(mine.outbox, b"honest")
                hub_heard = await hub.until(1)
            hub.link.publish(other.inbox, b"from the hub")
            await bob.until(1)
            assert hub_heard == [(mine.outbox, b"honest")]
            assert hub.heard == hub_heard
            assert bob.heard == [(other.inbox, b"from the hub")]

    run(talk())


def _is_answered(listener: Listener) -> bool:
    return listener.link.pending == 0 or any(not is_up for is_up, _ in listener.states)


@pytest.mark.parametrize(
    "topic",
    [
        "silodesk/202/inbox", "silodesk/+/inbox", "#", "silodesk/#", "flserver_agent/+/start_train",
        "silodesk/ui/12", "silodesk/201/outbox", "$MQTT/#", "$SYS/#",
    ],
)  # fmt: skip
def test_s5_a_device_hears_its_own_topics_only(setting: Setting, topic: str) -> None:
    async def talk() -> None:
        async with setting.hub() as hub, setting.device(ALICE) as alice:
            await alice.link.subscribe(["silodesk/201/inbox"])
            try:
                await alice.link.subscribe([topic])
            except ForbiddenError:
                pass  # nats says so; mosquitto grants it and delivers nothing
            for spoken in (
                "silodesk/202/inbox",
                "flserver_agent/202/start_train",
                "silodesk/ui/12",
            ):
                hub.link.publish(spoken, b"not for alice")
            hub.link.publish("silodesk/201/inbox", b"for alice")
            await until(lambda: ("silodesk/201/inbox", b"for alice") in alice.heard, "own message")
            assert not [item for item in alice.heard if item[1] == b"not for alice"]

    run(talk())


def test_s11_a_wrong_password_and_a_stranger_stay_outside(setting: Setting) -> None:
    async def talk() -> None:
        for username, password in (("d201", BOB.password), ("d999", "x"), ("", "")):
            client = Listener(setting.endpoints, username, password)
            try:
                with pytest.raises(NotSignedInError) as told:
                    await client.link.connect()
                assert told.value.next_step
            finally:
                await client.link.close()

    run(talk())


def test_s11_a_revoked_device_is_dropped_at_once_and_stays_outside(setting: Setting) -> None:
    async def talk() -> None:
        async with setting.device(ALICE) as alice, setting.device(BOB) as bob:
            await asyncio.to_thread(
                setting.control, lambda broker: broker.remove_device(ALICE.edge_id)
            )
            await until(lambda: not alice.link.connected, "the revoked device is dropped")
            await until(
                lambda: any("refused" in detail for _, detail in alice.states), "refused since"
            )
            assert bob.link.connected
            assert [up for up, _ in bob.states] == [True], "others keep their connection"

    run(talk())


def test_a_new_password_counts_at_once_and_the_old_one_no_more(setting: Setting) -> None:
    renewed = DeviceLogin(ALICE.edge_id, ALICE.account_id, "d201", secrets.token_urlsafe(16))

    async def talk() -> None:
        await asyncio.to_thread(
            setting.control,
            lambda broker: broker.set_device(201, ALICE.account_id, "d201", renewed.password),
        )
        async with setting.device(renewed) as alice:
            assert alice.link.connected
        old = setting.device(ALICE)
        with pytest.raises(NotSignedInError):
            await old.link.connect()
        await old.link.close()

    run(talk())


def test_many_changes_at_once_all_count(setting: Setting) -> None:
    logins = [DeviceLogin(number, 9, f"d{number}", f"pw {number}") for number in range(300, 340)]

    async def all_at_once(broker: Any) -> None:
        await asyncio.gather(
            *(broker.set_device(d.edge_id, d.account_id, d.username, d.password) for d in logins)
        )

    setting.control(all_at_once)

    async def talk() -> None:
        async with AsyncExitStack() as stack:
            for login in (logins[0], logins[20], logins[-1]):
                await stack.enter_async_context(setting.device(login))

    run(talk())
    setting.control(lambda broker: broker.sync([ALICE]))

    async def refused() -> None:
        client = setting.device(logins[5])
        with pytest.raises(NotSignedInError):
            await client.link.connect()
        await client.link.close()

    run(refused())


def test_r1_what_was_queued_for_an_absent_device_survives_the_broker(setting: Setting) -> None:
    """QoS 1 and a kept session: 200 messages over the broker's kill -9 (nats) or restart."""
    inbox = device_topics(BOB.edge_id).inbox

    async def before() -> None:
        async with setting.device(BOB, client_id="bob-session-1") as bob:
            await bob.link.subscribe([inbox])
        async with setting.hub() as hub:
            for number in range(200):
                hub.link.publish(inbox, str(number).encode())
            await until(lambda: hub.link.pending == 0, "the broker has taken all")

    async def after() -> None:
        async with setting.device(BOB, client_id="bob-session-1") as bob:
            heard = await bob.until(200, 30.0)
            assert sorted({int(payload) for _, payload in heard}) == list(range(200))

    run(before())
    setting.restart()
    run(after())


def test_r1_live_connections_come_back_with_their_subscriptions(setting: Setting) -> None:
    topics = device_topics(ALICE.edge_id)

    async def talk() -> None:
        async with setting.hub() as hub, setting.device(ALICE) as alice:
            await hub.link.subscribe(["silodesk/+/outbox"])
            await alice.link.subscribe(topics.subscribed)
            await asyncio.to_thread(setting.restart)
            await until(lambda: False in [up for up, _ in alice.states], "the break is noticed")
            # Handed over while the broker is away: it waits in the link.
            alice.link.publish(topics.outbox, b"in between")
            await until(lambda: alice.link.connected and hub.link.connected, "both are back", 30)
            await until(lambda: (topics.outbox, b"in between") in hub.heard, "it arrives", 30)
            hub.link.publish(topics.inbox, b"again")
            await until(lambda: (topics.inbox, b"again") in alice.heard, "subscribed again", 30)

    run(talk())


def test_the_last_will_tells_the_hub_and_a_polite_end_does_not(setting: Setting) -> None:
    will = device_topics(ALICE.edge_id).last_will

    async def talk() -> None:
        async with setting.hub() as hub:
            await hub.link.subscribe(["flclient_agent/+/last_will_msg", "silodesk/+/outbox"])
            async with setting.device(ALICE, will=(will, b"polite")):
                pass
            rude = setting.device(ALICE, will=(will, b"rude"))
            await rude.link.connect()
            rude.link._client._sock.close()  # type: ignore[union-attr]
            await until(lambda: (will, b"rude") in hub.heard, "the last will")
            assert (will, b"polite") not in hub.heard
            await rude.link.close()

    run(talk())


@pytest.mark.parametrize("size", [1, 512 * 1024 + 256 * 1024, PAYLOAD_LIMIT])
def test_large_payloads_arrive_whole(setting: Setting, size: int) -> None:
    inbox = device_topics(BOB.edge_id).inbox
    payload = secrets.token_bytes(size)

    async def talk() -> None:
        async with setting.hub() as hub, setting.device(BOB) as bob:
            await bob.link.subscribe([inbox])
            hub.link.publish(inbox, payload)
            ((_, heard),) = await bob.until(1, 30.0)
            assert heard == payload

    run(talk())


def test_a_payload_over_the_limit_is_refused_before_it_harms_the_connection(
    setting: Setting,
) -> None:
    async def talk() -> None:
        async with setting.hub() as hub:
            with pytest.raises(LimitError):
                hub.link.publish("silodesk/201/inbox", b"x" * (PAYLOAD_LIMIT + 1))
            assert hub.link.connected

    run(talk())
