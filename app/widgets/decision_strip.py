"""Who asks: the account, its group and key, the code's fingerprint, and what is known of both."""

from __future__ import annotations

from typing import Any

from app.i18n import tr
from app.widgets.badges import SiteTag, site_letters
from app.widgets.cards import Inset
from app.widgets.labels import ElidedLabel, Icon, Label
from app.widgets.layouts import Part, column, row, rule
from app.widgets.words import date, key_name, short_digest


class DecisionStrip(Inset):
    """The line above everything else."""

    def __init__(self, approval: dict[str, Any]) -> None:
        self.place = Label(approval["project"], "small", "muted")
        tok, icon, words = signature(approval)
        self.signed = ElidedLabel(words, "small", "muted")
        who = column(
            row(Label(approval["asked_by"], "strong"), self.place, None),
            row(Icon(icon, tok, 14), (self.signed, 1), gap=6),
            gap=3,
        )
        digest = ElidedLabel(short_digest(approval["content_digest"]), "small", mono=True)
        digest.setToolTip(approval["content_digest"])
        tok, words = familiarity(approval)
        parts: list[Part] = [SiteTag(site_letters(approval["asked_by"]), 5, 34), (who, 1)]
        for caption, value in (
            (tr("Code fingerprint"), Label(approval["fingerprint"], "strong")),
            (tr("Content digest"), digest),
            (tr("Seen here"), Label(words, "strong", tok)),
        ):
            parts += [
                rule(vertical=True),
                column(Label(caption, "small", "faint"), value, gap=4),
            ]
        super().__init__(row(*parts, gap=14), margins=(14, 10, 14, 10))
        self._project = approval["project"]

    def set_group(self, name: str) -> None:
        """Name the group."""
        self.place.setText(f"{self._project} · {name}")


def signature(approval: dict[str, Any]) -> tuple[str, str, str]:
    """Return token, icon and words about the key that asks and the key that built."""
    key = approval.get("owner_key") or ""
    if approval.get("key_changed"):
        words = tr("Order signed with key {key}, which is not the one used before",
                   key=key_name(key))  # fmt: skip
        return "danger", "shield-alert", words
    built = approval.get("builder_key") if approval.get("signed") else ""
    if not key:
        if built:
            return "ok", "circle-check", tr("Code signed with key {key}", key=key_name(built))
        return "warn", "shield-alert", tr("Code not signed by anyone")
    since = approval.get("key_known_since")
    name = key_name(key)
    known = (
        tr("Order signed with key {key}, known since {date}", key=name, date=date(since))
        if since else tr("Order signed with key {key}, new on this machine", key=name)
    )  # fmt: skip
    if not built:
        return "warn", "shield-alert", f"{known} · {tr('code not signed')}"
    if built == key:
        return "ok" if since else "info", "circle-check", known
    code = tr("code signed with key {key}", key=key_name(built))
    return "ok" if since else "info", "circle-check", f"{known} · {code}"


def familiarity(approval: dict[str, Any]) -> tuple[str, str]:
    """Return whether these very words were decided on before."""
    seen, at = approval.get("seen_before"), approval.get("seen_at")
    if seen == "approved":
        return "ok", tr("approved {date}", date=date(at))
    if seen == "refused":
        return "danger", tr("refused {date}", date=date(at))
    return "text", tr("new words")
