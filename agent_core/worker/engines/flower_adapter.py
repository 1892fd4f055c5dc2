"""The one place that knows names which Flower does not publish; pinned to what flwr 1.42 has."""

# ruff: noqa: TID252 - the worker runs under another package name inside a job
from __future__ import annotations

import logging
from typing import Any

from flwr.app import (
    Array,
    ArrayRecord,
    ConfigRecord,
    Context,
    Error,
    Message,
    Metadata,
    MetricRecord,
    RecordDict,
)
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity

from ..session import Job
from .codec import CodecError, Tensor, TensorSet

RAISED = 2  # flwr's ErrorCode.CLIENT_APP_RAISED_EXCEPTION
UNAVAILABLE = 5  # flwr's ErrorCode.NODE_UNAVAILABLE
NO_REPLY = 4  # flwr's ErrorCode.REPLY_MESSAGE_UNAVAILABLE

_METADATA = ("run_id", "message_id", "src_node_id", "dst_node_id", "reply_to_message_id",
             "group_id", "created_at", "ttl", "message_type")  # fmt: skip
_KINDS: dict[str, type] = {"config": ConfigRecord, "metric": MetricRecord}


def be(job: Job) -> None:
    """Let Flower's messages carry this job's run and device; leave logging to the worker."""
    TaskIdentity.task_id = 1
    TaskIdentity.run_id = job.order.run_id
    TaskIdentity.node_id = job.order.edge_id
    flower = logging.getLogger("flwr")
    flower.handlers.clear()
    flower.propagate = True
    flower.setLevel(logging.INFO)


def make_run(job: Job) -> Any:
    """Return the run that a Grid must show."""
    return Run.create_empty(job.order.run_id)


def make_context(job: Job) -> Context:
    """Return the context of an app: what it was configured with, and its own memory."""
    node_config: dict[str, Any] = {"data-dir": job.data_dir}
    if job.order.role == "client":
        node_config |= {
            "partition-id": job.order.rank - 1,
            "num-partitions": max(1, len(job.clients)),
        }
    return Context(
        run_id=job.order.run_id,
        node_id=job.order.edge_id,
        node_config=node_config,
        state=RecordDict(),
        run_config=flat(job.order.config),
    )


def flat(config: dict[str, Any]) -> dict[str, Any]:
    """Return a config as Flower wants it: one level of scalars."""
    result: dict[str, Any] = {}
    for key, value in config.items():
        if isinstance(value, dict):
            result |= flat(value)
        elif isinstance(value, str | int | float | bool):
            result[key] = value
        elif value is not None:
            result[key] = str(value)
    return result


def set_message_id(message: Message, message_id: str) -> None:
    """Give an instruction the id under which its reply comes back."""
    message.metadata.__dict__["_message_id"] = message_id


def encode(message: Message) -> tuple[dict[str, Any], list[TensorSet]]:
    """Return a message as a plain header and the arrays of its records."""
    metadata = {name: getattr(message.metadata, name) for name in _METADATA}
    header: dict[str, Any] = {"kind": "flower", "metadata": metadata}
    if message.has_error():
        header["error"] = {"code": message.error.code, "reason": message.error.reason}
        return header, []
    records: list[Any] = []
    sets: list[TensorSet] = []
    for name, record in message.content.items():
        if isinstance(record, ArrayRecord):
            records.append(["arrays", name, len(sets)])
            sets.append(
                [Tensor(k, a.dtype, tuple(a.shape), a.stype, a.data) for k, a in record.items()]
            )
        else:
            kind = "metric" if isinstance(record, MetricRecord) else "config"
            records.append([kind, name, dict(record)])
    header["records"] = records
    return header, sets


def decode(header: dict[str, Any], sets: list[TensorSet]) -> Message:
    """Return the message of a header and arrays; raises CodecError."""
    try:
        metadata = Metadata(**{name: header["metadata"][name] for name in _METADATA})
        if "error" in header:
            error = Error(int(header["error"]["code"]), header["error"].get("reason"))
            return _message(metadata, error=error)
        content = RecordDict()
        for kind, name, value in header["records"]:
            if kind == "arrays":
                content[name] = ArrayRecord(
                    {t.name: Array(t.dtype, t.shape, t.stype, t.data) for t in sets[value]}
                )
            else:
                content[name] = _KINDS[kind](value)
        return _message(metadata, content=content)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise CodecError(f"It is no message of a Flower app: {error}") from error


def answer(request: Message, reply: Message) -> Message:
    """Return a reply whose metadata follows from its request, whatever a mod wrote there."""
    if reply.has_error():
        return error_reply(request, reply.error.code, reply.error.reason or "")
    return _message(_reply_metadata(request), content=reply.content)


def error_reply(request: Message, code: int, reason: str) -> Message:
    """Return the reply that says why there is none."""
    return _message(_reply_metadata(request), error=Error(code, reason))


def _message(metadata: Metadata, **content: Any) -> Message:
    make: Any = Message  # its signature hides `metadata`
    message: Message = make(metadata=metadata, **content)
    return message


def _reply_metadata(request: Message) -> Metadata:
    asked = request.metadata
    return Metadata(
        run_id=asked.run_id,
        message_id=f"{asked.message_id}-reply",
        src_node_id=asked.dst_node_id,
        dst_node_id=asked.src_node_id,
        reply_to_message_id=asked.message_id,
        group_id=asked.group_id,
        created_at=asked.created_at,
        ttl=asked.ttl,
        message_type=asked.message_type,
    )
