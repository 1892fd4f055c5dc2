"""Runs the legacy API twice: FedAvg over client proxies, then SecAgg+ as a workflow."""

import numpy as np
from flwr.common import ndarrays_to_parameters
from flwr.server import LegacyContext, ServerApp, ServerConfig
from flwr.server.strategy import FedAvg
from flwr.server.workflow import DefaultWorkflow, SecAggPlusWorkflow

app = ServerApp()


def strategy() -> FedAvg:
    """Return FedAvg over three silos."""
    return FedAvg(
        min_fit_clients=3,
        min_evaluate_clients=3,
        min_available_clients=3,
        initial_parameters=ndarrays_to_parameters([np.zeros((4, 3), dtype=np.float32)]),
    )


@app.main()
def main(grid, context) -> None:
    """Run secure aggregation or plain FedAvg, as the run's config says."""
    legacy = LegacyContext(context=context, config=ServerConfig(num_rounds=2), strategy=strategy())
    secure = SecAggPlusWorkflow(num_shares=3, reconstruction_threshold=2, timeout=20)
    workflow = (
        DefaultWorkflow(fit_workflow=secure)
        if context.run_config["secure"]
        else (DefaultWorkflow())
    )
    workflow(grid, legacy)
    print("losses", legacy.history.losses_distributed)
