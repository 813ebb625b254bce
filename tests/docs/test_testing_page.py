"""The example of docs/testing.md is a test that passes."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from cli.project import EXAMPLES
from sluice import testing

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "testing.md"


def test_the_example_passes(tmp_path: Path) -> None:
    """As it stands in the page."""
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    (tmp_path / "test_page.py").write_text(code)
    command = [sys.executable, "-m", "pytest", "-q", "--rootdir", str(EXAMPLES), "-p", "no:cacheprovider"]
    done = subprocess.run(
        [*command, str(tmp_path / "test_page.py")],
        cwd=EXAMPLES,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_every_public_name_is_named() -> None:
    """But those of answers, which are described."""
    answers = {"HarnessError", "ItemOutcome", "Published", "RunOutcome", "StepOutcome"}
    assert {name for name in testing.__all__ if name not in PAGE.read_text()} <= answers
