"""Secrets never reach a log line (TRUST S7), and ordinary lines stay as they are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.telemetry.redact import GONE, LineRedactor, redact

SECRET = "s3cr3t-Zq81xYv0pLmN2"
PEM = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIK\nAbCdEf==\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize(
    "line",
    [
        f"Authorization: Bearer {SECRET}",
        f"Authorization: Device {SECRET}",
        f"{{'Authorization': '{SECRET}'}}",
        f'headers={{"authorization": "Basic {SECRET}=="}}',
        f"got bearer {SECRET} from the hub",
        f"connecting to mqtts://d201:{SECRET}@hub.example:8883",
        f"postgresql://silodesk:{SECRET}@db/silodesk failed",
        f"password={SECRET}",
        f'"password": "{SECRET}"',
        f"refresh_token = {SECRET}",
        f"'device-token': '{SECRET}'",
        f"AWS_SECRET_ACCESS_KEY secret_key={SECRET}",
        f"api-key: {SECRET}",
        f"hub_password={SECRET}, next",
        f"GET http://127.0.0.1/silodesk/k?X-Amz-Credential={SECRET}%2Fx&X-Amz-Signature={SECRET}",
        f"silodesk://join?hub=https%3A%2F%2Fhub&fp=ab&code={SECRET}",
        f"token eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.{SECRET}",
        "AKIAIOSFODNN7EXAMPLE1 " + SECRET.replace(SECRET, ""),
    ],
)
def test_s7_secrets_are_taken_out(line: str) -> None:
    clean = redact(line)
    assert SECRET not in clean
    assert "AKIAIOSFODNN7" not in clean
    assert GONE in clean


def test_s7_a_key_is_taken_out_whole() -> None:
    clean = redact(f"before {PEM} after")
    assert "MC4CAQ" not in clean
    assert "AbCdEf" not in clean
    assert clean == f"before {GONE} after"


def test_s7_a_key_that_is_cut_is_taken_out_to_the_end() -> None:
    assert redact(PEM[:45]) == GONE


def test_s7_a_key_over_many_lines_is_taken_out_line_by_line() -> None:
    lines = LineRedactor()
    clean = [lines.line(line) for line in [*f"x {PEM} y".splitlines(), "plain"]]
    assert clean == [f"x {GONE}", GONE, GONE, f"{GONE} y", "plain"]


def test_a_key_on_one_line_does_not_swallow_the_next() -> None:
    lines = LineRedactor()
    lines.line(PEM.replace("\n", " "))
    assert lines.line("epoch 2 loss 0.3") == "epoch 2 loss 0.3"


@pytest.mark.parametrize(
    "line",
    [
        "epoch 3/10 loss=0.412 acc=0.93",
        "num_tokens: 512, tokens=1024, token: 512",
        "see https://example.org/path?x=1",
        "moved to Device cuda:0 (Bearer of news)",
        "max_token = 4096",
        "C:\\data\\silo-1 read in 3.2 s",
        "the secret of a good model",
        "Basic statistics computed",
        "signature of f(x) changed",
    ],
)
def test_ordinary_lines_stay(line: str) -> None:
    assert redact(line) == line


@given(st.text(max_size=300))
def test_any_text_is_handled_and_a_second_pass_changes_nothing(text: str) -> None:
    once = redact(text)
    assert redact(once) == once


@given(st.text(alphabet="ab:/=@ -tokenBEGINauthorization\n", max_size=200))
def test_text_of_suspicious_letters_is_handled(text: str) -> None:
    redact(text)
