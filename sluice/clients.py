"""AWS clients, made when they are first needed: parsing a service's model is most of what a client costs.

botocore's session makes the same clients as ``boto3.client`` does, without importing boto3's resources (a quarter of a cold start).
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

# A repeated SubmitJob can run twice: it has no client token (https://github.com/aws/containers-roadmap/issues/2798). So this client
# never repeats a call by itself; who calls knows which answers are definite.
_ONCE = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=20)
_STANDARD = Config(retries={"mode": "standard", "total_max_attempts": 4}, connect_timeout=5, read_timeout=20)


@cache
def client(service: str) -> Any:
    """Return the client of a service, the same one each time."""
    return _session().create_client(service, config=_ONCE if service == "batch" else _STANDARD)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()
