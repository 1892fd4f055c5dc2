"""The coordinator's half: FedAvg over the hospitals; it sees weights and metrics, no patients."""

import torch
from flwr.app import ArrayRecord, Context
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp.strategy import FedAvg

from breast_cancer.task import make_model

app = ServerApp()
torch.set_num_threads(1)


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run the rounds."""
    config = context.run_config
    torch.manual_seed(int(config["seed"]))
    model = make_model(int(config["hidden"]))
    strategy = FedAvg(min_train_nodes=1, min_evaluate_nodes=1, min_available_nodes=1)
    strategy.start(
        grid=grid,
        initial_arrays=ArrayRecord(model.state_dict()),
        num_rounds=int(config["num-server-rounds"]),
    )
