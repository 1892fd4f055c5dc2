"""The hub's REST endpoints, one module per resource."""
