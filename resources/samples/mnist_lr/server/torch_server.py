"""The server's half: FedAvg over a logistic regression that starts at zero."""

import numpy as np
from flwr.app import Array, ArrayRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run the rounds."""
    model = {
        "weight": Array(np.zeros((10, 784), dtype=np.float32)),
        "bias": Array(np.zeros(10, dtype=np.float32)),
    }
    strategy = FedAvg(min_train_nodes=1, min_evaluate_nodes=1, min_available_nodes=1)
    strategy.start(
        grid=grid,
        initial_arrays=ArrayRecord(model),
        num_rounds=int(context.run_config["comm_round"]),
    )
