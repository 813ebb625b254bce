"""The alert of a failed run: the e-mail in full, the SMS in 140 characters. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sluice.alerts.alert_message import AlertMessage, text_message
from sluice.alerts.links import console, job_link, log_link
from sluice.run.reasons import missing_permission
from sluice.triggers.rerun import rerun_command, resume_command
from sluice.triggers.trigger_event import TriggerEvent

_BUCKET = re.compile(r"s3://[a-z0-9.-]+/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The facts about one failed step of one run.

    ``failed`` of its ``children`` failed; the log is that of ``child``, or of the node ``node``;
    ``child_reason`` is Batch's reason of that child.
    """

    pipeline: str
    run_id: str
    step: str
    reason: str
    trigger: TriggerEvent
    children: int
    region: str
    results_bucket: str
    failed: int | None = None
    child: int | None = None
    child_reason: str | None = None
    node: int | None = None
    job_id: str | None = None
    log_group: str | None = None
    log_stream: str | None = None
    log_lines: tuple[str, ...] = ()

    @property
    def rerun_command(self) -> str:
        """Return the command that starts the run again, or when it starts by itself."""
        return rerun_command(self.pipeline, self.trigger)

    @property
    def why(self) -> str:
        """Return the reason, after a missing permission that the reason or the log names."""
        missing = missing_permission(self.reason, *reversed(self.log_lines))
        return f"the permission {missing} is missing: {self._reason}" if missing else self._reason

    @property
    def _reason(self) -> str:
        if self.child is None or not self.child_reason:
            return self.reason
        return f"{self.reason}; child {self.child}: {self.child_reason}"

    def message(self) -> AlertMessage:
        """Return the message that is sent."""
        end = f" ({self.run_id[-20:]})"
        return AlertMessage(
            subject=f"Sluice: {self.pipeline} failed at {self.step}",
            email=self._email(),
            # The bucket's long name would leave no room for the reason.
            sms=text_message(f"Sluice: {self.pipeline}/{self.step} failed: ", _BUCKET.sub("", self.why), end),
        )

    def _email(self) -> str:
        parts = [
            f"The pipeline {self.pipeline} failed at the step {self.step}.",
            f"Why:      {self.why}",
            "\n".join([f"Run:      {self.run_id}", f"Input:    {self.trigger.uri}", *self._job()]),
            *([self._log()] if self.log_lines else []),
            "\n".join(["Where to look:", *(f"  {link}" for link in self._links())]),
            f"When the cause is fixed, resume this run:\n  {resume_command(self.run_id)}",
            f"Or start it again from the beginning:\n  {self.rerun_command}",
        ]
        return "\n\n".join(parts) + "\n"

    def _job(self) -> list[str]:
        if not self.job_id:
            return ["Job:      none; it could not be submitted"]
        failed = (
            f"{self.failed} of {self.children} children failed"
            if self.failed
            else f"an array of {self.children} children"
        )
        return [f"Job:      {self.job_id}" + (f" ({failed})" if self.children > 1 else "")]

    def _log(self) -> str:
        log = "its log" if self.child is None else f"the log of child {self.child}"
        log = log if self.node is None else f"the log of node {self.node}"
        return "\n".join([f"The last lines of {log}:", *(f"  | {line}" for line in self.log_lines)])

    def _links(self) -> list[str]:
        links = [f"results  s3://{self.results_bucket}/{self.pipeline}/{self.run_id}/"]
        if self.job_id:
            links.append(f"job      {job_link(self.region, self.job_id)}")
        if self.log_group and self.log_stream:
            links.append(f"logs     {log_link(self.region, self.log_group, self.log_stream)}")
        return [*links, f"console  {console(self.region)}/batch/home?region={self.region}#dashboard"]
