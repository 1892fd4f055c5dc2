"""The server's half: FedAvg over ten zeros."""

import numpy as np
from flwr.app import ArrayRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run the rounds."""
    FedAvg(min_train_nodes=1, min_evaluate_nodes=1, min_available_nodes=1).start(
        grid=grid,
        initial_arrays=ArrayRecord([np.zeros(10, dtype=np.float32)]),
        num_rounds=int(context.run_config["num-server-rounds"]),
    )
