"""Every setting, in its section."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.i18n import mark, tr
from app.pages.settings.line import Line, choice_line, number_line, switch_line, text_line

MB = 1_000_000


@dataclass
class Section:
    """Settings that belong together."""

    key: str
    icon: str
    title: str
    lines: list[Line] = field(default_factory=list)


def sections() -> list[Section]:
    """Return all sections with fresh controls."""
    return [
        Section("silo", "hospital", tr("This silo"), _silo()),
        Section("look", "sun-moon", tr("Appearance"), _look()),
        Section("start", "power", tr("Start and close"), _start()),
        Section("data", "database", tr("Data and limits"), _data()),
        Section("quiet", "bell", tr("Notifications"), _quiet()),
        Section("network", "globe", tr("Network"), _network()),
    ]


def _silo() -> list[Line]:
    return [
        text_line("silo", tr("Name of this silo"),
                  tr("Your hospital, lab or department. Others see it once this machine is bound "
                     "again."), hint="Klinikum Lindenau"),
        text_line("device_name", tr("Name of this machine"),
                  tr("How it is called on the Devices page. Used when it is bound again.")),
    ]  # fmt: skip


def _look() -> list[Line]:
    themes = [("system", tr("System")), ("light", tr("Light")), ("dark", tr("Dark"))]
    # Each language is named in itself, so that who cannot read this one finds their own.
    languages = [("system", tr("System")), ("en", "English"), ("zh_CN", "简体中文")]
    return [
        choice_line("theme", tr("Theme"), tr("System follows your desktop."), themes,
                    words="dark light colour"),
        choice_line("language", tr("Language"), tr("The window changes at once."), languages,
                    words="english chinese 中文 语言"),
        switch_line("reduce_motion", tr("Reduce motion"),
                    tr("Nothing moves by itself; the topology stays still."),
                    words="animation"),
    ]  # fmt: skip


CLOSING = (
    ("", mark("Ask me")), ("tray", mark("Stay in the tray")), ("minimise", mark("Minimise")),
    ("quit", mark("Quit the window; jobs go on")),
)  # fmt: skip


def _start() -> list[Line]:
    return [
        switch_line("autostart", tr("Start at log-in"),
                    tr("The agent and its tray icon start when you sign in to this computer."),
                    words="autostart boot login"),
        switch_line("links", tr("Open silodesk:// links with SiloDesk"),
                    tr("A click on an invitation in a mail or a browser then leads here."),
                    words="invitation url handler browser"),
        choice_line("closing", tr("Closing the window"),
                    tr("The agent and its jobs go on in every case."),
                    [(key, tr(words)) for key, words in CLOSING], words="tray quit"),
        switch_line("prewarm", tr("Keep a worker ready"),
                    tr("Runs start faster; costs some hundred MB of memory."), words="prewarm"),
    ]  # fmt: skip


def _data() -> list[Line]:
    return [
        text_line("data_dir", tr("Data folder"),
                  tr("Jobs see it read-only, as /data. Nothing else of this machine is shown to "
                     "them."), hint="/srv/silo/data", mono=True),
        number_line("daily_egress_budget", tr("Daily budget for what leaves"),
                    tr("Home compares with it."), suffix=" MB", scale=MB, none=tr("no budget"),
                    words="egress upload limit"),
        number_line("job_memory", tr("Memory of a job"),
                    tr("Holds for jobs that start from now on."), suffix=" MB", none=tr("no limit"),
                    words="ram limit"),
    ]  # fmt: skip


def _quiet() -> list[Line]:
    return [
        text_line("quiet_from", tr("Quiet from"),
                  tr("From then on nothing pops up; decisions wait in the tray icon. Empty is "
                     "never."), hint="20:00", mono=True, words="do not disturb hours"),
        text_line("quiet_to", tr("Quiet until"), tr("The hours may pass midnight."), hint="06:00",
                  mono=True, words="do not disturb hours"),
    ]  # fmt: skip


def _network() -> list[Line]:
    return [
        text_line("proxy", tr("Proxy"),
                  tr("Empty takes what the system says; none connects directly. It holds at once. "
                     "The message broker is reached without a proxy."),
                  hint="http://proxy.example.org:3128", mono=True, words="http firewall"),
    ]  # fmt: skip
