"""The agent's local API: method names, what is proxied to the hub, and the events it pushes.

JSON-RPC 2.0, one JSON object a line, over the agent's socket. The first request of a connection
is `hello {token}`; the token is the content of the 0600 file `agent.token`. Errors carry the
problem document of errors.py in `error.data`. After `events.subscribe` the connection also
receives notifications `{"jsonrpc": "2.0", "method": "event", "params": {"name": …, …}}`.
"""

from __future__ import annotations

from dataclasses import dataclass

LINE_LIMIT = 16 * 1024 * 1024  # bytes of one request or answer

# Methods that the agent passes to the hub with the signed-in account's token. {names} in the path
# are taken from the parameters; the rest go into the query (GET, DELETE) or the JSON body.
# `idempotency_key`, where given, becomes the header of that name.
PROXIED: dict[str, tuple[str, str]] = {
    "account.me": ("GET", "/me"),
    "hub.overview": ("GET", "/hub/overview"),
    "hub.accounts": ("GET", "/hub/accounts"),
    "hub.change_account": ("PATCH", "/hub/accounts/{account_id}"),
    "hub.reset_account": ("POST", "/hub/accounts/{account_id}/reset"),
    "hub.clean_up": ("POST", "/hub/clean-up"),
    "devices.list": ("GET", "/devices"),
    "devices.update": ("PATCH", "/devices/{edge_id}"),
    "devices.vitals": ("GET", "/devices/{edge_id}/vitals"),
    "devices.revoke": ("DELETE", "/devices/{edge_id}"),
    "groups.list": ("GET", "/groups"),
    "groups.get": ("GET", "/groups/{group_id}"),
    "groups.create": ("POST", "/groups"),
    "groups.update": ("PATCH", "/groups/{group_id}"),
    "groups.topology": ("GET", "/groups/{group_id}/topology"),
    "groups.events": ("GET", "/groups/{group_id}/events"),
    "groups.add_device": ("PUT", "/groups/{group_id}/devices/{edge_id}"),
    "groups.remove_device": ("DELETE", "/groups/{group_id}/devices/{edge_id}"),
    "groups.set_member": ("PUT", "/groups/{group_id}/members/{account_id}"),
    "groups.remove_member": ("DELETE", "/groups/{group_id}/members/{account_id}"),
    "collaborators.list": ("GET", "/collaborators"),
    "invitations.list": ("GET", "/invitations"),
    "invitations.create": ("POST", "/invitations"),
    "invitations.revoke": ("DELETE", "/invitations/{invitation_id}"),
    "invitations.reopen": ("POST", "/invitations/{invitation_id}/reopen"),
    "invitations.mine": ("GET", "/invitations/mine"),
    "invitations.accept_mine": ("POST", "/invitations/{invitation_id}/accept"),
    "invitations.decline_mine": ("POST", "/invitations/{invitation_id}/decline"),
    "applications.list": ("GET", "/applications"),
    "applications.get": ("GET", "/applications/{application_id}"),
    "applications.update": ("PATCH", "/applications/{application_id}"),
    "applications.create": ("POST", "/applications"),
    "packages.get": ("GET", "/packages/{sha256}"),
    "projects.list": ("GET", "/projects"),
    "projects.get": ("GET", "/projects/{project_id}"),
    "projects.update": ("PATCH", "/projects/{project_id}"),
    "projects.create": ("POST", "/projects"),
    "runs.list": ("GET", "/runs"),
    "runs.get": ("GET", "/runs/{run_id}"),
    "runs.update": ("PATCH", "/runs/{run_id}"),
    "runs.create": ("POST", "/runs"),
    "runs.stop": ("POST", "/runs/{run_id}/stop"),
    "runs.pause": ("POST", "/runs/{run_id}/pause"),
    "runs.resume": ("POST", "/runs/{run_id}/resume"),
    "runs.clone": ("POST", "/runs/{run_id}/clone"),
    "runs.events": ("GET", "/runs/{run_id}/events"),
    "runs.rounds": ("GET", "/runs/{run_id}/rounds"),
    "runs.metrics": ("GET", "/runs/{run_id}/metrics"),
    "runs.system": ("GET", "/runs/{run_id}/system"),
    "runs.logs": ("GET", "/runs/{run_id}/logs"),
    "runs.models": ("GET", "/runs/{run_id}/models"),
    "runs.model": ("GET", "/runs/{run_id}/models/{round}"),
    "models.list": ("GET", "/models"),
    "models.delete": ("DELETE", "/runs/{run_id}/models"),
}

