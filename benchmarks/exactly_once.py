"""What it costs that a step is submitted once and only once: AWS calls of a submission, beside the one
SubmitJob of a caller that takes the risk.

The real advancer works on a DynamoDB (moto's) and on a Batch that takes everything; the calls are counted
where they leave it. A job's own look at the ledger when it starts, one BatchGetItem, is part of the same
bargain and is counted too.

    python -m benchmarks.exactly_once
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import botocore.session
from moto import mock_aws

from sluice.advance.advancer import Advancer
from sluice.ledger.ledger import Ledger
from sluice.messages import Planned
from sluice.run.compiled import CompiledPipeline, CompiledStep, Kind
from sluice.run.job_names import run_id
from sluice.run.state import Run
from tests.sluice.clouds import TABLE, make_table

_KEYS = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none"}
_QUEUES = {"normal": "arn:aws:batch:us-east-1:000000000000:job-queue/normal"}


def measure() -> list[dict[str, Any]]:
    """Return for each pipeline its submissions and the calls that they took."""
    shapes = {
        "one job": _pipeline(_job("a")),
        "plan, array, N_TO_N array, fan-in, cleanup": _word_count(),
        "25 jobs side by side": _pipeline(*(_job(f"s{number}") for number in range(25))),
        "a chain of 50 jobs": _pipeline(
            *(_job(f"s{number}", *([f"s{number - 1}"] if number else [])) for number in range(50))
        ),
    }
    return [{"pipeline": name, **_counted(pipeline)} for name, pipeline in shapes.items()]


def _counted(pipeline: CompiledPipeline) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    with patch.dict(os.environ, _KEYS), mock_aws():
        dynamodb = botocore.session.get_session().create_client("dynamodb", region_name="us-east-1")
        make_table(dynamodb)
        batch: Any = _Batch(counts)
        advancer = Advancer(
            ledger=Ledger(_Counting(dynamodb, counts), TABLE),
            batch=lambda: batch,
            queues=_QUEUES,
            notify_failed=lambda _: None,
        )
        run = Run(
            run_id=run_id(pipeline.name, "t", {}),
            pipeline=pipeline,
            trigger={},
            created_at=datetime.now(UTC).isoformat(),
        )
        advancer.start(run)
        _plan(advancer, run, counts)
    submissions = counts["submit_job"]
    ledger = sum(count for name, count in counts.items() if name != "submit_job")
    each = (submissions + ledger) / submissions + 1
    return {
        "submissions": submissions,
        "ledger": ledger,
        "looks": submissions,
        "calls of a submission": round(each, 2),
    }


def _plan(advancer: Advancer, run: Run, counts: Counter[str]) -> None:
    """Let the plan, if there is one, announce its items: that itself is no part of a submission."""
    before = Counter(counts)
    known = advancer.ledger.load(run.run_id)
    plans = [step.name for step in run.pipeline.steps if step.kind is Kind.PLAN]
    for name in plans if known else []:
        job_id = str(known.steps[name].job_id) if known else ""
        advancer.ledger.record_plan(
            Planned(run=run.run_id, step=name, generation=0, job_id=job_id, items=100, manifest="m")
        )
    counts.clear()
    counts.update(before)
    if plans:
        advancer.advance(run.run_id)


class _Counting:
    def __init__(self, client: Any, counts: Counter[str]) -> None:
        self._client, self._counts = client, counts

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**parameters: Any) -> Any:
            self._counts[name] += 1
            return getattr(self._client, name)(**parameters)

        return call


class _Batch:
    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts

    def submit_job(self, **request: Any) -> dict[str, str]:
        self._counts["submit_job"] += 1
        return {"jobId": f"job-{request['jobName']}"}


def _pipeline(*steps: CompiledStep) -> CompiledPipeline:
    return CompiledPipeline("bench", steps)


def _job(name: str, *after: str) -> CompiledStep:
    return CompiledStep(name, Kind.JOB, "definition", "normal", after=tuple(after))


def _word_count() -> CompiledPipeline:
    return _pipeline(
        CompiledStep("split", Kind.PLAN, "definition", "normal"),
        CompiledStep("count", Kind.ARRAY, "definition", "normal", items_of="split"),
        CompiledStep("rank", Kind.ARRAY, "definition", "normal", each=("count",), items_of="split"),
        _job("merge", "rank"),
        CompiledStep("cleanup", Kind.CLEANUP, "definition", "normal", after=("merge",)),
    )


def table(rows: list[dict[str, Any]]) -> str:
    """Return the figures as Markdown."""
    head = [
        "| | SubmitJob | ledger calls | jobs' own looks | calls of a submission | bare |",
        "| --- |" + " ---: |" * 5,
    ]
    names = ("pipeline", "submissions", "ledger", "looks", "calls of a submission")
    lines = ["| " + " | ".join([*(str(row[name]) for name in names), "1"]) + " |" for row in rows]
    return "\n".join([*head, *lines])


if __name__ == "__main__":
    print(table(measure()))
