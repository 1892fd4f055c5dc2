"""Runs every strategy of Flower for two rounds, one after the other, and says how it went."""

import time

import numpy as np
from flwr.app import ArrayRecord, ConfigRecord, Context, Message, MetricRecord, RecordDict
from flwr.serverapp import Grid, ServerApp
from flwr.serverapp import strategy as flower

app = ServerApp()
ALL = {"min_train_nodes": 3, "min_evaluate_nodes": 3, "min_available_nodes": 3}


def private(wrapper, **values):
    """Wrap FedAvg in differential privacy."""
    return lambda: wrapper(
        flower.FedAvg(**ALL), num_sampled_clients=3, noise_multiplier=0.1, **values
    )


STRATEGIES = {
    "FedAvg": lambda: flower.FedAvg(**ALL),
    "FedAvgM": lambda: flower.FedAvgM(**ALL),
    "FedAdam": lambda: flower.FedAdam(**ALL),
    "FedAdagrad": lambda: flower.FedAdagrad(**ALL),
    "FedYogi": lambda: flower.FedYogi(**ALL),
    "FedProx": lambda: flower.FedProx(proximal_mu=0.1, **ALL),
    "FedMedian": lambda: flower.FedMedian(**ALL),
    "FedTrimmedAvg": lambda: flower.FedTrimmedAvg(**ALL),
    "Krum": lambda: flower.Krum(num_malicious_nodes=0, **ALL),
    "MultiKrum": lambda: flower.MultiKrum(num_malicious_nodes=0, num_nodes_to_select=2, **ALL),
    "Bulyan": lambda: flower.Bulyan(num_malicious_nodes=0, **ALL),
    "QFedAvg": lambda: flower.QFedAvg(client_learning_rate=0.1, **ALL),
    "DP server fixed": private(
        flower.DifferentialPrivacyServerSideFixedClipping, clipping_norm=1.0
    ),
    "DP server adaptive": private(flower.DifferentialPrivacyServerSideAdaptiveClipping),
    "DP client fixed": private(
        flower.DifferentialPrivacyClientSideFixedClipping, clipping_norm=1.0
    ),
    "DP client adaptive": private(flower.DifferentialPrivacyClientSideAdaptiveClipping),
    "LocalDpMod": lambda: flower.FedAvg(**ALL),
}
MODS = {"DP client fixed": "fixed", "DP client adaptive": "adaptive", "LocalDpMod": "local"}


def evaluate(server_round: int, arrays: ArrayRecord) -> MetricRecord:
    """Evaluate centrally."""
    return MetricRecord({"test_accuracy": 0.25, "server_round": server_round})


@app.main()
def main(grid: Grid, context: Context) -> None:
    """Run them all; one that fails is named at the end."""
    failed = []
    for name, make in STRATEGIES.items():
        config = ConfigRecord({"lr": 0.1, "mod": MODS.get(name, "")})
        model = [np.zeros((4, 3), dtype=np.float32), np.zeros(3, dtype=np.float32)]
        try:
            result = make().start(
                grid, ArrayRecord(model), num_rounds=2, train_config=config, evaluate_fn=evaluate
            )
            assert len(result.train_metrics_clientapp) == 2, "no train metrics"
            assert len(result.evaluate_metrics_clientapp) == 2, "no evaluate metrics"
            moved = result.arrays.to_numpy_ndarrays()[0]
            assert np.isfinite(moved).all(), "not finite"
            assert np.abs(moved).max() > 0, "nothing moved"
        except Exception as error:  # noqa: BLE001 - named at the end
            failed.append(f"{name}: {type(error).__name__} {error}")
        else:
            print(f"strategy {name} ok")
    ask_by_hand(grid)
    if failed:
        raise RuntimeError("; ".join(failed))


def ask_by_hand(grid: Grid) -> None:
    """Use the Grid's three ways to exchange messages without a strategy."""
    nodes = list(grid.get_node_ids())
    asked = [Message(RecordDict({"config": ConfigRecord()}), node, "query") for node in nodes]
    answers = grid.send_and_receive(asked, timeout=60)
    print("folders", sorted(str(reply.content["config"]["folder"]) for reply in answers))
    content = RecordDict({"config": ConfigRecord({"raw": b"\x00\xff", "many": [1.5, 2.5]})})
    waiting = set(grid.push_messages([Message(content, node, "query") for node in nodes]))
    until = time.monotonic() + 60
    while waiting and time.monotonic() < until:
        replies = grid.pull_messages(waiting)
        waiting -= {reply.metadata.reply_to_message_id for reply in replies}
        time.sleep(0.01)
    print("pulled", len(nodes) - len(waiting))
