"""Previews of what runs published, also of what is larger than an answer of the deployed console may be."""

from __future__ import annotations

import os
from dataclasses import dataclass

import pytest

from console.answers import NotFoundError
from console.contract import PART_BYTES
from console.live.backend import LiveBackend
from console.live.results import MAX_SHOWN_BYTES
from sluice import keys
from tests.console.live.conftest import CountedCloud
from tests.console.served import Browser
from tests.sluice.graphs import RUN_ID, pipeline, step

BEGAN = "2026-01-01T00:00:00.000+00:00"
NOISE = os.urandom(MAX_SHOWN_BYTES)
"""Which nothing packs."""


@dataclass
class _Deployed:
    """A console behind a Lambda, and one on loopback, over the same files."""

    cloud: CountedCloud

    def publish(self, name: str, content: bytes) -> None:
        self.cloud.harness.clients["s3"].put_object(
            Bucket="results", Key=keys.result("words", RUN_ID, name), Body=content
        )

    def backend(self, *, links: bool = True) -> LiveBackend:
        return LiveBackend(cloud=self.cloud, where="the test", links=links)

    def browser(self) -> Browser:
        found = Browser(backend=self.backend())
        found.access.deployed = True
        return found


@pytest.fixture
def files(cloud: CountedCloud) -> _Deployed:
    """A run that published nothing yet."""
    cloud.harness.begin(RUN_ID, BEGAN, pipeline(step("a")))
    return _Deployed(cloud)


@pytest.mark.parametrize(
    ("size", "links", "parts"),
    [
        (PART_BYTES, True, None),
        (PART_BYTES + 1, True, 2),
        (2 * PART_BYTES, True, 2),
        (PART_BYTES + 1, False, None),
    ],
)
def test_an_image_comes_in_parts_where_one_answer_cannot_hold_it(
    files: _Deployed, size: int, links: bool, parts: int | None
) -> None:
    """On loopback at once, whatever its size; the parts are the whole."""
    files.publish("chart.png", NOISE[:size])
    backend = files.backend(links=links)
    preview = backend.preview(RUN_ID, "chart.png")
    assert (preview.parts, preview.src) == (parts, f"/api/runs/{RUN_ID}/raw/chart.png")
    found = [backend.download(RUN_ID, "chart.png", part=part) for part in range(parts or 0)]
    assert all(one.size <= PART_BYTES for one in found)
    if parts:
        assert b"".join(piece for one in found for piece in one.pieces or ()) == NOISE[:size]
        with pytest.raises(NotFoundError, match="behind its end"):
            backend.download(RUN_ID, "chart.png", part=parts)


def test_no_image_beyond_the_limit_is_shown(files: _Deployed) -> None:
    files.publish("chart.png", NOISE + b"1")
    preview = files.backend().preview(RUN_ID, "chart.png")
    assert (preview.kind, preview.src, preview.parts) == ("other", None, None)


def test_each_part_has_the_sandbox_too(files: _Deployed) -> None:
    """A part that is asked for as no number, or that there is not, is refused."""
    files.publish("chart.png", NOISE[: PART_BYTES + 5])
    browser = files.browser()
    address = f"/api/runs/{RUN_ID}/raw/chart.png"
    last = browser.get(f"{address}?part=1")
    assert (last.content, last.headers["content-length"]) == (NOISE[PART_BYTES : PART_BYTES + 5], "5")
    assert last.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert browser.get(f"{address}?part=2").status_code == 404
    assert browser.get(f"{address}?part=-1").status_code == 400
    assert browser.get(f"{address}?part={'9' * 30}").status_code == 400


@pytest.mark.parametrize("name", ["report.html", "chart.svg"])
def test_a_large_page_is_packed(files: _Deployed, name: str) -> None:
    """It is text, so that it fits; what does not is not shown, and says so."""
    page = b"<p>the same again and again</p>\n" * 200_000
    files.publish(name, page)
    files.publish(f"noise-{name}", NOISE)
    browser = files.browser()
    assert files.backend().preview(RUN_ID, name).parts is None
    found = browser.get(f"/api/runs/{RUN_ID}/raw/{name}", {"accept-encoding": "gzip"})
    assert (found.headers["content-encoding"], found.content) == ("gzip", page)
    assert int(found.headers["content-length"]) < PART_BYTES
    assert found.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    noise = browser.get(f"/api/runs/{RUN_ID}/raw/noise-{name}", {"accept-encoding": "gzip"})
    assert (noise.status_code, "download it" in noise.text) == (413, True)


def test_text_and_tables_are_shown_from_their_beginning(files: _Deployed) -> None:
    """A row that was cut in the middle is left out; escapes are visible; nothing of another kind is read."""
    files.publish("notes.txt", b"\x1b[31mred\n\xff")
    files.publish("rows.csv", b"word,count\n" + b"".join(b"word%d,%d\n" % (n, n) for n in range(20_000)))
    files.publish("data.bin", b"\x00")
    files.publish("empty.csv", b"")
    backend = files.backend()
    assert backend.preview(RUN_ID, "notes.txt").text == "\\x1b[31mred\n\ufffd"
    table = backend.preview(RUN_ID, "rows.csv")
    assert (table.columns, table.cut, (table.rows or ())[0]) == (("word", "count"), True, ("word0", "0"))
    assert all(len(row) == 2 for row in table.rows or ())
    assert backend.preview(RUN_ID, "data.bin").kind == "other"
    assert backend.preview(RUN_ID, "empty.csv").rows == ()
    with pytest.raises(NotFoundError, match="has published, found 'none'"):
        backend.preview(RUN_ID, "none")
