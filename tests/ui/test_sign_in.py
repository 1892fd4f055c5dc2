"""The first page: each door checks its field, errors stand where they belong."""

from __future__ import annotations

import subprocess
import sys

import pytest

from agent_core.errors import NotSignedInError, ServiceError, UnreachableError, UserInputError
from app.pages.sign_in import model
from app.pages.sign_in.page import SignInPage

LINK = "silodesk://join?hub=https%3A%2F%2Fhub.oncofed.example&code=abc"


@pytest.fixture
def agent(make_agent):
    return make_agent("first-run")


@pytest.fixture
def page(agent, make_window) -> SignInPage:
    return make_window(agent.home, "sign_in").window.pages["sign_in"]


def fill(page: SignInPage) -> None:
    page.form.name.set("Marta Vogel")
    page.form.email.set("marta@lindenau.example")
    page.form.password.set("a long password")
    page.form.silo.set("Klinikum Lindenau")


def test_the_page_has_no_rail_and_begins_in_the_link(page: SignInPage, qtbot) -> None:
    window = page.window()
    assert window.key == "sign_in"
    assert not window.rail.isVisible()
    assert window.focusWidget() is page.doors.join.field.control
    assert page.version.plain() == "SiloDesk 0.1.0"


def test_a_wrong_link_is_named_before_anyone_is_asked(page: SignInPage, agent) -> None:
    page.doors.join.field.set("hello")
    page.doors.join.button.click()
    assert "invitation link" in page.doors.join.field.message
    assert agent.called("invitations.read") == []


def test_joining_by_link(page: SignInPage, agent, qtbot) -> None:
    page.doors.join.field.set(LINK)
    page.doors.join.button.click()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=5000)
    assert "Breast cancer consortium, invited by Elif Kaya" in page.form.text.plain()
    assert not page.form.name.isHidden()
    fill(page)
    page.form.submit.click()
    qtbot.waitUntil(lambda: page.window().key == "home", timeout=10_000)
    sent = agent.called("invitations.join")[0]
    assert sent["link"] == LINK
    assert sent["silo"] == "Klinikum Lindenau"
    assert sent["password"] == "a long password"
    assert page.form.password.value() == ""


def test_an_invitation_is_declined(make_agent, make_window, qtbot) -> None:
    """Whoever is signed in at its hub can decline; the doors are back, and their field is empty."""
    agent = make_agent("working")
    window = make_window(agent.home).window
    window.navigate("sign_in", link=LINK)
    page = window.page()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=5000)
    assert page.form.decline.isVisible()
    page.form.decline.click()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 0, timeout=5000)
    assert agent.called("invitations.decline") == [{"link": LINK}]
    assert not page.doors.join.field.value()


def test_a_stranger_is_not_offered_to_decline(page: SignInPage, qtbot) -> None:
    """The hub takes it from accounts only: the link is simply left alone."""
    page.doors.join.field.set(LINK)
    page.doors.join.button.click()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=5000)
    assert page.form.decline.isHidden()


def test_nothing_is_sent_while_a_field_is_wrong(page: SignInPage, agent, qtbot) -> None:
    page.doors.join.field.set(LINK)
    page.doors.join.button.click()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=5000)
    fill(page)
    page.form.password.set("short")
    page.form.submit.click()
    assert "8 characters" in page.form.password.message
    assert agent.called("invitations.join") == []


def test_signing_in_binds_this_machine(page: SignInPage, agent, qtbot) -> None:
    page.doors.sign_in.field.set("hub.oncofed.example")
    page.doors.sign_in.button.click()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=5000)
    assert page.form.title.plain() == "Sign in to OncoFed"
    assert page.form.name.isHidden()
    fill(page)
    page.form.submit.click()
    qtbot.waitUntil(lambda: page.window().key == "home", timeout=10_000)
    assert agent.called("account.sign_in")[0]["hub_url"] == "hub.oncofed.example"
    assert agent.called("device.bind")[0]["silo"] == "Klinikum Lindenau"


def test_a_wrong_password_stands_under_the_password(page: SignInPage, agent, qtbot) -> None:
    agent.errors["account.sign_in"] = NotSignedInError(
        "E-mail or password is wrong.", next_step="Try again.", code="auth.password"
    )
    page.doors.sign_in.field.set("hub.oncofed.example")
    page.doors.sign_in.button.click()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=5000)
    fill(page)
    page.form.submit.click()
    qtbot.waitUntil(lambda: bool(page.form.password.message), timeout=5000)
    assert "E-mail or password is wrong." in page.form.password.message
    assert "auth.password" in page.form.password.message
    assert page.form.submit.isEnabled()
    assert agent.called("device.bind") == []
    assert page.window().key == "sign_in"


