"""The server's half: FedAvg over arrays of `megabytes`."""

import numpy as np
from flwr.app import ArrayRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

app = ServerApp()


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run the rounds."""
    floats = int(float(context.run_config["megabytes"]) * 1_000_000 / 4)
    parts = np.array_split(np.random.default_rng(0).random(floats, dtype=np.float32), 4)
    strategy = FedAvg(min_available_nodes=2)
    strategy.start(
        grid=grid,
        initial_arrays=ArrayRecord(list(parts)),
        num_rounds=int(context.run_config["num-server-rounds"]),
    )
