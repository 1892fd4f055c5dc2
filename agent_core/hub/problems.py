"""Errors on their way to HTTP: RFC 9457 problem documents, each with its status."""

from __future__ import annotations

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from agent_core.errors import NotFoundError, SiloDeskError, UserInputError

log = logging.getLogger(__name__)

STATUS = {
    "input": 422,
    "package": 422,
    "archive": 422,
    "auth": 401,
    "forbidden": 403,
    "missing": 404,
    "conflict": 409,
    "limit": 413,
    "limit.sign_in": 429,
    "limit.busy": 503,
    "limit.time": 408,
    "protocol": 400,
    "unreachable": 503,
    "service": 503,
    "storage": 507,
    "internal": 500,
}


def status_of(error: SiloDeskError) -> int:
    """Return the HTTP status of an error."""
    family = error.code.split(".")[0]
    return STATUS.get(error.code) or STATUS.get(family, 500)


def answer(error: SiloDeskError) -> JSONResponse:
    """Return an error as a problem document."""
    status = status_of(error)
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if "retry_after_s" in error.details:
        headers["Retry-After"] = str(error.details["retry_after_s"])
    return JSONResponse(
        {**error.to_problem(), "status": status},
        status,
        headers,
        media_type="application/problem+json",
    )


def install(app: FastAPI) -> None:
    """Let an application answer every error as a problem document."""

    async def known(_request: Request, error: Exception) -> JSONResponse:
        if not isinstance(error, SiloDeskError):
            raise error
        return answer(error)

    async def invalid(_request: Request, error: Exception) -> JSONResponse:
        return answer(_validation(error))

    async def plain(_request: Request, error: Exception) -> JSONResponse:
        return answer(_http(error))

    async def overflown(_request: Request, _error: Exception) -> JSONResponse:
        # A number in the address that no database can hold names nothing.
        return answer(
            NotFoundError(
                "There is nothing with such a number.",
                next_step="Check the number.",
                code="missing.number",
            )
        )

    async def unknown(request: Request, error: Exception) -> JSONResponse:
        # The hub's request border: the cause goes to its log, the caller learns that there is one.
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return answer(
            SiloDeskError(
                "The hub met an error that it does not know.",
                next_step="Try again; if it happens again, send the hub's log to its operator.",
            )
        )

    app.add_exception_handler(SiloDeskError, known)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(OverflowError, overflown)
    app.add_exception_handler(Exception, unknown)


def _validation(error: Exception) -> SiloDeskError:
    details: list[dict[str, Any]] = []
    if isinstance(error, RequestValidationError):
        details = [
            {"field": ".".join(str(part) for part in item["loc"][1:]), "message": item["msg"]}
            for item in error.errors()[:20]
        ]
    first = details[0] if details else {"field": "", "message": "it cannot be read"}
    return UserInputError(
        f"The field '{first['field']}' cannot be used: {first['message']}."
        if first["field"]
        else f"The request cannot be used: {first['message']}.",
        next_step="Correct it and send it again.",
        code="input.fields",
        fields=details,
    )


def _http(error: Exception) -> SiloDeskError:
    if isinstance(error.__cause__, SiloDeskError):
        return error.__cause__  # raised while the framework read the body
    if isinstance(error, HTTPException) and error.status_code == 405:
        return UserInputError("This address does not take this method.", code="input.method")
    if isinstance(error, HTTPException) and error.status_code == 404:
        return NotFoundError(
            "The hub has nothing at this address.",
            next_step="Check the address; the list is in /openapi.json.",
        )
    return UserInputError("The request cannot be read.", next_step="Send it as JSON.")
