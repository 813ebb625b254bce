"""AWS clients, made when they are first needed: importing botocore and parsing a service's model is most of a
cold start.

In a Lambda the calls that every run needs go through ``sluice.aws.light_client``; everything else, and
everywhere else, through botocore's session, which makes the same clients as ``boto3.client`` does without
boto3's resources.
"""

from __future__ import annotations

import os
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sluice.aws.light_client import SERVICES, LightClient
from sluice.aws.signing import Credentials

if TYPE_CHECKING:
    import botocore.session

# A Lambda with credentials of its own has these; under SnapStart, for instance, they come from elsewhere.
_LAMBDA = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION")
# Settings of the SDKs that the light client does not support.
_SPECIAL = ("AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT", "HTTPS_PROXY", "https_proxy")
_SUFFIXES = {"cn": "amazonaws.com.cn"}
_ODD_REGIONS = ("us-iso", "eu-isoe", "eusc-")
"""Regions of partitions with domains of their own."""


@cache
def client(service: str) -> Any:
    """Return the client for the calls that every run needs, the same one each time;
    ``sluice.aws.light_client`` lists them.
    """
    return light_client(service) if service in SERVICES and light_clients_suffice() else full_client(service)


@cache
def full_client(service: str) -> Any:
    """Return botocore's client of a service, with every call."""
    from botocore.config import Config

    # A repeated SubmitJob can run twice: it has no client token
    # (https://github.com/aws/containers-roadmap/issues/2798). So this client never repeats a call by itself;
    # the caller knows which answers are definite.
    retries: Any = (
        {"total_max_attempts": 1} if service == "batch" else {"mode": "standard", "total_max_attempts": 4}
    )
    return _session().create_client(
        service, config=Config(retries=retries, connect_timeout=5, read_timeout=20)
    )


def light_clients_suffice() -> bool:
    """Return whether this is a Lambda whose environment has all that the light client needs, and nothing that
    it does not support.
    """
    known = all(os.environ.get(name) for name in _LAMBDA) and not any(
        os.environ.get(name) for name in _SPECIAL
    )
    return known and not os.environ["AWS_REGION"].startswith(_ODD_REGIONS)


def light_client(service: str) -> LightClient:
    """Return a light client made from the environment that Lambda gives to a function."""
    region = os.environ["AWS_REGION"]
    suffix = _SUFFIXES.get(region.split("-")[0], "amazonaws.com")
    endpoint = os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}") or os.environ.get("AWS_ENDPOINT_URL")
    credentials = Credentials(
        access_key=os.environ["AWS_ACCESS_KEY_ID"],
        secret_key=os.environ["AWS_SECRET_ACCESS_KEY"],
        token=os.environ.get("AWS_SESSION_TOKEN", ""),
    )
    return LightClient(
        service=service,
        region=region,
        endpoint=(endpoint or f"https://{service}.{region}.{suffix}").rstrip("/"),
        credentials=credentials,
    )


@cache
def _session() -> botocore.session.Session:
    import botocore.session

    session = botocore.session.get_session()
    read_times_quickly(session)
    return session


def read_times_quickly(session: botocore.session.Session) -> None:
    """Let the clients of a session read times by what Python has: dateutil, which knows any form, takes two
    thirds of what a page of a listing takes. The parsers' factory is where botocore has that for its users:
    https://github.com/boto/botocore/blob/develop/botocore/parsers.py
    """
    session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_time)


def _time(value: Any) -> datetime:
    """Return a time of an answer: most services write 2026-01-31T12:00:00.000Z; others are left to
    botocore.
    """
    if isinstance(value, str) and value.endswith("Z") and "T" in value:
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            pass
    from botocore.utils import parse_timestamp

    found: datetime = parse_timestamp(value)
    return found


def set_credentials(access_key: str, secret_key: str, token: str) -> None:
    """Let botocore's clients sign with these credentials, also those that were made after an earlier call."""
    given = _given_credentials()
    given.access_key, given.secret_key, given.token = access_key, secret_key, token


@cache
def _given_credentials() -> Any:
    _session().set_credentials("", "")
    return _session().get_credentials()
