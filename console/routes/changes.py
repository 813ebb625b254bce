"""The addresses that change something: POST and PUT, for those whose role permits it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console.answers import REFUSALS, answer, called, problem, problem_of
from console.audit import Audit
from console.backend import Backend
from console.contract import ACTIONS, StartRequest
from console.routes.reads import not_found
from console.security.access import Access, permission
from sluice.operate.errors import RequestError

_MAX_BODY = 1024 * 1024
_MAX_TOKEN = 200


@dataclass(frozen=True, slots=True)
class Changes:
    """Has a backend act; each attempt is written into the audit log with the person's name."""

    backend: Backend
    access: Access
    audit: Audit

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/api/runs/{run}/{action}", self._act, methods=["POST"]),
            Route("/api/pipelines/{name}/start", self._start, methods=["POST"]),
            Route("/api/pipelines/{name}/files/{file}", self._store, methods=["PUT"]),
            Route("/api/pipelines/{name}/unpause", self._unpause, methods=["POST"]),
            Route("/api/pipelines/{name}/sets/{set:path}/close", self._close_set, methods=["POST"]),
        ]

    async def _unpause(self, request: Request) -> Response:
        name = request.path_params["name"]
        return await self._do(request, "unpause", name, self.backend.unpause, name)

    async def _close_set(self, request: Request) -> Response:
        name, of_set = request.path_params["name"], request.path_params["set"]
        about = f"{name} {of_set}"
        return await self._do(request, "close-set", about, self.backend.close_set, name, of_set)

    async def _do(
        self, request: Request, action: str, about: str, function: Callable[..., Any], *given: Any
    ) -> Response:
        """Have something done by those who may, and write into the audit log that it was tried."""
        refusal = self._refusal(request, action, about)
        if refusal is not None:
            return refusal
        person = request.state.session.person
        response = await called(function, *given, person)
        self.audit.record(person, action, about, response.status_code)
        return response

    async def _act(self, request: Request) -> Response:
        run, action = request.path_params["run"], request.path_params["action"]
        if action not in ACTIONS:
            return await not_found(request)
        if "dry" in request.query_params:
            return await self._plan(request, run, action)
        return await self._do(request, action, run, self.backend.act, run, action)

    async def _plan(self, request: Request, run: str, action: str) -> Response:
        """Answer with what would be done, also for those who may not: then with what they lack."""
        allowed = permission(request.state.session, action)
        if allowed.allowed:
            return await called(self.backend.plan_action, run, action)

        def plan() -> Any:
            return replace(self.backend.plan_action(run, action), allowed=False, permission=allowed)

        return await called(plan)

    async def _start(self, request: Request) -> Response:
        name = request.path_params["name"]
        refusal = self._refusal(request, "start", name)
        if refusal is not None:
            return refusal
        try:
            wanted = _start_request(await _body(request))
        except RequestError as error:
            return problem_of(error)
        person = request.state.session.person
        response = await called(self.backend.start, name, wanted, person)
        self.audit.record(person, "start", name, response.status_code)
        return response

    async def _store(self, request: Request) -> Response:
        name, file = request.path_params["name"], request.path_params["file"]
        refusal = self._refusal(request, "start", name)
        if refusal is not None:
            return refusal
        token, prefix = request.query_params.get("token", ""), request.query_params.get("prefix")
        person = request.state.session.person
        try:
            _check_token(token)
            _check_length(request, self.access.max_upload_bytes)
            stored = await self.backend.store_file(name, file, token, prefix, request.stream(), person)
            response = answer(stored)
        except REFUSALS as error:
            response = problem_of(error)
        self.audit.record(person, "upload", f"{name} {file}", response.status_code)
        return response

    def _refusal(self, request: Request, action: str, about: str) -> Response | None:
        allowed = permission(request.state.session, action)
        if allowed.allowed:
            return None
        person = request.state.session.person
        self.audit.record(person, action, about, 403)
        return problem(
            403,
            "not-permitted",
            f"{person.name} may not {action}: {allowed.missing} is missing.",
            missing=allowed.missing,
        )


async def _body(request: Request) -> Any:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise RequestError("Expected a body of the type application/json, found another one.")
    content = b""
    async for piece in request.stream():
        content += piece
        if len(content) > _MAX_BODY:
            raise RequestError(f"Expected a body of at most {_MAX_BODY:,} bytes, found a longer one.")
    try:
        return json.loads(content)
    except ValueError as error:
        raise RequestError(f"Expected JSON, found something else: {error}") from error


def _start_request(document: Any) -> StartRequest:
    known = {"token", "input", "files"}
    if not isinstance(document, dict) or not document.keys() <= known:
        raise RequestError("Expected an object with token, input and files, found another one.")
    files = document.get("files", [])
    if not isinstance(files, list) or not all(isinstance(one, str) for one in files):
        raise RequestError("Expected the names of files, found something else.")
    token = document.get("token")
    _check_token(token)
    return StartRequest(token=str(token), input=document.get("input"), files=tuple(files))


def _check_token(token: Any) -> None:
    if not isinstance(token, str) or not 0 < len(token) <= _MAX_TOKEN:
        raise RequestError(f"Expected a token of 1 to {_MAX_TOKEN} characters, found another one or none.")


def _check_length(request: Request, most: int) -> None:
    length = request.headers.get("content-length", "")
    if not length.isdecimal():
        raise RequestError("Expected the length of the file in Content-Length, found none.")
    if int(length) > most:
        raise RequestError(
            f"Expected a file of at most {most:,} bytes, found {int(length):,}. Upload it with `sluice run`."
        )
