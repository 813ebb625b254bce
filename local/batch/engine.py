"""The engine as a whole: scheduler, API and runtime, wired."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType

from local.batch.account import Account
from local.batch.api import BatchApi
from local.batch.limits import Limits
from local.batch.ports import (
    Clock,
    Credentials,
    EventSink,
    Executor,
    Images,
    LogSink,
    no_credentials,
    no_events,
    no_logs,
    this_machine,
    wall_clock,
)
from local.batch.processes import ProcessExecutor
from local.batch.runner import Runner
from local.batch.scheduler import Scheduler


class Engine:
    """AWS Batch on this machine: `engine.api.call(operation, params)`; `close()` ends all that it started.

    `jobs_at_once` is the machine's limit (twice its processors unless given), whatever the compute environments'
    `maxvCpus` say. `environment` holds variables for every job's process, such as AWS_ENDPOINT_URL.
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
        environment: Mapping[str, str] | None = None,
        jobs_at_once: int | None = None,
        clock: Clock = wall_clock,
        executor: Executor | None = None,
    ) -> None:
        slots = jobs_at_once or (os.cpu_count() or 1) * 2
        self.scheduler = Scheduler(slots=slots)
        self.account = Account(self.scheduler, region=region, id=account, limits=limits or Limits(), clock=clock)
        self.api = BatchApi(self.account)
        self._runner = Runner(
            self.account,
            executor or ProcessExecutor(logs, clock=clock),
            events=events,
            images=images,
            credentials=credentials,
            environment=environment or {},
        )
        self._runner.start()

    def close(self) -> None:
        """End every process that was started, by its id, and all threads."""
        self._runner.close()

    def __enter__(self) -> Engine:
        """Use the engine in a with statement."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close it."""
        self.close()
