"""System figures of every device in a run: this machine bold, others thin, gaps as gaps."""

from __future__ import annotations

import time
from functools import partial
from typing import Any

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QGridLayout, QWidget

from app.i18n import tr
from app.pages.runs.export import ask_path, write_system
from app.pages.runs.live import RunLive
from app.pages.runs.system_model import FIGURES, Figure, SystemBook
from app.widgets.buttons import Button
from app.widgets.curve_plot import CurveLine
from app.widgets.curve_plot_card import CurveCard, CurveGroup
from app.widgets.curve_plot_chips import ChipRow
from app.widgets.curve_plot_flow import wrapping
from app.widgets.curve_plot_series import Floats
from app.widgets.curve_plot_ticks import Scale, ago_scale, bytes_text, clock, value_text
from app.widgets.empty_state import EmptyState
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row, scrolled
from app.widgets.page_stack import PageStack
from app.widgets.piecemeal import Piecemeal
from app.widgets.switches import Segmented
from app.widgets.words import duration

FRESH_S = 10.0  # an older value says how old it is
LATE_S = 30.0  # a live site whose newest sample is older is told below the plots


class SystemTab(QWidget):
    """Plots of CPU, memory, job, network and GPU over the last minutes or the whole run."""

    def __init__(self, live: RunLive) -> None:
        super().__init__()
        self._live = live
        self.book = SystemBook()
        self.group = CurveGroup(self)
        self.cards: dict[str, CurveCard] = {}
        self._limits: dict[str, tuple[float, str]] = {}
        self.filling = Piecemeal(self, at_once_s=0.004)
        self._build()
        feed = live.feed("system")
        feed.arrived.connect(self._on_samples)
        feed.caught_up.connect(self._show_state)
        live.changed.connect(lambda: self._refresh() if self.isVisible() else None)
        live.tick.connect(lambda _: self._refresh() if self.isVisible() else None)

    def start(self) -> None:
        """Follow the samples from now on."""
        self._live.feed("system").pull()
        self._live.context.tasks.call("rules.get", self._on_rules, lambda _: None, self)

    def _build(self) -> None:
        self.span = Segmented(
            [("300", tr("5 min")), ("1200", tr("20 min")), ("0", tr("Whole run"))], "1200"
        )
        self.span.chosen.connect(lambda _: self._on_window())
        export = Button("CSV", icon="download", sz="sm", on_click=self._save_csv)
        self.chips = ChipRow(tr("Sites"))
        wrapping(self.chips)
        self.chips.toggled.connect(self._on_chips)
        self._plots = QWidget()
        self._grid = QGridLayout(self._plots)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(16)
        self._empty = EmptyState(
            "gauge", tr("No figures yet"), tr("Sites report them while their job runs.")
        )
        self._stack = PageStack()
        self._stack.addWidget(self._empty)
        self._stack.addWidget(scrolled(self._plots))
        words = tr(
            "Bold line and big numbers: this machine. Sites report only while a run is live."
        )
        self._late = Label("", "small", "warn")
        foot = row(Icon("monitor", "faint", 14), Label(words, "small", "faint"), None, self._late)
        tools = row((self.chips, 1), self.span, export, gap=12)
        self.setLayout(column(tools, (self._stack, 1), foot, gap=12))

    # --- data ---
    def _on_rules(self, report: dict[str, Any]) -> None:
        """Draw the limits at which this machine's own rules pause a job."""
        rules = report.get("rules") or {}
        if rules.get("temperature_on"):
            limit = float(rules["temperature_limit"])
            self._limits["gpu_temperature"] = (limit, tr("pauses at {limit} °C", limit=int(limit)))
        for key, limit_of in self._limits.items():
            if key in self.cards:
                self.cards[key].plot.set_limit(limit_of)

    def _on_samples(self, tables: dict[int, Floats]) -> None:
        taking = [partial(self.book.add, {edge: table}) for edge, table in tables.items()]
        self.filling.add(*taking, self._show_samples)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.filling.add(self._show_samples)  # what came while another tab was seen

    def _show_samples(self) -> None:
        """Show what came; of new figures the cards are made first, each in its turn."""
        if not self.isVisible() or not self.book.samples:
            return
        shown = [figure for figure in FIGURES if self.book.has_values(figure.key)]
        missing = [figure for figure in shown if figure.key not in self.cards]
        if missing:
            made = [partial(self._make_card, figure) for figure in missing]
            self.filling.add(*made, self._place_cards, self._draw, self._show_state)
        else:
            self._draw()
            self._show_state()

    def _show_state(self) -> None:
        if self.filling.is_over:
            self._stack.setCurrentIndex(1 if self.book.samples else 0)

    def _draw(self) -> None:
        sites = self._live.sites
        edges = [edge for edge in sites if any(edge in s for s in self.book.series.values())]
        self.chips.set_chips((edge, sites[edge].name, sites[edge].slot, "") for edge in edges)
        for figure in FIGURES:
            card, known = self.cards.get(figure.key), self.book.series[figure.key]
            wanted = [edge for edge in edges if edge in known]
            if card is not None and [line.key for line in card.plot.lines] != wanted:
                card.plot.set_lines([self._line(figure, edge) for edge in wanted])
        self._on_chips()
        self._refresh()

    def _make_card(self, figure: Figure) -> None:
        card = CurveCard(figure.key, tr(figure.title), figure.kind, can_expand=False)
        card.plot.x_scale = self._x_scale
        card.plot.x_title = clock
        card.plot.missing = lambda _line, _x: tr("no value")
        card.plot.shows_raw = False
        if figure.key in self._limits:
            card.plot.set_limit(self._limits[figure.key])
        self.group.add(card.plot)
        self.cards[figure.key] = card

    def _place_cards(self) -> None:
        order = [figure.key for figure in FIGURES if figure.key in self.cards]
        self.cards = {key: self.cards[key] for key in order}
        across = 4 if len(self.cards) > 6 else 3
        for place, card in enumerate(self.cards.values()):
            self._grid.removeWidget(card)
            self._grid.addWidget(card, place // across, place % across)

    def _line(self, figure: Figure, edge: int) -> CurveLine:
        site = self._live.sites[edge]
        width = 2.2 if edge == self._live.own_edge else 1.2
        series = self.book.series[figure.key][edge]
        return CurveLine(edge, site.name, series, site.slot, width, site.is_dashed)

    # --- look ---
    def _now(self) -> float:
        run = self._live.run
        newest = max(self.book.last_at.values(), default=time.time())
        return time.time() if run is not None and self._live.is_live else newest

    def _x_scale(self) -> Scale:
        now = self._now()
        firsts = [float(s.x[0]) for s in self.book.series["cpu"].values() if len(s)]
        # Never more than there is: a run of half a minute fills the plot too.
        known = max(30.0, (now - min(firsts, default=now)) * 1.02)
        window = float(self.span.current())
        return ago_scale(min(window, known) if window else known, now)

    def _on_window(self) -> None:
        self.group.point_at(None, None)
        self.group.zoom(None)

    def _on_chips(self) -> None:
        chosen = self.chips.chosen()
        for card in self.cards.values():
            for line in card.plot.lines:
                line.is_visible = line.key in chosen
        self.group.refresh()

    def _refresh(self) -> None:
        own = self._live.own_edge
        for figure in FIGURES:
            card = self.cards.get(figure.key)
            if card is None:
                continue
            self._show_value(card, figure, own)
            self._shade_gaps(card)
        self._say_late()
        self.group.refresh()

    def _show_value(self, card: CurveCard, figure: Figure, own: int | None) -> None:
        """Show this machine's newest value; once it is old, a dash and when it was known."""
        value = self.book.latest(figure.key, own) if own is not None else None
        if value is None or own is None:
            card.set_value("", "")
            return
        age = max(0.0, time.time() - self.book.last_at[own])
        if age > LATE_S:
            card.set_value(tr("last known {time} ago", time=duration(age)), "–", "faint")
        elif age > FRESH_S:
            card.set_value(tr("{time} ago", time=duration(age)), _text(figure, value))
        else:
            card.set_value(tr(figure.note) if figure.note else "", _text(figure, value))

    def _shade_gaps(self, card: CurveCard) -> None:
        shown = self.chips.chosen()
        spans = [gap for edge, gaps in self.book.gaps.items() if edge in shown for gap in gaps]
        card.plot.set_spans(spans[-40:])

    def _say_late(self) -> None:
        if not self._live.is_live:
            self._late.setText("")
            return
        now = time.time()
        late = [
            tr(
                "{name}: no values for {time}",
                name=self._live.sites[edge].name,
                time=duration(now - at),
            )
            for edge, at in self.book.last_at.items()
            if now - at > LATE_S and edge in self._live.sites
        ]
        said = late[0] if late else ""
        if len(late) > 1:
            said = tr("{first} and {count} more", first=said, count=len(late) - 1)
        self._late.setText(said)

    # --- files ---
    def _save_csv(self) -> None:
        name = f"run-{self._live.run_id}-system.csv"
        path = ask_path(self, tr("Save system figures"), name, tr("CSV (*.csv)"))
        if path is None:
            return
        series = [
            (key, edge, one.x, one.y)
            for key, by_edge in self.book.series.items()
            for edge, one in by_edge.items()
        ]
        context = self._live.context

        def saved(count: int) -> None:
            context.notify(tr("{count:,} values saved", count=count), str(path), kind="ok")

        context.tasks.run(partial(write_system, path, series, dict(self._live.sites)), saved)


def _text(figure: Figure, value: float) -> str:
    if figure.key == "gpu_temperature":
        return f"{value:.0f} °C"
    return bytes_text(value) if figure.kind == "bytes" else value_text(value, figure.kind)
