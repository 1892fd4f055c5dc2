"""A whole run over services the hub does not start itself: PostgreSQL, Mosquitto, an S3 store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers.postgres import Postgres, binaries
from helpers.services import Mosquitto, shared_services
from psutil import Process

from agent_core.rehearsal.federation import Federation
from agent_core.rehearsal.packing import pack_flower, samples
from agent_core.rehearsal.run import RunWish, prepare, read_all, settle, start, wait

pytestmark = [
    pytest.mark.runtime,
    pytest.mark.timeout(240),
    pytest.mark.skipif(binaries() is None, reason="Debian's postgresql is not installed"),
    pytest.mark.skipif(not Mosquitto.available(), reason="Debian's mosquitto is not installed"),
]
ROUNDS = 4
SILOS = 2


class OutsideFederation(Federation):
    """A federation whose hub is given its services by address."""

    options: tuple[str, ...] = ()

    def _start_hub(self) -> None:
        home = str(self._hub_home.root)
        self.hub = self.family.start(
            "hub", ["hub", "--home", home, "--port", "0", "--json", *self.options]
        )


@pytest.fixture
def federation(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Federation]:
    """Return a running federation on a database, a broker and a store from outside."""
    database, broker = Postgres(), Mosquitto()
    broker.start()
    try:
        with shared_services(root / "store") as store:
            keys = store.endpoints
            monkeypatch.setenv("SILODESK_S3_ACCESS_KEY", keys.s3_access_key)
            monkeypatch.setenv("SILODESK_S3_SECRET_KEY", keys.s3_secret_key)
            made = OutsideFederation(
                silos=SILOS, data=samples()["breast-cancer"].data, root=root, say=lambda _: None
            )
            made.options = (
                "--database", database.url(database.database()),
                "--mqtt", broker.address,
                "--s3", f"{keys.s3_url}/silo-bucket",
            )  # fmt: skip
            with made as running:
                yield running
    finally:
        broker.stop()
        database.stop()


def test_a_run_trains_over_outside_services(federation: Federation, root: Path) -> None:
    """The run finishes, every metric is there once, and every round's model can be fetched."""
    package = pack_flower(samples()["breast-cancer"].folder, root / "build")
    run = prepare(federation, RunWish(packages=[package], name="outside", rounds=ROUNDS))
    start(federation, run["id"])
    ended = wait(federation, run["id"], bound_s=120, on_change=lambda _: None)
    settle(federation, run["id"])
    assert ended["state"] == "FINISHED", ended["detail"]

    metrics = read_all(federation, "runs.metrics", run["id"])
    keys = Counter((m["edge_id"], m["key"], m["round"]) for m in metrics)
    assert set(keys.values()) == {1}
    silos = {m["edge_id"] for m in metrics} - {0, federation.coordinator.edge_id}
    assert len(silos) == SILOS
    saved = federation.coordinator.client.call(
        "runs.save_model", run_id=run["id"], round=ROUNDS, path=str(root / "model.safetensors")
    )
    assert Path(saved["path"]).stat().st_size == saved["size"]

    own = {Process(federation.hub.process.pid).name()} | {
        child.name() for child in Process(federation.hub.process.pid).children(recursive=True)
    }
    assert not {name for name in own if name.startswith(("nats", "weed"))}
