"""The rule engine: what each rule says of injected readings and clock."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from agent_core.agent.house_rules import Readings, RuleEngine, forbidding
from agent_core.agent.house_rules_file import RulesFile
from agent_core.agent.house_rules_watch import hold_sentence
from agent_core.errors import StorageError, UserInputError
from agent_core.protocol.records_rules import HouseRules, RuleState

MONDAY = dt.datetime(2026, 11, 23, 14, 5, tzinfo=dt.UTC)


def say(rules: HouseRules, key: str, engine: RuleEngine | None = None, **read: object) -> RuleState:
    """Return what one rule says."""
    readings = Readings(**{"at": MONDAY, **read})  # type: ignore[arg-type]
    states = (engine or RuleEngine()).look(rules, readings)
    return next(state for state in states if state.key == key)


def test_every_rule_is_off_at_first_and_forbids_nothing() -> None:
    readings = Readings(
        at=MONDAY, on_battery=True, temperatures={"CPU": 99.0}, others_cpu=100.0,
        running=frozenset({"pacs"}),
    )  # fmt: skip
    states = RuleEngine().look(HouseRules(apps=["PACS"]), readings)
    assert forbidding(states) is None
    assert not any(state.is_on for state in states)


def test_hours_tell_until_when_they_allow_and_from_when() -> None:
    day = HouseRules(hours_on=True, hours=[[(8 * 60, 18 * 60)]] * 7)
    assert say(day, "hours").reading == "14:05, allowed until 18:00."
    late = say(day, "hours", at=MONDAY.replace(hour=19))
    assert (late.allows, late.reading) == (False, "19:05, allowed from 08:00.")
    assert late.until == dt.datetime(2026, 11, 24, 8, tzinfo=dt.UTC).timestamp()


def test_a_night_that_passes_midnight_is_one_span() -> None:
    night = HouseRules(hours_on=True)
    assert say(night, "hours").reading == "14:05, allowed from 20:00."
    evening = say(night, "hours", at=MONDAY.replace(hour=23))
    assert evening.reading == "23:05, allowed until 06:00."


def test_hours_of_another_day_are_named_by_day() -> None:
    rules = HouseRules(hours_on=True, hours=[[], [], [], [], [(60, 120)], [], []])
    assert say(rules, "hours").reading == "14:05, allowed from Friday 01:00."


@pytest.mark.parametrize(
    ("week", "allows", "text"),
    [
        ([[]] * 7, False, "14:05, never allowed."),
        ([[(0, 1440)]] * 7, True, "14:05, always allowed."),
    ],
)  # fmt: skip
def test_hours_without_a_change(week: list[list[tuple[int, int]]], allows: bool, text: str) -> None:
    state = say(HouseRules(hours_on=True, hours=week), "hours")
    assert (state.allows, state.reading, state.until) == (allows, text, None)


def test_battery_pauses_and_a_machine_without_one_says_so() -> None:
    rules = HouseRules(mains_on=True)
    state = say(rules, "mains", on_battery=True, battery_percent=64.0)
    assert (state.allows, state.reading) == (False, "On battery, 64 % left.")
    assert say(rules, "mains", on_battery=False).allows
    none = say(rules, "mains")
    assert (none.allows, none.can_measure) == (True, False)
    assert "no battery" in none.reading


def test_heat_pauses_above_its_limit_and_resumes_well_below() -> None:
    rules, engine = HouseRules(temperature_on=True, temperature_limit=75), RuleEngine()
    verdicts = [
        say(rules, "temperature", engine, temperatures={"GPU": value}).allows
        for value in (74.0, 76.0, 73.0, 70.5, 69.9, 74.0)
    ]
    assert verdicts == [True, False, False, False, True, True]
    last = say(rules, "temperature", engine, temperatures={"GPU": 66.0})
    assert last.reading == "Now GPU 66 °C; highest today 76 °C."
    missing = say(rules, "temperature", engine)
    assert (missing.allows, missing.reading) == (True, "No temperature sensor on this machine.")


def test_a_busy_machine_pauses_after_a_while_and_resumes_after_a_while() -> None:
    rules, engine = HouseRules(busy_on=True, busy_cpu=50, busy_for_s=60), RuleEngine()

    def at(second: int, load: float) -> bool:
        moment = MONDAY + dt.timedelta(seconds=second)
        return say(rules, "busy", engine, others_cpu=load, at=moment).allows

    assert [at(0, 90), at(59, 90), at(61, 90)] == [True, True, False]
    # A moment of calm, or a load just under the limit, resumes nothing.
    assert [at(70, 10), at(80, 45), at(90, 10), at(149, 10), at(151, 10)] == [
        False, False, False, False, True,
    ]  # fmt: skip
    assert at(152, 90)


def test_a_listed_program_pauses_while_it_runs() -> None:
    rules = HouseRules(apps_on=True, apps=["PACS Viewer", "slicer"])
    state = say(rules, "apps", running=frozenset({"slicer.exe", "bash"}))
    assert (state.allows, state.reading) == (False, "slicer is running.")
    assert say(rules, "apps", running=frozenset({"bash"})).allows


def test_quiet_hours_pass_midnight() -> None:
    said = [
        say(HouseRules(), "quiet", at=MONDAY.replace(hour=hour), quiet=("22:00", "07:00")).reading
        for hour in (14, 22, 3, 7)
    ]
    assert said == [
        "14:05, quiet from 22:00 to 07:00.", "22:05, quiet until 07:00.",
        "03:05, quiet until 07:00.", "07:05, quiet from 22:00 to 07:00.",
    ]  # fmt: skip
    assert not say(HouseRules(), "quiet").is_on


def test_of_several_rules_the_one_that_lasts_longest_is_told() -> None:
    short = RuleState(key="hours", is_on=True, allows=False, reading="", reason="a", until=5.0)
    open_end = RuleState(key="mains", is_on=True, allows=False, reading="", reason="b")
    assert forbidding([short, open_end]) is open_end
    assert hold_sentence(open_end) == "Paused by its house rules: b."
    assert hold_sentence(short).startswith("Paused by its house rules until ")


def test_rules_are_kept_checked_and_never_half_written(tmp_path: Path) -> None:
    path = tmp_path / "house_rules.json"
    file = RulesFile(path)
    changed = file.change(hours_on=True, hours=[[(0, 60), (60, 120), (30, 30)]] + [[]] * 6)
    assert changed.hours[0] == [(0, 120)]
    assert RulesFile(path).rules == changed
    for wrong in ({"nothing": 1}, {"hours": [[]] * 6}, {"temperature_limit": 900}, {"version": 7}):
        with pytest.raises(UserInputError):
            file.change(**wrong)
    assert RulesFile(path).rules == changed


def test_damaged_rules_are_no_rules_and_stop_the_agent(tmp_path: Path) -> None:
    """Else jobs would run that the operator forbade."""
    path = tmp_path / "house_rules.json"
    path.write_text("{half")
    with pytest.raises(StorageError):
        RulesFile(path)
