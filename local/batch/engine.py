"""The engine as a whole: scheduler, API and runtime, wired."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any
from uuid import uuid4

from local.batch.api.account import Account
from local.batch.api.batch_api import BatchApi
from local.batch.api.container_metadata import task_metadata
from local.batch.api.errors import client_error
from local.batch.api.limits import Limits
from local.batch.api.operations import environments, jobs
from local.batch.faults import NO_FAULTS, Faults
from local.batch.ports import (
    Clock,
    Credentials,
    EventSink,
    Executor,
    Images,
    LogSink,
    Secrets,
    no_credentials,
    no_events,
    no_logs,
    no_secrets,
    this_machine,
    wall_clock,
)
from local.batch.runtime.processes import ProcessExecutor
from local.batch.runtime.runner import Runner
from scheduler.capacity.hosts import Host
from scheduler.capacity.instances import sizes_of
from scheduler.scheduler import Scheduler


class Engine:
    """AWS Batch on this machine: `engine.api.call(operation, params)`; `close()` ends all that it started.

    `max_concurrency` is the machine's limit (twice its processors unless given), whatever the compute
    environments' `maxvCpus` say. `environment` holds variables for every job's process, such as
    AWS_ENDPOINT_URL.
    """

    def __init__(
        self,
        *,
        region: str = "us-east-1",
        account: str = "000000000000",
        limits: Limits | None = None,
        events: EventSink = no_events,
        logs: LogSink = no_logs,
        credentials: Credentials = no_credentials,
        images: Images = this_machine,
        secrets: Secrets = no_secrets,
        environment: Mapping[str, str] | None = None,
        max_concurrency: int | None = None,
        clock: Clock = wall_clock,
        executor: Executor | None = None,
        faults: Faults = NO_FAULTS,
    ) -> None:
        slots = max_concurrency or (os.cpu_count() or 1) * 2
        limits = limits or Limits()
        self.scheduler = Scheduler(slots=slots, watching=events is not no_events, kept_ms=limits.kept_ms)
        self.account = Account(self.scheduler, region=region, id=account, limits=limits, clock=clock)
        self.api = BatchApi(self.account)
        self._runner = Runner(
            self.account,
            executor or ProcessExecutor(logs, clock=clock),
            events=events,
            images=images,
            credentials=credentials,
            secrets=secrets,
            environment=environment or {},
        )
        self.set_faults(faults)
        self._runner.start()

    def set_faults(self, faults: Faults) -> None:
        """From now on inject these faults, and no others.

        LookupError when it names a compute environment that is not there.
        """
        with self.account.lock:
            environments.invalidate(self.account, faults.invalid or {})
            self.faults = faults
            self.api.inject(faults)
            self._runner.inject(faults)
        self.account.changed()

    def interrupt(self, job_id: str, notice_seconds: float | None = None) -> None:
        """Take away the host on which a job (or child, or node) runs, with everything else that runs there.

        A spot instance has its notice so many seconds before, by default those of the faults.
        """
        with self.account.lock:
            found = jobs.find(self.account, job_id)
            job, index = found if found is not None else (None, None)
            host = job.hosts.get(job.spec.main_node if index is None else index) if job is not None else None
            if host is None:
                raise LookupError(
                    f"{job_id} runs on no host: expected the id of a job that is STARTING or RUNNING."
                )
            seconds = self.faults.notice_seconds if notice_seconds is None else notice_seconds
            self._runner.interrupt(host, seconds)
        self.account.changed()

    def lose_host(self, host_id: str) -> None:
        """Let an instance vanish without a notice; LookupError where there is none of that id."""
        with self.account.lock:
            host = self.instance(host_id)
            if host is None:
                raise LookupError(f"No instance {host_id} is known: expected the id of one that runs.")
            self.scheduler.host_lost(host, self.account.clock())
        self.account.changed()

    def instance(self, host_id: str) -> Host | None:
        """Return an instance that runs, None where there is none of that id."""
        with self.account.lock:
            environments = self.scheduler.environments.values()
            return next((one.hosts[host_id] for one in environments if host_id in one.hosts), None)

    def task(self, task_id: str) -> dict[str, Any] | None:
        """Return what the ECS agent says of a task that is in flight, None where there is none of that id."""
        with self.account.lock:
            return task_metadata(self.account, task_id)

    def set_capacity(self, environment: str, *, available: bool) -> None:
        """Let EC2 run out of instances for a compute environment, or have them again."""
        with self.account.lock:
            arn = self.account.environment(environment)["computeEnvironmentArn"]
            self.scheduler.set_capacity(arn, available, self.account.clock())
        self.account.changed()

    def register_instance(self, environment: str, instance_type: str) -> str:
        """Let an instance of the user's own join an unmanaged environment's cluster; its id."""
        with self.account.lock:
            found = self.account.environment(environment)
            if found["type"] != "UNMANAGED":
                raise client_error(f"{environment} is MANAGED: Batch itself launches its instances.")
            arn = found["computeEnvironmentArn"]
            owner = self.scheduler.environments[arn]
            host = Host(f"i-{uuid4().hex[:17]}", owner, sizes_of((instance_type,))[0], self.account.clock())
            self.scheduler.add_host(arn, host, self.account.clock())
        self.account.changed()
        return host.id

    def close(self) -> None:
        """End every process that was started, by its id, and all threads."""
        self._runner.close()

    def __enter__(self) -> Engine:
        """Use the engine in a with statement."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self.close()