# Methods the agent answers itself: name -> what it takes and gives (records.py names in capitals).
OWN: dict[str, str] = {
    "hello": "token -> {version}",
    "agent.status": "-> AgentStatus",
    "agent.shutdown": "-> {}; jobs go on behind their keepers",
    "events.subscribe": "-> {}",
    "settings.get": "-> Settings",
    "settings.set": "any fields of Settings -> Settings",
    "hub.host": "name -> {url}; starts a hub on this machine as its own process",
    "doctor.run": "hub_url?, run? -> DoctorReport (records_doctor.py); each check is told as an "
    "event that carries `run`; an empty address is the hub in use",
    "hub.state": "-> {is_made, is_running, is_busy, url, name, started_at, folder, log, set_aside, "
    "last_backup}; the hub of this home",
    "hub.stop": "-> as hub.state",
    "hub.restart": "-> {url}",
    "hub.backup": "path, task? -> {path, sha256, size, files, missing}; progress as events",
    "hub.restore": "path, replace?, task? -> {folder, set_aside, name, made_at, files}; progress "
    "as events; a former hub is set aside",
    "account.reset": "link, password -> Account; a one-use link of the hub's administrator",
    "hub.about": "hub_url -> {name, version, first_account}",
    "account.sign_up": "hub_url, email, name, password, code? -> Account",
    "account.sign_in": "hub_url, email, password -> Account",
    "account.sign_out": "-> {}",
    "device.bind": "silo, name -> Device; binds this machine to the signed-in account's hub",
    "device.unbind": "-> {}",
    "invitations.read": "link -> Invitation (with hub_url, hub_name)",
    "invitations.join": "link, silo, device_name, email?, name?, password? -> Group; signs up or "
    "accepts with the signed-in account, binds the device and puts it into the group",
    "invitations.decline": "link -> {}",
    "packages.resolve": "requirements, modules? -> {runtime, brought, installed, missing, problem, "
    "next_step, is_sure, tried: {sandbox, seconds, failed, is_late}}; "
    "asks the job runtime, sandbox and pip, installs nothing",
    "packages.upload": "path -> PackageInfo; resumable, progress as events of `upload PATH`",
    "packages.stop_upload": "path -> {}; the upload of that file ends with input.stopped",
    "runs.start": "run_id -> Run; fetches the plan, signs it with this machine's owner key, sends",
    "runs.save_model": "run_id, round, path -> {path, sha256, size}; hash checked",
    "models.show": "run_id, round -> ModelDetail: lineage, packages, what can be done here",
    "models.export": "run_id, round, path, format (torchscript), allow? -> {path, sha256, size}; "
    "in a sandboxed process; without a standing approval `allow` is the content digest agreed to",
    "serving.list": "-> [Serving]",
    "serving.start": "run_id, round, allow? -> {serving: Serving, token}; the token is given once",
    "serving.token": "id -> {token}; a new one, the old one ends",
    "serving.predict": "id, rows? | path? -> {predictions, ms}",
    "serving.stop": "id -> Serving",
    "serving.forget": "id -> {}; takes an ended one off the list",
    "approvals.list": "state? (pending | decided | ...), before?, limit? -> [Approval]; all "
    "that wait, and decided ones older than the id `before`",
    "approvals.get": "id -> Approval",
    "approvals.file": "id, path -> {text, is_binary, changed}",
    "approvals.review": "id -> {files, risks, is_compared, datasets, limits}",
    "approvals.diff": "id, path?, whole?, every_file? -> [{path, rows, blocks, is_binary, is_cut, "
    "is_changed}]; is_cut: not all of it, or of its change, is among the rows",
    "approvals.approve": "id, scope (once | run | standing), expires_at?, dataset?, no_data?, "
    "version? -> Approval; version: the hash of the data that was shown",
    "approvals.refuse": "id, reason -> Approval",
    "approvals.standing": "-> [{content_digest, group_id, role, application, expires_at, by, data, "
    "dataset}]; group_id 0 and role '' stand for every one",
    "approvals.allow": "content_digest, by, expires_at?, application?, data?, dataset?, group_id?, "
    "role? -> {}; a standing approval made beforehand",
    "approvals.disallow": "content_digest, group_id?, role? -> {}",
    "datasets.list": "-> [Dataset] (records_data.py)",
    "datasets.get": "id -> Dataset with `history`, its versions",
    "datasets.add": "path, name?, kind?, note? -> Dataset; reading begins, progress as events",
    "datasets.scan": "id, wait? -> Dataset; reads it again",
    "datasets.stop_scan": "id -> Dataset",
    "datasets.preview": "id, file? -> Preview",
    "datasets.update": "id, name?, note?, groups?, every_group?, shown? -> Dataset",
    "datasets.remove": "id -> Dataset; its files stay where they are",
    "datasets.restore": "id -> Dataset; undoes a removal",
    "autostart.get": "-> {enabled, links, other_links (something else opens them), "
    "may_set_links, how, places}; this account's log-in, this home",
    "autostart.set": "enabled?, links? -> as autostart.get",
    "jobs.list": "-> [LocalJob]",
    "jobs.stop": "job_id, reason -> LocalJob",
    "jobs.stop_all": "reason -> [LocalJob]; this machine only",
    "jobs.pause": "job_id, reason? -> LocalJob; at the end of its round",
    "jobs.resume": "job_id -> LocalJob; goes on whatever the house rules say",
    "jobs.pause_all": "reason? -> [LocalJob]; this machine only, also jobs that come",
    "jobs.resume_all": "-> [LocalJob]; those paused by hand",
    "rules.get": "-> RulesReport",
    "rules.set": "any fields of HouseRules -> RulesReport",
    "traffic.history": "hours? -> TrafficHistory; bytes by the hour",
}

