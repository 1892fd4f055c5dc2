"""What the code wants: data, network, machine, bytes out; and what contains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QWidget

from app.i18n import tr, trn
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import column, row
from app.widgets.switches import Switch
from app.widgets.theme import theme
from app.widgets.words import plural, size
from app.wire_words import said


def want(icon: str, title: str, text: str, tok: str = "muted") -> QHBoxLayout:
    """Return a line: icon, what, and a quieter line under it."""
    words = column(ElidedLabel(title, "medium"), ElidedLabel(text, "small", "faint"), gap=1)
    return row(column(2, Icon(icon, tok), None, gap=0), (words, 1), gap=10)


class DataChoice(QWidget):
    """Which dataset the job sees as /data, if any."""

    changed = Signal()

    def __init__(self, approval: dict[str, Any]) -> None:
        super().__init__()
        self._approval = approval
        self._offers: list[dict[str, Any]] = []
        self.switch = Switch(tr("Give the job data"), on=False)
        self.combo = QComboBox()
        self.combo.setFixedHeight(32)
        self.combo.setFont(theme().font(400, 13))
        self.combo.setAccessibleName(tr("Dataset"))
        self._title = Label(tr("No data"), "medium")
        self._facts = Label(tr("Looks which datasets fit"), "small", "faint", wrap=True)
        self._fit = Label("", "small", "muted", wrap=True)
        words = column(self._title, self._facts, gap=1)
        head = row(column(2, Icon("database", "muted"), None, gap=0), (words, 1), self.switch,
                   gap=10)  # fmt: skip
        self.setLayout(column(head, self.combo, self._fit, gap=8))
        self.switch.setEnabled(False)
        self.combo.hide()
        self._fit.hide()
        self.switch.toggled.connect(lambda _: self._show())
        self.combo.currentIndexChanged.connect(lambda _: self._show())

    def set_offers(self, offers: Sequence[dict[str, Any]], *, again: bool = False) -> None:
        """Offer the datasets of `approvals.review`; the best fitting one is chosen.

        `again`: they were offered before, and what the operator chose stays chosen.
        """
        is_on, chosen = self.switch.isChecked(), self.combo.currentData()
        was_empty = not self._offers
        self._offers = [one for one in offers if not one["why_not"]]
        best = sorted(
            self._offers,
            key=lambda one: (
                len(one["missing"]), not one.get("was_given"), not one["is_default"], one["name"]
            ),
        )  # fmt: skip
        for widget in (self.combo, self.switch):
            widget.blockSignals(True)
        self.combo.clear()
        for one in self._offers:
            self.combo.addItem(str(one["name"]), one["id"])
        if best:
            self.combo.setCurrentIndex(self._offers.index(best[0]))
        is_wanted = self._approval["role"] == "client" or any(o["is_default"] for o in best)
        self.switch.setEnabled(bool(self._offers))
        self.switch.setChecked(bool(best) and is_wanted)
        if again and not was_empty and self.combo.findData(chosen) >= 0:
            self.combo.setCurrentIndex(self.combo.findData(chosen))
            self.switch.setChecked(is_on)
        for widget in (self.combo, self.switch):
            widget.blockSignals(False)
        self._refused = [one for one in offers if one["why_not"]]
        self._show()

    def select(self, name: str) -> None:
        """Choose a dataset by its name."""
        self.switch.setChecked(True)
        self.combo.setCurrentIndex(self.combo.findText(name))

    def chosen(self) -> dict[str, Any] | None:
        """Return the chosen dataset."""
        at = self.combo.currentIndex()
        return self._offers[at] if self.switch.isChecked() and 0 <= at < len(self._offers) else None

    def params(self) -> dict[str, Any]:
        """Return what `approvals.approve` takes for this choice."""
        chosen = self.chosen()
        if chosen is None:
            return {"no_data": True}
        return {"dataset": chosen["id"], "version": str(chosen.get("hash") or "")}

    def _show(self) -> None:
        chosen = self.chosen()
        self.combo.setVisible(chosen is not None and len(self._offers) > 1)
        self._title.setText(str(chosen["name"]) if chosen else tr("No data"))
        self._facts.setText(facts_of(chosen) if chosen else self._why_none())
        text, tok = fit_of(chosen, self._approval.get("data_wanted") or [])
        self._fit.setText(text)
        self._fit.set_token(tok)
        self._fit.setVisible(bool(text))
        self.changed.emit()

    def _why_none(self) -> str:
        if self._offers:
            return tr("The job sees no file of this machine")
        if self._refused:
            return said(str(self._refused[0]["why_not"]))
        return tr("No dataset is registered; add one on the Datasets page")


def facts_of(offer: dict[str, Any]) -> str:
    """Return rows, columns and that it is read-only."""
    parts = []
    if offer.get("rows") is not None:
        parts.append(
            plural(int(offer["rows"]), "image") if offer["kind"] == "images"
            else plural(int(offer["rows"]), "row")
        )  # fmt: skip
    if offer.get("columns"):
        parts.append(plural(int(offer["columns"]), "column"))
    if not parts:
        parts.append(plural(int(offer.get("files") or 0), "file"))
    parts += [tr("version {number}", number=offer["number"]), tr("read only")]
    return ", ".join(parts)


def fit_of(offer: dict[str, Any] | None, wanted: Sequence[str]) -> tuple[str, str]:
    """Return how the declared columns fit a dataset, and the colour of that."""
    if not wanted:
        return "", "muted"
    if offer is None:
        names = ", ".join(list(wanted)[:8])
        return tr("The package declares that it needs: {columns}", columns=names), "warn"
    missing = offer["missing"]
    if not missing:
        count = len(wanted)
        return trn("The declared column is there", "All {count} declared columns are there",
                   count), "ok"  # fmt: skip
    names = ", ".join(missing[:8])
    return tr("Missing columns: {columns}", columns=names), "danger"


def bytes_out(approval: dict[str, Any]) -> tuple[str, str]:
    """Return what is expected to leave, and where that is known from."""
    one, rounds = approval.get("bytes_per_round"), approval.get("rounds")
    if one is None:
        return tr("Sends model updates"), tr("its size is known after the first run here")
    if rounds:
        text = trn("about {all} in {count} round", "about {all} in {count} rounds", int(rounds),
                   all=size(one * rounds))  # fmt: skip
        return tr("Sends {size} a round", size=size(one)), text
    return tr("Sends {size} a round", size=size(one)), tr("as in its last run here")


def machine(approval: dict[str, Any], limits: dict[str, Any]) -> tuple[str, str]:
    """Return what the job may use of this machine."""
    memory = limits.get("memory")
    what = tr("Memory, up to {size}", size=size(memory)) if memory else tr("Memory without a limit")
    needs = approval.get("requirements") or []
    if not needs:
        return what, tr("needs no packages besides the runtime")
    names = ", ".join(str(one) for one in needs[:6])
    more = f", +{len(needs) - 6}" if len(needs) > 6 else ""
    return what, tr("installs {packages}", packages=names + more)


def network(approval: dict[str, Any], calls: int) -> tuple[str, str, str]:
    """Return icon token and words about the network."""
    text = str(approval.get("sandbox") or "")
    if "no network" not in text:
        return "danger", tr("Network"), tr("nothing blocks it on this machine")
    if calls:
        words = trn("{count} line tries it in vain", "{count} lines try it in vain", calls)
        return "warn", tr("Network stays blocked"), words
    return "ok", tr("Network stays blocked"), tr("the code does not ask for it")
