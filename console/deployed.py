"""The console in a Lambda behind a function URL: the same program as on loopback, for people whom a
provider of OpenID Connect knows, with the role of the function.

docs/decisions/0048-the-deployed-console.md says why it is so.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sys
from collections.abc import Callable
from functools import cache, cached_property
from threading import Lock
from typing import Any

import botocore.session
from botocore.config import Config
from mangum import Mangum
from starlette.types import Scope

from console.app import create_app
from console.audit import Audit
from console.live.backend import LiveBackend
from console.live.cache import Cache
from console.live.catalog_file import read_catalog
from console.live.cloud import Catalog
from console.security.oidc.provider import Provider
from console.security.oidc.sign_in import GroupRoles, OpenIdConnect
from sluice.ledger.ledger import Ledger
from sluice.operate.deployment import Deployment
from sluice.settings import NOTHING, ConsoleSettings

CATALOG_SECONDS = 60.0
_PURPOSE = b"sluice console sessions"
_RETRIES: Any = {"mode": "standard", "total_max_attempts": 4}


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer a request to the function URL."""
    return _program()(event, context)


class AccountCloud:
    """The account that the function runs in, with the credentials of its role."""

    def __init__(self, prefix: str, region: str) -> None:
        self._prefix, self._region = prefix, region
        self._session = botocore.session.get_session()
        self._clients: dict[str, Any] = {}
        # A session makes one client at a time; clients serve many threads:
        # https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html
        self._lock = Lock()

    @property
    def client(self) -> Callable[[str], Any]:
        """Return what makes clients, each one once."""
        return self._client

    def _client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                config = Config(retries=_RETRIES, connect_timeout=5, read_timeout=20)
                self._clients[service] = self._session.create_client(
                    service, region_name=self._region, config=config
                )
            return self._clients[service]

    @cached_property
    def deployment(self) -> Deployment:
        """Return the names of what is deployed."""
        return Deployment(self._client("cloudformation"), f"the region {self._region}", self._prefix)

    @cached_property
    def ledger(self) -> Ledger:
        """Return the ledger."""
        return Ledger(self._client("dynamodb"), self.deployment.table)


@cache
def _program() -> Mangum:
    """Return the program, made at the first request: what fails here is tried again with the next one."""
    settings = ConsoleSettings.from_env()
    cloud = AccountCloud(settings.stack_prefix, os.environ["AWS_REGION"])
    cached = Cache()
    backend = LiveBackend(
        cloud=cloud,
        where=f"{settings.stack_prefix}, {cloud.deployment.where}",
        catalog=lambda: cached.get("catalog", CATALOG_SECONDS, lambda: _catalog(cloud)),
        links=True,
    )
    audit = Audit(_write_line)
    access = OpenIdConnect(
        provider=_provider(settings, cloud),
        roles=GroupRoles(json.loads(settings.groups), settings.groups_claim),
        key=_session_key(_secret(cloud, settings.session_secret)),
        host_of=_host_of,
        audit=audit,
    )
    return Mangum(create_app(backend, access, audit=audit, stays_open=False), lifespan="off")


def _provider(settings: ConsoleSettings, cloud: AccountCloud) -> Provider:
    """Return who signs people in: the company's provider, or the stack's user pool, whose client is a public
    one that PKCE protects.
    """
    client_id = cloud.deployment.console_client
    if settings.user_pool == NOTHING:
        named = settings.client_secret != NOTHING
        secret = _secret(cloud, settings.client_secret) if named else ""
        return Provider(issuer=settings.issuer, client_id=client_id, client_secret=secret)
    # A pool publishes itself at the service's endpoint:
    # https://docs.aws.amazon.com/cognito/latest/developerguide/federation-endpoints.html
    endpoint = cloud.client("cognito-idp").meta.endpoint_url
    return Provider(
        issuer=settings.issuer,
        client_id=client_id,
        published_at=f"{endpoint.rstrip('/')}/{settings.user_pool}",
        # https://docs.aws.amazon.com/cognito/latest/developerguide/logout-endpoint.html
        back_parameter="logout_uri",
    )


def _secret(cloud: AccountCloud, arn: str) -> str:
    return str(cloud.client("secretsmanager").get_secret_value(SecretId=arn)["SecretString"])


def _session_key(secret: str) -> bytes:
    """Return the key that signs sessions. A changed secret ends all of them."""
    return hmac.digest(secret.encode(), _PURPOSE, hashlib.sha256)


def _catalog(cloud: AccountCloud) -> Catalog:
    bucket, key = cloud.deployment.catalog
    return read_catalog(cloud.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read())


def _host_of(scope: Scope) -> str:
    """Return the function URL's own name, which Lambda says beside the caller's headers.

    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
    """
    return str(scope["aws.event"]["requestContext"]["domainName"])


def _write_line(line: str) -> None:
    """Write a line into the function's log group."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
