"""SubmitJob."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from local.batch.api.account import Account
from local.batch.api.errors import client_error, throttled
from local.batch.api.operations import definitions
from local.batch.api.submission import resolve
from local.batch.api.validation.submissions import check_fit, check_submission


def submit(account: Account, params: dict[str, Any]) -> dict[str, Any]:
    """SubmitJob: https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html."""
    now = account.clock()
    if account.submits is not None and not account.submits.admits(now):
        raise throttled()
    check_submission(account, params)
    queue = account.queue(params["jobQueue"])
    if queue["state"] != "ENABLED":
        raise client_error(
            f"Job queue {queue['jobQueueName']} is DISABLED: jobQueue must name one that is ENABLED."
        )
    definition = definitions.active(account, params["jobDefinition"])
    check_fit(account, queue, definition, params)
    job_id = account.new_id()
    spec = resolve(definition, queue, params)
    resources = tuple(
        (account.consumable(each)["consumableResourceName"], held) for each, held in spec.resources
    )
    account.scheduler.submit(job_id, replace(spec, resources=resources), now)
    return {"jobArn": account.arn("job", job_id), "jobName": params["jobName"], "jobId": job_id}
