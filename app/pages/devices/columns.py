"""The columns of the devices' table."""

from __future__ import annotations

from collections.abc import Callable

from agent_core.protocol.messages import OFFLINE_AFTER_S
from agent_core.protocol.vitals import Vitals
from app.i18n import tr, trn
from app.pages.devices.model import DeviceRow
from app.widgets.badges import site_letters
from app.widgets.cells import Cell
from app.widgets.seen import OLD_AFTER_S, age_of, badge_of, heard_ago, seen_now
from app.widgets.tables import Column
from app.widgets.words import memory


def columns() -> list[Column[DeviceRow]]:
    """Return the columns, their titles in the person's language."""
    return [
        Column(tr("Device"), _name, 0, sort=lambda r: (r.device.silo.lower(), r.device.name)),
        Column(tr("Edge id"), lambda r: Cell(str(r.device.edge_id), mono=True), 80,
               sort=lambda r: r.device.edge_id),
        Column(tr("State"), state_cell, 132, sort=lambda r: r.kind),
        Column(tr("Working on"), _work, 134),
        Column(tr("Hardware"), _hardware, 176, sort=lambda r: -r.device.hardware.cores),
        Column(tr("CPU"), lambda r: _bar(r, "cpu", "info"), 100, sort=_share_key("cpu")),
        Column(tr("GPU"), lambda r: _bar(r, "gpu", "violet"), 100, sort=_share_key("gpu")),
        Column(tr("Memory"), lambda r: _bar(r, "memory", "cyan"), 100, sort=_share_key("memory")),
        Column(tr("Age"), age_cell, 80, sort=lambda r: -(r.device.last_seen or 0.0)),
        Column(tr("Version"), lambda r: Cell(r.device.agent_version or "–", tok="muted"), 72),
    ]  # fmt: skip


def _name(row: DeviceRow) -> Cell:
    one = row.device
    sub = tr("{silo} · this device", silo=one.silo) if row.is_me else one.silo
    return Cell(one.name, kind="site", sub=sub, weight=500, letters=site_letters(one.silo),
                slot=row.slot)  # fmt: skip


def state_cell(row: DeviceRow) -> Cell:
    """Return the badge of this second."""
    state, word = badge_of(row.device, row.read_at)
    return Cell(word, kind="state", state=state)


def _work(row: DeviceRow) -> Cell:
    if not row.device.running:
        return Cell("–", tok="faint")
    count = len(row.device.running)
    title = trn("{count} run", "{count} runs", count)
    sub, tok = tr("of another group"), "faint"
    if len(row.runs) > 1:
        sub = ", ".join(str(run.id) for run in row.runs)
    elif row.runs:
        run = row.runs[0]
        title = tr("Run {id}", id=run.id)
        sub = tr("Round {k} of {n}", k=run.round, n=run.rounds or "?")
    ago = heard_ago(row.device, row.read_at)
    if seen_now(row.device, row.read_at) == "silent" and ago is not None:
        sub, tok = tr("drops out in {n} s", n=max(0, int(OFFLINE_AFTER_S - ago))), "warn"
    return Cell(title, sub=sub, sub_tok=tok)


def _hardware(row: DeviceRow) -> Cell:
    one = row.device.hardware
    if not one.cores:
        return Cell("–", tok="faint")
    gpu = ", ".join(one.gpus) or tr("no GPU")
    cores = trn("{count} core", "{count} cores", one.cores)
    return Cell(one.cpu or cores, sub=f"{cores} · {memory(one.memory)} GB · {gpu}", px=12)


def share(vitals: Vitals | None, what: str) -> float | None:
    """Return a figure as a share of 1; None is a gap."""
    if vitals is None:
        return None
    if what == "memory":
        used, total = vitals.memory_used, vitals.memory_total
        return None if used is None or not total else used / total
    percent = vitals.cpu_percent if what == "cpu" else vitals.gpu_percent
    return None if percent is None else percent / 100


def percent(value: float) -> str:
    """Return a share as "34 %"."""
    return tr("{n} %", n=f"{100 * value:.0f}")


def _bar(row: DeviceRow, what: str, tok: str) -> Cell:
    value = share(row.device.vitals, what)
    seen = seen_now(row.device, row.read_at)
    if value is None or seen == "offline":
        return Cell("–", kind="bar")
    old = (heard_ago(row.device, row.read_at) or 0.0) > OLD_AFTER_S or seen == "silent"
    return Cell(percent(value), kind="bar", share=value, tok="gray" if old else tok)


def _share_key(what: str) -> Callable[[DeviceRow], float]:
    return lambda row: -(share(row.device.vitals, what) or -1.0)


def age_cell(row: DeviceRow) -> Cell:
    """Return the age of the last heartbeat; amber once it is old."""
    ago = heard_ago(row.device, row.read_at)
    seen = seen_now(row.device, row.read_at)
    late = seen == "silent" or (seen == "online" and ago is not None and ago > OLD_AFTER_S)
    text = age_of(row.device, row.read_at)
    return Cell(text, tok="warn" if late else "muted", weight=600 if late else 400)
