"""A silo of the legacy API: a NumPyClient, which can take part in secure aggregation."""

import numpy as np
from flwr.client import ClientApp, NumPyClient
from flwr.client.mod import secaggplus_mod


class Silo(NumPyClient):
    """Moves every array a little."""

    def __init__(self, partition: int) -> None:
        self.partition = partition

    def fit(self, parameters, config):
        """Add a tenth of the partition's number."""
        return [array + 0.1 * (self.partition + 1) for array in parameters], 10, {"accuracy": 0.5}

    def evaluate(self, parameters, config):
        """Report the model's mean."""
        return float(np.mean(parameters[0])), 5, {"accuracy": 0.1 * (self.partition + 1)}


def client_fn(context):
    """Return the client of this silo."""
    return Silo(int(context.node_config["partition-id"])).to_client()


def chosen_mod(message, context, call_next):
    """Mask updates where the run wants secure aggregation."""
    if context.run_config["secure"]:
        return secaggplus_mod(message, context, call_next)
    return call_next(message, context)


app = ClientApp(client_fn=client_fn, mods=[chosen_mod])
