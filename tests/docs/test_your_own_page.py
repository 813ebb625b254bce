"""The tutorial, followed word by word in an empty folder outside of this repository."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from docs.pages import ROOT
from local.paths import DEFAULT_PORT

PAGE = ROOT / "docs" / "your-own.md"


def commands() -> list[str]:
    """Return the lines of the page's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return [line for block in blocks for line in block.splitlines() if line]


def test_the_page_has_the_whole_way() -> None:
    """From the project to its end."""
    found = commands()
    assert (found[0], found[-1]) == ("sluice init team", "./sluicew local down")


@pytest.mark.e2e
def test_each_command_does_what_the_page_says(tmp_path: Path) -> None:
    """In one shell, in the order of the page; the project's Sluice is this one."""
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", DEFAULT_PORT)) == 0:
            pytest.skip(f"something listens on port {DEFAULT_PORT}")
    first, *others = commands()
    # The repository as it is: its commit may not have what is being worked on.
    script = "\n".join(["set -eux", f"{first} --source '{ROOT}'", *others])
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = {"PATH": path, "HOME": str(tmp_path / "home"), "LANG": "C.UTF-8"}
    log = tmp_path / "log"
    try:
        # Into a file: the cloud that a command leaves running keeps what it was given open.
        with log.open("w") as out:
            command = ["bash", "-c", script]
            ran = subprocess.run(
                command,
                cwd=tmp_path,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=False,
            )
    finally:
        down = [str(Path(sys.executable).parent / "sluice"), "local", "down"]
        home = {"SLUICE_HOME": str(tmp_path / "team" / ".sluice")}
        subprocess.run(down, env=environment | home, capture_output=True, check=False)
    said = log.read_text()
    assert ran.returncode == 0, said
    assert re.search(r"words\S+ +SUCCEEDED", said), said
    assert re.search(r"counts\.json +20 ", said), said
    assert "1 passed" in said, said
    assert re.search(r"letters +S3 upload letters/\*\.txt", said), said
