"""The connection doctor: every check in order, each bounded, and what they say together."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from agent_core.agent import doctor_hub, doctor_machine, doctor_wire
from agent_core.agent.doctor_case import BOUND_S, Case, Watch, found
from agent_core.agent.machine import agent_version
from agent_core.protocol.records_doctor import (
    CHECKS,
    DoctorCheck,
    DoctorReport,
    PathStop,
)

log = logging.getLogger(__name__)

Tell = Callable[[DoctorCheck, int, int], None]
Step = Callable[[Case], Awaitable[DoctorCheck]]

STEPS: dict[str, Step] = {
    "address": doctor_wire.check_address, "proxy": doctor_wire.check_proxy,
    "dns": doctor_wire.check_dns, "tcp": doctor_wire.check_tcp, "tls": doctor_wire.check_tls,
    "hub": doctor_hub.check_hub, "clock": doctor_hub.check_clock,
    "broker": doctor_hub.check_broker, "heartbeat": doctor_hub.check_heartbeat,
    "store": doctor_hub.check_store, "disk": doctor_machine.check_disk,
    "sandbox": doctor_machine.check_sandbox, "python": doctor_machine.check_python,
    "gpu": doctor_machine.check_gpu, "keyring": doctor_machine.check_keyring,
}  # fmt: skip
NEEDS = {
    "proxy": "address", "dns": "proxy", "tcp": "dns", "tls": "tcp", "hub": "tls", "clock": "hub",
    "broker": "hub", "heartbeat": "broker", "store": "hub",
}  # fmt: skip
WHY_NOT = {
    "address": "the hub's address comes first", "proxy": "the proxy comes first",
    "dns": "the name has to be known first", "tcp": "the port has to answer first",
    "tls": "the encryption has to hold first", "hub": "the hub has to answer first",
    "broker": "the broker comes first",
}  # fmt: skip


async def examine(case: Case, tell: Tell) -> DoctorReport:
    """Run every check in order and return the report; `tell` hears each finding at once."""
    watch = Watch()
    checks: dict[str, DoctorCheck] = {}
    for number, key in enumerate(CHECKS, 1):
        checks[key] = await _one(key, case, checks)
        tell(checks[key], number, len(CHECKS))
    return await asyncio.to_thread(report, case, list(checks.values()), watch.ms / 1000)


async def _one(key: str, case: Case, before: dict[str, DoctorCheck]) -> DoctorCheck:
    need = NEEDS.get(key)
    if need and before[need].state in {"fail", "skip"}:
        if before[need].state == "skip" and need in {"address", "broker"}:
            return found(key, "skip", before[need].result)
        return found(key, "skip", f"Not tried, because {WHY_NOT[need]}.")
    watch = Watch()
    try:
        check = await asyncio.wait_for(STEPS[key](case), BOUND_S)
    except TimeoutError:
        check = found(
            key, "fail", f"No answer within {BOUND_S:.0f} s.",
            "What was asked hangs, or this machine is very busy.", "Run the checks again.",
        )  # fmt: skip
    except Exception as error:  # a check that fails itself is a finding, not the end of the others
        log.exception("The doctor's check %s failed itself", key)
        check = found(key, "fail", f"This check failed itself: {type(error).__name__}.",
                      str(error)[:300], "The agent's log says more.")  # fmt: skip
    if check.state == "skip":
        return check
    return check.model_copy(update={"ms": watch.ms})


def report(case: Case, checks: list[DoctorCheck], took_s: float) -> DoctorReport:
    """Put findings together: the first fault names the sentence."""
    failed = [check for check in checks if check.state == "fail"]
    noted = [check for check in checks if check.state == "note"]
    if failed:
        state, sentence, consequence = "fail", failed[0].result, failed[0].cause
    elif not case.url:
        state = "note" if noted else "pass"
        sentence = "No hub is named yet; this machine was looked at alone."
        consequence = "Type a hub's address or paste an invitation link to check the way there."
    elif noted:
        state, sentence = "note", "The connection works; some things deserve a look."
        consequence = noted[0].result
    else:
        state, sentence = "pass", "Everything that this machine needs can be reached."
        consequence = "Each check passed."
    by_key = {check.key: check for check in checks}
    return DoctorReport.model_validate({
        "hub_url": case.url, "host": case.host, "port": case.port if case.url else 0,
        "at": time.time(), "took_s": took_s, "state": state, "sentence": sentence,
        "consequence": consequence, "fault": failed[0].key if failed else "",
        "path": path(case, by_key), "checks": checks, "letter": letter(case, by_key),
    })  # fmt: skip


def path(case: Case, checks: dict[str, DoctorCheck]) -> list[PathStop]:
    """Return the stops from this machine to broker and store, as far as each was reached."""
    stops = [PathStop(kind="machine", name=case.address or "–",
                      state="fail" if checks["address"].state == "fail" else "ok")]  # fmt: skip
    if not case.url:
        return stops
    if case.proxy.url:
        stops.append(_stop("proxy", case.proxy.host, [checks["proxy"]]))
    gateway = checks["tls"].facts.get("gateway")
    if gateway:
        stops.append(PathStop(kind="gateway", name=gateway, state="fail"))
    parts = [checks[key] for key in ("dns", "tcp", "tls", "hub")]
    name = str(case.about.get("name") or case.host)
    stops.append(
        PathStop(kind="hub", name=case.host, state="unknown") if gateway
        else _stop("hub", name, parts)
    )  # fmt: skip
    broker = case.binding.broker if case.binding else None
    where = f"{broker.host}:{broker.port}" if broker else ""
    stops.append(_stop("broker", where, [checks["broker"], checks["heartbeat"]]))
    stops.append(_stop("store", case.store_host, [checks["store"]]))
    return stops


def _stop(kind: str, name: str, checks: list[DoctorCheck]) -> PathStop:
    states = {check.state for check in checks}
    state = (
        "fail" if "fail" in states else "unknown" if "skip" in states
        else "note" if "note" in states else "ok"
    )  # fmt: skip
    return PathStop.model_validate({"kind": kind, "name": name, "state": state})


def letter(case: Case, checks: dict[str, DoctorCheck]) -> dict[str, str]:
    """Return the facts that an IT desk asks for; empty where no hub is named."""
    if not case.url:
        return {}
    scheme = "HTTPS" if case.is_tls else "HTTP"
    facts = {
        "host": case.host,
        "port": f"{case.port}/tcp, outbound, {scheme}",
        "from": case.address,
        "proxy": f"{case.proxy.host}:{case.proxy.port}" if case.proxy.url else "",
    }
    if case.binding is not None:
        broker = case.binding.broker
        kind = "MQTT over TLS" if broker.tls else "MQTT"
        facts["broker"] = f"{broker.host}, {broker.port}/tcp, outbound, {kind}"
    facts |= {
        "store": f"{case.store_host}, outbound, S3" if case.store_host else "",
        "certificate": case.facts.get("certificate", ""),
        "issuer": case.facts.get("issuer", ""),
        "found": next((c.result for c in checks.values() if c.state == "fail"), ""),
        "program": f"SiloDesk {agent_version()}, {sys.executable}",
        "signer": "none: this build is not signed",
        "sha256": _hash(Path(sys.executable)),
    }
    return {name: value for name, value in facts.items() if value}


def _hash(program: Path) -> str:
    try:
        with program.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""
