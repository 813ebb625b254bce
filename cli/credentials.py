"""Says of credentials that are missing, wrong or expired which command mends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import botocore.session
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    LoginError,
    MissingDependencyException,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSOError,
    TokenRetrievalError,
)

from cli.options import suggestion

# https://docs.aws.amazon.com/awssupport/latest/user/CommonErrors.html, and what S3 and STS call the same:
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired")
_UNKNOWN_KEY = (
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "InvalidAccessKeyId",
    "AuthFailure",
    "InvalidToken",
)
_WRONG_SECRET = ("SignatureDoesNotMatch", "InvalidSignatureException", "IncompleteSignature")
_CLOCK = ("RequestTimeTooSkewed",)
_NONE = ("MissingAuthenticationToken", "MissingAuthenticationTokenException")
_SIGN_IN = (LoginError, SSOError, TokenRetrievalError)
_OF_LOGIN = "login_session"
_OF_SIGN_IN = frozenset((_OF_LOGIN, "sso_session", "sso_start_url"))
_KEYS = "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"
_TEMPORARY, _LASTING = "ASIA", "AKIA"
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-prefixes


def credentials_advice(error: BotoCoreError | ClientError, environment: Mapping[str, str]) -> str | None:
    """Return what is wrong with the caller's credentials and the command that mends it; None for an error of
    another kind.
    """
    source = _Source(environment)
    if isinstance(error, ClientError):
        code = error.response["Error"]["Code"]
        return _of_refusal(code, error.response["Error"].get("Message", ""), source)
    if isinstance(error, NoCredentialsError):
        return f"Expected credentials of an AWS account, found none. {source.to_begin()}"
    if isinstance(error, ProfileNotFound):
        return source.unknown_profile()
    if isinstance(error, PartialCredentialsError):
        return f"Expected whole credentials, found a part: {error}. {source.to_renew()}"
    if isinstance(error, _SIGN_IN):
        return f"The sign-in of {source.name} has expired, or there was none. {source.to_sign_in()}"
    if isinstance(error, MissingDependencyException):
        return source.to_export(str(error))
    if isinstance(error, CredentialRetrievalError):
        return f"{str(error).rstrip('.')}. {source.to_renew()}"
    if isinstance(error, NoRegionError):
        return (
            "Expected a region, found none. Run `export AWS_REGION=us-east-1`, or `aws configure set region"
            f" us-east-1{source.option}`, with the region of your deploy."
        )
    return None


def _of_refusal(code: str, message: str, source: _Source) -> str | None:
    if code in _EXPIRED:
        return f"The credentials of {source.name} have expired. {source.to_renew()}"
    if code in _CLOCK or "Signature expired" in message or "Signature not yet current" in message:
        return (
            "The clock of this machine differs too much from AWS's. Set it, as with `sudo timedatectl set-ntp"
            " true`, and run the command again."
        )
    if code in _UNKNOWN_KEY:
        return f"AWS does not know the access key of {source.name}. {source.to_correct()}"
    if code in _WRONG_SECRET:
        return f"The secret access key of {source.name} does not fit its access key. {source.to_correct()}"
    if code in _NONE:
        return f"Expected credentials of an AWS account, found none. {source.to_begin()}"
    return None


@dataclass(frozen=True, slots=True)
class _Source:
    """Where the caller's credentials come from, in the order in which the SDK looks."""

    environment: Mapping[str, str]

    @property
    def _has_keys(self) -> bool:
        return bool(self.environment.get("AWS_ACCESS_KEY_ID"))

    @property
    def _is_local(self) -> bool:
        host = urlsplit(self.environment.get("AWS_ENDPOINT_URL", "")).hostname
        return host in ("127.0.0.1", "localhost", "::1")

    @property
    def _profile(self) -> str:
        return self.environment.get("AWS_PROFILE") or self.environment.get("AWS_DEFAULT_PROFILE") or "default"

    @property
    def _settings(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = _profiles().get(self._profile, {})
        return found

    @property
    def name(self) -> str:
        """What they are called in a sentence."""
        return "the environment" if self._has_keys else f"the profile {self._profile}"

    @property
    def option(self) -> str:
        """The option of the AWS CLI that names the profile, when it is not the default one."""
        return _option_of(self._profile)

    def to_begin(self) -> str:
        """Return how to have credentials at all."""
        return (
            "Sign in with `aws configure sso` or `aws configure`, then set AWS_PROFILE and AWS_REGION; or"
            " start a local cloud with `sluice local up`."
        )

    def to_sign_in(self) -> str:
        """Return the command of a sign-in by SSO, or with a console's password."""
        return f"Run `{_sign_in_to(self._profile, self._settings)}`, then the command again."

    def to_export(self, lacking: str) -> str:
        """Return how to have the credentials of a profile that only the AWS CLI can read here."""
        # https://docs.aws.amazon.com/cli/latest/reference/configure/export-credentials.html
        return (
            f'{lacking.rstrip(".")}. Or run `eval "$(aws configure export-credentials{self.option} --format'
            ' env)"`, then the command again.'
        )

    def to_renew(self) -> str:
        """Return how to have new ones of the same kind."""
        if self._is_local:
            return 'Run `eval "$(sluice local env)"`, then the command again.'
        if self._has_keys:
            return (
                f'Export new ones, as with `eval "$(aws configure export-credentials --profile NAME --format'
                f' env)"`; or run `unset {_KEYS}` and choose a profile with AWS_PROFILE.'
            )
        settings = self._settings
        if not _OF_SIGN_IN.isdisjoint(settings):
            return self.to_sign_in()
        if "source_profile" in settings:
            source = settings["source_profile"]
            sign_in = _sign_in_to(source, _profiles().get(source, {}))
            return (
                f"It takes its role from the profile {source}: run `{sign_in}`, or `aws configure --profile"
                f" {source}` where that one has keys."
            )
        if "credential_process" in settings:
            return f"They come from `{settings['credential_process']}`: run that, and see what it says."
        return f"Run `aws configure{self.option}` and give new keys."

    def to_correct(self) -> str:
        """Return how to put keys right that AWS refuses."""
        if self._is_local or not self._has_keys:
            return self.to_renew()
        key, has_token = (
            self.environment["AWS_ACCESS_KEY_ID"],
            bool(self.environment.get("AWS_SESSION_TOKEN")),
        )
        if key.startswith(_LASTING) and has_token:
            return (
                "It is a lasting key, and AWS_SESSION_TOKEN is of another one: run `unset AWS_SESSION_TOKEN`."
            )
        if key.startswith(_TEMPORARY) and not has_token:
            return "It is a temporary key, which needs its AWS_SESSION_TOKEN too: export all three together."
        return self.to_renew()

    def unknown_profile(self) -> str:
        """Return which profiles there are."""
        known = sorted(_profiles())
        there = f" There are {', '.join(known)}." if known else " There is none."
        return (
            f"Expected a profile of the files in ~/.aws, found {self._profile!r} in AWS_PROFILE."
            f"{suggestion(self._profile, known)}{there} Set AWS_PROFILE to one of them, or run `aws configure"
            f"{self.option}` to make it."
        )


def _sign_in_to(profile: str, settings: Mapping[str, Any]) -> str:
    # https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sign-in.html
    how = "login" if _OF_LOGIN in settings else "sso login"
    return f"aws {how}{_option_of(profile)}"


def _option_of(profile: str) -> str:
    return "" if profile == "default" else f" --profile {profile}"


def _profiles() -> Mapping[str, Any]:
    found: Mapping[str, Any] = botocore.session.Session().full_config.get("profiles", {})
    return found
