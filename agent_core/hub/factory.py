"""Put the hub's HTTP application together."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import FastAPI
from fastapi.routing import APIRoute

from agent_core.hub import problems
from agent_core.hub.limits import BodyLimits
from agent_core.hub.routes import (
    account,
    admin,
    catalog,
    device,
    follow,
    group,
    health,
    invitation,
    model,
    package,
    run,
    uplink,
)
from agent_core.hub.state import Hub

ROUTERS = [
    uplink.router,  # first: a path is looked up in this order, and these are asked in every round
    health.router, account.router, admin.router, invitation.router, device.router, group.router,
    package.router, catalog.router, run.router, follow.router, model.router,
]  # fmt: skip


def create_hub(hub: Hub) -> FastAPI:
    """Return the HTTP application of a hub."""
    app = FastAPI(
        title="SiloDesk hub",
        version=version("silodesk"),
        openapi_url="/openapi.json",
        docs_url=None,  # the page would load its scripts from elsewhere
        redoc_url=None,
        generate_unique_id_function=_operation,
    )
    app.state.hub = hub
    for router in ROUTERS:
        app.include_router(router)
    problems.install(app)
    app.add_middleware(BodyLimits, settings=hub.settings)
    return app


def _operation(route: APIRoute) -> str:
    return f"{route.tags[0] if route.tags else 'hub'}-{route.name}"
