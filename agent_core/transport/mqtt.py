"""One MQTT connection that keeps itself alive: paho's thread outside, the asyncio loop inside.

QoS 1 everywhere. A message is acknowledged to the broker after `on_message` has run for it, so a
crash in between brings it again, and a slow receiver slows the broker down instead of growing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import socket
import ssl
import sys
from collections.abc import Callable, Sequence
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from agent_core.errors import (
    ForbiddenError,
    LimitError,
    NotSignedInError,
    SiloDeskError,
    UnreachableError,
)

log = logging.getLogger(__name__)

KEEPALIVE_S = 15
BACKOFF_MAX_S = 5.0
INFLIGHT = 1000  # paho's default of 20 stalls a round with many silos
QUEUE_MESSAGES = 2000
QUEUE_BYTES = 64 * 1024 * 1024  # what may wait for the broker; above, publish answers False
# Brokers drop the connection at a message over their limit, and paho would send it again for ever.
PAYLOAD_LIMIT = 4 * 1024 * 1024
_REFUSED_CREDENTIALS = {"Bad user name or password", "Not authorized"}

OnMessage = Callable[[str, bytes], None]
OnState = Callable[[bool, str], None]


class MqttLink:
    """Connect to a broker, stay connected, and hand messages to the asyncio loop.

    All methods and callbacks belong to the loop on which connect() was awaited.
    """

    def __init__(
        self,
        host: str,
        port: int,
        username: str,
        password: str,
        client_id: str,
        on_message: OnMessage,
        on_state: OnState | None = None,
        tls: ssl.SSLContext | None = None,
        will: tuple[str, bytes] | None = None,
        clean: bool = False,
    ) -> None:
        self.host, self.port = host, port
        self._on_message, self._on_state = on_message, on_state
        self._loop: asyncio.AbstractEventLoop | None = None
        self._topics: list[str] = []
        self._generation = 0  # of the connection; acknowledgements of an older one are void
        self._waiting: dict[int, asyncio.Future[None]] = {}  # subscriptions by message id
        self._resubscription: int | None = None
        self._first: asyncio.Future[None] | None = None
        self._connected = False
        self._detail = "Not connected yet."
        self._sizes: dict[int, int] = {}  # bytes handed to paho and not acknowledged, by id
        self._pending = 0
        self._client = self._make_client(username, password, client_id, tls, will, clean)

    def _make_client(
        self,
        username: str,
        password: str,
        client_id: str,
        tls: ssl.SSLContext | None,
        will: tuple[str, bytes] | None,
        clean: bool,
    ) -> paho.Client:
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=clean,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        client.username_pw_set(username, password)
        client.max_inflight_messages_set(INFLIGHT)
        client.max_queued_messages_set(QUEUE_MESSAGES)
        client.suppress_exceptions = True  # a fault in a callback must not end paho's thread
        client.connect_timeout = 5.0
        if tls is not None:
            client.tls_set_context(tls)
        if will is not None:
            client.will_set(will[0], will[1], qos=1)
        client.on_socket_open = _no_delay
        client.on_connect = self._paho_connected
        client.on_connect_fail = self._paho_failed
        client.on_disconnect = self._paho_disconnected
        client.on_subscribe = self._paho_subscribed
        client.on_message = self._paho_message
        client.on_publish = self._paho_published
        return client

    @property
    def connected(self) -> bool:
        """Return whether the broker answered and all subscriptions stand."""
        return self._connected

    @property
    def detail(self) -> str:
        """Return why the link is not connected, in a sentence."""
        return self._detail

    @property
    def pending(self) -> int:
        """Return how many bytes the broker has not acknowledged yet."""
        return self._pending

    async def connect(self, timeout: float = 10.0) -> None:  # noqa: ASYNC109 - bound of the wait
        """Start the link and wait for the broker; goes on trying after an error, until close()."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
            self._client.connect_async(self.host, self.port, KEEPALIVE_S)
            self._jitter()
            self._client.loop_start()
        if self._connected:
            return
        if self._first is None or self._first.done():
            self._first = self._loop.create_future()
        try:
            await asyncio.wait_for(asyncio.shield(self._first), timeout)
        except TimeoutError:
            raise self._unreachable(self._detail) from None

    async def subscribe(
        self, topics: Sequence[str], timeout: float = 10.0  # noqa: ASYNC109
    ) -> None:  # fmt: skip
        """Listen on topics, now and after every reconnect; raises where the broker forbids one."""
        fresh = [topic for topic in topics if topic not in self._topics]
        self._topics += fresh
        if self._loop is None or not self._connected or not fresh:
            return  # on connecting, all topics are subscribed
        done = self._loop.create_future()
        # Registered on the loop, and answers are handed to the loop: so none can come earlier.
        result, mid = self._client.subscribe([(topic, 1) for topic in fresh])
        if result != paho.MQTT_ERR_SUCCESS or mid is None:
            return  # the connection just broke
        self._waiting[mid] = done
        try:
            await asyncio.wait_for(done, timeout)
        except TimeoutError:
            raise self._unreachable("It did not answer a subscription.") from None
        finally:
            self._waiting.pop(mid, None)

    def publish(self, topic: str, payload: bytes, qos: int = 1, retain: bool = False) -> bool:
        """Hand a message to the broker without waiting; False when too much waits already.

        QoS 1 messages survive a broken connection. Raises LimitError for an oversized one.
        """
        if len(payload) > PAYLOAD_LIMIT:
            raise LimitError(
                f"A message of {len(payload)} bytes is over the broker's {PAYLOAD_LIMIT}.",
                next_step="Send it as an object, with a notice.",
            )
        if self._pending + len(payload) > QUEUE_BYTES:
            return False
        info = self._client.publish(topic, payload, qos=qos, retain=retain)
        if info.rc not in (paho.MQTT_ERR_SUCCESS, paho.MQTT_ERR_NO_CONN):
            return False
        if qos:
            self._sizes[info.mid] = len(payload)
            self._pending += len(payload)
        return True

    async def close(self) -> None:
        """Disconnect politely (no last will is sent) and end the thread."""
        if self._loop is None:
            return
        self._on_state = None  # whoever closes knows
        self._client.disconnect()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.to_thread(self._client.loop_stop), 10.0)
        self._connected = False

    # --- paho's thread -------------------------------------------------------------------------

    def _hand_over(self, function: Callable[..., None], *arguments: Any) -> None:
        if self._loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                self._loop.call_soon_threadsafe(function, *arguments)

    def _jitter(self) -> None:
        # paho doubles from the first delay to the last; both are drawn anew for every outage,
        # so that the silos of a restarted broker do not come back in step.
        # paho annotates whole seconds; it sleeps fractions just as well.
        first, last = random.uniform(0.1, 0.4), random.uniform(3.0, BACKOFF_MAX_S)  # noqa: S311
        self._client.reconnect_delay_set(first, last)  # type: ignore[arg-type]

    def _paho_connected(
        self, client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        if reason.is_failure:
            self._hand_over(self._refused, str(reason))
            return
        self._generation += 1
        topics = list(self._topics)
        if topics:
            self._resubscription = client.subscribe([(topic, 1) for topic in topics])[1]
        else:
            self._hand_over(self._up)

    def _paho_failed(self, _client: paho.Client, _data: Any) -> None:
        # paho calls this inside its `except OSError`, and says the cause nowhere else.
        self._hand_over(self._down, _cause(sys.exc_info()[1]))

    def _paho_disconnected(
        self, _client: paho.Client, _data: Any, _flags: Any, reason: Any, _properties: Any
    ) -> None:
        self._jitter()
        self._generation += 1
        self._hand_over(self._down, f"The connection to the broker broke ({reason}).")

    def _paho_subscribed(
        self, _client: paho.Client, _data: Any, mid: int, reasons: Any, _properties: Any
    ) -> None:
        refused = any(reason.is_failure for reason in reasons)
        self._hand_over(self._subscribed, mid, refused)

    def _paho_message(self, _client: paho.Client, _data: Any, message: paho.MQTTMessage) -> None:
        try:
            topic = message.topic
        except UnicodeDecodeError:
            self._client.ack(message.mid, message.qos)
            return
        self._hand_over(
            self._deliver, topic, message.payload, message.mid, message.qos, self._generation
        )

    def _paho_published(
        self, _client: paho.Client, _data: Any, mid: int, _reason: Any, _properties: Any
    ) -> None:
        # No lock here: paho holds its own while it calls. On the loop, publish() has returned.
        self._hand_over(self._settle, mid)

    # --- the loop ------------------------------------------------------------------------------

    def _settle(self, mid: int) -> None:
        self._pending -= self._sizes.pop(mid, 0)

    def _deliver(self, topic: str, payload: bytes, mid: int, qos: int, generation: int) -> None:
        try:
            self._on_message(topic, payload)
        except SiloDeskError as error:
            log.warning("A message on %s was dropped: %s", topic, error)
        except Exception:  # border of the receiving loop: one bad message is one bad message
            log.exception("A message on %s could not be handled", topic)
        if qos and generation == self._generation:
            self._client.ack(mid, qos)

    def _up(self) -> None:
        self._connected, self._detail = True, ""
        if self._first is not None and not self._first.done():
            self._first.set_result(None)
        if self._on_state is not None:
            self._on_state(True, "")

    def _down(self, detail: str) -> None:
        was_connected, self._connected = self._connected, False
        is_new = detail != self._detail
        self._detail = detail
        for done in self._waiting.values():
            if not done.done():
                done.set_result(None)  # subscribed again on connecting
        if self._on_state is not None and (was_connected or is_new):
            self._on_state(False, detail)

    def _refused(self, reason: str) -> None:
        self._down(f"The broker refused the connection: {reason}.")
        if self._first is None or self._first.done():
            return
        if reason in _REFUSED_CREDENTIALS:
            self._first.set_exception(
                NotSignedInError(
                    "The broker does not know this device's credentials.",
                    next_step="Bind the device again; its credentials were revoked or renewed.",
                    code="auth.broker",
                )
            )
        else:
            self._first.set_exception(self._unreachable(self._detail))

    def _subscribed(self, mid: int, refused: bool) -> None:
        if mid == self._resubscription:
            self._resubscription = None
            if refused:
                log.warning("The broker refused a subscription of %s", self._topics)
            self._up()
            return
        done = self._waiting.get(mid)
        if done is None or done.done():
            return
        if refused:
            done.set_exception(
                ForbiddenError(
                    "The broker does not let this device listen on a topic it asked for.",
                    next_step="Bind the device again.",
                )
            )
        else:
            done.set_result(None)

    def _unreachable(self, detail: str) -> UnreachableError:
        return UnreachableError(
            f"The broker at {self.host}:{self.port} does not answer. {detail}".rstrip(),
            next_step="Check that the hub runs and that this machine may reach it.",
            code="unreachable.broker",
        )


def _no_delay(_client: paho.Client, _data: Any, sock: Any) -> None:
    with contextlib.suppress(OSError, AttributeError):  # a socket without TCP below it
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _cause(error: BaseException | None) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Its certificate cannot be trusted: {error.verify_message}."
    if isinstance(error, ConnectionRefusedError):
        return "Nothing listens there."
    if isinstance(error, TimeoutError):
        return "It did not answer in time."
    if isinstance(error, socket.gaierror):
        return "Its name is not known."
    return f"{error}." if error is not None else "The connection failed."
