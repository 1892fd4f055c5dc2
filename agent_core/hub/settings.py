"""The limits and times of a hub, with defaults that work."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024 * 1024


@dataclass(frozen=True)
class HubSettings:
    """What a hub allows and how long it waits; tests set shorter times."""

    name: str = ""  # empty: as last time
    access_s: float = 3600.0
    refresh_s: float = 30 * 86400.0
    refresh_grace_s: float = 60.0  # a repeated refresh whose answer got lost is not a theft
    device_s: float = 7 * 86400.0
    invitation_s: float = 7 * 86400.0
    sign_in_failures: int = 5
    sign_in_window_s: float = 900.0
    plan_valid_s: float = 86400.0
    plan_fresh_s: float = 600.0  # between fetching a plan and sending it back signed
    stop_bound_s: float = 15.0
    server_lost_s: float = 600.0
    sweep_every_s: float = 1.0
    blob_linger_s: float = 60.0
    url_valid_s: int = 6 * 3600
    part_size: int = 16 * MIB
    package_limit: int = 512 * MIB
    blob_limit: int = 64 * 1024 * MIB
    json_limit: int = 2 * MIB
    telemetry_limit: int = 8 * MIB  # as sent, compressed
    telemetry_unpacked_limit: int = 64 * MIB
    telemetry_records: int = 20_000
    body_timeout_s: float = 60.0
    page: int = 100
    page_limit: int = 1000
    follow_limit: int = 5000
    log_chunk: int = 64 * MIB
