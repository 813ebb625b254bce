"""Other people's tools, each in an environment of its own, to measure beside ours."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from local.paths import home

_SECONDS = 300.0


def python_with(package: str) -> Path | None:
    """Return the Python of an environment that has a package, which is made at first; None where it cannot be
    made, and print so.
    """
    folder = home() / "bench" / package
    python = folder / "bin" / "python"
    if python.exists():
        return python
    uv = Path(sys.executable).with_name("uv")
    building = folder.with_name(f"{package}.building")
    try:
        _run(
            str(uv), "venv", "--quiet", "--clear", "--relocatable", "--python", sys.executable, str(building)
        )
        _run(str(uv), "pip", "install", "--quiet", "--python", str(building / "bin" / "python"), package)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"{package} cannot be had here, and is left out: {error}", flush=True)
        return None
    building.rename(folder)
    return python


def _run(*command: str) -> None:
    subprocess.run(command, check=True, timeout=_SECONDS, stdin=subprocess.DEVNULL)
