"""Reads what runs have published: lists, previews, and whole files."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from botocore.exceptions import ClientError

from console import contract
from console.answers import NotFoundError
from console.backend import Download
from sluice.operate.runs.results import list_results
from sluice.receipts.location import Location, location_of_run
from sluice.run.state import Run
from sluice.visible import visible

MAX_FILES = 1_000
PREVIEW_BYTES = 64 * 1024
MAX_ROWS = 200
MAX_COLUMNS = 50
MAX_SHOWN_BYTES = 10 * 1024 * 1024
"""Images and pages are shown whole, or not."""
_PIECE_BYTES = 1024 * 1024
_LINK_SECONDS = 60
_KINDS = {
    "image": (".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"),
    "html": (".html", ".htm"),
    "table": (".csv", ".tsv"),
    "text": (".txt", ".json", ".jsonl", ".md", ".log", ".yaml", ".yml", ".xml", ".toml"),
}
_MISSING = ("NoSuchKey", "404", "NotFound")


def kind_of(name: str) -> str:
    """Return how a file can be shown, by the end of its name."""
    suffix = PurePosixPath(name).suffix.lower()
    return next((kind for kind, suffixes in _KINDS.items() if suffix in suffixes), "other")


@dataclass(frozen=True, slots=True)
class ResultFiles:
    """Reads what runs have published; ``bucket`` is that of results. ``links``: whole files are handed on by
    address, because an answer of a Lambda has 6 MB at most.
    """

    s3: Callable[[], Any]
    bucket: str
    links: bool

    def list(self, run: Run) -> contract.Results:
        """Return the published files of a run, at most 1,000."""
        found = list(islice(list_results(self.s3(), self._place(run)), MAX_FILES + 1))
        files = tuple(
            contract.ResultFile(name=visible(file.name), size=file.size, kind=kind_of(file.name))
            for file in found[:MAX_FILES]
        )
        return contract.Results(files=files, more=len(found) > MAX_FILES)

    def preview(self, run: Run, name: str) -> contract.Preview:
        """Return the beginning of a file; raises NotFoundError."""
        kind, size = kind_of(name), self._size(run, name)
        if kind in ("image", "html") and size <= MAX_SHOWN_BYTES:
            source = f"/api/runs/{quote(run.run_id)}/raw/{quote(name)}"
            parts = self._parts(name, size) if kind == "image" else None
            return contract.Preview(name=name, kind=kind, size=size, cut=False, src=source, parts=parts)
        if kind not in ("text", "table"):
            return contract.Preview(name=name, kind="other", size=size, cut=size > 0)
        text = self._beginning(run, name, size).decode("utf-8", "replace")
        cut = size > PREVIEW_BYTES
        if kind == "text":
            return contract.Preview(name=name, kind=kind, size=size, cut=cut, text=visible(text, keep="\n\t"))
        rows, more = _table(text, "\t" if name.lower().endswith(".tsv") else ",", cut=cut)
        columns = rows[0] if rows else ()
        return contract.Preview(
            name=name, kind=kind, size=size, cut=cut or more, columns=columns, rows=tuple(rows[1:])
        )

    def _parts(self, name: str, size: int) -> int | None:
        """Return in how many parts an image is handed on, None for at once. An SVG is text, which is packed
        instead.
        """
        if not self.links or size <= contract.PART_BYTES or name.lower().endswith(".svg"):
            return None
        return -(-size // contract.PART_BYTES)

    def download(self, run: Run, name: str, *, whole: bool, part: int | None = None) -> Download:
        """Return a file: its pieces, or an address that has it for a minute, or one part of it; raises
        NotFoundError, also for a part that it does not have.
        """
        size = self._size(run, name)
        if part is not None:
            return self._part(run, name, size, part)
        if self.links and not whole:
            return Download(name=name, size=size, address=self._link(run, name))
        return Download(name=name, size=size, pieces=self._pieces(run, name))

    def _place(self, run: Run) -> Location:
        return location_of_run(run, self.bucket)

    def _object(self, run: Run, name: str) -> dict[str, str]:
        place = self._place(run)
        return {"Bucket": place.bucket, "Key": place.prefix + name}

    def _link(self, run: Run, name: str) -> str:
        file = quote(PurePosixPath(name).name, safe="")
        request = {
            **self._object(run, name),
            "ResponseContentDisposition": f"attachment; filename*=UTF-8''{file}",
        }
        return str(self.s3().generate_presigned_url("get_object", Params=request, ExpiresIn=_LINK_SECONDS))

    def _part(self, run: Run, name: str, size: int, part: int) -> Download:
        start = part * contract.PART_BYTES
        stop = min(start + contract.PART_BYTES, size)
        if start >= stop:
            raise NotFoundError(f"Expected a part of {name!r}, found {part}, which is behind its end.")
        answer = self.s3().get_object(**self._object(run, name), Range=f"bytes={start}-{stop - 1}")
        return Download(name=name, size=stop - start, pieces=iter((answer["Body"].read(),)))

    def _pieces(self, run: Run, name: str) -> Iterator[bytes]:
        body = self.s3().get_object(**self._object(run, name))["Body"]
        while piece := body.read(_PIECE_BYTES):
            yield piece

    def _size(self, run: Run, name: str) -> int:
        try:
            found = self.s3().head_object(**self._object(run, name))
        except ClientError as error:
            if error.response["Error"]["Code"] not in _MISSING:
                raise
            raise NotFoundError(
                f"Expected a file that {run.run_id} has published, found {name!r}."
            ) from error
        return int(found["ContentLength"])

    def _beginning(self, run: Run, name: str, size: int) -> bytes:
        if not size:
            return b""
        answer = self.s3().get_object(**self._object(run, name), Range=f"bytes=0-{PREVIEW_BYTES - 1}")
        content: bytes = answer["Body"].read()
        return content


def _table(text: str, delimiter: str, *, cut: bool) -> tuple[list[tuple[str, ...]], bool]:
    """Return the first rows of a table, and whether it has more rows or columns; a last row that was cut in
    the middle is left out.
    """
    lines = text.splitlines(keepends=True)
    whole = lines[:-1] if cut and len(lines) > 1 else lines
    try:
        rows = list(islice(csv.reader(io.StringIO("".join(whole)), delimiter=delimiter), MAX_ROWS + 2))
    except csv.Error:
        return [(visible(line),) for line in whole[:MAX_ROWS]], True
    more = len(rows) > MAX_ROWS + 1 or any(len(row) > MAX_COLUMNS for row in rows)
    return [tuple(visible(cell) for cell in row[:MAX_COLUMNS]) for row in rows[: MAX_ROWS + 1]], more
