"""What the fake agent answers to each method, with a little state behind it."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Any

from helpers import fake_approvals, fake_places, fake_rules, fake_telemetry
from helpers import fake_records as data
from helpers.fake_models import FakeModels
from helpers.fake_records import plain

from agent_core import settings as settings_module
from agent_core.errors import ConflictError, NotFoundError
from agent_core.paths import Home
from agent_core.protocol import records as rec
from agent_core.protocol.states import State


class Answers(FakeModels):
    """Answer by method name: "runs.get" is the method `runs_get`."""

    def __init__(self, home: Home, scene: str) -> None:
        self.home = home
        self.is_bound = scene == "working"
        self.settings = settings_module.load(home.settings)
        self.runs = {run.id: run for run in data.RUNS}
        self.projects = list(data.PROJECTS)
        self.applications = list(data.APPLICATIONS)
        self.approvals = {one["id"]: one for one in fake_approvals.APPROVALS}
        self.local_jobs = fake_approvals.local_jobs()
        self.rules = fake_rules.FakeRules(home.house_rules, self.local_jobs)
        self.ticks = 0
        self.autostart: dict[str, Any] = {
            "enabled": False, "links": False, "other_links": False, "may_set_links": True,
            "how": "systemd user unit", "places": [],
        }  # fmt: skip

    def give(self, method: str, params: dict[str, Any]) -> Any:
        """Return the answer of a method."""
        how = getattr(self, method.replace(".", "_"), None)
        if how is None:
            raise NotFoundError(f"The fake agent has no answer to {method}.")
        return how(**params)

    # --- the agent itself ---
    def hello(self, token: str = "") -> Any:
        return {"version": "0.1.0"}

    def events_subscribe(self) -> Any:
        return {}

    def agent_status(self) -> Any:
        return self.status()

    def agent_shutdown(self) -> Any:
        return {}

    def status(self) -> dict[str, Any]:
        """Return the AgentStatus of this moment."""
        wave = math.sin(self.ticks / 5) + 0.5 * math.sin(self.ticks / 1.7)
        sample = rec.SystemSample(
            edge_id=data.ME, at=time.time(), cpu_percent=34 + 8 * wave,
            memory_used=int(18.4 * data.GB), memory_total=64 * data.GB, disk_free=512 * data.GB,
            gpu_percent=61 + 6 * wave, gpu_memory_used=7 * data.GB, gpu_temperature=66,
        )  # fmt: skip
        if not self.is_bound:
            return plain(
                rec.AgentStatus(version="0.1.0", home=str(self.home.root), state="unbound",
                                hardware=data.HARDWARE, system=sample)
            )  # fmt: skip
        waiting = [a for a in self.approvals.values() if a["state"] == "pending"]
        live = [rec.LocalJob.model_validate(j) for j in self.local_jobs if not j["ended_at"]]
        return plain(
            rec.AgentStatus(
                version="0.1.0", home=str(self.home.root), state="online",
                hub_url="https://hub.oncofed.example", hub_name="OncoFed", account=data.ACCOUNT,
                device=data.DEVICES[0], heartbeat_age_s=2.0 + self.ticks % 8, heartbeat_ms=24,
                approvals_waiting=len(waiting), jobs=live, hardware=data.HARDWARE, system=sample,
                bytes_up_today=1_620_000, bytes_down_today=1_240_000,
                bytes_by_kind={"updates": 1_310_000, "metrics": 214_000, "logs": 96_000},
                rules=self.rules.states(), all_paused=self.rules.all_paused,
                subscribed=[f"flserver_agent/{data.ME}/start_train"],
            )
        )  # fmt: skip

    def tick(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the events of this second."""
        self.ticks += 1
        return [("status", self.status())]

    def settings_get(self) -> Any:
        return self.settings.model_dump()

    def autostart_get(self) -> Any:
        return self.autostart

    def autostart_set(self, **wanted: Any) -> Any:
        self.autostart.update(wanted)
        return self.autostart

    def settings_set(self, **fields: Any) -> Any:
        self.settings = self.settings.model_copy(update=fields)
        return self.settings.model_dump()

    # --- house rules and pauses ---
    def rules_get(self) -> Any:
        return self.rules.report(self.settings)

    def rules_set(self, **fields: Any) -> Any:
        self.rules.file.change(**fields)
        return self.rules_get()

    def jobs_pause(self, job_id: str, reason: str = "") -> Any:
        return self.rules.hold(job_id, "operator", "Paused by Dr. Marta Vogel.")

    def jobs_resume(self, job_id: str) -> Any:
        return self.rules.release(job_id)

    def jobs_pause_all(self, reason: str = "") -> Any:
        return self.rules.turn_all("Paused by Dr. Marta Vogel.")

    def jobs_resume_all(self) -> Any:
        return self.rules.turn_all("")

    def traffic_history(self, hours: int = 24) -> Any:
        return fake_rules.history(hours)

    # --- accounts and joining ---
    def hub_about(self, hub_url: str) -> Any:
        return {"name": "OncoFed", "version": "0.1.0", "first_account": False}

    def hub_state(self) -> Any:
        return {"is_made": False, "is_running": False, "is_busy": False, "url": "", "name": "",
                "started_at": None, "folder": "", "log": "", "set_aside": [],
                "last_backup": None}  # fmt: skip

    def hub_overview(self) -> Any:
        return {
            "name": "OncoFed", "version": "0.1.0", "url": "https://hub.oncofed.example",
            "at": time.time(), "started_at": time.time() - 7200, "storage_at": time.time(),
            "parts": [
                {"key": key, "kind": kind, "fault": "", "restarts": 0, "size": 4_200_000}
                for key, kind in (("database", "SQLite"), ("broker", "embedded"),
                                  ("store", "embedded"))
            ],
            "storage": [{"key": "models", "size": 61_000_000, "count": 42},
                        {"key": "packages", "size": 23_000_000, "count": 5}],
            "disk_free": 400_000_000_000, "devices": {"online": 5, "silent": 1, "offline": 1},
            "runs": {"RUNNING": 1, "FINISHED": 12}, "accounts": 2, "groups": 1,
            "messages": 1000.0 + 40 * self.ticks, "refused": 0.0, "inbox_waiting": 0,
        }  # fmt: skip

    def hub_accounts(self) -> Any:
        person = {"is_disabled": False, "created_at": data.NOW, "groups": ["Study"], "devices": 1,
                  "seen_at": data.NOW}  # fmt: skip
        return page([
            {"id": 1, "email": "elif@example.org", "name": "Elif Kaya", "is_admin": True, **person},
            {"id": 2, "email": "marta@example.org", "name": "Dr. Marta Vogel", "is_admin": False,
             **person},
        ])  # fmt: skip

    def packages_resolve(self, requirements: list[str], modules: list[str]) -> Any:
        return {"runtime": "base-1", "brought": requirements, "installed": [], "missing": [],
                "problem": "", "next_step": "", "is_sure": True,
                "tried": {"sandbox": "bubblewrap", "seconds": 2.8, "failed": {},
                          "is_late": False}}  # fmt: skip

    def hub_host(self, name: str = "") -> Any:
        return {"url": "http://127.0.0.1:8430"}

    def account_sign_up(self, **_: Any) -> Any:
        return plain(data.ACCOUNT)

    def account_sign_in(self, **_: Any) -> Any:
        return plain(data.ACCOUNT)

    def account_reset(self, **_: Any) -> Any:
        return plain(data.ACCOUNT)

    def account_sign_out(self) -> Any:
        self.is_bound = False
        return {}

    def account_me(self) -> Any:
        return plain(data.ACCOUNT)

    def device_bind(self, silo: str = "", name: str = "") -> Any:
        self.is_bound = True
        return plain(data.DEVICES[0])

    def device_unbind(self) -> Any:
        self.is_bound = False
        return {}

    def invitations_read(self, link: str) -> Any:
        invitation = rec.Invitation(
            id=4, link=link, group_id=7, group_name=data.GROUP.name, state="open",
            invited_by="Elif Kaya", created_at=data.NOW - 3600, expires_at=data.NOW + 86400,
        )  # fmt: skip
        return {**plain(invitation), "hub_url": "https://hub.oncofed.example",
                "hub_name": "OncoFed"}  # fmt: skip

    def invitations_join(self, **_: Any) -> Any:
        self.is_bound = True
        return plain(data.GROUP)

    def invitations_decline(self, link: str) -> Any:
        return {}

    # --- the hub's lists ---
    def devices_list(self, **_: Any) -> Any:
        return page(fake_places.devices())

    def groups_list(self, **_: Any) -> Any:
        return page([plain(data.GROUP)])

    def groups_get(self, group_id: int) -> Any:
        return plain(data.GROUP)

    def groups_topology(self, group_id: int) -> Any:
        return fake_places.topology()

    def groups_events(self, group_id: int, **_: Any) -> Any:
        return page(fake_places.events())

    def devices_vitals(self, edge_id: int) -> Any:
        return page(fake_places.vitals(edge_id))

    def invitations_list(self, **_: Any) -> Any:
        return page(fake_places.invitations())

    def invitations_mine(self, **_: Any) -> Any:
        return page([])

    def groups_create(self, name: str, **_: Any) -> Any:
        return plain(data.GROUP.model_copy(update={"name": name}))

    def collaborators_list(self, **_: Any) -> Any:
        return page(fake_places.people())

    def applications_list(self, **_: Any) -> Any:
        return page([plain(app) for app in self.applications])

    def applications_get(self, application_id: int) -> Any:
        return plain(find(self.applications, application_id))

    def applications_create(self, name: str, group_id: int, packages: list[str], **_: Any) -> Any:
        made = rec.Application(
            id=20 + len(self.applications) + 1, name=name, group_id=group_id,
            packages=[data.package("uploaded")], created_at=time.time(), created_by="you",
        )  # fmt: skip
        self.applications.append(made)
        return plain(made)

    def packages_upload(self, path: str) -> Any:
        name = Path(path).name
        kind = next((one for one in ("client", "server") if one in name), "")
        return plain(data.package(f"uploaded{kind}", kind or "flower"))

    def packages_stop_upload(self, path: str) -> Any:
        return {}

    def packages_get(self, sha256: str) -> Any:
        return plain(data.package("wdbc-mlp"))

    def projects_list(self, **_: Any) -> Any:
        return page([plain(project) for project in self.projects])

    def projects_get(self, project_id: int) -> Any:
        return plain(find(self.projects, project_id))

    def projects_create(self, name: str, group_id: int, description: str = "", **_: Any) -> Any:
        made = rec.Project(id=11 + len(self.projects), name=name, group_id=group_id,
                           description=description, owner_id=3, created_at=time.time())  # fmt: skip
        self.projects.append(made)
        return plain(made)

    # --- runs ---
    def runs_list(self, project_id: int | None = None, **_: Any) -> Any:
        runs = [r for r in self.runs.values() if project_id in (None, r.project_id)]
        return page([plain(run) for run in sorted(runs, key=lambda r: -r.id)])

    def runs_get(self, run_id: int) -> Any:
        return plain(self._run(run_id))

    def runs_create(self, project_id: int, name: str = "", **given: Any) -> Any:
        rounds = given.get("rounds") or 50
        project = find(self.projects, project_id)
        number = 1290 + len(self.runs)
        made = data.run(number, name or "new run", State.IDLE, 0, rounds, project=project)
        self.runs[made.id] = made
        return plain(made)

    def runs_start(self, run_id: int) -> Any:
        return self._set_run(run_id, state=State.QUEUED)

    def runs_stop(self, run_id: int, reason: str = "") -> Any:
        return self._set_run(run_id, state=State.STOPPING)

    def runs_pause(self, run_id: int, reason: str = "") -> Any:
        return self._set_run(run_id, paused_by=data.ACCOUNT.name)

    def runs_resume(self, run_id: int) -> Any:
        return self._set_run(run_id, paused_by="", state=State.RUNNING)

    def runs_clone(self, run_id: int) -> Any:
        return self.runs_create(self._run(run_id).project_id, self._run(run_id).name + " again")

    def runs_rounds(self, run_id: int, **asked: Any) -> Any:
        return after(fake_telemetry.rounds(self._run(run_id)), asked)

    def runs_metrics(self, run_id: int, **asked: Any) -> Any:
        return after(fake_telemetry.metrics(self._run(run_id)), asked)

    def runs_system(self, run_id: int, **asked: Any) -> Any:
        return after(fake_telemetry.system(self._run(run_id)), asked)

    def runs_logs(self, run_id: int, **asked: Any) -> Any:
        return after(fake_telemetry.logs(self._run(run_id)), asked)

    def runs_events(self, run_id: int, **asked: Any) -> Any:
        return after(fake_telemetry.events(self._run(run_id)), asked)

    def runs_models(self, run_id: int, **asked: Any) -> Any:
        return after(fake_telemetry.models(self._run(run_id)), asked)

    def runs_model(self, run_id: int, **given: Any) -> Any:
        return fake_telemetry.models(self._run(run_id))[int(given["round"]) - 1]

    def runs_save_model(self, run_id: int, path: str, **given: Any) -> Any:
        model = self.runs_model(run_id, **given)
        return {"path": path, "sha256": model["sha256"], "size": model["size"]}

    def _run(self, run_id: int) -> rec.Run:
        if int(run_id) not in self.runs:
            raise NotFoundError(f"There is no run {run_id} in your groups.", code="missing.run")
        return self.runs[int(run_id)]

    def _set_run(self, run_id: int, **fields: Any) -> Any:
        self.runs[int(run_id)] = self._run(run_id).model_copy(update=fields)
        return plain(self.runs[int(run_id)])

    # --- decisions and jobs ---
    def approvals_list(self, state: str = "", before: int | None = None, limit: int = 200) -> Any:
        found = [
            one
            for one in self.approvals.values()
            if state in ("", one["state"], "decided" if one["state"] != "pending" else "")
            and (before is None or one["id"] < before)
        ]
        found.sort(key=lambda one: -one["id"])
        if state == "decided":
            found = found[:limit]
        return [{**one, "files": []} for one in found]  # as the real one: lists stay small

    def approvals_get(self, id: int) -> Any:  # noqa: A002 - the protocol's name
        return self.approvals[int(id)]

    def approvals_file(self, id: int, path: str) -> Any:  # noqa: A002 - the protocol's name
        changed = path in self.approvals[int(id)]["changed_files"]
        return {"text": fake_approvals.TEXT, "is_binary": False, "changed": changed}

    def approvals_review(self, id: int) -> Any:  # noqa: A002 - the protocol's name
        return fake_approvals.review(self.approvals[int(id)])

    def approvals_diff(self, id: int, path: str = "", **_: Any) -> Any:  # noqa: A002
        return fake_approvals.diffs(self.approvals[int(id)], path)

    def datasets_list(self) -> Any:
        return fake_approvals.DATASETS

    def datasets_get(self, id: int) -> Any:  # noqa: A002 - the protocol's name
        one = next(one for one in fake_approvals.DATASETS if one["id"] == int(id))
        return {**one, "history": [one["version"]]}

    def datasets_preview(self, id: int, file: str = "") -> Any:  # noqa: A002
        return fake_approvals.PREVIEW

    def approvals_approve(
        self, id: int, scope: str, expires_at: float | None = None, **_: Any  # noqa: A002
    ) -> Any:  # fmt: skip
        return self._decide(id, "approved", scope=scope, expires_at=expires_at)

    def approvals_refuse(self, id: int, reason: str) -> Any:  # noqa: A002 - the protocol's name
        return self._decide(id, "refused", reason=reason)

    def approvals_standing(self) -> Any:
        return [{"content_digest": data.digest("wdbc-mlp"), "application": "WDBC MLP 1.2.1",
                 "expires_at": data.NOW + 20 * 86400, "by": "Dr. Marta Vogel",
                 "group_id": 7, "role": "client"}]  # fmt: skip

    def approvals_allow(self, **_: Any) -> Any:
        return {}

    def approvals_disallow(self, content_digest: str, **_: Any) -> Any:
        return {}

    def _decide(self, approval_id: int, state: str, **fields: Any) -> Any:
        one = self.approvals[int(approval_id)]
        if one["state"] != "pending":
            raise ConflictError("This was decided already.", next_step="Read the list again.")
        one = {**one, "state": state, "decided_at": time.time(), "decided_by": "you", **fields}
        self.approvals[int(approval_id)] = one
        return one

    def jobs_list(self) -> Any:
        return self.local_jobs

    def jobs_stop(self, job_id: str, reason: str = "") -> Any:
        job = next(j for j in self.local_jobs if j["job_id"] == job_id)
        job["state"] = State.STOPPING.value
        return job

    def jobs_stop_all(self, reason: str = "") -> Any:
        live = [job for job in self.local_jobs if not job["ended_at"]]
        return [self.jobs_stop(job["job_id"]) for job in live]


def page(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return one whole page."""
    return {"items": items, "next_cursor": "", "total": len(items)}


def after(items: list[dict[str, Any]], asked: dict[str, Any]) -> dict[str, Any]:
    """Return what came behind a cursor; the cursor never moves back."""
    for name in ("key", "edge_id", "level"):
        if asked.get(name) not in (None, ""):
            items = [item for item in items if item.get(name) == asked[name]]
    start = int(asked.get("after") or asked.get("cursor") or 0)
    found = items[start : start + int(asked.get("limit") or 5000)]
    return {"items": found, "next_cursor": str(start + len(found)), "total": len(items)}


def find(records: list[Any], wanted: int) -> Any:
    """Return the record with an id."""
    for record in records:
        if record.id == int(wanted):
            return record
    raise NotFoundError(f"There is nothing with the number {wanted}.")
