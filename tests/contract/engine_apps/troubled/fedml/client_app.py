"""Silos that misbehave in the round and in the way that the run's config names."""

import os
import signal
import time

import numpy as np
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

app = ClientApp()


def trouble(message: Message, context: Context) -> str:
    """Return what this silo does wrong now: config "2:1" = "raise" means silo 2 in round 1."""
    number = int(message.content["config"]["server-round"])
    partition = int(context.node_config["partition-id"])
    return str(context.run_config.get(f"{partition + 1}:{number}", ""))


@app.train()
def train(message: Message, context: Context) -> Message:
    """Answer with ones, or with trouble."""
    arrays = [array + 1 for array in message.content["arrays"].to_numpy_ndarrays()]
    match trouble(message, context):
        case "raise":
            raise ValueError("no patients today")
        case "sleep":
            time.sleep(float(context.run_config["seconds"]))
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "nan":
            arrays[0][0] = np.nan
        case "shape":
            arrays = [np.ones(7, dtype=np.float32)]
    metrics = MetricRecord({"train_loss": 1.0, "num-examples": 1})
    return Message(
        RecordDict({"arrays": ArrayRecord(arrays), "metrics": metrics}), reply_to=message
    )


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Report the first number."""
    first = float(message.content["arrays"].to_numpy_ndarrays()[0][0])
    metrics = MetricRecord({"test_accuracy": first, "num-examples": 1})
    return Message(RecordDict({"metrics": metrics}), reply_to=message)
