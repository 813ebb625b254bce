"""The published files of a run, and the page's own."""

from __future__ import annotations

import gzip
import mimetypes
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from console.answers import REFUSALS, problem_of
from console.backend import Backend, Download
from console.contract import PART_BYTES
from console.routes.reads import number
from console.security.access import Access
from console.security.headers import SANDBOX

PAGE = Path(__file__).parent.parent / "page" / "dist"
_NOT_BUILT = (
    "Expected the page's files in {}, found no index.html. `npm run console` in the repository builds them;"
    " the API answers without them.\n"
)
_TOO_LARGE = "Expected a file that fits into one answer, found {}, which is larger: download it.\n"
_FIRST_READ = '</api/overview>; rel="preload"; as="fetch"; crossorigin="anonymous"'
"""Has the browser read what the first view shows while it loads the script that asks for it.

https://developer.mozilla.org/en-US/docs/Web/HTML/Reference/Attributes/rel/preload
"""
RAW_TYPES = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".html": "text/html; charset=utf-8",
    ".htm": "text/html; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What a browser may show of results. All of it in a sandbox: an SVG or a page may hold scripts."""


@dataclass(frozen=True, slots=True)
class Files:
    """Hands on files; ``page`` is the folder of the built page."""

    backend: Backend
    access: Access
    page: Path = PAGE

    def routes(self) -> list[Route]:
        """Return the routes; that of the page takes every address that is left."""
        return [
            Route("/api/runs/{run}/download/{name:path}", self._download),
            Route("/api/runs/{run}/raw/{name:path}", self._raw),
        ]

    async def _download(self, request: Request) -> Response:
        try:
            found = await self._find(request, whole=False)
        except REFUSALS as error:
            return problem_of(error)
        if found.address is not None:
            return RedirectResponse(found.address, 303)
        name = quote(found.name.rpartition("/")[2], safe="")
        # https://www.rfc-editor.org/rfc/rfc6266#section-5
        return self._stream(found, "application/octet-stream", f"attachment; filename*=UTF-8''{name}")

    async def _raw(self, request: Request) -> Response:
        kind = RAW_TYPES.get(Path(request.path_params["name"]).suffix.lower())
        if kind is None:
            return PlainTextResponse("Expected an image or a page, found another file.\n", 404)
        try:
            found = await self._find(request, whole=True, part=number(request, "part"))
            response = await run_in_threadpool(self._shown, found, kind, request)
        except REFUSALS as error:
            return problem_of(error)
        response.headers["content-security-policy"] = SANDBOX
        return response

    def _shown(self, found: Download, kind: str, request: Request) -> Response:
        """Return the answer with a file, packed where it is more than an answer of a Lambda may have."""
        if not self.access.deployed or found.size <= PART_BYTES:
            return self._stream(found, kind, "inline")
        packed = gzip.compress(b"".join(found.pieces or ()))
        if len(packed) > PART_BYTES or "gzip" not in request.headers.get("accept-encoding", ""):
            return PlainTextResponse(_TOO_LARGE.format(found.name), 413)
        return Response(packed, media_type=kind, headers={"content-encoding": "gzip"})

    async def _find(self, request: Request, *, whole: bool, part: int | None = None) -> Download:
        run, name = request.path_params["run"], request.path_params["name"]
        return await run_in_threadpool(lambda: self.backend.download(run, name, whole=whole, part=part))

    def _stream(self, found: Download, kind: str, disposition: str) -> Response:
        headers = {"content-disposition": disposition, "content-length": str(found.size)}
        return StreamingResponse(found.pieces or iter(()), media_type=kind, headers=headers)

    async def show(self, request: Request) -> Response:
        """Answer with a file of the page, or with the page for an address of one of its views."""
        asset = self._asset(request.url.path)
        if asset is not None:
            return _file_of_page(asset, request.headers.get("accept-encoding", ""))
        if request.state.session is None:
            return self.access.welcome(request)
        index = self.page / "index.html"
        if not index.is_file():
            return PlainTextResponse(_NOT_BUILT.format(self.page), 503)
        first = {"link": _FIRST_READ} if request.url.path == "/" else None
        return FileResponse(index, media_type="text/html; charset=utf-8", headers=first)

    def _asset(self, path: str) -> Path | None:
        """Return the page's file at a path, None where there is none; never one outside of its folder."""
        wanted = (self.page / path.lstrip("/")).resolve()
        is_inside = wanted.is_relative_to(self.page.resolve()) and wanted.name != "index.html"
        return wanted if is_inside and wanted.is_file() else None


def _file_of_page(asset: Path, accepted: str) -> Response:
    """Return a file of the page, packed where the build packed it and the browser takes that.

    Only these are packed: the length of an answer with a secret in it, beside what others chose, tells of it.
    """
    kind = mimetypes.guess_type(asset.name)[0] or "application/octet-stream"
    headers = {"cache-control": "no-cache", "vary": "accept-encoding"}
    packed = asset.with_name(f"{asset.name}.gz")
    if "gzip" not in accepted or not packed.is_file():
        return FileResponse(asset, media_type=kind, headers=headers)
    return FileResponse(packed, media_type=kind, headers={**headers, "content-encoding": "gzip"})
