"""One approval that waits: who asks for what, and the buttons to decide."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QWidget

from app.i18n import tr
from app.widgets.badges import SiteTag, Tag, site_letters
from app.widgets.buttons import Button
from app.widgets.labels import ElidedLabel, Label
from app.widgets.layouts import column, row
from app.widgets.words import age


class DecisionRow(QWidget):
    """An approval in a list."""

    def __init__(
        self, approval: dict[str, Any], words: str, on_review: Callable[[dict[str, Any]], object]
    ) -> None:
        super().__init__()
        self.approval = approval
        self.review = Button(tr("Review"), sz="sm", on_click=lambda: on_review(approval))
        self.review.setAccessibleName(tr("Review {name}", name=approval["application"]))
        name = ElidedLabel(approval["application"], "strong")
        self._age = Label(age(approval["asked_at"]), "small", "faint")
        words_label = ElidedLabel(words, "small", "muted")
        tags = [Tag(text, tok, icon=icon) for text, tok, icon in tags_of(approval)]
        letters = site_letters(approval["asked_by"])
        left = column(row(name, self._age, None, gap=8), words_label, gap=2)
        self.setLayout(
            row(
                SiteTag(letters, 5, 32, name=approval["asked_by"]), (left, 1), *tags, self.review,
                gap=12, margins=(0, 10, 0, 10),
            )
        )  # fmt: skip

    def tell_age(self) -> None:
        """Show how long it waits by now."""
        self._age.setText(age(self.approval["asked_at"]))


def tags_of(approval: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return what stands out about an approval: text, colour, icon."""
    found = []
    if approval.get("asked_again"):
        found.append((tr("data changed"), "warn", "database"))
    if approval.get("first_time"):
        found.append((tr("new package"), "violet", "package"))
    if not approval.get("signed"):
        found.append((tr("unsigned"), "warn", "shield-alert"))
    if approval.get("role") == "server":
        found.append((tr("combines updates"), "gray", "server"))
    return found
