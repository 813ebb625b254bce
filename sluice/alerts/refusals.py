"""What AWS refused a job, and the line of the pipeline's file that would allow it. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

# "User: … is not authorized to perform: s3:GetObject on resource: "arn:…" because …":
# https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
# An ARN begins a word: else a line full of them would be read from each anew, in the square of its length.
_REFUSAL = re.compile(
    r"(?:(?<!\S)(?P<user>arn:\S+))? ?is not authorized to perform:? \[?(?P<action>[a-z0-9-]+:[A-Za-z]+)\]?"
    r"(?: on resource:? \[?\"?(?P<resource>arn:[^\s\"\]]+)(?=[\s\"\]]|$))?(?P<why>[^\n]{0,200})"
)
_OBJECT = re.compile(r"arn:[^:]+:s3:::(?P<bucket>[^/]+)(?:/(?P<key>.+))?")
# S3 names neither action nor resource where the bucket is another account's; botocore names the operation.
_DENIED_CALL = re.compile(r"\(AccessDenied\) when calling the (?P<call>\w+) operation")
_CALLS = {
    "GetObject": "s3:GetObject",
    "HeadObject": "s3:GetObject",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjects": "s3:ListBucket",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
}
# Wildcards, variables of policies, and what would end the text:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_resource.html
_WIDER = re.compile(r"[*?$\"\\]")
_READS = ("s3:GetObject", "s3:GetObjectVersion", "s3:HeadObject")
_WRITES = ("s3:PutObject", "s3:AbortMultipartUpload")
_EXPLICIT = "explicit deny"
_EXECUTION_ROLE = "ExecutionRole"
"""Pulls images and reads secrets before a job begins: what it may do follows from the step's other fields."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A call that a job may not make; without ``resource`` where AWS did not name it."""

    action: str
    resource: str | None

    @property
    def line(self) -> str:
        """Return what a pipeline's file says to allow it."""
        return f"permissions=[{self._permission()}]"

    def _permission(self) -> str:
        if self.action in (*_READS, *_WRITES, "s3:ListBucket"):
            return f'{"write" if self.action in _WRITES else "read"}("s3://{self._objects()}")'
        resource = None if _WIDER.search(self.resource or "") else self.resource
        return f'Allow("{self.action}", "{resource or "arn:… of what it uses"}")'

    def _objects(self) -> str:
        """Return the bucket and the prefix that it is about, as far as they are known."""
        found = _OBJECT.fullmatch(self.resource or "")
        bucket, key = (found["bucket"], found["key"]) if found else ("BUCKET", None)
        # A file may be named by anybody: whoever copies the line is to allow no more than that file's folder.
        if not key or _WIDER.search(key):
            return f"{bucket}/PREFIX/*"
        folder, slash, _ = key.rpartition("/")
        return f"{bucket}/{folder}/*" if slash else f"{bucket}/{key}"


def refusal_in(*texts: str) -> Refusal | None:
    """Return the first refusal in these texts that a permission of the pipeline's file would lift."""
    explained = [found for text in texts for found in _REFUSAL.finditer(text)]
    refusals = map(_explained, explained) if explained else map(_unexplained, texts)
    return next(filter(None, refusals), None)


def _explained(found: re.Match[str]) -> Refusal | None:
    return Refusal(found["action"], found["resource"]) if _is_lifted(found) else None


def _unexplained(text: str) -> Refusal | None:
    """Return the refusal of a text that has no more than the call."""
    actions = (_CALLS.get(found["call"]) for found in _DENIED_CALL.finditer(text))
    return next((Refusal(action, None) for action in actions if action), None)


def _is_lifted(found: re.Match[str]) -> bool:
    """Return whether a permission of the job's role lifts a refusal."""
    return _EXPLICIT not in found["why"] and _EXECUTION_ROLE not in (found["user"] or "")
