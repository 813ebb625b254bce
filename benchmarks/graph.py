"""Graphs of 1,000 steps: how often SubmitJob is called, by a Lambda and by a start job, and what synthesis
takes for them.

Submissions are counted at the tests' strict stand-in for AWS Batch, over moto's DynamoDB. Synthesis runs in a
fresh process for each graph, the median of three: of one step, of 1,000 that run the same (they share a job
definition) and of 1,000 that all differ.

    python -m benchmarks.graph
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from containers.start.submit import submit_all
from local.paths import REPOSITORY
from sluice.pipeline.compiling import JobDefinitions, compile_pipeline
from sluice.pipeline.definition import Job, Manual, Pipeline
from sluice.run.compiled import Kind
from sluice.run.state import Run, StepState
from tests.sluice.clouds import CrashingClient, Harness, dynamodb

STEPS = 1_000
_RUN = "big-" + "a" * 20
_ROUNDS = 3
_COMMANDS = {
    "1 step": (1, "'true'"),
    f"{STEPS:,} equal steps": (STEPS, "'true'"),
    f"{STEPS:,} different steps": (STEPS, "'echo', str(n)"),
}
_SYNTHESIS = """
import json, sys, tempfile, time
from pathlib import Path
from aws_cdk import App
import app as entry
app = App(outdir=sys.argv[2], context=json.loads((entry.ROOT / "cdk.json").read_text())["context"])
began = time.monotonic()
entry.compose(app, root=Path(sys.argv[1]), environment={})
app.synth()
print(time.monotonic() - began)
"""


def measure() -> dict[str, Any]:
    """Return the calls of the two submissions, and the synthesis of each graph."""
    return {
        "submitted": [_submitted(by_job) for by_job in (False, True)],
        "synthesis": [_synthesis(name) for name in _COMMANDS],
    }


def _submitted(by_job: bool) -> dict[str, Any]:
    steps = [
        Job(f"s{n}", image="busybox", command=["true"], after=[f"s{n - 1}"] if n % 10 else [])
        for n in range(STEPS)
    ]
    pipeline = Pipeline(
        name="big", triggers=[Manual()], steps=[*steps], submit_from="start-job" if by_job else "lambda"
    )
    names = {step.name: "definition" for step in steps}
    compiled = compile_pipeline(
        pipeline, JobDefinitions(steps=names, cleanup="cleanup", gate="gate", start="start")
    )
    counter = CrashingClient(sys.maxsize)
    with dynamodb() as client:
        harness = Harness(client)
        harness.advancer(counter).start(
            Run(run_id=_RUN, pipeline=compiled, trigger={}, created_at="2026-01-01T00:00:00.000+00:00")
        )
        if by_job:
            submit_all(harness.advancer(counter, starting=True), _RUN)
        run = harness.ledger.load(_RUN)
        assert run is not None
        assert {step.state for step in run.steps.values()} == {StepState.SUBMITTED}
    calls = Counter(counter.calls)
    kinds = Counter(step.kind for step in compiled.steps)
    return {
        "by": "a start job" if by_job else "a Lambda",
        "steps": STEPS,
        "gates": kinds[Kind.GATE],
        "SubmitJob calls": calls["submit_job"],
        "DynamoDB calls": calls.total() - calls["submit_job"],
    }


def _synthesis(name: str) -> dict[str, Any]:
    count, command = _COMMANDS[name]
    with tempfile.TemporaryDirectory() as folder:
        root, out = Path(folder, "root"), Path(folder, "out")
        (root / "pipelines").mkdir(parents=True)
        for shared in ("sluice", "containers", "lambdas"):
            (root / shared).symlink_to(REPOSITORY / shared)
        steps = (
            f"[Job(f's{{n}}', image='busybox', command=[{command}], after=[f's{{n - 1}}'] if n % 10 else [])"
            f" for n in range({count})]"
        )
        (root / "pipelines" / "big.py").write_text(
            "from sluice import Job, Manual, Pipeline\npipeline = Pipeline(name='big',"
            f" triggers=[Manual()], steps={steps})\n"
        )
        seconds = median(_seconds(root, out / str(round_)) for round_ in range(_ROUNDS))
        resources = [
            len(json.loads(path.read_text())["Resources"])
            for path in (out / "0").glob("*Pipelines*.template.json")
        ]
    return {
        "graph": name,
        "seconds": round(seconds, 1),
        "stacks": len(resources),
        "resources": sum(resources),
    }


def _seconds(root: Path, out: Path) -> float:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    command = [sys.executable, "-c", _SYNTHESIS, str(root), str(out)]
    done = subprocess.run(
        command,
        check=True,
        cwd=REPOSITORY,
        env={**os.environ, "PATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    return float(done.stdout)


def table(measured: dict[str, Any]) -> str:
    """Return the figures as Markdown: the submissions, then the synthesis."""
    return "\n\n".join(_table(measured[part]) for part in ("submitted", "synthesis"))


def _table(rows: Sequence[dict[str, Any]]) -> str:
    names = list(rows[0])
    head = ["| " + " | ".join(names) + " |", "|" + " --- |" * len(names)]
    return "\n".join([*head, *("| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows)])


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


if __name__ == "__main__":
    print(table(measure()))
