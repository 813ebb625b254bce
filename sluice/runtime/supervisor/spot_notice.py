"""Watches for the notice, two minutes ahead, that EC2 takes back the spot machine of this job.

Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-instance-termination-notices.html
"""

from __future__ import annotations

import http.client
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

POLL_SECONDS = 3.0
"""A job that is shorter never asks. AWS recommends every five seconds."""
_ENDPOINT = "http://169.254.169.254"
_TIMEOUT_SECONDS = 2.0
_TOKEN_SECONDS = 21_600
_FAILURES = 3
_OK, _UNAUTHORIZED = 200, 401


@dataclass(slots=True)
class InstanceMetadata:
    """The metadata of the machine, with session tokens; asks without a proxy.

    Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html
    """

    endpoint: str
    _token: str = field(default="", init=False)

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> InstanceMetadata | None:
        """Return the metadata, by the variables of AWS's SDKs; None where they are disabled.

        Source: https://docs.aws.amazon.com/sdkref/latest/guide/feature-imds-credentials.html
        """
        if env.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
            return None
        return cls((env.get("AWS_EC2_METADATA_SERVICE_ENDPOINT") or _ENDPOINT).rstrip("/"))

    def get(self, name: str) -> str | None:
        """Return a piece of metadata, None for one that is not there. Raises OSError without an answer."""
        status, text = self._ask("GET", f"meta-data/{name}", {"X-aws-ec2-metadata-token": self._token})
        if status == _UNAUTHORIZED:
            ttl = {"X-aws-ec2-metadata-token-ttl-seconds": str(_TOKEN_SECONDS)}
            _, self._token = self._ask("PUT", "api/token", ttl)
            status, text = self._ask("GET", f"meta-data/{name}", {"X-aws-ec2-metadata-token": self._token})
        return text if status == _OK else None

    def _ask(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, str]:
        parts = urlsplit(self.endpoint)
        connection = http.client.HTTPConnection(parts.netloc, timeout=_TIMEOUT_SECONDS)
        try:
            connection.request(method, f"{parts.path}/latest/{path}", headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except http.client.HTTPException as error:
            raise OSError(str(error)) from error
        finally:
            connection.close()


def watch_for_notice(on_notice: Callable[[], None]) -> None:
    """Call ``on_notice``, from a thread, when this is a spot machine that EC2 takes back."""
    metadata = InstanceMetadata.from_env(os.environ)
    if metadata is not None:
        watch = (metadata, on_notice)
        threading.Thread(target=_watch, args=watch, name="spot-notice", daemon=True).start()


def _watch(metadata: InstanceMetadata, on_notice: Callable[[], None]) -> None:
    failures = 0
    is_spot = False
    while failures < _FAILURES:
        time.sleep(POLL_SECONDS)
        try:
            if not is_spot:
                is_spot = metadata.get("instance-life-cycle") == "spot"
                if not is_spot:
                    return
            if metadata.get("spot/instance-action") is not None:
                on_notice()
                return
            failures = 0
        except OSError:
            # No metadata here, as on Fargate; or none for the moment.
            failures += 1
