"""The model, a hospital's table, and how one learns from the other."""

import csv
from pathlib import Path

import numpy as np
import torch
from torch import nn

# Published mean and standard deviation of each column, so that no hospital has to tell its own.
MEAN = np.array([
    14.15, 19.24, 92.14, 654.3, 0.09701, 0.1063, 0.09027, 0.04985, 0.1825, 0.06307,
    0.4066, 1.207, 2.877, 39.94, 0.007016, 0.02604, 0.03249, 0.01194, 0.02081, 0.003861,
    16.29, 25.53, 107.4, 878.0, 0.1326, 0.258, 0.2743, 0.1157, 0.2924, 0.08434,
], dtype=np.float32)
STD = np.array([
    3.437, 4.143, 23.78, 340.3, 0.01451, 0.05387, 0.08154, 0.03941, 0.02908, 0.007227,
    0.2592, 0.5514, 1.877, 41.43, 0.003082, 0.0186, 0.03252, 0.006401, 0.008646, 0.002757,
    4.702, 5.913, 32.8, 551.1, 0.02294, 0.1606, 0.2104, 0.06682, 0.06492, 0.01848,
], dtype=np.float32)


def make_model(hidden: int) -> nn.Module:
    """Return the untrained network."""
    return nn.Sequential(nn.Linear(30, hidden), nn.ReLU(), nn.Linear(hidden, 2))


def load_table(folder: Path, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Return features and labels (1 is malignant) of a hospital's table."""
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing: this app wants a folder with train.csv and test.csv"
        )
    with path.open(newline="") as file:
        rows = list(csv.reader(file))[1:]
    values = np.array([row[1:] for row in rows], dtype=np.float32)
    labels = np.array([row[0] == "M" for row in rows], dtype=np.int64)
    return torch.from_numpy((values - MEAN) / STD), torch.from_numpy(labels)


def train(
    model: nn.Module, features: torch.Tensor, labels: torch.Tensor,
    *, epochs: int, batch_size: int, lr: float, decay: float, seed: int,
) -> float:
    """Train in place by plain SGD and return the mean loss of the last epoch.

    SGD is written out because torch.optim loads torch's compiler, a second for each silo.
    """
    shuffler = torch.Generator().manual_seed(seed)
    weights = list(model.parameters())
    total = 0.0
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(labels), generator=shuffler).split(batch_size):
            loss = nn.functional.cross_entropy(model(features[batch]), labels[batch])
            gradients = torch.autograd.grad(loss, weights)
            with torch.no_grad():
                for weight, gradient in zip(weights, gradients):
                    weight -= lr * (gradient + decay * weight)
            total += loss.item() * len(batch)
    return total / len(labels)


@torch.no_grad()
def test(model: nn.Module, features: torch.Tensor, labels: torch.Tensor) -> tuple[float, float]:
    """Return mean loss and accuracy."""
    outputs = model(features)
    loss = nn.functional.cross_entropy(outputs, labels).item()
    return loss, (outputs.argmax(1) == labels).float().mean().item()
