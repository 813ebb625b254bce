"""The example of docs/permissions.md is a pipeline that a deploy takes."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sluice.pipeline.step_functions import StepSource
from sluice.pipeline.validation import validate

PAGE = Path(__file__).parents[2] / "docs" / "permissions.md"


def test_the_example_is_valid() -> None:
    """As it stands in the page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)  # noqa: S102 - the page's own example
    validate(
        names["pipeline"],
        "pipelines/rates.py",
        {name: StepSource("steps.py:1") for name in ("price", "report")},
    )
