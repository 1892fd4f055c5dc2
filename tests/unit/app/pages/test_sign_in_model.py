"""The ways in are the right calls in the right order, and wrong input is named."""

from __future__ import annotations

from typing import Any

import pytest

from agent_core.errors import NotSignedInError, UserInputError
from app.pages.sign_in import model


class Recorder:
    """Note calls and answer what the next call needs."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def call(self, method: str, **params: Any) -> Any:
        self.calls.append((method, params))
        return {"id": 7, "edge_id": 3, "url": "http://127.0.0.1:1"}


ENTRY = model.Entry("Lab", "ws", "a@b.example", "Ada", "password one")


def test_the_first_account_gets_device_and_group() -> None:
    client = Recorder()
    model.sign_up(client, "http://h", ENTRY, "Our hub")
    assert [method for method, _ in client.calls] == [
        "account.sign_up", "device.bind", "groups.create", "groups.add_device",
    ]  # fmt: skip
    assert client.calls[3][1] == {"group_id": 7, "edge_id": 3}


def test_a_signed_in_person_joins_without_a_password() -> None:
    client = Recorder()
    model.join(client, "link", ENTRY, signed_in=True)
    model.join(client, "link", ENTRY, signed_in=False)
    assert "password" not in client.calls[0][1]
    assert client.calls[1][1]["password"] == "password one"


def test_hosting_answers_with_address_and_what_the_hub_says() -> None:
    client = Recorder()
    assert model.host(client, "Our hub")["url"] == "http://127.0.0.1:1"
    assert client.calls[1] == ("hub.about", {"hub_url": "http://127.0.0.1:1"})


@pytest.mark.parametrize("link", ["", "hello", "https://x/?hub=a&code=b", "silodesk://join?hub=a"])
def test_what_is_no_link_is_refused_before_it_is_sent(link: str) -> None:
    assert model.check_link(link)


def test_good_input_passes() -> None:
    assert not model.check_link("silodesk://join?hub=http%3A%2F%2Fh&code=abc")
    assert not model.check_hub("hub.example.org")
    assert not model.check_hub("http://127.0.0.1:8430")
    assert not model.check_email("a@b.example")
    assert not model.check_new_password("12345678")


@pytest.mark.parametrize(
    ("check", "text"),
    [(model.check_hub, ""), (model.check_hub, "my hub"), (model.check_email, "ada"),
     (model.check_email, "ada@host"), (model.check_new_password, "short")],
)  # fmt: skip
def test_wrong_input_gets_a_sentence(check: Any, text: str) -> None:
    assert check(text).endswith((".", "."))


def test_an_error_belongs_under_the_field_it_is_about() -> None:
    assert model.field_of(NotSignedInError("No.")) == "password"
    assert model.field_of(UserInputError("No.", code="input.email")) == "email"
    assert model.field_of(UserInputError("No.", code="input.size")) == ""
    assert model.field_of(ValueError("x")) == ""
