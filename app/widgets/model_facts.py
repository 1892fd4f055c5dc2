"""Where a model comes from: run, packages with their words, sites and data, parameters."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtWidgets import QWidget

from agent_core.protocol.metric_names import metric_rank
from agent_core.protocol.records_models import ModelDetail
from app.i18n import tr
from app.widgets.curve_plot_ticks import kind_of, value_text
from app.widgets.key_value import KeyValue
from app.widgets.labels import Icon, Label
from app.widgets.layouts import clear, column, row, rule, scrolled
from app.widgets.metric_words import metric_title
from app.widgets.words import date_time, size

KEYS = 92


class ModelFacts(QWidget):
    """A model's lineage, to read and to copy."""

    def __init__(self) -> None:
        super().__init__()
        inner = QWidget()
        self._parts = column(gap=12, margins=(0, 0, 6, 0))
        inner.setLayout(self._parts)
        self.setLayout(column((scrolled(inner), 1)))

    def show_detail(self, one: ModelDetail) -> None:
        """Show a model's facts."""
        clear(self._parts)
        model = one.model
        facts = [
            (tr("Run"), tr("{id}, {name}", id=model.run_id, name=model.run_name or "–")),
            (tr("Project"), model.project_name),
            (tr("Application"), model.application_name),
            (tr("Owner"), model.owner_name),
            (tr("Epoch"), str(one.epoch)),
            (tr("Saved"), date_time(model.created_at, seconds=True)),
            (tr("Size"), size(model.size)),
            (tr("Made from"), _before(one)),
        ]
        facts += [
            (metric_title(key), value_text(model.metrics[key], kind_of(key)))
            for key in sorted(model.metrics, key=metric_rank)
        ]
        self._parts.addWidget(KeyValue(facts, key_width=KEYS))
        self._section("SHA-256")
        groups = [model.sha256[at : at + 8] for at in range(0, 64, 8)]
        self._parts.addWidget(
            Label(" ".join(groups), "small", mono=True, wrap=True, selectable=True)
        )
        self._packages(one)
        self._sites(one)
        self._parameters(one)
        self._parts.addStretch(1)

    def _section(self, title: str) -> None:
        self._parts.addWidget(rule())
        self._parts.addWidget(Label(title, "strong"))

    def _packages(self, one: ModelDetail) -> None:
        self._section(tr("Packages"))
        for package in one.packages:
            token = "ok" if package.is_allowed else "muted"
            icon = "shield-check" if package.is_allowed else "shield-question"
            words = tr("allowed here") if package.is_allowed else tr("not allowed here yet")
            self._parts.addLayout(
                row(
                    Icon("package", "muted", 16),
                    Label(f"{package.name} ({package.type})", "medium"),
                    None,
                    Icon(icon, token, 14),
                    Label(words, "small", token),
                    gap=8,
                )
            )
            self._parts.addLayout(
                row(
                    Icon("fingerprint", "accent_text", 16),
                    (Label(package.fingerprint, "small", wrap=True, selectable=True), 1),
                    gap=8,
                )
            )

    def _sites(self, one: ModelDetail) -> None:
        self._section(tr("Sites and data"))
        for site in one.sites:
            is_server = site.get("role") == "server"
            if not (site.get("took_part") or is_server):
                continue
            role = tr("server") if is_server else tr("took part")
            lines = [
                Label(f"{site.get('silo') or '–'}, {site.get('name') or '–'}", "small"),
                Label(_data(site.get("dataset") or {}, role), "small", "faint", wrap=True),
            ]
            self._parts.addLayout(
                row(column(Icon("hospital", "muted", 16), None), (column(*lines, gap=2), 1), gap=8)
            )

    def _parameters(self, one: ModelDetail) -> None:
        self._section(tr("Parameters"))
        if not one.parameters:
            words = tr("The application's own values.")
            self._parts.addWidget(Label(words, "small", "faint", wrap=True))
            return
        pairs = [
            (key, value if isinstance(value, str) else json.dumps(value))
            for key, value in sorted(one.parameters.items())
        ]
        self._parts.addWidget(KeyValue(pairs, key_width=KEYS))


def _before(one: ModelDetail) -> str:
    return tr("model {sha}", sha=one.before[:8]) if one.before else tr("a fresh start")


def _data(dataset: dict[str, Any], role: str) -> str:
    name = str(dataset.get("name") or "")
    if not name:
        return role
    version = str(dataset.get("version") or dataset.get("sha256") or "")[:16]
    return tr("{role}; dataset {name} {version}", role=role, name=name, version=version)
