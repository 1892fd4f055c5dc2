"""Calls of the hub's REST: problem documents become errors, and so does silence."""

from __future__ import annotations

import gzip
import json as json_codec
import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ValidationError

from agent_core.errors import (
    ConflictError,
    ForbiddenError,
    LimitError,
    NotFoundError,
    NotSignedInError,
    ProtocolError,
    SiloDeskError,
    UnreachableError,
    UserInputError,
)
from agent_core.transport.http import new_session, unreachable
from agent_core.transport.http import system_trust as system_trust  # for those who speak TLS alone

PREFIX = "/api/v1"
ANSWER_LIMIT = 64 * 1024 * 1024
_BY_STATUS: dict[int, type[SiloDeskError]] = {
    400: UserInputError, 401: NotSignedInError, 403: ForbiddenError, 404: NotFoundError,
    409: ConflictError, 413: LimitError, 422: UserInputError, 429: LimitError,
}  # fmt: skip

Timeout = tuple[float, float]
Shape = TypeVar("Shape", bound=BaseModel)


class Rest:
    """Call one hub; safe to share between threads (each has its own connections)."""

    def __init__(self, base_url: str, token: Callable[[], str | None] | None = None) -> None:
        """Remember the hub's address (with or without /api/v1) and where the credential is.

        `token` answers "Bearer …" or "Device …" as a whole, or a bare access token.
        """
        root = base_url.rstrip("/")
        self.base_url = root if root.endswith(PREFIX) else root + PREFIX
        self._token = token or (lambda: None)
        self._local = threading.local()

    def call(
        self,
        verb: str,
        path: str,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: Timeout = (3, 30),
    ) -> Any:
        """Return the answer's JSON (None where it has no content); raises SiloDeskErrors."""
        try:
            body = None if json is None else json_codec.dumps(json, allow_nan=False).encode()
        except ValueError:
            raise UserInputError(
                "A number in what was to be sent is not finite.",
                next_step="Use a finite number; JSON knows neither NaN nor Infinity.",
            ) from None
        return self._send(verb, path, params, body, {**(headers or {})}, timeout)

    def post_gzip(self, path: str, obj: Any, timeout: Timeout = (3, 60)) -> Any:
        """Post an object as compressed JSON."""
        raw = json_codec.dumps(obj, separators=(",", ":"), ensure_ascii=False).encode()
        body = gzip.compress(raw, compresslevel=3, mtime=0)
        return self._send("POST", path, None, body, {"Content-Encoding": "gzip"}, timeout)

    def close(self) -> None:
        """Close this thread's connections."""
        session = getattr(self._local, "session", None)
        if session is not None:
            session.close()
            del self._local.session

    def _send(
        self,
        verb: str,
        path: str,
        params: Mapping[str, Any] | None,
        body: bytes | None,
        headers: dict[str, str],
        timeout: Timeout,
    ) -> Any:
        if body is not None:
            headers["Content-Type"] = "application/json"
        token = self._token()
        if token:
            headers["Authorization"] = token if " " in token else f"Bearer {token}"
        url = self.base_url + path
        known = {key: value for key, value in (params or {}).items() if value is not None}
        try:
            answer = self._session().request(
                verb, url, params=known, data=body, headers=headers, timeout=timeout
            )
        except requests.RequestException as error:
            raise unreachable(self.base_url.removesuffix(PREFIX), error) from error
        return _content(answer)

    def _session(self) -> requests.Session:
        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            session = self._local.session = new_session(self.base_url)
        return session


def checked(shape: type[Shape], answer: Any) -> Shape:
    """Return an answer as the record that it should be; raises ProtocolError."""
    try:
        return shape.model_validate(answer)
    except ValidationError as error:
        raise _no_hub() from error


def fields(answer: Any, *names: str) -> dict[str, Any]:
    """Return an answer that has these fields; raises ProtocolError."""
    if not isinstance(answer, dict) or any(name not in answer for name in names):
        raise _no_hub()
    return answer


def _no_hub() -> ProtocolError:
    return ProtocolError(
        "What answers at the hub's address does not speak as a SiloDesk hub does.",
        next_step="Check the hub's address; another program or a proxy may be there.",
        code="protocol.answer",
    )


def _content(answer: requests.Response) -> Any:
    if answer.ok:
        if not answer.content:
            return None
        try:
            return answer.json()
        except ValueError as error:
            raise ProtocolError(
                f"The hub answered something else than JSON ({answer.status_code}).",
                next_step="Check the hub's address; a proxy may have answered instead.",
            ) from error
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if isinstance(problem, dict) and "code" in problem:
        raise SiloDeskError.from_problem(problem)
    raise _without_words(answer.status_code, urlsplit(answer.url).netloc)


def _without_words(status: int, host: str) -> SiloDeskError:
    if status in (502, 503, 504):
        return UnreachableError(
            f"The hub at {host} is not ready (HTTP {status}).",
            next_step="It is tried again by itself; if it stays so, look at the hub's log.",
        )
    family = _BY_STATUS.get(status, SiloDeskError if status == 500 else ProtocolError)
    return family(
        f"What answers at {host} does not speak as a SiloDesk hub does (HTTP {status}).",
        next_step="Check the hub's address; another program or a proxy may be there.",
    )
