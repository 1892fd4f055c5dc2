"""The silo's half: meet the trouble, or answer."""

from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    """Crash, use up memory, or answer."""
    config, partition = context.run_config, int(context.node_config["partition-id"])
    if partition + 1 == int(config["at"]):
        meet(str(config["trouble"]), float(config["gigabytes"]))
    step = 1.0 - float(config["learning-rate"])
    arrays = [array * step for array in message.content["arrays"].to_numpy_ndarrays()]
    metrics = MetricRecord({"train_loss": 1.0, "num-examples": 1})
    content = RecordDict({"arrays": ArrayRecord(arrays), "metrics": metrics})
    return Message(content=content, reply_to=message)


def meet(trouble: str, gigabytes: float) -> None:
    """Do what goes wrong."""
    if trouble == "crash":
        raise KeyError("age_at_diagnosis")
    if trouble == "memory":
        held = [b"x" * (64 * 1024 * 1024) for _ in range(int(gigabytes * 16))]
        raise AssertionError(len(held))


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Report a number."""
    content = RecordDict({"metrics": MetricRecord({"test_accuracy": 0.5, "num-examples": 1})})
    return Message(content=content, reply_to=message)
