"""Serve on this machine: start and stop, the address, the token, and how much it is asked."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtGui import QGuiApplication, QHideEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from app.i18n import tr, trn
from app.widgets.bars import Sparkline
from app.widgets.buttons import Button
from app.widgets.cards import Inset
from app.widgets.labels import ElidedLabel, Label
from app.widgets.layouts import column, row
from app.widgets.serving_link import ServingLink
from app.widgets.words import age
from app.wire_words import said

READ_EVERY_MS = 5_000


class ServingBox(QWidget):
    """The switch of a model's server and what other programs need to ask it."""

    def __init__(self, link: ServingLink) -> None:
        super().__init__()
        self._link = link
        self._declared: dict[str, Any] = {}
        self.state = Label("", "small", "muted", wrap=True)
        self.start = Button(
            tr("Start server"), "secondary", sz="sm", icon="play", on_click=lambda: link.start()
        )
        self.stop = Button(
            tr("Stop serving"), "dangerline", sz="sm", icon="circle-stop", on_click=link.stop
        )
        head = row(Label(tr("Serve on this machine"), "strong"), None, self.start, self.stop)
        self.address = ElidedLabel("", "small", mono=True)
        self._copy_curl = Button(
            kind="ghost", sz="sm", icon="copy", tip=tr("Copy a command that asks it"),
            on_click=self._curl,
        )  # fmt: skip
        self.token = Button(tr("Copy token"), sz="sm", icon="key-round", on_click=self._token)
        self._token_note = Label("", "small", "faint", wrap=True)
        self.calls = Label("", "small", "faint")
        self._spark = Sparkline(height=44, low=0.0)
        self._spark.setAccessibleName(tr("Calls a minute, last 24 minutes"))
        self._live = QWidget()
        self._live.setLayout(
            column(
                Inset(row((self.address, 1), self._copy_curl), margins=(10, 4, 4, 4)),
                row(self.token, (self._token_note, 1), gap=8),
                self.calls,
                self._spark,
                Label(tr("Calls a minute, last 24 minutes"), "small", "faint"),
            )
        )
        self.setLayout(column(head, self.state, self._live, gap=6))
        self._clock = QTimer(self, interval=READ_EVERY_MS)
        self._clock.timeout.connect(self._on_clock)
        link.changed.connect(self._on_link)
        self._on_link()

    def set_declared(self, declared: dict[str, Any]) -> None:
        """Say what a model takes, for the command to copy."""
        self._declared = declared

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.start()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._clock.stop()

    def _on_clock(self) -> None:
        """Read the figures again: they change without an event, as minutes pass."""
        if self._link.is_away or self._link.is_asking:
            self._on_link()
        if self._link.is_live:
            self._link.reload()

    def _on_link(self) -> None:
        link, one = self._link, self._link.current
        self.start.setVisible(not link.is_live)
        self.start.setEnabled(not link.is_asking and not link.is_away)
        self.stop.setVisible(link.is_live)
        self.stop.setEnabled(not link.is_away)
        self._live.setVisible(link.is_serving)
        self._live.setEnabled(not link.is_away)
        self.state.set_token("warn" if link.is_away else "muted")
        if link.is_away:
            self._show_away(one)
        elif link.is_asking:
            since = age(link.asked_at)
            self.state.setText(
                tr("The agent fetches and checks the code. {age} so far.", age=since)
            )
        elif one is None:
            self.state.setText(tr("Not served. It would answer on 127.0.0.1, this computer only."))
        elif one["state"] == "serving":
            self.state.setText(tr("On 127.0.0.1, this computer only; it goes on without a window."))
            self._show(one)
        elif one["state"] == "starting":
            self.state.setText(said(one["detail"]))
        else:
            self.state.setText(tr("Ended: {why}", why=said(one["detail"])))

    def _show_away(self, one: dict[str, Any] | None) -> None:
        since = age(self._link.as_of)
        if one is not None and one["state"] != "ended":
            text = tr("The agent does not answer. {age} ago the model was served.", age=since)
        else:
            text = tr("The agent does not answer. {age} ago the model was not served.", age=since)
        self.state.setText(text)
        if one is not None and one["state"] == "serving":
            self._show(one)

    def _show(self, one: dict[str, Any]) -> None:
        self.address.setText(str(one["url"]).removeprefix("http://"))
        has = bool(self._link.token)
        self.token.setText(tr("Copy token") if has else tr("New token"))
        note = "" if has else tr("The first one was shown at its start.")
        self._token_note.setText(note)
        calls = trn("{count} call", "{count} calls", int(one["calls"]))
        if one["median_ms"] is not None:
            median = f"{one['median_ms']:.1f}"
            calls = tr("{calls}, median {ms} ms", calls=calls, ms=median)
        self.calls.setText(calls)
        self._spark.set([float(count) for count in one["per_minute"]] or [0.0, 0.0])

    def _token(self) -> None:
        if self._link.token:
            self._copy(self._link.token)
        else:
            self._link.renew(self._copy)

    def _copy(self, text: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self._token_note.setText(tr("Copied. Whoever has it can ask this model."))

    def _curl(self) -> None:
        if self._link.current is not None:
            line = curl_line(str(self._link.current["url"]), self._declared)
            QGuiApplication.clipboard().setText(line)


def curl_line(url: str, declared: dict[str, Any]) -> str:
    """Return a command that asks a server; the token stands in a variable, not in it."""
    given = declared.get("input") or {}
    head = f'curl -H "Authorization: Bearer $TOKEN" {url}'
    if given.get("kind") == "image":
        return f'{head} -H "Content-Type: image/png" --data-binary @picture.png'
    rows = (given.get("examples") or [[0.0] * len(given.get("columns") or [])])[:1]
    return f"{head} -H \"Content-Type: application/json\" -d '{json.dumps({'rows': rows})}'"
