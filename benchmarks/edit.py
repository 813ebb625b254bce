"""Seconds from saving a file to the new result: a step's code, and a pipeline's file; beside `redun run` and
`snakemake` after the same change of a step's code.

python -m benchmarks.edit
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from unittest.mock import patch

from benchmarks.others import python_with
from benchmarks.run_calls import free_port
from benchmarks.thousand.measuring import app_of_nothing, run
from local.deployment.deploy import deploy
from local.paths import LocalCloudPaths
from local.server import process
from stacks.project import VARIABLE

CODE, FILE = "a step's code", "a pipeline's file"
DEPLOYED, RESULT = "until it is deployed", "until the new result is there"
_STEPS, _PIPELINE = "containers/nothing/steps.py", "pipelines/nothing.py"
_ITEMS = 3
_REDUN = """
from redun import task

redun_namespace = "edit"

@task()
def work(number):
    return numberCHANGE

@task()
def gather(numbers):
    return len(numbers)

@task()
def main():
    return gather([work(number) for number in range(3)])
"""
_SNAKEMAKE = """
rule all:
    input: "count.txt"

rule work:
    output: "{number}.out"
    run:
        open(output[0], "w").write(str(int(wildcards.number)CHANGE))

rule gather:
    input: expand("{number}.out", number=range(3))
    output: "count.txt"
    run:
        open(output[0], "w").write(str(len(input)))
"""
_OTHERS = {
    "redun": ("workflow.py", _REDUN, ("run", "workflow.py", "main")),
    "snakemake": ("Snakefile", _SNAKEMAKE, ("--cores", "2")),
}
"""Of each tool the workflow's file, its text, and how it is run."""


def measure() -> dict[str, dict[str, float]]:
    """Return for each file the seconds until it is deployed, and until a run that began then has ended."""
    # One home for the cloud and the command, as a person has: the packages of a step are installed once.
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {"SLUICE_HOME": folder}):
        app = app_of_nothing(Path(folder) / "app")
        port = free_port()
        place = LocalCloudPaths(port, Path(folder) / f"local-{port}")
        process.start(place)
        try:
            deploy(place, lambda _: None, app)
            run(place, _ITEMS)
            code = _saved(place, app, _STEPS, lambda text: text.replace('["n"]', '["n"] + 1'))
            file = _saved(
                place, app, _PIPELINE, lambda text: re.sub(r"(items_of=.*?)\)", r"\1, memory=3000)", text)
            )
        finally:
            process.stop(place)
    return {CODE: code, FILE: file, **_others()}


def _others() -> dict[str, dict[str, float]]:
    """Return the seconds of the same change with other tools, of those that can be had."""
    found = {}
    for name, (workflow, text, arguments) in _OTHERS.items():
        python = python_with(name)
        if python is not None:
            with tempfile.TemporaryDirectory() as folder:
                seconds = _seconds_of_other(python.with_name(name), Path(folder), workflow, text, arguments)
            found[f"`{name} {arguments[0]}`"] = {RESULT: round(seconds, 1)}
    return found


def _seconds_of_other(
    program: Path, folder: Path, workflow: str, text: str, arguments: Sequence[str]
) -> float:
    path, environment = folder / workflow, {**os.environ, "HOME": str(folder)}
    command = [str(program), *arguments]
    for version in ("", " + 1"):
        path.write_text(text.replace("CHANGE", version))
        began = time.monotonic()
        subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True)
    return time.monotonic() - began


def _saved(place: LocalCloudPaths, app: Path, name: str, edit: Callable[[str], str]) -> dict[str, float]:
    path = app / name
    before = path.read_text()
    after = edit(before)
    if after == before:
        raise RuntimeError(f"Expected a change of {name}, found none.")
    path.write_text(after)
    began = time.monotonic()
    _deploy(place, app)
    deployed = time.monotonic() - began
    run(place, _ITEMS)
    return {DEPLOYED: round(deployed, 1), RESULT: round(time.monotonic() - began, 1)}


def _deploy(place: LocalCloudPaths, app: Path) -> None:
    """Run `sluice local deploy` as a person does, with the time that it takes to start."""
    command = [sys.executable, "-m", "cli.main", "local", "deploy", f"--port={place.port}"]
    subprocess.run(command, env=os.environ | {VARIABLE: str(app)}, check=True)


def table(measured: dict[str, dict[str, float]]) -> str:
    """Return the seconds as Markdown."""
    rows = [f"| {name} | {one.get(DEPLOYED, '')} | {one[RESULT]:.1f} |" for name, one in measured.items()]
    return "\n".join([f"| saved | {DEPLOYED} | {RESULT} |", "| --- | ---: | ---: |", *rows])


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
