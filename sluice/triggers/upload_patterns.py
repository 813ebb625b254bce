"""The keys that an upload trigger takes, as the trigger's name has them: ``s3-group:prefix*suffix``, and
``s3://bucket/prefix*suffix`` for a bucket that is not the inbox.

Behind the suffix may stand what a backfill adds: ``~<token>`` in a repetition, whose runs and records are
others than the events', and ``@<name>`` where groups are its own while their files are the events'. In a
prefix or a suffix these characters, and all but the usual ones, are percent-encoded.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

BUCKET_MARK = "//"
"""Begins the name of a bucket; no prefix begins with a slash."""
SUFFIX_MARK = "|"
"""Stands between the suffixes of a trigger that takes several."""
AGAIN_MARK, OWN_GROUPS_MARK = "~", "@"
_AS_IT_IS = "!_.'()/&=;:+, -"
"""Beside letters and digits. What else a key has may mean something here or in EventBridge's input templates:
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html.
"""


def group_name(prefix: str, suffix: str, bucket: str | None = None) -> str:
    """Return the name of an upload trigger that gathers files; without a bucket they are the inbox's, and the
    suffix is as it stands in the name.
    """
    return f"s3-group:{pattern_of(prefix, suffix, bucket)}"


def pattern_of(prefix: str, suffix: str, bucket: str | None) -> str:
    """Return the keys that a trigger takes, as its name has them; the suffix is as it stands there."""
    return f"{BUCKET_MARK + bucket + '/' if bucket else ''}{_encoded(prefix)}*{suffix}"


def suffixes_name(suffixes: Sequence[str]) -> str:
    """Return suffixes as they stand in the name of their trigger."""
    return SUFFIX_MARK.join(_encoded(suffix) for suffix in suffixes)


def readable(suffix: str) -> str:
    """Return a suffix, as it stands in the name of its trigger, as people write it."""
    return unquote(suffix)


def keys_below(prefix: str) -> str:
    """Return the pattern of the keys that begin with a prefix, for a resource or a condition of a policy.

    What means something to IAM is written so that it is the character itself:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html (special characters).
    """
    return re.sub(r"[*?$]", lambda found: f"${{{found[0]}}}", prefix) + "*"


def _encoded(text: str) -> str:
    return quote(text, safe=_AS_IT_IS).replace("~", "%7E")  # which quote takes for harmless


def prefix_and_suffix(trigger: str) -> tuple[str, str]:
    """Return the prefix and the suffix of the keys that a trigger of this name takes; several suffixes stand
    as they do in the name.
    """
    pattern = without_own_groups(trigger).partition(AGAIN_MARK)[0].partition(":")[2]
    if pattern.startswith(BUCKET_MARK):
        pattern = pattern.removeprefix(BUCKET_MARK).partition("/")[2]
    prefix, _, suffix = pattern.partition("*")
    return unquote(prefix), suffix


def without_own_groups(trigger: str) -> str:
    """Return the name of the trigger whose records say that a file is in a group."""
    return trigger.partition(OWN_GROUPS_MARK)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenKeys:
    """The keys of the inbox that a trigger of a pipeline takes."""

    pipeline: str
    prefix: str
    suffixes: tuple[str, ...] = ("",)

    def takes(self, key: str) -> bool:
        """Return whether an object of this key starts the pipeline."""
        return key.startswith(self.prefix) and key.endswith(self.suffixes)

    @property
    def text(self) -> str:
        """Return the keys as people write them, with the pipeline."""
        return f"{' and '.join(f'{self.prefix}*{suffix}' for suffix in self.suffixes)} ({self.pipeline})"
