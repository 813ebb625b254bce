"""Three projects that are none of the examples: written, tested, deployed, changed under way, compared."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.conftest import free_port
from tests.strangers.stranger import Stranger

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("strangers"), pytest.mark.timeout(3600)]
Make = Callable[[str], Stranger]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Make a project with a cloud of its own, which ends with the test."""
    made: list[Stranger] = []

    def one(name: str) -> Stranger:
        stranger = Stranger(tmp_path, name, free_port())
        stranger.sluice("test", "-q")
        made.append(stranger)
        stranger.up()
        return stranger

    yield one
    for stranger in made:
        stranger.down()


def _needs(*packages: str) -> None:
    """Skip where packages cannot be had here."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest"]
    for package in packages:
        ran = subprocess.run([*command, "/dev/null", package], capture_output=True, check=False)
        if b"No matching distribution" in ran.stderr:
            pytest.skip(f"{package} cannot be had here")


@pytest.mark.nightly
def test_many_texts_with_shared_code(make: Make, tmp_path: Path) -> None:
    """A run under way ends with the code that it began with; the next one has the change."""
    letters = make("texts")
    files = []
    for number in range(20):
        path = tmp_path / f"letter-{number:02}.txt"
        path.write_text(f"To whom it may concern, {'x' * (20 + number)}.")
        files.append(str(path))
    (first,) = letters.sluice("run", "letters", *files, "--detach").split()
    letters.change("containers/letters/steps.py", "LENGTH = max", "LENGTH = min")
    letters.deploy()
    (second,) = letters.sluice("run", "letters", *files, "--detach").split()
    before, after = (json.loads((letters.results(run) / "index.json").read_text()) for run in (first, second))
    assert sorted(before.values(), key=len) == ["x" * (20 + number) for number in range(20)]
    assert set(after.values()) == {"to"}


@pytest.mark.nightly
def test_pictures_with_pillow(make: Make, tmp_path: Path) -> None:
    """Binary results with their content type."""
    _needs("pillow")
    pictures = make("images")
    picture = tmp_path / "red.png"
    picture.write_bytes(_png(64, 32))
    (first,) = pictures.sluice("run", "thumbnails", str(picture), "--detach").split()
    pictures.change("containers/thumbnails/steps.py", 'KIND = "PNG"', 'KIND = "GIF"')
    pictures.deploy()
    picture.write_bytes(_png(32, 32))
    (second,) = pictures.sluice("run", "thumbnails", str(picture), "--detach").split()
    before, after = pictures.results(first), pictures.results(second)
    assert (before / "16.png").read_bytes().startswith(b"\x89PNG")
    assert (after / "16.gif").read_bytes().startswith(b"GIF8")
    assert json.loads((before / "sheet.json").read_text()) == [[16, 8], [32, 16]]
    assert json.loads((after / "sheet.json").read_text()) == [[16, 16], [32, 32]]
    types = (pictures.content_type(first, "16.png"), pictures.content_type(second, "16.gif"))
    assert types == ("image/png", "image/gif")


@pytest.mark.nightly
def test_a_sweep_with_wheels(make: Make) -> None:
    """What the fits find decides how many aggregations there are."""
    _needs("scikit-learn")
    sweep = make("sweep")
    (first,) = sweep.sluice("run", "sweep", "--input", '{"sizes": [1, 2, 3]}', "--detach").split()
    sweep.change("containers/sweep/steps.py", 'yield {"family": "tree"', '# yield {"family": "tree"')
    sweep.deploy()
    (second,) = sweep.sluice("run", "sweep", "--input", '{"sizes": [5]}', "--detach").split()
    before, after = (json.loads((sweep.results(run) / "best.json").read_text()) for run in (first, second))
    assert sorted(before) == ["neighbours", "tree"]
    assert sorted(after) == ["neighbours"]
    assert before["neighbours"]["score"] > 0.9


def _png(width: int, height: int) -> bytes:
    """Return a red picture, without any package."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\xff\0\0" * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )
