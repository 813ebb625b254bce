"""What a person should look at: runs that failed or are stuck, and the alerts that were sent of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from botocore.exceptions import ClientError

from console import contract
from console.answers import is_denied
from console.live.runs import actions_of
from console.live.shown import line_of_snapshot, line_of_summary, shown
from sluice.aws.table import ItemReader, read_items
from sluice.ledger import records
from sluice.ledger.sent_alerts import SentAlert, SentAlerts
from sluice.operate.listing.summaries import RunSummary
from sluice.operate.watching.alarms import AlarmReader, RaisedAlarm, read_alarms
from sluice.operate.watching.queues import QueueState
from sluice.operate.watching.snapshot import Snapshot
from sluice.operate.watching.waiting import is_stuck
from sluice.run.reasons import missing_permission
from sluice.visible import visible

MAX_ALERTS = 100
_READ_ALARMS = "cloudwatch:DescribeAlarms"


def failed_runs(dynamodb: ItemReader, table: str, runs: Sequence[RunSummary]) -> list[contract.Attention]:
    """Return that runs failed, with the reasons of the steps at which they did: one read for all."""
    keys = [records.step_key(run.run_id, run.failed_step) for run in runs if run.failed_step]
    names = records.names("reason")
    found = read_items(
        dynamodb, table, keys, ProjectionExpression="pk, #reason", ExpressionAttributeNames=names
    )
    reasons = {item["pk"]["S"]: item.get("reason", {}).get("S") for item in found}
    return [_failed(run, reasons.get(records.pk(run.run_id))) for run in runs]


def _failed(run: RunSummary, reason: str | None) -> contract.Attention:
    line = replace(line_of_summary(run), reason=shown(reason))
    text = line.reason or f"{line.failed_step or 'it'} failed"
    since = line.ended_at or line.created_at
    return contract.Attention(run=line, kind="failed", since=since, text=text, actions=actions_of(line.state))


def of_stuck(snapshot: Snapshot, queues: Mapping[str, QueueState]) -> list[contract.Attention]:
    """Return that a run is stuck, if it is; ``queues`` are the job queues by their ARNs."""
    found = is_stuck(snapshot, queues)
    if found is None:
        return []
    line = line_of_snapshot(snapshot)
    since = found.since or line.created_at
    text = visible(found.text)
    return [
        contract.Attention(run=line, kind="stuck", since=since, text=text, actions=actions_of(line.state))
    ]


def alerts_of(sent: SentAlerts, pipeline: str | None, alarms: contract.Alarms | None) -> contract.Alerts:
    """Return the newest alerts that were sent, of a pipeline or of all, beside what is raised."""
    found = [_alert(one) for one in sent.newest(MAX_ALERTS, pipeline)]
    return contract.Alerts(tuple(found), more=len(found) == MAX_ALERTS, alarms=alarms)


def alarms_of(cloudwatch: AlarmReader, prefix: str) -> contract.Alarms:
    """Return the raised alarms of Sluice itself, or the permission that is missing for that."""
    try:
        found = read_alarms(cloudwatch, prefix)
    except ClientError as error:
        if not is_denied(error):
            raise
        return contract.Alarms(missing=missing_permission(str(error)) or _READ_ALARMS)
    return contract.Alarms(alarms=tuple(map(_alarm, found.alarms)), more=found.more)


def _alarm(one: RaisedAlarm) -> contract.Alarm:
    name, reason, text = map(visible, (one.name, one.reason, one.description))
    return contract.Alarm(name=name, since=one.since, reason=reason, text=text)


def _alert(one: SentAlert) -> contract.Alert:
    return contract.Alert(
        run_id=one.run,
        pipeline=one.pipeline,
        kind=one.kind,
        at=one.at,
        text=visible(one.subject.removeprefix("Sluice: ")),
        detail=visible(one.text, keep="\n\t"),
    )
