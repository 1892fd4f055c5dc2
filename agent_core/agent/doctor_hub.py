"""The doctor's checks of the hub: its answer, its clock, its broker, its store."""

from __future__ import annotations

import asyncio
import secrets
import time
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests

from agent_core.agent.doctor_case import SOCKET_S, Case, found
from agent_core.agent.machine import agent_version
from agent_core.errors import SiloDeskError
from agent_core.protocol.records_doctor import DoctorCheck
from agent_core.transport.http import new_session, system_trust, unreachable
from agent_core.transport.mqtt import MqttLink

SKEW_NOTE_S = 30.0
SKEW_FAIL_S = 300.0
ANSWER_S = 6.0
PROBE_BYTES = 64


async def check_hub(case: Case) -> DoctorCheck:
    """Ask the hub for its name and version."""
    try:
        answer = await asyncio.to_thread(_ask, case)
    except requests.Timeout:
        return found(
            "hub", "fail", f"{case.host}:{case.port} takes connections and never answers.",
            "The program there hangs, or a device on the way swallows what it says.",
            "Restart the hub; if it stays so, another program has its port.",
        )  # fmt: skip
    except requests.RequestException as error:
        told = unreachable(case.url, error)
        return found("hub", "fail", told.sentence, "", told.next_step)
    try:
        about = answer.json() if answer.ok else None
    except ValueError:
        about = None
    if not isinstance(about, dict) or not {"name", "version"} <= set(about):
        return found(
            "hub", "fail", f"What answers at {case.url} is not a SiloDesk hub "
            f"(HTTP {answer.status_code}).",
            "Another program or a proxy's own page answered.",
            "Check the address and the port.",
        )  # fmt: skip
    case.about = about
    version, own = str(about["version"]), agent_version()
    if version.split(".")[:2] != own.split(".")[:2]:
        return found(
            "hub", "note", f"{about['name']} has version {version}, this machine {own}.",
            "The two may understand each other only in part.",
            "Bring both to the same version.",
        )  # fmt: skip
    return found("hub", "pass", f"{about['name']}, version {version}")


def _ask(case: Case) -> requests.Response:
    session = new_session(case.url)
    try:
        began = time.time()
        answer = session.get(f"{case.url}/api/v1/hub", timeout=(SOCKET_S, ANSWER_S))
        middle = (began + time.time()) / 2
    finally:
        session.close()
    try:
        at = parsedate_to_datetime(answer.headers["Date"]).timestamp()
        case.date_skew_s = middle - (at + 0.5)  # the header counts whole seconds
    except (KeyError, ValueError, TypeError):
        case.date_skew_s = None
    return answer


async def check_clock(case: Case) -> DoctorCheck:
    """Compare this machine's clock with the hub's."""
    skew = case.date_skew_s
    if skew is None:
        return found("clock", "skip", "Not tried: the hub did not say its time.")
    if abs(skew) < 1.5:
        return found("clock", "pass", "The same as the hub's, within a second.")
    side = "ahead of" if skew > 0 else "behind"
    words = f"This machine's clock is {_span(abs(skew))} {side} the hub's"
    if abs(skew) <= SKEW_NOTE_S:
        return found("clock", "pass", f"{words}; the limit is {SKEW_NOTE_S:.0f} s.")
    return found(
        "clock", "fail" if abs(skew) > SKEW_FAIL_S else "note", f"{words}.",
        "Credentials and orders have times in them; a wrong clock makes them look expired.",
        "Let this machine take its time from the network (NTP), or correct the hub's clock.",
    )  # fmt: skip


def _span(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


async def check_broker(case: Case) -> DoctorCheck:
    """Sign in at the message broker with the device's credentials."""
    if case.binding is None:
        return found("broker", "skip", case.why_unbound)
    broker = case.binding.broker
    where = f"{broker.host}:{broker.port}"
    if case.line is not None and case.line.is_up:
        return found("broker", "pass", f"{where} knows device {case.binding.device.edge_id}.")
    link = MqttLink(
        broker.host, broker.port, broker.username, broker.password,
        f"{broker.client_id}-doctor", on_message=lambda _topic, _payload: None,
        tls=system_trust() if broker.tls else None, clean=True,
    )  # fmt: skip
    try:
        await link.connect(timeout=ANSWER_S)
    except SiloDeskError as error:
        return found(
            "broker", "fail", error.sentence,
            "" if error.code == "auth.broker" else
            "A firewall may block this port, or the hub's broker is down.",
            error.next_step,
        )  # fmt: skip
    finally:
        await link.close()
    return found("broker", "pass", f"{where} knows device {case.binding.device.edge_id}.")


async def check_heartbeat(case: Case) -> DoctorCheck:
    """Send a heartbeat over the broker and wait until the hub answers it."""
    line = case.line
    if case.binding is None or line is None:
        return found("heartbeat", "skip", case.why_unbound)
    until = time.monotonic() + ANSWER_S + 2
    before, is_sent = line.answered_at, False
    while time.monotonic() < until:
        if line.is_up and not is_sent:
            before, is_sent = line.answered_at, True
            line.beat()
        if is_sent and line.answered_at is not None and line.answered_at != before:
            ms = line.heartbeat_ms or 0.0
            return found("heartbeat", "pass", f"To the hub and back in {ms:.0f} ms.")
        await asyncio.sleep(0.05)
    return found(
        "heartbeat", "fail", "The broker is there, but the hub does not answer a heartbeat.",
        "The hub's own line to its broker may be broken.",
        "Look at the Hub page or the hub's log; restart the hub if it stays so.",
    )  # fmt: skip


async def check_store(case: Case) -> DoctorCheck:
    """Write some bytes to the object store and read them back."""
    if case.binding is None or case.call is None:
        return found("store", "skip", case.why_unbound)
    try:
        urls = await case.call("POST", "/probes", timeout=(SOCKET_S, ANSWER_S))
        case.store_host = urlsplit(str(urls["get"])).netloc
        data = await asyncio.to_thread(_round_trip, urls)
    except SiloDeskError as error:
        return found("store", "fail", error.sentence, "", error.next_step)
    except requests.RequestException as error:
        told = unreachable(f"http://{case.store_host}", error)
        return found(
            "store", "fail", f"The object store {told.sentence}",
            "Tensors and packages go there directly, past the hub.",
            f"Allow outgoing connections to {case.store_host}, or start the hub's store.",
        )  # fmt: skip
    if not data:
        return found(
            "store", "fail", f"The object store at {case.store_host} gave other bytes back.",
            "Something on the way answers in its place, or its disk is full.",
            "Ask the IT desk to let it pass without inspection; look at the store's log.",
        )  # fmt: skip
    return found("store", "pass", f"{PROBE_BYTES} bytes to {case.store_host} and back.")


def _round_trip(urls: dict[str, Any]) -> bool:
    body = secrets.token_bytes(PROBE_BYTES)
    session = new_session(str(urls["put"]))
    try:
        put = session.put(str(urls["put"]), data=body, timeout=(SOCKET_S, SOCKET_S))
        got = session.get(str(urls["get"]), timeout=(SOCKET_S, SOCKET_S))
        return put.ok and got.ok and got.content == body
    finally:
        session.close()
