"""The hub's HTTP: problem documents, bounds of bodies, numbers, OpenAPI."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.hub_bench import Bench, sqlite_bench
from starlette.types import Message

from agent_core.errors import (
    BY_CODE,
    LimitError,
    SiloDeskError,
    StorageError,
)
from agent_core.hub.factory import create_hub
from agent_core.hub.limits import BodyLimits
from agent_core.hub.problems import STATUS, status_of
from agent_core.hub.settings import HubSettings


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with sqlite_bench(tmp_path, HubSettings(json_limit=10_000, telemetry_limit=20_000)) as made:
        yield made


def test_every_family_of_errors_has_its_status() -> None:
    assert set(BY_CODE) - {"runtime", "job"} <= set(STATUS)
    assert status_of(LimitError("x", code="limit.sign_in")) == 429
    assert status_of(StorageError("x", code="storage.full")) == 507
    assert status_of(SiloDeskError("x", code="job.memory")) == 500


@pytest.mark.parametrize(
    ("verb", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "missing"),
        ("GET", "/me", 401, "auth.missing"),
        ("PUT", "/hub", 422, "input.method"),
        ("POST", "/accounts", 422, "input.fields"),
    ],
)
def test_errors_are_problem_documents(
    bench: Bench, verb: str, path: str, status: int, code: str
) -> None:
    answer = bench.call(verb, path)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["title"]
    assert SiloDeskError.from_problem(problem).code == code


def test_a_field_that_does_not_fit_is_named(bench: Bench) -> None:
    body = {"email": "a@b.org", "name": "n", "password": "long enough", "admin": True}
    problem = bench.call("POST", "/accounts", json=body).json()
    assert problem["details"]["fields"][0]["field"] == "admin"
    bad = bench.call(
        "POST", "/accounts", content=b"{", headers={"content-type": "application/json"}
    )
    assert bad.status_code == 422
    body = {"email": "a\x00@b.org", "name": "n", "password": "long enough"}
    assert bench.call("POST", "/accounts", json=body).status_code == 422


def test_s10_a_fault_of_the_hub_says_nothing_of_its_inside(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agent_core.hub.accounts.is_first", lambda _: 1 / 0)
    answer = bench.call("GET", "/hub")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "division" not in answer.text


def test_s10_bodies_are_bounded(bench: Bench) -> None:
    large = b"x" * 20_001

    def stream() -> Iterator[bytes]:  # no length announced
        yield large[:9000]
        yield large[9000:]

    for options in ({"content": large}, {"content": stream()}):
        answer = bench.call("POST", "/accounts", **options)
        assert (answer.status_code, answer.json()["code"]) == (413, "limit.body")
    odd = bench.call("POST", "/accounts", content=b"{}", headers={"content-length": "-5"})
    assert odd.status_code == 413


def test_health_and_numbers(bench: Bench) -> None:
    assert bench.client.get("/healthz").json() == {"status": "ok"}
    assert bench.client.get("/readyz").json()["checks"]["database"] == "ok"
    bench.hub.counters.refused("epoch", 7, 'quote " and \n line')
    bench.hub.counters.refused("epoch", 7)
    text = bench.client.get("/metrics").text
    assert (
        '# TYPE silodesk_refused_total counter\nsilodesk_refused_total{reason="epoch"} 2\n' in text
    )
    assert 'silodesk_devices{presence="online"} 0' in text
    bench.store.close()


def test_openapi_describes_the_records(bench: Bench) -> None:
    described = bench.client.get("/openapi.json").json()
    assert {"Run", "Device", "Page_Metric_"} <= set(described["components"]["schemas"])
    names = [
        operation["operationId"]
        for path in described["paths"].values()
        for operation in path.values()
    ]
    assert len(names) == len(set(names))


def test_s10_a_body_that_never_arrives_is_not_waited_for(bench: Bench) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        sent.append(message)

    async def play() -> None:
        app = BodyLimits(create_hub(bench.hub), HubSettings(body_timeout_s=0.05))
        scope = {
            "type": "http", "method": "POST", "path": "/api/v1/accounts", "query_string": b"",
            "headers": [(b"content-type", b"application/json"), (b"content-length", b"10")],
            "client": ("127.0.0.1", 1),
        }  # fmt: skip
        await asyncio.wait_for(app(scope, receive, send), 30)

    asyncio.run(play())
    assert sent[0]["status"] == 408
    assert b"limit.time" in sent[1]["body"]
