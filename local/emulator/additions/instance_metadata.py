"""Lacking: the metadata of an EC2 instance, with session tokens (IMDSv2), and the notice of a spot instance.

https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_urlsafe

PAGE = "instances/"
SESSION_HEADER = "x-aws-ec2-metadata-token"
TTL_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
MAX_TOKEN_SECONDS = 21_600
_TOKEN_PATH, _DATA_PATH = "latest/api/token", "latest/meta-data/"


@dataclass(frozen=True, slots=True)
class Instance:
    """What is known of an instance; ``leaves_at`` is when EC2 takes it back, in milliseconds since 1970."""

    id: str
    type: str
    is_spot: bool
    leaves_at: int | None = None


class InstanceMetadata:
    """Answers ``<instance id>/latest/…``; ``find`` returns an instance that runs."""

    def __init__(
        self, find: Callable[[str], Instance | None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._find, self._clock = find, clock
        self._tokens: dict[str, tuple[str, float]] = {}

    def answer(self, method: str, page: str, headers: Mapping[str, str]) -> tuple[int, str]:
        """Return the status and the text of a page; the names of ``headers`` are in small letters.

        401 without a valid token, 404 for what is not there: without a notice there is no
        ``spot/instance-action``.
        """
        instance_id, _, path = page.partition("/")
        instance = self._find(instance_id)
        if instance is None:
            return 404, ""
        if (method, path) == ("PUT", _TOKEN_PATH):
            return self._new_token(instance_id, headers.get(TTL_HEADER, ""))
        if method != "GET":
            return 405, ""
        if not self._is_valid(instance_id, headers.get(SESSION_HEADER, "")):
            return 401, ""
        found = _data(instance).get(path.removeprefix(_DATA_PATH)) if path.startswith(_DATA_PATH) else None
        return (404, "") if found is None else (200, found)

    def _new_token(self, instance_id: str, seconds: str) -> tuple[int, str]:
        if not seconds.isdecimal() or not 1 <= int(seconds) <= MAX_TOKEN_SECONDS:
            return 400, ""
        now, token = self._clock(), token_urlsafe()
        self._tokens = {known: one for known, one in self._tokens.items() if one[1] > now}
        self._tokens[token] = instance_id, now + int(seconds)
        return 200, token

    def _is_valid(self, instance_id: str, token: str) -> bool:
        owner, until = self._tokens.get(token, ("", 0.0))
        return owner == instance_id and until > self._clock()


def _data(instance: Instance) -> dict[str, str]:
    """Return the pages that we have.

    https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-metadata.html
    """
    found = {
        "instance-id": instance.id,
        "instance-type": instance.type,
        "instance-life-cycle": "spot" if instance.is_spot else "on-demand",
    }
    if instance.leaves_at is not None:
        leaves = datetime.fromtimestamp(instance.leaves_at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        found["spot/instance-action"] = json.dumps({"action": "terminate", "time": leaves})
        found["spot/termination-time"] = leaves
    return found
