"""Numbers, sizes, times and ages as people read them, in the language that is shown."""

from __future__ import annotations

import html
import time
from datetime import datetime

from app.i18n import mark, tr

_MONTHS = (
    mark("Jan"), mark("Feb"), mark("Mar"), mark("Apr"), mark("May"), mark("Jun"),
    mark("Jul"), mark("Aug"), mark("Sep"), mark("Oct"), mark("Nov"), mark("Dec"),
)  # fmt: skip


def size(count: float | None) -> str:
    """Return bytes as "21.5 kB" (powers of 1000)."""
    if count is None:
        return "–"
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if abs(value) < 999.5:
            return f"{value:.0f} B" if unit == "B" else f"{value:.3g} {unit}"
        value /= 1000
    return f"{value:.3g} TB"


def memory(count: float | None) -> str:
    """Return memory in GB of 1024 cubed, as machines are sold."""
    return "–" if count is None else f"{count / 1024**3:.3g}"


def duration(seconds: float | None) -> str:
    """Return a span as "43 s", "17 min", "2 h 05 min", "3 d"."""
    if seconds is None:
        return "–"
    if seconds < 10:
        return tr("{n} s", n=f"{seconds:.1f}")
    if seconds < 100:
        return tr("{n} s", n=f"{seconds:.0f}")
    if seconds < 3600:
        return tr("{n} min", n=f"{seconds / 60:.0f}")
    if seconds < 86400:
        minutes = f"{int(seconds % 3600 // 60):02d}"
        return tr("{hours} h {minutes} min", hours=int(seconds // 3600), minutes=minutes)
    return tr("{n} d", n=f"{seconds / 86400:.0f}")


def age(at: float | None, now: float | None = None) -> str:
    """Return how long ago something was, coarsely ("12 min")."""
    if at is None:
        return tr("never")
    seconds = max(0.0, (time.time() if now is None else now) - at)
    if seconds < 60:
        return tr("{n} s", n=f"{seconds:.0f}")
    if seconds < 3600:
        return tr("{n} min", n=f"{seconds / 60:.0f}")
    if seconds < 86400:
        return tr("{n} h", n=f"{seconds / 3600:.0f}")
    return tr("{n} d", n=f"{seconds / 86400:.0f}")


def clock(at: float | None) -> str:
    """Return the time of day, or the date when it was another day."""
    if at is None:
        return "–"
    moment = datetime.fromtimestamp(at).astimezone()
    if moment.date() == datetime.now().astimezone().date():
        return moment.strftime("%H:%M")
    return day(at)


def day(at: float) -> str:
    """Return a day without its year: "25 Dec"."""
    moment = datetime.fromtimestamp(at).astimezone()
    return tr("{day} {month}", day=moment.day, month=tr(_MONTHS[moment.month - 1]))


def date(at: float | None) -> str:
    """Return a date as "25 Dec 2026"."""
    if at is None:
        return "–"
    moment = datetime.fromtimestamp(at).astimezone()
    month = tr(_MONTHS[moment.month - 1])
    return tr("{day} {month} {year}", day=moment.day, month=month, year=moment.year)


def date_time(at: float | None, seconds: bool = False) -> str:
    """Return a day and its time: "25 Dec 14:05"."""
    if at is None:
        return "–"
    form = "%H:%M:%S" if seconds else "%H:%M"
    return f"{day(at)} {datetime.fromtimestamp(at).astimezone():{form}}"


def short_digest(digest: str) -> str:
    """Return the ends of a digest in groups of four."""
    return f"{digest[:4]} {digest[4:8]} … {digest[-4:]}" if len(digest) > 16 else digest


def key_name(public_key: str) -> str:
    """Return a public key as people compare it at a glance: "A2:0D:71:5C"."""
    from agent_core.keys import short_fingerprint

    return short_fingerprint(public_key)


def tip(text: str) -> str:
    """Return a text as a tooltip shows it, wrapped and never read as markup."""
    return f"<p>{html.escape(text)}</p>" if text else ""


def plural(count: int, word: str, words: str = "") -> str:
    """Return "1 file", "3 files"; the extraction of texts knows this function's literals."""
    key = "{count} " + (word if count == 1 else words or word + "s")
    return tr(key, count=f"{count:,}")


def initials(name: str) -> str:
    """Return a person's initials, without titles."""
    parts = [p for p in name.replace(".", " ").split() if p not in {"Dr", "Prof", "Ms", "Mr"}]
    return "".join(p[0] for p in parts[:1] + parts[1:][-1:]).upper() or "?"


def role(name: str) -> str:
    """Return the word for what a device or a package does in a run."""
    known = {"client": tr("client"), "server": tr("server"), "flower": tr("Flower app")}
    return known.get(name, name)
