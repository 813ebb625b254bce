"""The command that mends credentials: for SSO, profiles and keys."""

from __future__ import annotations

from pathlib import Path

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    LoginRefreshRequired,
    LoginTokenLoadError,
    MissingDependencyException,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOTokenLoadError,
    TokenRetrievalError,
    UnauthorizedSSOTokenError,
)

from cli.credentials import credentials_advice
from cli.errors import explained
from tests.sluice.clouds import refused

_CONFIG = """
[default]
region = eu-central-1

[profile team]
sso_session = company

[sso-session company]
sso_start_url = https://company.awsapps.com/start

[profile deploy]
role_arn = arn:aws:iam::111122223333:role/Deploy
source_profile = team

[profile console]
login_session = arn:aws:iam::111122223333:user/ops

[profile reader]
role_arn = arn:aws:iam::111122223333:role/Reader
source_profile = console

[profile vault]
credential_process = vault read aws
"""
_KEYS = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s"}
_TEMPORARY = {"AWS_ACCESS_KEY_ID": "ASIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s"}
_LOCAL = {**_KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:4567"}
_EXPIRED = refused("ExpiredToken", "The provided token has expired.")
_UNKNOWN = refused("InvalidClientTokenId", "The security token included in the request is invalid.")
_WRONG = refused("SignatureDoesNotMatch", "The request signature we calculated does not match")


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The files of ~/.aws."""
    config = tmp_path / "config"
    config.write_text(_CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))


@pytest.mark.parametrize(
    ("error", "environment", "command"),
    [
        (NoCredentialsError(), {}, "`aws configure sso` or `aws configure`"),
        (refused("MissingAuthenticationToken", ""), {}, "`aws configure`"),
        (SSOTokenLoadError(error_msg="none"), {"AWS_PROFILE": "team"}, "`aws sso login --profile team`"),
        (UnauthorizedSSOTokenError(), {}, "Run `aws sso login`,"),
        (TokenRetrievalError(provider="sso", error_msg=""), {"AWS_PROFILE": "team"}, "--profile team`"),
        (_EXPIRED, {"AWS_PROFILE": "team"}, "`aws sso login --profile team`"),
        (_EXPIRED, {"AWS_PROFILE": "deploy"}, "`aws sso login --profile team`"),
        (LoginRefreshRequired(), {"AWS_PROFILE": "console"}, "Run `aws login --profile console`, then"),
        (LoginTokenLoadError(error_msg="none"), {"AWS_PROFILE": "console"}, "`aws login --profile console`"),
        (
            MissingDependencyException(msg="Using the login credential provider requires more."),
            {"AWS_PROFILE": "console"},
            'requires more. Or run `eval "$(aws configure export-credentials --profile console --format env)',
        ),
        (_EXPIRED, {"AWS_PROFILE": "console"}, "Run `aws login --profile console`, then"),
        (_EXPIRED, {"AWS_PROFILE": "reader"}, "run `aws login --profile console`, or"),
        (_EXPIRED, {"AWS_PROFILE": "vault"}, "`vault read aws`"),
        (_EXPIRED, {}, "Run `aws configure` and give new keys."),
        (_EXPIRED, _TEMPORARY, "`unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN`"),
        (_UNKNOWN, {"AWS_PROFILE": "other"}, "`aws configure --profile other`"),
        (_UNKNOWN, _TEMPORARY, "needs its AWS_SESSION_TOKEN too"),
        (_UNKNOWN, {**_KEYS, "AWS_SESSION_TOKEN": "t"}, "`unset AWS_SESSION_TOKEN`"),
        (_WRONG, _KEYS, "aws configure export-credentials"),
        (_WRONG, _LOCAL, '`eval "$(sluice local env)"`'),
        (refused("RequestTimeTooSkewed", ""), {}, "timedatectl"),
        (refused("InvalidSignatureException", "Signature expired: 2026"), _KEYS, "timedatectl"),
        (ProfileNotFound(profile="taem"), {"AWS_PROFILE": "taem"}, "Did you mean 'team'?"),
        (PartialCredentialsError(provider="env", cred_var="AWS_SECRET_ACCESS_KEY"), _KEYS, "Export new"),
        (CredentialRetrievalError(provider="x", error_msg="no"), {"AWS_PROFILE": "vault"}, "`vault read"),
        (NoRegionError(), {"AWS_PROFILE": "team"}, "region us-east-1 --profile team`"),
    ],
)
def test_the_command_that_mends_it(
    error: BotoCoreError | ClientError, environment: dict[str, str], command: str
) -> None:
    """What is wrong, whose it is, and the command; nothing is to be tried again as it is."""
    said = explained(error, environment)
    assert command in said
    assert "in a moment" not in said
    assert "Try again" not in said


@pytest.mark.parametrize("code", ["AccessDenied", "ValidationException", "ThrottlingException"])
def test_other_refusals_are_about_something_else(code: str) -> None:
    """Credentials are fine there."""
    assert credentials_advice(refused(code, "no"), _KEYS) is None
