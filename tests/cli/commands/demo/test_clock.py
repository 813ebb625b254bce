"""How long each stage took."""

import pytest

from cli.commands.demo.clock import Clock


def test_a_stage_that_fails_is_measured() -> None:
    """Stages are named in the order in which they began."""
    clock = Clock()
    with clock.stage("upload"):
        pass
    with pytest.raises(ValueError, match="broken"), clock.stage("work"):
        raise ValueError("broken")
    assert str(clock).index("upload") < str(clock).index("work")
