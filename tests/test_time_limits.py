"""No test hangs, and none depends on the machine's speed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def test_each_test_has_a_time_limit(request: pytest.FixtureRequest) -> None:
    """Of seconds that no test needs, so that one that hangs fails and the others go on."""
    pytest.importorskip("pytest_timeout")
    without = [item.nodeid for item in request.session.items if item.get_closest_marker("timeout") is None]
    assert without == []


@given(st.booleans())
def test_an_example_may_take_any_time(value: bool) -> None:
    """Also where a test says nothing of it: the default of 200 ms fails on a slow machine."""
    assert settings.default is not None
    assert settings.default.deadline is None