def test_an_error_about_nothing_typed_stands_over_the_button(page, agent, qtbot) -> None:
    agent.errors["device.bind"] = UserInputError("No.", next_step="Ask.", code="input.size")
    page.doors.sign_in.field.set("hub.oncofed.example")
    page.doors.sign_in.button.click()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=5000)
    fill(page)
    page.form.submit.click()
    qtbot.waitUntil(lambda: page.form.problem.plain().startswith("No. Ask."), timeout=5000)


def test_a_hub_that_is_away_is_told_at_its_door(page: SignInPage, agent, qtbot) -> None:
    agent.errors["hub.about"] = UnreachableError(
        "The hub hub.example.org does not answer.", next_step="Check the address."
    )
    page.doors.sign_in.field.set("hub.example.org")
    page.doors.sign_in.button.click()
    qtbot.waitUntil(lambda: bool(page.doors.sign_in.field.message), timeout=5000)
    assert "does not answer. Check the address." in page.doors.sign_in.field.message
    assert page.doors.sign_in.button.isEnabled()
    assert page.stack.currentIndex() == 0


def test_hosting_makes_the_first_account_and_a_group(page: SignInPage, agent, qtbot) -> None:
    agent.answer("hub.about", lambda _: {"name": "Ours", "version": "1", "first_account": True})
    page.doors.host.field.set("Ours")
    page.doors.host.button.click()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=5000)
    assert "administrator" in page.form.text.plain()
    fill(page)
    page.form.submit.click()
    qtbot.waitUntil(lambda: page.window().key == "home", timeout=10_000)
    assert agent.called("account.sign_up")[0]["hub_url"] == "http://127.0.0.1:8430"
    assert agent.called("groups.create")[0]["name"] == "Ours"
    assert agent.called("groups.add_device")[0]["edge_id"] == 266


def test_a_hub_that_cannot_start_says_why(page: SignInPage, agent, qtbot) -> None:
    agent.errors["hub.host"] = ServiceError("The port 8430 is taken.", next_step="Free it.")
    page.doors.host.field.set("Ours")
    page.doors.host.button.click()
    qtbot.waitUntil(lambda: bool(page.doors.host.field.message), timeout=5000)
    assert "The port 8430 is taken. Free it." in page.doors.host.field.message
    assert page.doors.host.button.text() == "Set up a hub"


def test_back_keeps_what_was_typed(page: SignInPage, qtbot) -> None:
    page.doors.join.field.set(LINK)
    page.doors.join.button.click()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=5000)
    page.form.name.set("Marta")
    page.form.back.click()
    assert page.stack.currentIndex() == 0
    assert page.doors.join.field.value() == LINK
    page.doors.join.button.click()
    qtbot.waitUntil(lambda: page.stack.currentIndex() == 1, timeout=5000)
    assert page.form.name.value() == "Marta"


def test_a_demo_that_ends_at_once_is_told(page: SignInPage, monkeypatch, qtbot) -> None:
    def fails() -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])

    monkeypatch.setattr(model, "start_demo", fails)
    page.demo.watch.setInterval(20)
    page.doors.demo.click()
    assert not page.doors.demo.isEnabled()
    toasts = page.window().toasts
    qtbot.waitUntil(
        lambda: any(t.title == "The demo ended at once." for t in toasts.toasts), timeout=10_000
    )
    assert page.doors.demo.isEnabled()


def test_the_theme_can_be_chosen_before_signing_in(page: SignInPage, agent, qtbot, themed) -> None:
    page.themes.button("light").click()
    try:
        assert page.context.theme.name == "light"
        qtbot.waitUntil(lambda: agent.called("settings.set") == [{"theme": "light"}], timeout=5000)
    finally:
        page.context.theme.apply(themed, "dark")


def test_a_link_for_a_new_password_asks_for_nothing_else_at_the_hub(
    make_agent, make_window, qtbot
) -> None:
    agent = make_agent("first-run")
    window = make_window(agent.home, "sign_in").window
    page = window.page()
    link = "silodesk://reset?hub=http%3A%2F%2F127.0.0.1%3A8750&code=abc"
    window.open_link(link)
    assert not page.form.password.isHidden()
    assert page.form.email.isHidden()
    page.form.password.set("a long new password")
    page.form.silo.set("Klinikum Lindenau")
    page.form.submit.click()
    qtbot.waitUntil(lambda: bool(agent.called("device.bind")), timeout=10_000)
    sent = agent.called("account.reset")[0]
    assert sent == {"link": link, "password": "a long new password"}
