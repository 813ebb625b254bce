"""What a person is told about a failed run: the e-mail in full, the SMS in 140 characters. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass
from urllib.parse import quote

from sluice.again import again
from sluice.trigger import Occurrence

# https://docs.aws.amazon.com/sns/latest/dg/sms_publish-to-phone.html: 140 bytes a message, and two a character when one is not ASCII
SMS_CHARACTERS = 140
# https://docs.aws.amazon.com/sns/latest/api/API_Publish.html: ASCII, no line breaks, under 100 characters
SUBJECT_CHARACTERS = 99


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """The facts about one failed step of one run."""

    pipeline: str
    run_id: str
    step: str
    reason: str
    trigger: Occurrence
    children: int
    region: str
    results_bucket: str
    job_id: str | None = None
    log_group: str | None = None
    log_stream: str | None = None
    log_lines: tuple[str, ...] = ()

    @property
    def again(self) -> str:
        """Return how to run it again: a command, or when it runs by itself."""
        return again(self.pipeline, self.trigger)

    def subject(self) -> str:
        """Return the e-mail's subject line."""
        line = f"Sluice: {self.pipeline} failed at {self.step}"
        return _ascii(line)[:SUBJECT_CHARACTERS]

    def email(self) -> str:
        """Return the text of the e-mail."""
        parts = [
            f"The pipeline {self.pipeline} failed at the step {self.step}.",
            f"Why:      {self.reason}",
            "\n".join([f"Run:      {self.run_id}", f"Input:    {self.trigger.uri}", *self._job()]),
            *([self._log()] if self.log_lines else []),
            "\n".join(["Where to look:", *(f"  {link}" for link in self._links())]),
            f"When the cause is mended, run again what failed of it:\n  sluice retry {self.run_id}",
            f"Or all of it, with the input anew:\n  {self.again}",
        ]
        return "\n\n".join(parts) + "\n"

    def sms(self) -> str:
        """Return the text message: at most 140 characters, all ASCII, because one other character halves what a message holds."""
        start, end = f"Sluice: {self.pipeline}/{self.step} failed: ", f" ({self.run_id[-20:]})"
        reason, room = " ".join(_ascii(self.reason).split()), SMS_CHARACTERS - len(start) - len(end)
        return start + (reason if len(reason) <= room else reason[: room - 3] + "...") + end

    def message(self) -> str:
        """Return the message of an SNS Publish with ``MessageStructure="json"``."""
        return json.dumps({"default": self.email(), "email": self.email(), "sms": self.sms()})

    def _job(self) -> list[str]:
        size = f" (an array of {self.children} children)" if self.children > 1 else ""
        return [f"Job:      {self.job_id}{size}"] if self.job_id else ["Job:      none; it could not be submitted"]

    def _log(self) -> str:
        return "\n".join(["The last lines of its log:", *(f"  | {line}" for line in self.log_lines)])

    def _links(self) -> list[str]:
        console = f"https://{self.region}.console.aws.amazon.com"
        links = [f"results  s3://{self.results_bucket}/{self.pipeline}/{self.run_id}/"]
        if self.job_id:
            links.append(f"job      {console}/batch/home?region={self.region}#jobs/detail/{self.job_id}")
        if self.log_group and self.log_stream:
            stream = f"{_fragment(self.log_group)}/log-events/{_fragment(self.log_stream)}"
            links.append(f"logs     {console}/cloudwatch/home?region={self.region}#logsV2:log-groups/log-group/{stream}")
        return links


def _fragment(name: str) -> str:
    """Return a name as CloudWatch's console wants it in its fragment: percent-encoded twice, with $ for %."""
    return quote(quote(name, safe=""), safe="").replace("%", "$")


def _ascii(text: str) -> str:
    return "".join(letter if " " <= letter <= "~" else " " if letter.isspace() else "?" for letter in text)
