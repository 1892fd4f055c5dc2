"""How a query becomes spans of bytes: plain text by bytes, expressions in time linear in the text.

Expressions are run by RE2 over UTF-8: a class or a dot is a character there and spans are bytes,
no expression can run away, and none reaches over the end of a line.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from typing import Any

import numpy as np
import re2

from agent_core.errors import UserInputError
from app.i18n import mark, tr
from app.widgets.log_view_bytes import Find, Spans, bytes_finder, no_spans
from app.widgets.log_view_store import Ints

_LOOK = 512  # hits between two looks whether the search was ended
_FOREIGN = ("invalid perl operator", "invalid escape sequence: \\")
_LONG = 40  # characters of an expression that are told
# What RE2 says of a wrong expression, before the part that is wrong.
_WORDS = {
    "missing )": mark("a closing parenthesis is missing"),
    "unexpected )": mark("a parenthesis closes that was not opened"),
    "missing ]": mark("a closing bracket is missing"),
    "no argument for repetition operator": mark("there is nothing to repeat"),
    "bad repetition operator": mark("a repetition is repeated"),
    "invalid repetition size": mark("a number of repetitions is wrong or above 1000"),
    "invalid escape sequence": mark("this escape is not known"),
    "invalid character class range": mark("a range of characters is wrong"),
    "invalid named capture group": mark("the name of a group is wrong"),
    "trailing \\": mark("a backslash stands at the end"),
}


def never() -> bool:
    """Return that a search goes on."""
    return False


def text_finder(text: str, *, match_case: bool, is_over: Callable[[], bool] = never) -> Find:
    """Return what finds plain text."""
    if match_case:
        return bytes_finder(text.encode(), folds=False)
    if text.isascii():
        return bytes_finder(text.lower().encode(), folds=True)
    return _pattern_finder(_compiled(re2.escape(text), match_case=False), is_over)


def expression_finder(text: str, *, match_case: bool, is_over: Callable[[], bool] = never) -> Find:
    """Return what finds an expression; raises UserInputError for one that cannot be used."""
    return _pattern_finder(compile_expression(text, match_case=match_case), is_over)


def compile_expression(text: str, *, match_case: bool) -> Any:
    """Return a compiled expression; raises UserInputError for one that cannot be used."""
    try:
        return _compiled(text, match_case=match_case)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        msg = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        if msg.startswith(_FOREIGN[0]) or (msg.startswith(_FOREIGN[1]) and msg[-1:].isdigit()):
            raise UserInputError(
                tr("This expression looks ahead, behind or back, which can take without end."),
                next_step=tr("Write it without (?=…), (?<=…) and \\1."),
            ) from error
        raise UserInputError(
            tr("This is not a regular expression: {msg}.", msg=_in_words(msg)),
            next_step=tr("Correct it, or switch the expression off to look for plain text."),
        ) from error


def _in_words(msg: str) -> str:
    """Return what is wrong in the window's language, with the part that is wrong."""
    cause, _, part = msg.partition(": ")
    words = tr(_WORDS[cause]) if cause in _WORDS else cause
    return f"{words}: {part[:_LONG]}" if part else words


def _compiled(text: str, *, match_case: bool) -> Any:
    options = re2.Options()
    options.never_nl = True
    options.never_capture = True  # groups' own spans are not asked for and cost time
    options.case_sensitive = match_case
    options.log_errors = False
    re2.compile(text, options)  # alone first: "*a" is wrong, whatever stands before it
    return re2.compile(f"(?m){text}", options)


def _pattern_finder(pattern: Any, is_over: Callable[[], bool]) -> Find:
    # The engine itself: an object for each match, as `finditer` makes, costs as much as matching.
    engine, anywhere = pattern._regexp.Match, re2._Anchor.UNANCHORED  # noqa: SLF001

    def find(raw: bytes) -> Spans:
        text, returns = _without_returns(_in_utf8(raw))
        spans: list[tuple[int, int]] = []
        at, end, number = 0, len(text), 0
        while at <= end:
            start, stop = engine(anywhere, text, at, end)[0]
            if start < 0:
                break
            if stop > start:
                spans.append((start, stop))
            at = stop if stop > start else stop + 1
            number += 1
            if number % _LOOK == 0 and is_over():
                break
        table = np.array(spans, np.int64) if spans else no_spans()
        return _put_back(table, returns) if len(returns) and spans else table

    return find


def _one_for_one(error: UnicodeError) -> tuple[str, int]:
    """Stand in for bytes that are no UTF-8 with as many of ASCII, so that places stay."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "\x1a" * (error.end - error.start), error.end


codecs.register_error("silodesk_one_for_one", _one_for_one)


def _in_utf8(raw: bytes) -> bytes:
    """Return text in which a dot finds every character, also of a file in another encoding."""
    if raw.isascii():
        return raw
    return raw.decode("utf-8", "silodesk_one_for_one").encode()


def _without_returns(raw: bytes) -> tuple[bytes, Ints]:
    """Return text without the carriage returns at lines' ends, and where they were."""
    none = np.empty(0, np.int64)
    if raw.endswith(b"\r"):
        raw = raw[:-1]
    if b"\r\n" not in raw:
        return raw, none
    codes = np.frombuffer(raw, np.uint8)
    returns = np.flatnonzero((codes[:-1] == 13) & (codes[1:] == 10)).astype(np.int64)
    return raw.replace(b"\r\n", b"\n"), returns


def _put_back(spans: Spans, returns: Ints) -> Spans:
    """Return spans in the text that still has its carriage returns."""
    return spans + np.searchsorted(returns - np.arange(len(returns)), spans, "left")