EVENTS: dict[str, str] = {
    "status": "the AgentStatus changed; carries it whole (at most once a second)",
    "changed": "what, id, change: something at the hub (messages.Changed) or a dataset changed",
    "approval": "id, state: an approval was asked, decided or withdrawn",
    "job": "LocalJob: a job of this machine changed",
    "doctor": "run, check (DoctorCheck), done, total: the connection doctor found something",
    "settings": "the Settings changed; carries them whole",
    "serving": "serving (Serving): a prediction server of this machine changed",
    "progress": "task, text, done, total: a long step (upload, runtime, fetch) went on",
}


@dataclass(frozen=True)
class ProxyCall:
    """A proxied method, resolved: verb, path, and the parameters that are left."""

    verb: str
    path: str
    rest: dict[str, object]
    headers: dict[str, str]


def resolve(method: str, params: dict[str, object]) -> ProxyCall:
    """Return the hub call of a proxied method; raises KeyError for a missing path parameter."""
    verb, template = PROXIED[method]
    rest = dict(params)
    headers = {}
    if "idempotency_key" in rest:
        headers["Idempotency-Key"] = str(rest.pop("idempotency_key"))
    path = "/".join(
        str(rest.pop(part[1:-1])) if part.startswith("{") else part for part in template.split("/")
    )
    return ProxyCall(verb, path, rest, headers)
