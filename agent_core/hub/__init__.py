"""The hub: accounts, devices, groups, projects, runs, telemetry, models."""
