"""The agent's secrets: the account's session and the device's binding, in the credential store."""

from __future__ import annotations

import json
from typing import Protocol

from agent_core.errors import NotSignedInError
from agent_core.protocol.records import Binding, Session

SESSION = "session"
BINDING = "binding"


class SecretStore(Protocol):
    """Where secrets lie: the keyring, or a 0600 file that a person named."""

    def get(self, name: str) -> str | None:
        """Return a secret."""

    def set(self, name: str, value: str) -> None:
        """Keep a secret."""

    def delete(self, name: str) -> None:
        """Forget a secret."""


class Credentials:
    """Session and binding with the hub they belong to, read once and written through."""

    def __init__(self, store: SecretStore) -> None:
        self._store = store
        self._session: Session | None = None
        self._binding: Binding | None = None
        self.session_hub = ""
        self.binding_hub = ""
        self._read()

    @property
    def session(self) -> Session | None:
        """Return the signed-in account's session."""
        return self._session

    @property
    def binding(self) -> Binding | None:
        """Return the device's binding."""
        return self._binding

    @property
    def edge_id(self) -> int:
        """Return the edge id, 0 while unbound."""
        return self._binding.device.edge_id if self._binding else 0

    def need_session(self) -> Session:
        """Return the session; raises NotSignedInError."""
        if self._session is None:
            raise NotSignedInError(
                "Nobody is signed in on this machine.",
                next_step="Sign in: `silodesk login --hub URL EMAIL`, or `silodesk join LINK`.",
            )
        return self._session

    def need_binding(self) -> Binding:
        """Return the binding; raises NotSignedInError."""
        if self._binding is None:
            raise NotSignedInError(
                "This machine is not bound to a hub.",
                next_step="Bind it: `silodesk login --hub URL EMAIL`, or `silodesk join LINK`.",
                code="auth.unbound",
            )
        return self._binding

    def keep_session(self, hub_url: str, session: Session) -> None:
        """Keep a session."""
        self._store.set(
            SESSION, json.dumps({"hub": hub_url, "value": session.model_dump(mode="json")})
        )
        self._session, self.session_hub = session, hub_url

    def keep_binding(self, hub_url: str, binding: Binding) -> None:
        """Keep a binding."""
        self._store.set(
            BINDING, json.dumps({"hub": hub_url, "value": binding.model_dump(mode="json")})
        )
        self._binding, self.binding_hub = binding, hub_url

    def drop_session(self) -> None:
        """Forget the session."""
        self._store.delete(SESSION)
        self._session, self.session_hub = None, ""

    def drop_binding(self) -> None:
        """Forget the binding."""
        self._store.delete(BINDING)
        self._binding, self.binding_hub = None, ""

    def _read(self) -> None:
        session, binding = self._store.get(SESSION), self._store.get(BINDING)
        # What does not parse was written by another version: signing in again replaces it.
        try:
            if session:
                found = json.loads(session)
                self._session = Session.model_validate(found["value"])
                self.session_hub = found["hub"]
        except (ValueError, KeyError, TypeError):
            self._session = None
        try:
            if binding:
                found = json.loads(binding)
                self._binding = Binding.model_validate(found["value"])
                self.binding_hub = found["hub"]
        except (ValueError, KeyError, TypeError):
            self._binding = None
