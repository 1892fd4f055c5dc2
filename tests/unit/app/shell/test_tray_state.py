"""The tray's six states, and the facts of its menu."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtGui import QImage

from app.shell.tray_icon import SIZES, tray_pixmap
from app.shell.tray_state import STATES, facts, state_of

ACCOUNT = {"account": {"name": "A"}, "device": {"silo": "Lindenau", "edge_id": 266}}
TRAINING = {"job_id": "j", "run_id": 7, "state": "TRAINING", "round": 18, "rounds": 50}
PAUSED = {**TRAINING, "job_id": "k", "state": "PAUSED"}


@pytest.mark.parametrize(
    ("status", "connected", "failure", "expected"),
    [
        ({**ACCOUNT, "state": "online"}, True, False, "idle"),
        ({**ACCOUNT, "state": "online", "jobs": [TRAINING]}, True, False, "working"),
        ({**ACCOUNT, "state": "online", "jobs": [PAUSED]}, True, False, "paused"),
        ({**ACCOUNT, "state": "online", "jobs": [TRAINING, PAUSED]}, True, False, "working"),
        ({**ACCOUNT, "state": "online", "all_paused": "By A."}, True, False, "paused"),
        ({**ACCOUNT, "state": "online", "approvals_waiting": 2}, True, True, "needs_you"),
        ({**ACCOUNT, "state": "offline"}, True, False, "problem"),
        ({**ACCOUNT, "state": "online"}, True, True, "problem"),
        ({**ACCOUNT, "state": "online"}, False, False, "problem"),
        ({"state": "unbound"}, True, False, "signed_out"),
        ({}, True, False, "idle"),
    ],
)
def test_the_state_that_matters_most_is_shown(
    status: dict[str, Any], connected: bool, failure: bool, expected: str
) -> None:
    assert state_of(status, connected, failure).key == expected


def test_facts_name_silo_connection_jobs_and_bytes() -> None:
    status = {**ACCOUNT, "state": "online", "jobs": [TRAINING, {**PAUSED, "detail": "By A."}],
              "bytes_up_today": 1_620_000}  # fmt: skip
    said = [fact.text for fact in facts(status, True, 5_000_000)]
    assert said == [
        "Lindenau", "Connected, edge 266", "Run 7: Training, round 18 of 50",
        "Run 7: Paused, round 18 of 50", "By A.", "Sent today: 1.62 MB of 5 MB",
    ]  # fmt: skip
    assert facts(status, True, 0)[-1].text == "Sent today: 1.62 MB"
    assert facts(status, False, 0)[1].text == "The agent does not answer"
    many = {**status, "jobs": [{**TRAINING, "run_id": n} for n in range(6)]}
    assert "and 3 more" in [fact.text for fact in facts(many, True, 0)]


def shape(image: QImage) -> list[bool]:
    """Return where a picture is dark and where light, its colours taken away."""
    gray = image.convertToFormat(QImage.Format.Format_Grayscale8)
    return [
        gray.pixelColor(x, y).lightness() < 85
        for x in range(gray.width())
        for y in range(gray.height())
    ]


@pytest.mark.parametrize("size", SIZES)
def test_states_differ_by_shape_not_by_colour_only(qapp: object, size: int) -> None:
    shapes = [shape(tray_pixmap(one, size).toImage()) for one in STATES.values()]
    for number, one in enumerate(shapes):
        for other in shapes[number + 1 :]:
            assert sum(a != b for a, b in zip(one, other, strict=True)) >= size // 4
