"""The pictures of the README."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.commands.demo import picture
from cli.commands.demo.telling import Recorder, begin
from local.paths import LocalCloudPaths


def test_the_screen_and_the_plot_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the demo's exit code is returned."""
    monkeypatch.setattr(picture, "_plot", lambda place: b"<svg>pi</svg>")

    def play(console: Recorder, done: picture.Done) -> int:
        begin(console, "Runs")
        done(LocalCloudPaths.of(4600))
        return 1

    assert picture.picture(tmp_path / "new", play) == 1
    assert (tmp_path / "new" / "pi.svg").read_bytes() == b"<svg>pi</svg>"
    assert (
        "The&#160;broken&#160;file&#160;has&#160;to&#160;fail." in (tmp_path / "new" / "demo.svg").read_text()
    )


def test_those_in_the_repository_are_of_this_program() -> None:
    """They were made by `make picture`, and stand in the README."""
    root = Path(__file__).parents[4]
    readme = (root / "README.md").read_text()
    for name in (picture.SCREEN, picture.PLOT):
        assert f"(docs/pictures/{name})" in readme
        assert (root / "docs" / "pictures" / name).read_text().startswith("<svg")
