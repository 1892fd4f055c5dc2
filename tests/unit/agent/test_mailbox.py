"""Messages are numbered, kept until acknowledged, and held back for their uploads."""

from __future__ import annotations

from pathlib import Path

from agent_core.agent.journal import Journal
from agent_core.agent.mailbox import Mailbox
from agent_core.agent.transfers import FILES_KEPT, Transfers
from agent_core.protocol.messages import INLINE, BlobRef, RoundMessage


def message(sequence: int) -> RoundMessage:
    """Return a round message of this number."""
    return RoundMessage(
        sequence=sequence, run_id=1, epoch=1, from_edge=2, to_edge=1, message_id="m"
    )


def test_numbers_rise_over_reopening(tmp_path: Path) -> None:
    """No number is given twice, also after everything was acknowledged."""
    journal = Journal.open(tmp_path / "j.sqlite3")
    box = Mailbox(journal)
    numbers = [box.post("outbox", 1, message) for _ in range(3)]
    box.acknowledge("outbox", numbers)
    journal.close()

    journal = Journal.open(tmp_path / "j.sqlite3")
    following = Mailbox(journal).post("outbox", 1, message)
    journal.close()

    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2]
    assert following == numbers[-1] + 1


def test_a_new_database_does_not_repeat_numbers(tmp_path: Path) -> None:
    """A hub that knew the earlier database would take small numbers for repeats."""
    first = Mailbox(Journal.open(tmp_path / "a.sqlite3")).post("status", 1, message)
    second = Mailbox(Journal.open(tmp_path / "b.sqlite3")).post("status", 1, message)

    assert second >= first > 1_000_000_000


def test_a_message_waits_for_its_uploads(journal: Journal) -> None:
    """It may leave once every tensor that it names is at the store."""
    box, transfers = Mailbox(journal), Transfers(journal)
    needs = [transfers.add(1, "blob", 1, sha * 64, 5) for sha in "ab"]
    assert all(needs)
    waiting = box.post("outbox", 1, message, needs=[need for need in needs if need])
    free = box.post("outbox", 1, message)

    assert box.ready("outbox") == [free]
    transfers.finish(needs[0] or 0)
    assert box.ready("outbox") == [free]
    transfers.finish(needs[1] or 0)
    assert box.ready("outbox") == [waiting, free]
    assert transfers.add(1, "blob", 1, "a" * 64, 5) is None


def test_what_the_next_round_names_again_is_not_offered_again(journal: Journal) -> None:
    """The hub keeps a tensor for a while; later it has to be asked whether it still has it."""
    transfers = Transfers(journal)
    first = transfers.add(1, "blob", 4, "a" * 64, 5)
    assert transfers.add(1, "blob", 5, "a" * 64, 5) is not None  # the first is not there yet
    transfers.finish(first or 0)
    assert transfers.add(1, "blob", 5, "a" * 64, 5) is None
    assert transfers.add(2, "blob", 5, "a" * 64, 5) is not None
    assert transfers.add(1, "model", 5, "a" * 64, 5) is not None
    assert transfers.add(1, "blob", 7, "a" * 64, 5) is not None


def test_an_overdue_message_offers_its_tensors_again(journal: Journal) -> None:
    """The store may have lost them after they were uploaded."""
    box, transfers = Mailbox(journal), Transfers(journal)
    need = transfers.add(1, "blob", 1, "a" * 64, 5)
    refs = [BlobRef(sha256="a" * 64, size=5), BlobRef(sha256="b" * 64, size=5, url=INLINE)]

    def naming(sequence: int) -> RoundMessage:
        return message(sequence).model_copy(update={"blobs": refs})

    sequence = box.post("outbox", 1, naming, needs=[need or 0])
    transfers.finish(need or 0)
    assert box.ready("outbox") == [sequence]
    assert not transfers.ready()

    transfers.reopen(sequence)
    assert box.ready("outbox") == []
    assert [one.id for one in transfers.ready()] == [need]
    transfers.finish(need or 0)
    assert box.ready("outbox") == [sequence]
    box.acknowledge("outbox", [sequence])
    transfers.reopen(sequence)  # it was acknowledged meanwhile
    assert not transfers.ready()


def test_a_model_comes_after_tensors_that_are_the_same_bytes(journal: Journal) -> None:
    """Else both would go up; another model does not wait."""
    transfers = Transfers(journal)
    tensors = transfers.add(1, "blob", 1, "a" * 64, 5)
    same = transfers.add(1, "model", 1, "a" * 64, 5)
    other = transfers.add(2, "model", 1, "a" * 64, 5)

    assert [one.id for one in transfers.ready()] == [tensors, other]
    transfers.finish(tensors or 0)
    assert [one.id for one in transfers.ready()] == [same, other]


def test_giving_an_upload_up_drops_what_needs_it(journal: Journal) -> None:
    """A message whose tensor can never come would be repeated for ever."""
    box, transfers = Mailbox(journal), Transfers(journal)
    need = transfers.add(1, "blob", 1, "a" * 64, 5)
    box.post("outbox", 1, message, needs=[need or 0])
    free = box.post("outbox", 1, message)

    dropped = transfers.drop(transfers.ready()[0])

    assert dropped == 1
    assert box.ready("outbox") == [free]
    assert not transfers.ready()


def test_repeats_in_the_inbox_are_recognised(journal: Journal) -> None:
    """The second arrival of a number is no news."""
    box = Mailbox(journal)

    assert box.mark_seen(7)
    assert not box.mark_seen(7)
    assert box.has_seen(7)
    assert not box.has_seen(8)


def test_an_ended_run_leaves_no_messages(journal: Journal) -> None:
    """Statuses stay; round messages of that run go, those of others stay."""
    box = Mailbox(journal)
    box.post("status", 1, message)
    box.post("outbox", 1, message)
    other = box.post("outbox", 2, message)

    box.drop_run(1)

    assert box.ready("outbox") == [other]
    assert box.waiting("status") == 1


def test_tensors_are_kept_while_they_may_be_named_again(journal: Journal) -> None:
    """The last few stay, what has to be uploaded stays, the rest may go."""
    transfers = Transfers(journal)
    names = [f"{number:064x}" for number in range(FILES_KEPT + 3)]
    transfers.add(1, "blob", 1, names[0], 5)
    gone = [name for sha in names for name in transfers.name_blobs(1, "out", [sha])]

    assert gone == names[1:3]
    again = transfers.name_blobs(1, "out", [names[3]])
    assert again == []
    assert transfers.is_named(1, names[0])
    assert not transfers.is_named(1, names[1])
