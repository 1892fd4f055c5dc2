"""A hospital's half: train on its own patients, test on its own held-out patients."""

from pathlib import Path

import torch
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp

from breast_cancer.task import load_table, make_model, test, train

app = ClientApp()
torch.set_num_threads(1)


def data_folder(context: Context) -> Path:
    """Return this hospital's folder: the one it was given, or its part of the sample's."""
    folder = Path(str(context.node_config.get("data-dir", "data")))
    part = folder / f"silo-{int(context.node_config['partition-id']) + 1}"
    return part if part.is_dir() else folder


def model_of(message: Message, context: Context) -> torch.nn.Module:
    """Return the network with the weights that the server sent."""
    model = make_model(int(context.run_config["hidden"]))
    model.load_state_dict(message.content["arrays"].to_torch_state_dict())
    return model


@app.train()
def on_train(message: Message, context: Context) -> Message:
    """Train the global model on this hospital's patients."""
    config = context.run_config
    model = model_of(message, context)
    features, labels = load_table(data_folder(context), "train")
    loss = train(
        model, features, labels,
        epochs=int(config["local-epochs"]), batch_size=int(config["batch-size"]),
        lr=float(config["lr"]), decay=float(config["weight-decay"]),
        seed=int(config["seed"]) + int(message.content["config"]["server-round"]),
    )
    print(f"trained on {len(labels)} patients, loss {loss:.4f}")
    metrics = MetricRecord({"train_loss": loss, "num-examples": len(labels)})
    content = RecordDict({"arrays": ArrayRecord(model.state_dict()), "metrics": metrics})
    return Message(content=content, reply_to=message)


@app.evaluate()
def on_evaluate(message: Message, context: Context) -> Message:
    """Test the global model on this hospital's held-out patients."""
    features, labels = load_table(data_folder(context), "test")
    loss, accuracy = test(model_of(message, context), features, labels)
    print(f"tested on {len(labels)} patients, accuracy {accuracy:.3f}")
    metrics = MetricRecord(
        {"test_loss": loss, "test_accuracy": accuracy, "num-examples": len(labels)}
    )
    return Message(content=RecordDict({"metrics": metrics}), reply_to=message)
