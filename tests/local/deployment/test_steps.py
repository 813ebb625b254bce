"""What a deploy shows while it works."""

from __future__ import annotations

import time

import pytest

from local.deployment import steps


def test_a_long_step_says_what_it_does(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence ends after a second, here sooner."""
    monkeypatch.setattr(steps, "SILENT_SECONDS", 0.01)
    said: list[str] = []
    with steps.step(said.append, "synth", "templates"):
        deadline = time.monotonic() + 10
        while not said and time.monotonic() < deadline:
            time.sleep(0.005)
    assert said[0] == "synth      templates …"
    assert said[1].startswith("synth      templates, ")


def test_a_step_that_fails_says_nothing_of_its_end() -> None:
    """Its error does."""
    said: list[str] = []
    with pytest.raises(ValueError, match="no"), steps.step(said.append, "synth", "templates"):
        raise ValueError("no")
    assert said == []
