"""The doctor's page before any sign-in, while it waits, and when the agent cannot look."""

from __future__ import annotations

from agent_core.errors import UserInputError
from agent_core.protocol.records_doctor import CHECKS
from app.pages.doctor import model


def check(key: str, state: str = "pass") -> dict[str, object]:
    """Return a finding."""
    return {"key": key, "state": state, "result": f"{key} was looked at", "cause": "because",
            "remedy": "do this", "ms": 3.0, "facts": {}}  # fmt: skip


def report(state: str = "pass", fault: str = "") -> dict[str, object]:
    """Return a report as the agent gives it."""
    return {
        "hub_url": "https://hub.example", "host": "hub.example", "port": 443, "at": 1.0,
        "took_s": 0.4, "state": state, "sentence": "All is well.", "consequence": "",
        "fault": fault,
        "path": [{"kind": "machine", "name": "10.0.0.1", "state": "ok"},
                 {"kind": "hub", "name": "hub.example", "state": "fail"}],
        "checks": [check(key, "fail" if key == fault else "pass") for key in CHECKS],
        "letter": {"host": "hub.example", "sha256": "ab" * 32},
    }  # fmt: skip


def test_every_check_of_the_agent_has_a_row(make_agent, make_window, qtbot) -> None:
    assert tuple(model.ready_rows()) == CHECKS


def test_it_opens_before_any_sign_in_and_leads_back(make_agent, make_window, qtbot) -> None:
    agent = make_agent("first-run")
    agent.answer("doctor.run", lambda _: report("fail", "tls"))
    window = make_window(agent.home, "sign_in").window
    window.page().doctor.click()
    page = window.page()
    qtbot.waitUntil(lambda: page.report is not None and page.filling.is_over, timeout=10_000)
    assert page.rows["tls"].state == "fail"
    assert page.fix.steps.count() == 1
    page.back.click()
    assert window.key == "sign_in"


def test_what_cannot_be_looked_at_is_told_and_can_be_tried_again(
    make_agent, make_window, qtbot
) -> None:
    agent = make_agent("working")
    agent.errors["doctor.run"] = UserInputError("'x y' is no address.", next_step="Write it so.")
    window = make_window(agent.home).window
    window.navigate("doctor", url="x y")
    page = window.page()
    qtbot.waitUntil(lambda: "no address" in page.sentence.plain(), timeout=10_000)
    assert page.again.isEnabled()
    agent.errors.clear()
    agent.answer("doctor.run", lambda _: report())
    page.again.click()
    qtbot.waitUntil(lambda: page.report is not None, timeout=10_000)


def test_findings_appear_one_by_one(make_agent, make_window, qtbot) -> None:
    agent = make_agent("working")

    def slow(params: dict[str, object]) -> object:
        agent._push("doctor", {"run": params["run"], "check": check("address"), "done": 1,
                               "total": len(CHECKS)})  # fmt: skip
        return report()

    agent.answer("doctor.run", slow)
    window = make_window(agent.home).window
    window.navigate("doctor")
    page = window.page()
    qtbot.waitUntil(lambda: page.rows["address"].state == "pass", timeout=10_000)
    qtbot.waitUntil(lambda: page.rows["keyring"].state == "pass", timeout=10_000)
