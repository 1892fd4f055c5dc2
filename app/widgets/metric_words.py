"""How metrics are called on the screen."""

from __future__ import annotations

from app.i18n import mark, tr

# Metrics that most applications report; any other is called as its application calls it.
_KNOWN = frozenset({
    mark("Accuracy"), mark("Loss"), mark("Test accuracy"), mark("Test loss"),
    mark("Train accuracy"), mark("Train loss"), mark("Val accuracy"), mark("Val loss"),
    mark("Eval accuracy"), mark("Eval loss"), mark("Auc"), mark("Precision"), mark("Recall"),
    mark("F1"), mark("Learning rate"), mark("Lr"),
})  # fmt: skip


def metric_title(key: str) -> str:
    """Return a metric's name for people: Test accuracy."""
    words = key.replace("-", "_").replace("/", " ").split("_")
    text = " ".join(word for word in words if word)
    title = text[:1].upper() + text[1:] if text else key
    return tr(title) if title in _KNOWN else title
