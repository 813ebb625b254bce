"""Finds what a run of a chain starts with: the run that has ended, and those that it is joined with.

The message is about the end of a run's cleanup, AWS Batch's own event: then the receipt is there. A run's end
is recorded before its cleanup runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from lambdas.consuming import logger
from sluice.aws.retrying import Backoff
from sluice.errors import MalformedMessageError, UnsettledError
from sluice.ledger.chains import ChainLedger, chain_partition
from sluice.ledger.ledger import Ledger
from sluice.messages import Triggered
from sluice.receipts.location import location_of_run
from sluice.run.job_names import JobName
from sluice.run.state import Run, RunState
from sluice.triggers.partition import partition_of
from sluice.triggers.upstream_runs import UpstreamRun, UpstreamRuns

AFTER = "after"
_ATTEMPTS, _BASE_SECONDS, _CAP_SECONDS = 6, 0.1, 1.6
"""A run's cleanup may end before the run's own end is recorded: some seconds at most."""


def is_chained(message: Triggered) -> bool:
    """Return whether a message is about the end of a run of another pipeline."""
    return message.trigger.partition(":")[0] == AFTER


@dataclass(frozen=True, slots=True)
class _Rule:
    """What the rule that sent the message says of its trigger."""

    joins: bool
    pipelines: tuple[str, ...]
    by: tuple[str, ...]
    run: str

    @classmethod
    def of(cls, message: Triggered) -> _Rule:
        try:
            after, name = message.detail[AFTER], JobName.parse(message.detail["event"]["jobName"])
            names, by = tuple(after["pipelines"]), tuple(after["by"])
            return cls(bool(after["joins"]), names, by, name.run_id if name else "")
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise MalformedMessageError(
                f"Expected the end of a run, and what waits for it, found {str(message.detail)[:200]}."
            ) from error


def upstream_runs(
    message: Triggered, ledger: Ledger, chains: ChainLedger, sleep: Callable[[float], None] = time.sleep
) -> UpstreamRuns | None:
    """Return what the run starts with; None while it is to wait for others, and for a run that has failed.

    The ledger decides, not the event. Raises UnsettledError for a run whose end is not recorded yet, and
    MalformedMessageError for one without the names that the join is by.
    """
    rule = _Rule.of(message)
    run = _ended(rule, ledger, sleep)
    if run is None:
        return None
    key = partition_of(run.trigger)
    if missing := [name for name in rule.by if name not in key]:
        raise MalformedMessageError(
            f"Expected {', '.join(missing)} in the partition key of {run.run_id}, by which {message.pipeline}"
            f" joins runs, found {key or 'none'}. Start it with an input that has them."
        )
    if not rule.joins:
        return UpstreamRuns(runs=(_upstream(run),), partition={name: key[name] for name in rule.by or key})
    return _joined(message, rule, run, {name: key[name] for name in rule.by}, chains)


def _ended(rule: _Rule, ledger: Ledger, sleep: Callable[[float], None]) -> Run | None:
    backoff = Backoff(attempts=_ATTEMPTS, base=_BASE_SECONDS, cap=_CAP_SECONDS, sleep=sleep)
    while True:
        run = ledger.load(rule.run)
        if run is None:
            raise MalformedMessageError(f"Expected a run of the ledger, found {rule.run!r}.")
        if run.pipeline.name not in rule.pipelines or run.state in (RunState.FAILED, RunState.CANCELLED):
            logger.info("Nothing comes after this run.", run=rule.run, state=run.state)
            return None
        if run.state is RunState.SUCCEEDED:
            return run
        if not backoff.try_again():
            raise UnsettledError(f"The end of {rule.run} is not recorded yet, to be looked at again.")


def _joined(
    message: Triggered, rule: _Rule, run: Run, key: dict[str, str], chains: ChainLedger
) -> UpstreamRuns | None:
    """Return the newest results of all with this key, once there are some of each."""
    partition = chain_partition(message.pipeline, message.trigger, key)
    if not chains.record(partition, _upstream(run), run.ended_at or run.created_at):
        logger.info("Newer results of this pipeline have this key.", run=run.run_id, key=key)
        return None
    newest = chains.newest(partition)
    if missing := [name for name in rule.pipelines if name not in newest]:
        logger.info(
            "The results of others with this key are missing.", run=run.run_id, key=key, missing=missing
        )
        return None
    return UpstreamRuns(runs=tuple(newest[name] for name in rule.pipelines), partition=key)


def _upstream(run: Run) -> UpstreamRun:
    location = location_of_run(run, "")
    return UpstreamRun(
        pipeline=run.pipeline.name,
        run=run.run_id,
        version=run.reopened,
        bucket=location.bucket,
        prefix=location.prefix,
    )
