"""How metrics are called on the screen."""

from __future__ import annotations


def metric_title(key: str) -> str:
    """Return a metric's name for people: Test accuracy."""
    words = key.replace("-", "_").replace("/", " ").split("_")
    text = " ".join(word for word in words if word)
    return text[:1].upper() + text[1:] if text else key
