"""A ledger and a log in moto, stacks with the outputs of a deployment, and a fake AWS Batch whose jobs end
when a test ends them.
"""

from __future__ import annotations

from typing import Any

import botocore.session
from botocore.validate import validate_parameters

from sluice.messages import Triggered
from sluice.operate.deployment import Deployment
from sluice.run.compiled import CompiledPipeline
from sluice.run.decision import decide
from sluice.run.job_names import run_id
from sluice.run.state import Run, RunState
from sluice.triggers.trigger_event import parse_trigger
from tests.sluice.clouds import TABLE, Batch, Harness, make_table, refused
from tests.sluice.graphs import QUEUES, word_count

REGION = "us-east-1"
TRIGGER_QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/trigger"
TRACK_QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/track"


class Jobs(Batch):
    """A fake AWS Batch that also describes and terminates; ``stubborn`` jobs ignore it."""

    def __init__(self) -> None:
        """Have no jobs."""
        super().__init__()
        self.stubborn: set[str] = set()
        self.terminated: list[str] = []

    def add(self, job_id: str, **job: Any) -> None:
        """Add a job, or the child of one, as DescribeJobs returns it."""
        self.jobs[job_id] = {
            "jobId": job_id,
            "jobName": job_id,
            "createdAt": len(self.jobs),
            "status": "RUNNING",
            "jobQueue": "",
            **job,
        }

    def list_jobs(self, **request: Any) -> dict[str, Any]:
        """Find jobs by the beginning of their names, two on a page, or failed children."""
        validate_parameters(request, self._model.operation_model("ListJobs").input_shape)
        if "arrayJobId" in request:
            children = [
                job for job_id, job in self.jobs.items() if job_id.startswith(request["arrayJobId"] + ":")
            ]
            return {"jobSummaryList": [job for job in children if job["status"] == request["jobStatus"]]}
        start, pattern = int(request.get("nextToken", 0)), request["filters"][0]["values"][0]
        matches = [
            job
            for job in self.jobs.values()
            if job["jobQueue"] == request["jobQueue"] and _like(job["jobName"], pattern)
        ]
        more = {"nextToken": str(start + 2)} if len(matches) > start + 2 else {}
        return {"jobSummaryList": matches[start : start + 2], **more}

    def describe_jobs(self, **request: Any) -> dict[str, Any]:
        """Describe jobs; unknown ones are left out."""
        validate_parameters(request, self._model.operation_model("DescribeJobs").input_shape)
        return {"jobs": [self.jobs[job_id] for job_id in request["jobs"] if job_id in self.jobs]}

    def terminate_jobs(self, **request: Any) -> dict[str, Any]:
        """End jobs."""
        validate_parameters(request, self._model.operation_model("TerminateJobs").input_shape)
        self.terminated.extend(request["jobs"])
        for job_id in request["jobs"]:
            if job_id not in self.stubborn:
                self.jobs[job_id]["status"] = "FAILED"
        return {"successful": [{"job": job_id} for job_id in request["jobs"]], "errors": []}

    def live(self) -> list[str]:
        """Return the jobs that have not ended."""
        return [job_id for job_id, job in self.jobs.items() if job["status"] not in ("SUCCEEDED", "FAILED")]


def _like(name: str, pattern: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


class Stacks:
    """The stacks with the outputs of a deployment. moto's CloudFormation needs more packages than these two
    answers are worth.
    """

    def __init__(self) -> None:
        """Have the stacks of a deployed app."""
        queues = {f"{name.capitalize()}Queue": arn for name, arn in QUEUES.items()}
        self.outputs = {
            "SluiceStorage": {
                "LedgerTable": TABLE,
                "WorkRetentionDays": "30",
                "ResultsBucket": "results",
                "WorkBucket": "work",
            },
            "SluiceCompute": queues,
            "SluiceControl": {"TrackQueue": TRACK_QUEUE, "TriggerQueue": TRIGGER_QUEUE},
        }

    def describe_stacks(self, **request: Any) -> dict[str, Any]:
        """Describe one stack, or answer what CloudFormation answers for one that does not exist."""
        name = request["StackName"]
        if name not in self.outputs:
            raise refused("ValidationError", f"Stack with id {name} does not exist")
        outputs = [{"OutputKey": key, "OutputValue": value} for key, value in self.outputs[name].items()]
        return {"Stacks": [{"StackName": name, "Outputs": outputs}]}


class Bus:
    """EventBridge: keeps what was sent; ``answer`` is an error to raise, or a count of entries that it did
    not take.
    """

    def __init__(self) -> None:
        """Take everything."""
        self.sent: list[dict[str, Any]] = []
        self.answer: Exception | int = 0
        self._model: Any = botocore.session.get_session().get_service_model("events")

    def put_events(self, **request: Any) -> dict[str, Any]:
        """Take events, or answer as configured."""
        validate_parameters(request, self._model.operation_model("PutEvents").input_shape)
        if isinstance(self.answer, Exception):
            raise self.answer
        self.sent.extend(request["Entries"])
        return {
            "FailedEntryCount": self.answer,
            "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "no."}],
        }


class OperateHarness(Harness):
    """What the functions of ``sluice.operate`` need, inside of moto."""

    def __init__(self) -> None:
        """Begin with stacks and an empty ledger."""
        self.session = botocore.session.get_session()
        self.clients: dict[str, Any] = {
            name: self.session.create_client(name, region_name=REGION) for name in ("dynamodb", "logs", "s3")
        }
        make_table(self.clients["dynamodb"])
        super().__init__(self.clients["dynamodb"])
        self.jobs = Jobs()
        self.batch = self.jobs
        self.bus = Bus()
        self.clients |= {"batch": self.jobs, "cloudformation": Stacks(), "events": self.bus}
        self.deployment = Deployment(self.clients["cloudformation"], "the test")

    def begin(
        self,
        run_id: str,
        created_at: str,
        pipeline: CompiledPipeline | None = None,
        *,
        key: str = "word-count/a.txt",
    ) -> None:
        """Write a new run with its first claims, none of which is submitted."""
        pipeline = pipeline or word_count()
        run = Run(run_id=run_id, pipeline=pipeline, trigger={"key": key}, created_at=created_at)
        assert self.ledger.start(run, decide(pipeline, {}).submissions)

    def end(self, run_id: str, state: RunState, failed_step: str | None = None) -> None:
        """Record the end of a run, a minute after the beginning of 2026."""
        assert self.ledger.finish(run_id, state, "2026-01-01T00:01:00.000+00:00", failed_step)

    @staticmethod
    def run_id_of(pipeline: str, trigger: str, detail: dict[str, Any]) -> str:
        """Return the id of the run that the trigger Lambda begins for an event."""
        started_by = parse_trigger(
            Triggered(pipeline=pipeline, trigger=trigger, definition={}, detail=detail)
        )
        assert started_by is not None
        return run_id(pipeline, trigger, started_by.identity())
