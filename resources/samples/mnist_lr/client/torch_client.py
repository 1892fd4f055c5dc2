"""The silo's half: train the logistic regression on one random user, test it on a share."""

import numpy as np
import torch
from flwr.app import ArrayRecord, Context, Message, MetricRecord, RecordDict
from flwr.clientapp import ClientApp
from mnist import test_share, user_data
from torch.nn import functional

app = ClientApp()
torch.set_num_threads(1)


def place(context: Context) -> tuple[str, int, int]:
    """Return the data folder, which silo this is, and how many there are."""
    config = context.node_config
    return str(config["data-dir"]), int(config["partition-id"]), int(config["num-partitions"])


def train(
    weight: torch.Tensor, bias: torch.Tensor, images: torch.Tensor, labels: torch.Tensor,
    *, epochs: int, batch: int, lr: float, seed: int,
) -> float:
    """Train in place by plain SGD and return the mean loss of the last epoch."""
    shuffler = torch.Generator().manual_seed(seed)
    total = torch.zeros(())
    for _ in range(epochs):
        order = torch.randperm(len(labels), generator=shuffler)
        total = torch.zeros(())
        for x, y in zip(images[order].split(batch), labels[order].split(batch)):
            chances = functional.softmax(functional.linear(x, weight, bias), 1)
            total -= chances.gather(1, y[:, None]).log().sum()
            # The gradient of the mean cross entropy, by hand.
            error = chances.scatter_add_(1, y[:, None], torch.full((len(y), 1), -1.0)) / len(y)
            weight.addmm_(error.T, x, alpha=-lr)
            bias.sub_(error.sum(0), alpha=lr)
    return float(total) / len(labels)


@app.train()
def on_train(message: Message, context: Context) -> Message:
    """Train the global model on the user that this round draws for this silo."""
    config = context.run_config
    folder, silo, silos = place(context)
    round_number = int(message.content["config"]["server-round"])
    users, seed = int(config["client_num_in_total"]), int(config["random_seed"])
    draw = np.random.default_rng([seed, round_number]).choice(users, silos, replace=False)
    images, labels = user_data(folder, int(draw[silo]), users, seed)
    arrays = message.content["arrays"].to_torch_state_dict()
    loss = train(
        arrays["weight"], arrays["bias"], torch.from_numpy(images), torch.from_numpy(labels),
        epochs=int(config["epochs"]), batch=int(config["batch_size"]),
        lr=float(config["learning_rate"]), seed=round_number,
    )
    print(f"trained on user {draw[silo]}: {len(labels)} images, loss {loss:.4f}")
    metrics = MetricRecord({"train_loss": loss, "num-examples": len(labels)})
    content = RecordDict({"arrays": ArrayRecord(arrays), "metrics": metrics})
    return Message(content=content, reply_to=message)


@app.evaluate()
def on_evaluate(message: Message, context: Context) -> Message:
    """Test the global model on this silo's share of the test images."""
    folder, silo, silos = place(context)
    images, labels = (torch.from_numpy(part) for part in test_share(folder, silo, silos))
    arrays = message.content["arrays"].to_torch_state_dict()
    outputs = functional.linear(images, arrays["weight"], arrays["bias"])
    metrics = MetricRecord({
        "test_loss": float(functional.cross_entropy(outputs, labels)),
        "test_accuracy": float((outputs.argmax(1) == labels).float().mean()),
        "num-examples": len(labels),
    })
    return Message(content=RecordDict({"metrics": metrics}), reply_to=message)
