"""The agent's sentences are said in the person's language, with their values kept."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication

from agent_core.errors import NotFoundError
from app.bridge.tasks import sentence_of
from app.i18n import install
from app.wire_words import pattern_of, said


@pytest.fixture
def chinese(qapp: QCoreApplication) -> Iterator[None]:
    """Show Chinese for the length of a test."""
    install(qapp, "zh_CN")
    yield
    install(qapp, "en")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Fetches the package.", "正在获取程序包。"),
        ("There is no job 7-1 on this machine.", "本机没有作业 7-1。"),
        # a value that is a clause of ours
        (
            "The folder /x y cannot be used: it cannot be written to.",
            "文件夹 /x y 无法使用：无法写入。",
        ),
        # a round to which everyone answered, and one to which not everyone did
        ("Round 3 closed: 3 of 3 answered.", "第 3 轮已结束：3 个中有 3 个应答。"),
        ("Round 3 closed: 2 of 3 answered, 1 late.",
         "第 3 轮已结束：3 个中有 2 个应答，1 个迟到。"),
        # an error with its next step
        ("The run has finished. Start it again.", "运行已完成。请重新启动。"),
        # the same, where a value stands at the end of the first one
        (
            "The data at /x cannot be read: it does not exist. Start it again.",
            "/x 处的数据无法读取：不存在。请重新启动。",
        ),
        # a value with braces and one that looks like a template stay what they are
        ("There is no job {1} on this machine.", "本机没有作业 {1}。"),
        ("Nobody wrote this sentence.", "Nobody wrote this sentence."),
        ("", ""),
    ],
)  # fmt: skip
def test_a_sentence_is_said_by_its_template(chinese: None, text: str, expected: str) -> None:
    assert said(text) == expected


def test_english_stays_as_it_came(qapp: QCoreApplication) -> None:
    install(qapp, "en")
    assert said("Fetches the package.") == "Fetches the package."


def test_an_error_is_told_with_its_code(chinese: None) -> None:
    error = NotFoundError("This device was revoked.", next_step="Bind the device again.")
    assert sentence_of(error) == ("此设备已被撤销。", "请重新绑定该设备。 代码：missing。")


def test_a_name_that_comes_twice_is_the_same_text_twice() -> None:
    assert pattern_of("{a} is {a}").fullmatch("x is x")
    assert not pattern_of("{a} is {a}").fullmatch("x is y")
