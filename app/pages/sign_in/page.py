"""The first page: join by link, sign in, host a hub here, or try the demo."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtWidgets import QApplication, QWidget

from app.bridge.tasks import sentence_of
from app.context import AppContext
from app.i18n import mark, tr
from app.pages.sign_in import model
from app.pages.sign_in.account_form import AccountForm
from app.pages.sign_in.demo import Demo
from app.pages.sign_in.door import Door
from app.pages.sign_in.doors import Doors
from app.widgets.buttons import Button
from app.widgets.labels import Icon, Label
from app.widgets.layouts import column, row, scrolled
from app.widgets.page import Page
from app.widgets.page_stack import PageStack
from app.widgets.switches import Segmented


class SignInPage(Page):
    """Three doors; behind each one short form."""

    title = mark("Welcome")
    full_window = True

    def __init__(self, context: AppContext) -> None:
        super().__init__(context)
        self.is_busy = False
        self._link = ""  # of the invitation that is shown
        self._way: Callable[[model.Entry], Any] | None = None
        self.doors = Doors()
        self.form = AccountForm()
        self.stack = PageStack()
        self.stack.addWidget(scrolled(self.doors))
        self.stack.addWidget(scrolled(self.form))
        self.setLayout(column((self.stack, 1), self._foot(), gap=0))
        self.doors.join.entered.connect(self._read_link)
        self.doors.sign_in.entered.connect(self._ask_hub)
        self.doors.host.entered.connect(self._host)
        self.form.submitted.connect(self._send)
        self.form.backed.connect(self._back)
        self.form.declined.connect(self._decline)
        context.events.status.connect(self._show_version)
        self.demo = Demo(context, self.doors.demo, self)
        self.doors.demo_wanted.connect(self.demo.start)

    def _foot(self) -> QWidget:
        foot = QWidget()
        self.version = Label("SiloDesk", "small", "faint")
        self.themes = Segmented(
            (("system", tr("System")), ("light", tr("Light")), ("dark", tr("Dark"))),
            self.context.theme.mode,
        )
        self.themes.chosen.connect(self._choose_theme)
        self.home = Button(tr("Back to Home"), "link",
                           on_click=lambda: self.context.navigate("home"))  # fmt: skip
        self.doctor = Button(tr("Connection doctor"), "link", on_click=self._see_doctor)
        self.proxy = Button(
            tr("Proxy settings"), "link",
            on_click=lambda: self.context.navigate("settings", section="network"),
        )  # fmt: skip
        languages = (("system", tr("System")), ("en", "English"), ("zh_CN", "简体中文"))
        self.languages = Segmented(languages)
        self.languages.setAccessibleName(tr("Language"))
        self.languages.chosen.connect(
            lambda code: self.context.tasks.call(
                "settings.set", None, lambda _: None, self, language=code
            )
        )
        parts = (
            self.version, self.doctor, self.proxy, self.home, None, Icon("globe", "faint", 16),
            self.languages, self.themes,
        )  # fmt: skip
        foot.setLayout(row(*parts, gap=14, margins=(28, 12, 28, 16)))
        return foot

    def _see_doctor(self) -> None:
        """Let the doctor look at what stands in a door's field, where something does."""
        typed = [door.field.value() for door in (self.doors.sign_in, self.doors.join)]
        wanted = next((text for text in typed if text), "")
        self.context.navigate("doctor", **({"url": wanted} if wanted else {}))

    def open(self, **arguments: Any) -> None:
        """Show the doors, or what a link offers."""
        self.themes.select(self.context.theme.mode)
        self.home.setVisible(self._is_signed_in())
        self._show_version(self.context.status())
        self._take_names()
        if not self.is_busy:
            self.stack.setCurrentIndex(0)
        link = str(arguments.get("link") or "")
        if link:
            edit = self.doors.join.field.control
            edit.setText(link)  # type: ignore[attr-defined]
            self.doors.join.button.click()
        self.doors.join.field.control.setFocus()

    def _show_version(self, status: dict[str, Any]) -> None:
        version = status.get("version")
        self.version.setText(tr("SiloDesk {version}", version=version) if version else "SiloDesk")

    def _is_signed_in(self) -> bool:
        return bool(self.context.status().get("account"))

    def _take_names(self) -> None:
        def take(settings: dict[str, Any]) -> None:
            self.languages.select(str(settings.get("language") or "system"))
            if settings.get("silo") and not self.form.silo.value():
                self.form.silo.set(settings["silo"])
            if settings.get("device_name"):
                self.form.device.set(settings["device_name"])

        self.context.tasks.call("settings.get", take, lambda _: None, self)

    def _choose_theme(self, mode: str) -> None:
        app = QApplication.instance()
        if isinstance(app, QApplication):
            self.context.theme.apply(app, mode)
        self.context.tasks.call("settings.set", None, lambda _: None, self, theme=mode)

    # --- the doors ---
    def _knock(self, door: Door, method: str, then: Callable[[Any], None], **params: Any) -> None:
        """Ask the agent about what stands in a door's field; an error goes under the field."""
        door.button.setEnabled(False)

        def open_(result: Any) -> None:
            door.button.setEnabled(True)
            door.field.say("")
            then(result)

        def stay(error: Exception) -> None:
            door.button.setEnabled(True)
            sentence, rest = sentence_of(error)
            door.field.say(f"{sentence} {rest}")

        self.context.tasks.call(method, open_, stay, self, **params)

    def _read_link(self, link: str) -> None:
        if link.startswith(model.RESET):
            self._ask_password(link)
            return
        self._knock(
            self.doors.join, "invitations.read", lambda found: self._ask_join(link, found),
            link=link,
        )  # fmt: skip

    def _ask_password(self, link: str) -> None:
        client, is_bound = self.context.client, bool(self.context.status().get("device"))
        self._way = lambda entry: model.reset(client, link, entry, is_bound=is_bound)
        self._ask(
            "key-round",
            "info",
            tr("Choose a new password"),
            tr("The hub's administrator sent you this link. It works once."),
            tr("Set the password and sign in"),
            "reset",
        )

    def _ask_join(self, link: str, invitation: dict[str, Any]) -> None:
        hub = invitation.get("hub_name") or tr("this hub")
        same_hub = invitation.get("hub_url") == self.context.status().get("hub_url")
        signed_in = self._is_signed_in() and same_hub
        client = self.context.client
        self._way = lambda entry: model.join(client, link, entry, signed_in)
        self._ask(
            "mail",
            "info",
            tr("Join {hub}", hub=hub),
            tr("{offer}.", offer=model.offer_words(invitation)),
            tr("Join {hub}", hub=hub),
            "none" if signed_in else "new",
        )
        self._link = link
        self.form.decline.setVisible(signed_in)  # the hub wants to know who declines

    def _decline(self) -> None:
        """Say no to the invitation that is shown; its link is of no use afterwards."""
        self.is_busy = True
        self.form.set_busy(tr("Declining …"))

        def declined(_: Any) -> None:
            self.is_busy = False
            self.form.set_busy("")
            self.doors.join.field.control.setText("")  # type: ignore[attr-defined]
            self._back()
            text = tr("Whoever sent it sees that you declined.")
            self.context.notify(tr("The invitation was declined"), text, kind="ok")

        self.context.tasks.call(
            "invitations.decline", declined, self._refused, self, link=self._link
        )

    def _ask_hub(self, url: str) -> None:
        self._knock(
            self.doors.sign_in, "hub.about", lambda about: self._ask_account(url, about),
            hub_url=url,
        )  # fmt: skip

    def _ask_account(self, url: str, about: dict[str, Any]) -> None:
        hub = about.get("name") or url
        client = self.context.client
        if about.get("first_account"):
            self._way = lambda entry: model.sign_up(client, url, entry, hub)
            text = tr("This hub has no account yet. The first one is its administrator.")
            self._ask(
                "log-in", "cyan", tr("Set up {hub}", hub=hub), text, tr("Make the account"), "new"
            )
            return
        self._way = lambda entry: model.sign_in(client, url, entry)
        text = tr("New people come in by invitation; ask your partner for a link.")
        self._ask("log-in", "cyan", tr("Sign in to {hub}", hub=hub), text, tr("Sign in"), "known")

    def _host(self, name: str) -> None:
        door = self.doors.host
        door.button.setEnabled(False)
        door.button.setText(tr("Starting the hub …"))

        def reset() -> None:
            door.button.setEnabled(True)
            door.button.setText(tr("Set up a hub"))

        def up(about: dict[str, Any]) -> None:
            reset()
            self._ask_account(about["url"], {**about, "name": about.get("name") or name})

        def down(error: Exception) -> None:
            reset()
            door.field.say(" ".join(sentence_of(error)))

        client = self.context.client
        self.context.tasks.run(lambda: model.host(client, name), up, down, self)

    # --- the form ---
    def _ask(self, icon: str, tok: str, title: str, text: str, action: str, account: str) -> None:
        self.form.ask(icon, tok, title, text, action, account=account)
        self.stack.setCurrentIndex(1)
        self.form.focus_first()

    def _back(self) -> None:
        self.stack.setCurrentIndex(0)

    def _send(self, entry: model.Entry) -> None:
        way = self._way
        if way is None:
            return
        self.is_busy = True
        self.form.set_busy(tr("Making this machine's key and talking to the hub …"))
        self.context.tasks.run(lambda: way(entry), self._entered, self._refused, self)

    def _entered(self, _: Any) -> None:
        self.is_busy = False
        self.form.set_busy("")
        self.form.password.set("")
        self.context.navigate("home")
        self.context.notify(
            tr("This machine is in"),
            tr("It waits for runs now. New code starts only after you allowed it."),
            kind="ok",
        )

    def _refused(self, error: Exception) -> None:
        self.is_busy = False
        self.form.set_busy("")
        sentence, rest = sentence_of(error)
        field = self.form.fields.get(model.field_of(error))
        if field is not None and not field.isHidden():
            field.say(f"{sentence} {rest}")
            field.control.setFocus()
        else:
            self.form.say(f"{sentence} {rest}")
