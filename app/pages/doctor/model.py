"""The doctor's words: what each check is called, what the way looks like, the letter to IT."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent_core.errors import StorageError
from agent_core.protocol.records_doctor import CHECKS
from app.i18n import mark, tr
from app.widgets.words import short_digest
from app.wire_words import said

# Key -> icon and title, in the order in which the agent looks.
TITLES: dict[str, tuple[str, str]] = {
    "address": ("network", mark("Network card")),
    "proxy": ("building-2", mark("Proxy")),
    "dns": ("globe", mark("Name lookup")),
    "tcp": ("plug", mark("Port")),
    "tls": ("lock", mark("Encryption")),
    "hub": ("server", mark("Hub")),
    "clock": ("clock", mark("Computer clock")),
    "broker": ("radio-tower", mark("Message broker")),
    "heartbeat": ("activity", mark("Heartbeat both ways")),
    "store": ("database", mark("Object store")),
    "disk": ("hard-drive", mark("Disk space")),
    "sandbox": ("shield-check", mark("Sandbox for jobs")),
    "python": ("package", mark("Job runtime")),
    "gpu": ("cpu", mark("Graphics processor")),
    "keyring": ("key-round", mark("Place for secrets")),
}
STOPS: dict[str, tuple[str, str]] = {
    "machine": ("monitor", mark("This computer")),
    "proxy": ("building-2", mark("Proxy")),
    "gateway": ("shield-alert", mark("Security gateway")),
    "hub": ("server", mark("Hub")),
    "broker": ("radio-tower", mark("Broker")),
    "store": ("database", mark("Store")),
}
STATES = {"pass": "PASS", "note": "WARN", "fail": "FAIL", "skip": "SKIP"}
LETTER: dict[str, str] = {
    "host": mark("Host"), "port": mark("Port"), "from": mark("From"), "proxy": mark("Proxy"),
    "broker": mark("Broker"), "store": mark("Store"), "certificate": mark("Certificate"),
    "issuer": mark("Issued by"), "found": mark("Found"), "program": mark("Program"),
    "signer": mark("Signer"), "sha256": mark("SHA-256"),
}  # fmt: skip
HEADS = {
    "pass": ("circle-check", "ok"), "note": ("triangle-alert", "warn"),
    "fail": ("shield-alert", "danger"),
}  # fmt: skip


def title(key: str) -> str:
    """Return what a check is called."""
    return tr(TITLES[key][1])


def ready_rows() -> list[str]:
    """Return the keys of all checks that the window knows."""
    return [key for key in CHECKS if key in TITLES]


def remedies(report: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what helps as (key of the check, what to do, why), the worst first."""
    order = {"fail": 0, "note": 1}
    wanted = [c for c in report["checks"] if c["state"] in order and (c["remedy"] or c["cause"])]
    wanted.sort(key=lambda check: order[check["state"]])
    return [
        (check["key"], said(check["remedy"]) or said(check["result"]), said(check["cause"]))
        for check in wanted
    ]


def letter_rows(report: dict[str, Any], *, short: bool = False) -> list[tuple[str, str]]:
    """Return the facts for the IT desk as (name, value)."""
    rows = []
    for name, value in report["letter"].items():
        text = said(str(value))
        if short and name in {"certificate", "sha256"}:
            text = short_digest(text)
        rows.append((tr(LETTER.get(name, name)), text))
    return rows


def letter_text(report: dict[str, Any]) -> str:
    """Return the letter to the IT department."""
    lines = [
        tr("To the IT department"),
        "",
        tr("SiloDesk on this computer needs outgoing connections to the host below. Please allow "
           "them without opening the encryption. It accepts no connections from outside."),
        "",
        *(f"{name}: {value}" for name, value in letter_rows(report)),
        "",
        tr("What the connection doctor found:"),
        *(
            f"- {title(check['key'])}: {said(check['result'])}"
            for check in report["checks"]
            if check["state"] != "skip" and check["key"] in TITLES
        ),
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def save(path: str, report: dict[str, Any]) -> None:
    """Write the letter, or for a name that ends in .json the whole report."""
    text = (
        json.dumps(report, indent=2, ensure_ascii=False) + "\n"
        if path.endswith(".json") else letter_text(report)
    )  # fmt: skip
    try:
        Path(path).write_text(text, "utf-8")
    except OSError as error:
        raise StorageError(
            f"The report cannot be written to {path}: {error.strerror}.",
            next_step="Choose another folder.",
        ) from error
