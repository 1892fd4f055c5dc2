"""The palette's order: every word has to occur, starts count most, the recent wins a tie."""

from __future__ import annotations

from app.shell.commands import Command
from app.shell.palette_rank import rank, recent_first


def command(key: str, text: str, note: str = "", words: str = "") -> Command:
    return Command(key, text, "info", "Pages", lambda: None, note=note, words=words)


COMMANDS = [
    command("a", "Approvals"), command("b", "Stop everything"),
    command("c", "New run", words="start"),
    command("d", "Run 1284", note="Breast cancer"), command("e", "Run 1285", note="MNIST"),
]  # fmt: skip


def keys(text: str, recent: tuple[str, ...] = ()) -> list[str]:
    return [one.key for one in rank(COMMANDS, text, recent)]


def test_without_words_everything_stays_in_its_order() -> None:
    assert keys("") == ["a", "b", "c", "d", "e"]


def test_a_start_counts_more_than_a_later_word() -> None:
    assert keys("run") == ["d", "e", "c"]


def test_every_word_has_to_occur_somewhere() -> None:
    assert keys("run mnist") == ["e"]
    assert keys("mnist 1284") == []


def test_hidden_words_find_too_and_case_does_not_matter() -> None:
    assert keys("START") == ["c"]


def test_what_was_chosen_last_wins_a_tie() -> None:
    assert keys("run", ("e",)) == ["e", "d", "c"]


def test_the_recent_come_in_their_own_order_and_the_gone_fall_away() -> None:
    assert [one.key for one in recent_first(COMMANDS, ["e", "gone", "a"])] == ["e", "a"]
