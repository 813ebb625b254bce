"""The alert of a failed run, or of the failed cleanup of one that succeeded: the e-mail in full, the SMS in
140 characters. Pure.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from sluice import keys
from sluice.alerts.alert_message import (
    INPUT_CHARACTERS,
    MAX_NAME,
    WHY_CHARACTERS,
    AlertMessage,
    cut,
    in_brief,
    names_in_text,
    text_message,
)
from sluice.alerts.links import console, job_link, log_link
from sluice.alerts.refusals import Refusal, refusal_in
from sluice.run.reasons import missing_permission
from sluice.triggers.rerun import rerun_command, resume_command
from sluice.triggers.trigger_event import TriggerEvent
from sluice.visible import visible

_BUCKET = re.compile(r"s3://[a-z0-9.-]+/")
LINE_CHARACTERS = 300
_TAB = "\t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The facts about one failed step of one run.

    ``failed`` of its ``children`` failed; the log is that of ``child``, or of the node ``node``;
    ``child_reason`` is Batch's reason of that child. ``is_cleanup`` says that the run itself succeeded, and
    ``followed`` that runs of other pipelines start after it.
    """

    pipeline: str
    run_id: str
    step: str
    reason: str
    trigger: TriggerEvent
    children: int
    region: str
    results_bucket: str
    results: str = ""
    """Where its pipeline publishes, if not in the results bucket."""
    failed: int | None = None
    child: int | None = None
    child_reason: str | None = None
    node: int | None = None
    job_id: str | None = None
    log_group: str | None = None
    log_stream: str | None = None
    log_lines: tuple[str, ...] = ()
    is_cleanup: bool = False
    followed: bool = False

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

    @property
    def _refusal(self) -> Refusal | None:
        return refusal_in(self.reason, self.child_reason or "", *reversed(self.log_lines))

    def _permission(self) -> str:
        if self.is_cleanup:
            return (
                "Its role is the deploy's, which allows it what the pipeline's results= says: deploy, or let"
                " the bucket's policy or key allow it, as docs/results.md says."
            )
        line = self._refusal.line if self._refusal else ""
        file = f"pipelines/{self.pipeline.replace('-', '_')}.py"
        return f"To allow it, add this to the step {self.step} in {file}, and deploy:\n  {visible(line)}"

    def message(self) -> AlertMessage:
        """Return the message that is sent."""
        end = f" ({self.run_id[-20:]})"
        where = self.pipeline[:MAX_NAME] if self.is_cleanup else names_in_text(self.pipeline, self.step)
        failed = "succeeded, cleanup failed" if self.is_cleanup else "failed"
        return AlertMessage(
            subject=f"Sluice: {self.pipeline} "
            + ("succeeded, but its cleanup failed" if self.is_cleanup else f"failed at {self.step}"),
            email=self._email(),
            # The bucket's long name would leave no room for the reason.
            sms=text_message(f"Sluice: {where} {failed}: ", _BUCKET.sub("", self.why), end),
            brief=in_brief(
                self._what(),
                [f"Run:      {self.run_id}"],
                visible(self.why),
                f"The e-mail says more, and so does `sluice show {self.run_id}`.",
            ),
        )

    def _what(self) -> str:
        if self.is_cleanup:
            after = " The pipelines that start after it (AfterRun) wait for that." if self.followed else ""
            return (
                f"A run of the pipeline {self.pipeline} succeeded and published its results, but its cleanup"
                f" failed: the receipt, {keys.RECEIPT}, and the report may be missing beside them.{after}"
            )
        return f"The pipeline {self.pipeline} failed at the step {self.step}."

    def _email(self) -> str:
        parts = [
            self._what(),
            f"Why:      {cut(visible(self.why), WHY_CHARACTERS, f'`sluice show {self.run_id}` has it all')}",
            "\n".join([f"Run:      {self.run_id}", f"Input:    {self._input()}", *self._job()]),
            *([self._permission()] if self._refusal else []),
            *([self._log()] if self.log_lines else []),
            "\n".join(["Where to look:", *(f"  {link}" for link in self._links())]),
            self._ways_on(),
        ]
        return "\n\n".join(parts) + "\n"

    def _ways_on(self) -> str:
        """Return which command mends what."""
        if self.is_cleanup:
            return (
                "What mends it: remove the cause, then have the cleanup run again; no step is repeated:\n"
                f"    {resume_command(self.run_id)}"
            )
        ways = (
            ("A machine was lost, or a service was away: go on where it failed", resume_command(self.run_id)),
            (
                "A bug: mend and deploy it, then go on with the new code; what is done stays done",
                resume_command(self.run_id, with_current_code=True),
            ),
            (
                "A bad input: send a corrected one, a new run. The same once more, from its beginning",
                rerun_command(self.run_id),
            ),
        )
        return "\n".join(["What mends it:", *(f"  {what}:\n    {command}" for what, command in ways)])

    def _input(self) -> str:
        return cut(visible(self.trigger.uri), INPUT_CHARACTERS, f"`sluice show {self.run_id}` has it all")

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
        number = self.child if self.node is None else self.node
        command = f"sluice logs {self.run_id} {self.step}" + ("" if number is None else f" {number}")
        shown = (line[:LINE_CHARACTERS] + "…" * (len(line) > LINE_CHARACTERS) for line in self.log_lines)
        lines = (f"  | {visible(line, keep=_TAB)}" for line in shown)
        return "\n".join([f"The last lines of {log}:", *lines, f"All of it: {command}"])

    def _links(self) -> list[str]:
        results = self.results or f"s3://{self.results_bucket}/{self.pipeline}/{self.run_id}/"
        links = [f"results  {results}"]
        if self.job_id:
            links.append(f"job      {job_link(self.region, self.job_id)}")
        if self.log_group and self.log_stream:
            links.append(f"logs     {log_link(self.region, self.log_group, self.log_stream)}")
        return [*links, f"console  {console(self.region)}/batch/home?region={self.region}#dashboard"]
