"""The silo's half: wait, then answer; one silo may sleep too long or die."""

import os
import signal
import time

from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    """Wait and add the partition's number to the model."""
    config, partition = context.run_config, int(context.node_config["partition-id"])
    if partition + 1 == int(config["crasher"]):
        os.kill(os.getpid(), signal.SIGKILL)
    is_sleeper = partition + 1 == int(config["sleeper"])
    time.sleep(float(config["sleeper-seconds"] if is_sleeper else config["seconds"]))
    arrays = [array + partition + 1 for array in message.content["arrays"].to_numpy_ndarrays()]
    print(f"trained partition {partition}")
    metrics = MetricRecord({"train_loss": 1.0 / (1 + partition), "num-examples": 1})
    content = RecordDict({"arrays": ArrayRecord(arrays), "metrics": metrics})
    return Message(content=content, reply_to=message)


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Report the model's first number."""
    first = float(message.content["arrays"].to_numpy_ndarrays()[0][0])
    content = RecordDict({"metrics": MetricRecord({"test_accuracy": first, "num-examples": 1})})
    return Message(content=content, reply_to=message)
