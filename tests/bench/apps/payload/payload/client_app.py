"""The silo's half: answer with arrays of the same size, changed a little."""

from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

app = ClientApp()


@app.train()
def train(message: Message, context: Context) -> Message:
    """Add one to every array."""
    arrays = [array + 1 for array in message.content["arrays"].to_numpy_ndarrays()]
    content = RecordDict(
        {
            "arrays": ArrayRecord(arrays),
            "metrics": MetricRecord({"train_loss": 0.0, "num-examples": 1}),
        }
    )
    return Message(content=content, reply_to=message)


@app.evaluate()
def evaluate(message: Message, context: Context) -> Message:
    """Look at the arrays and report a number."""
    first = float(message.content["arrays"].to_numpy_ndarrays()[0].flat[0])
    content = RecordDict({"metrics": MetricRecord({"first_value": first, "num-examples": 1})})
    return Message(content=content, reply_to=message)
