"""A silo that moves every array a little, under the privacy mod that the round asks for."""

import numpy as np
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from flwr.clientapp.mod import LocalDpMod, adaptiveclipping_mod, fixedclipping_mod

app = ClientApp()
MODS = {
    "fixed": fixedclipping_mod,
    "adaptive": adaptiveclipping_mod,
    "local": LocalDpMod(1.0, 1.0, 1.0, 1e-5),
}


def chosen_mod(message: Message, context: Context, call_next):
    """Apply the mod that the server named, if any."""
    mod = MODS.get(message.content["config"].get("mod", ""))
    return mod(message, context, call_next) if mod else call_next(message, context)


@app.train(mods=[chosen_mod])
def train(message: Message, context: Context) -> Message:
    """Add the partition's number; count the calls, to see that the context lives on."""
    state = context.state
    calls = int(state["calls"]["n"]) + 1 if "calls" in state else 1
    state["calls"] = MetricRecord({"n": calls})
    step = 0.01 * (int(context.node_config["partition-id"]) + 1)
    arrays = ArrayRecord(
        [
            (array + step).astype(array.dtype)
            for array in message.content["arrays"].to_numpy_ndarrays()
        ]
    )
    metrics = MetricRecord(
        {"loss": 1.0 / calls, "calls": calls, "num-examples": 10 + calls, "train_loss": 0.5}
    )
    return Message(RecordDict({"arrays": arrays, "metrics": metrics}), reply_to=message)


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Report how far the model has moved."""
    moved = float(
        np.mean([array.mean() for array in message.content["arrays"].to_numpy_ndarrays()])
    )
    metrics = MetricRecord(
        {"test_accuracy": min(1.0, abs(moved)), "loss": moved, "num-examples": 5}
    )
    return Message(RecordDict({"metrics": metrics}), reply_to=message)


@app.query()
def query(message: Message, context: Context) -> Message:
    """Answer with the data folder."""
    from flwr.app import ConfigRecord

    content = RecordDict({"config": ConfigRecord({"folder": str(context.node_config["data-dir"])})})
    return Message(content, reply_to=message)
