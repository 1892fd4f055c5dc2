"""Topics: each has one sender, and a sender's edge id is read back from it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_core.errors import ProtocolError
from agent_core.protocol.topics import (
    HUB_SUBSCRIPTIONS,
    device_topics,
    nats_subject,
    sender_of,
    ui_topic,
)


@given(st.integers(min_value=1, max_value=999_999_999))
def test_every_published_topic_names_its_device(edge_id: int) -> None:
    topics = device_topics(edge_id)
    assert {sender_of(topic)[0] for topic in topics.published} == {edge_id}
    assert [sender_of(topic)[1] for topic in topics.published] == [
        "status", "active", "last_will_msg", "outbox",
    ]  # fmt: skip


def test_no_topic_is_both_spoken_and_heard() -> None:
    topics = device_topics(7)
    assert not set(topics.published) & set(topics.subscribed)


@pytest.mark.parametrize(
    "topic",
    [
        "silodesk/7/inbox", "flserver_agent/7/start_train", "fl_client/flclient_agent_x/status",
        "flclient_agent//active", "silodesk/7/outbox/more", "", "silodesk/٧/outbox",
        "silodesk/-7/outbox", "silodesk/9999999999/outbox",
    ],
)  # fmt: skip
def test_S4_other_topics_are_refused(topic: str) -> None:
    with pytest.raises(ProtocolError):
        sender_of(topic)


@given(st.text())
def test_S12_any_text_is_a_topic_or_a_protocol_error(topic: str) -> None:
    try:
        edge_id, _ = sender_of(topic)
    except ProtocolError:
        return
    assert topic in device_topics(edge_id).published or str(edge_id) != topic


def test_the_hub_hears_every_published_topic() -> None:
    def matches(pattern: str, topic: str) -> bool:
        parts = list(zip(pattern.split("/"), topic.split("/"), strict=True))
        return all(one in {"+", other} for one, other in parts)

    for topic in device_topics(12).published:
        assert any(
            matches(pattern, topic)
            for pattern in HUB_SUBSCRIPTIONS
            if pattern.count("/") == topic.count("/")
        ), topic


def test_names_hold_no_dot_and_no_blank() -> None:
    names = [*device_topics(1).published, *device_topics(1).subscribed, ui_topic(3)]
    assert not any("." in name or " " in name for name in names)
    assert nats_subject("silodesk/1/inbox") == "silodesk.1.inbox"
