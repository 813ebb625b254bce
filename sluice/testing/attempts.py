"""Runs attempts of jobs in this process: the real entry point of a job, with clients in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scheduler.reasons import EXITED, HOST_LOST
from scheduler.retry import Outcome
from sluice.pipeline.definition import INPUT, MultiNode, Pipeline, Step
from sluice.pipeline.node_groups import Program, groups_of
from sluice.run.compiled import Kind
from sluice.run.job_names import JobName
from sluice.run.submit_request import INPUT_PARAMETER
from sluice.runtime.__main__ import main
from sluice.runtime.node_info import ADDRESS, NODE_INDEX
from sluice.settings import SubmissionSettings
from sluice.testing.commands import Command, StandIn
from sluice.testing.environment import Variables, job_environment, node_environments
from sluice.testing.errors import HarnessError
from sluice.testing.faults import FaultPlan
from sluice.testing.functions import StepModule
from sluice.testing.logs import Place
from sluice.testing.memory.batch import BatchJob
from sluice.testing.memory.clients import SETTINGS, Cloud, JobClients, MachineLostError
from sluice.testing.recording import Recorder, RecordingWorker

_HOST = "i-0123456789abcdef0"
_REFERENCE = "Ref::"
_NODES_SECONDS = 5.0
"""What the other nodes have, once the main node has ended; AWS Batch stops them at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Makes the attempts of a run's jobs."""

    pipeline: Pipeline
    cloud: Cloud
    recorder: Recorder
    functions: StepModule
    commands: Mapping[str, StandIn]
    secrets: Mapping[str, str]
    faults: FaultPlan
    kinds: Mapping[str, Kind]
    start_steps: Callable[[], None]
    """Does the work of a start job."""

    def start(self, job: BatchJob, index: int, attempt: int) -> Outcome:
        """Make an attempt of a child, and return how it ended."""
        name = JobName.parse(job.request["jobName"])
        if name is None:
            raise HarnessError(f"Expected a job of a run, found {job.request['jobName']}.")
        step = next((one for one in self.pipeline.steps if one.name == name.step), None)
        clients = JobClients(self.cloud, name.step, self.faults)
        self.functions.forget()
        try:
            with self.recorder.logs.of_job(name.step, index):
                code = self._run(step, job, index, attempt, clients)
        except MachineLostError:
            return Outcome(None, status_reason=HOST_LOST.format(host=_HOST))
        except SystemExit as stopped:
            code = stopped.code if isinstance(stopped.code, int) else 1
        return Outcome(code, status_reason=EXITED)

    def _run(self, step: Step | None, job: BatchJob, index: int, attempt: int, clients: JobClients) -> int:
        kind = self.kinds[clients.step]
        variables = _variables(job, index, attempt)
        if kind is Kind.START:
            self.start_steps()
            return 0
        if step is None:
            return main([str(kind)], variables, clients=clients)
        if isinstance(step, MultiNode):
            return self._run_nodes(step, variables, clients)
        own = self._environment_of(step, step, variables)
        with job_environment(own):
            return self._run_program(step, step, own, variables, clients, job.request)

    def _environment_of(self, step: Step, program: Program, variables: Variables) -> Variables:
        secrets = {name: self.secrets[name] for name in step.secrets}
        return {**step.environment, **program.environment, **secrets, **variables}

    def _run_program(
        self,
        step: Step,
        program: Program,
        environment: Variables,
        variables: Variables,
        clients: JobClients,
        request: Mapping[str, Any],
    ) -> int:
        child = int(variables.get("AWS_BATCH_JOB_ARRAY_INDEX", "0"))
        asked = request.get("containerOverrides", {}).get("command")
        if program.command is not None:
            index = child if "AWS_BATCH_JOB_ARRAY_INDEX" in variables else None
            words = _words(asked or program.command, step, request.get("parameters", {}))
            command = Command(step=step.name, words=words, environment=environment, child=index)
            return self.commands[step.name](command) or 0
        worker = RecordingWorker(step.name, child, self.recorder, self.faults, clients)
        return main([self.functions.word(program.run or "")], variables, worker, clients)

    def _run_nodes(self, step: MultiNode, variables: Variables, clients: JobClients) -> int:
        """Run all nodes at the same time, and return the exit code of the main node."""
        programs = [group for group in groups_of(step) for _ in range(group.nodes)]
        given = [{**variables, **_node(rank, len(programs))} for rank in range(len(programs))]
        own = [self._environment_of(step, *node) for node in zip(programs, given, strict=True)]
        codes: dict[int, int] = {}
        lost: list[MachineLostError] = []

        def run(rank: int) -> None:
            self.recorder.logs.at(Place(step.name, rank))
            environments.enter(own[rank])
            try:
                codes[rank] = self._run_program(step, programs[rank], own[rank], given[rank], clients, {})
            except MachineLostError as error:
                lost.append(error)

        threads = [threading.Thread(target=run, args=(rank,), daemon=True) for rank in range(len(programs))]
        with node_environments(own) as environments:
            for thread in threads:
                thread.start()
            threads[0].join()
            for thread in threads[1:]:
                thread.join(_NODES_SECONDS)
        if lost:
            raise lost[0]
        return codes.get(0, 1)


def _variables(job: BatchJob, index: int, attempt: int) -> dict[str, str]:
    """Return what AWS Batch, the job definition and the submission give a job."""
    name = JobName.parse(job.request["jobName"])
    if name is None:
        raise HarnessError(f"Expected a job of a run, found {job.request['jobName']}.")
    own = SubmissionSettings(run=name.run_id, step=name.step, generation=str(name.generation))
    given = job.request.get("containerOverrides", {}).get("environment", ())
    variables = {
        **SETTINGS.to_env(),
        **{one["name"]: one["value"] for one in given},
        **own.to_env(),
        "AWS_BATCH_JOB_ID": job.job_id,
        "AWS_BATCH_JOB_ATTEMPT": str(attempt),
        "AWS_BATCH_JQ_NAME": job.request["jobQueue"],
    }
    if job.is_array:
        variables |= {
            "AWS_BATCH_JOB_ID": f"{job.job_id}:{index}",
            "AWS_BATCH_JOB_ARRAY_INDEX": str(index),
            "AWS_BATCH_JOB_ARRAY_SIZE": str(len(job.children)),
        }
    return variables


def _node(rank: int, count: int) -> dict[str, str]:
    """Return the variables of a node; each has an address of this machine's own."""
    addresses = {ADDRESS: f"127.0.{rank // 250}.{rank % 250 + 1}"}
    main_address = {"AWS_BATCH_JOB_MAIN_NODE_PRIVATE_IPV4_ADDRESS": "127.0.0.1"} if rank else {}
    return {
        NODE_INDEX: str(rank),
        "AWS_BATCH_JOB_NUM_NODES": str(count),
        "AWS_BATCH_JOB_MAIN_NODE_INDEX": "0",
        **addresses,
        **main_address,
    }


def _words(command: list[str], step: Step, parameters: Variables) -> tuple[str, ...]:
    """Return a command with the run's input and the step's parameters in their places."""
    values = {**step.parameters, **parameters}

    def word(text: str) -> str:
        if text == INPUT:
            return values[INPUT_PARAMETER]
        return values[text.removeprefix(_REFERENCE)] if text.startswith(_REFERENCE) else text

    return tuple(map(word, command))
