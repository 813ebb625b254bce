"""Opens an OpsItem of AWS Systems Manager for a run whose pipeline wants a ticket.

The record in the ledger makes it one for each run. The deduplication string does so while the OpsItem is
open, should the Lambda die before it completes the record.
https://docs.aws.amazon.com/systems-manager/latest/userguide/OpsCenter-working-deduplication.html
"""

from __future__ import annotations

import json

from botocore.exceptions import ClientError

from lambdas.consuming import count, logger
from sluice.alerts.alert_message import AlertMessage
from sluice.aws.clients import client
from sluice.run.state import Run

_SEVERITY = "2"


def open_ticket(run: Run, alert: AlertMessage, stack_prefix: str) -> None:
    """Open the run's OpsItem, unless it is open already; a run of another Sluice may have the same id."""
    try:
        opened = client("ssm").create_ops_item(
            Title=alert.title(),
            Description=alert.description(),
            Source="Sluice",
            Severity=_SEVERITY,
            OperationalData={
                "/aws/dedup": {
                    "Type": "SearchableString",
                    "Value": json.dumps({"dedupString": f"{stack_prefix}-{run.run_id}"}),
                },
                "run": {"Type": "SearchableString", "Value": run.run_id},
                "pipeline": {"Type": "SearchableString", "Value": run.pipeline.name},
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "OpsItemAlreadyExistsException":
            raise
        logger.info("The OpsItem of this run is open already.", run=run.run_id)
        return
    count("TicketsOpened")
    logger.info("An OpsItem was opened.", run=run.run_id, ops_item=opened.get("OpsItemId"))
