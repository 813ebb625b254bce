"""The addresses that read: GET, for everyone with a session."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from console import contract
from console.answers import NotFoundError, answer, called, problem, problem_of
from console.backend import Backend, LogQuery, RunQuery
from console.security.access import NEEDED, Access, has_role, permission
from sluice.operate.errors import RequestError

_RUN_QUERY = ("pipeline", "state", "since", "until", "input", "label", "next")
_MAX_TEXT = 2000


def number(request: Request, name: str) -> int | None:
    """Return a whole number of the query, None where it is absent; raises RequestError for another text."""
    text = request.query_params.get(name, "")
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > len("1000000000"):
        raise RequestError(f"Expected a whole number for {name}, found {text[:40]!r}.")
    return int(text)


def word(request: Request, name: str) -> str | None:
    """Return a text of the query, None where it is absent or empty."""
    return request.query_params.get(name, "")[:_MAX_TEXT] or None


def needed_word(request: Request, name: str) -> str:
    """Return a text of the query; raises RequestError where it is absent."""
    found = word(request, name)
    if found is None:
        raise RequestError(f"Expected {name} in the address, found none.")
    return found


@dataclass(frozen=True, slots=True)
class Reads:
    """Answers from a backend."""

    backend: Backend
    access: Access

    def routes(self) -> list[Route]:
        """Return the routes."""
        backend = self.backend
        plain: Sequence[tuple[str, Callable[[], Any]]] = (
            ("overview", backend.overview),
            ("pipelines", backend.pipelines),
            ("map", backend.map),
            ("groups", backend.groups),
            ("uploads", backend.uploads),
        )
        of_run: Sequence[tuple[str, Callable[[str], Any]]] = (
            ("", backend.run),
            ("/failures", backend.failures),
            ("/timeline", backend.timeline),
            ("/why", backend.why),
            ("/results", backend.results),
        )
        return [
            Route("/api/me", self._me),
            Route("/api/doctor", self._doctor),
            *(Route(f"/api/{name}", _plain(function)) for name, function in plain),
            *(Route(f"/api/runs/{{run}}{name}", _of_run(function)) for name, function in of_run),
            Route("/api/runs", _answering(self._runs)),
            Route("/api/pipelines/{name}/now", _answering(self._pipeline_now)),
            Route("/api/runs/{run}/steps/{step}/children", _answering(self._children)),
            Route("/api/runs/{run}/steps/{step}/items", _answering(self._items)),
            Route("/api/runs/{run}/logs", _answering(self._logs)),
            Route("/api/runs/{run}/preview/{name:path}", _answering(self._preview)),
            Route("/api/alerts", _answering(self._alerts)),
            Route("/api/compare", _answering(self._compare)),
            Route("/api/trends", _answering(self._trends)),
        ]

    async def _me(self, request: Request) -> Response:
        session = request.state.session
        permitted = {action: permission(session, action) for action in NEEDED}
        refused = {
            action: contract.Permission(allowed=False, missing=missing)
            for action, missing in self.backend.refused.items()
            if action in permitted and permitted[action].allowed
        }
        return answer(
            contract.Me(
                name=session.person.name,
                roles=session.person.roles,
                permitted=permitted | refused,
                csrf=session.csrf,
                deployed=self.access.deployed,
                where=self.backend.where,
                max_upload_bytes=self.access.max_upload_bytes,
            )
        )

    async def _doctor(self, request: Request) -> Response:
        if not has_role(request.state.session, NEEDED["doctor"]):
            return problem(
                403,
                "not-permitted",
                "The doctor's findings are for those who administer.",
                missing=f"the role {NEEDED['doctor']}",
            )
        return await called(self.backend.doctor)

    def _runs(self, request: Request) -> tuple[Any, ...]:
        query = {name: word(request, name) for name in _RUN_QUERY}
        return self.backend.runs, RunQuery(**query)

    def _pipeline_now(self, request: Request) -> tuple[Any, ...]:
        return self.backend.pipeline_now, request.path_params["name"]

    def _children(self, request: Request) -> tuple[Any, ...]:
        run, step = request.path_params["run"], request.path_params["step"]
        start, count = number(request, "from") or 0, number(request, "count")
        count = min(contract.MAX_CELLS if count is None else count, contract.MAX_CELLS)
        return self.backend.children, run, step, start, count, number(request, "generation")

    def _items(self, request: Request) -> tuple[Any, ...]:
        run, step = request.path_params["run"], request.path_params["step"]
        start, count = number(request, "from") or 0, number(request, "count")
        count = min(contract.MAX_ITEMS if count is None else count, contract.MAX_ITEMS)
        return self.backend.items, run, step, start, count

    def _logs(self, request: Request) -> tuple[Any, ...]:
        query = LogQuery(
            step=word(request, "step"),
            child=number(request, "child"),
            generation=number(request, "generation"),
            attempt=number(request, "attempt"),
            after=word(request, "after"),
            search=word(request, "search"),
        )
        return self.backend.logs, request.path_params["run"], query

    def _preview(self, request: Request) -> tuple[Any, ...]:
        return self.backend.preview, request.path_params["run"], request.path_params["name"]

    def _alerts(self, request: Request) -> tuple[Any, ...]:
        return self.backend.alerts, word(request, "pipeline")

    def _compare(self, request: Request) -> tuple[Any, ...]:
        return self.backend.compare, needed_word(request, "a"), needed_word(request, "b")

    def _trends(self, request: Request) -> tuple[Any, ...]:
        return self.backend.trends, needed_word(request, "pipeline")


def _answering(call_of: Callable[[Request], tuple[Any, ...]]) -> Callable[[Request], Any]:
    """Return what answers with the backend's function and arguments that ``call_of`` makes of a request."""

    async def respond(request: Request) -> Response:
        try:
            function, *given = call_of(request)
        except RequestError as error:
            return problem_of(error)
        return await called(function, *given)

    return respond


def _plain(function: Callable[[], Any]) -> Callable[[Request], Any]:
    return _answering(lambda _: (function,))


def _of_run(function: Callable[[str], Any]) -> Callable[[Request], Any]:
    return _answering(lambda request: (function, request.path_params["run"]))


async def not_found(_: Request) -> Response:
    """Answer for an address of the API that there is not."""
    return problem_of(NotFoundError("Expected an address of this API, found another one."))
