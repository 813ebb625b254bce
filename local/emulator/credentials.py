"""Who may call at all: the secrets of the keys that were issued, and the answer to a caller without one."""

import re
import uuid
from collections.abc import Mapping

from ministack import app as gateway
from ministack.core import iam_evaluator, responses, sigv4
from ministack.services import (
    lambda_svc,
)

from local.emulator.services import Response, scope, service_of
from local.paths import ACCOUNT

FUNCTION_URLS = "/_aws/lambda-url/"
_OF_USER_POOLS = (
    ("GET", "/oauth2/authorize"),
    ("POST", "/login"),
    ("POST", "/oauth2/token"),
    ("GET", "/logout"),
)
# No bucket's name has an underscore.
_PUBLISHED_BY_POOLS = re.compile(r"/[a-z0-9-]+_\w+/\.well-known/(jwks\.json|openid-configuration)")


class UnknownKeyError(Exception):
    """A key was never issued here, has expired, or came with another session's token."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def secret_of(access_key: str, token: str) -> str:
    """Return the secret of a user's key, or of a session's that came with its token; UnknownKeyError for all
    others.

    The keys that ministack takes for its own root user, such as `test`, are unknown.
    """
    with scope():
        if iam_evaluator.is_root_access_key(access_key):
            raise UnknownKeyError("InvalidClientTokenId", "The security token of the request is invalid.")
        account = _account_of(access_key)
        found = iam_evaluator.resolve_credential(access_key, account, token)
    if isinstance(found, iam_evaluator.CredentialResolutionError):
        raise UnknownKeyError(found.code, found.message)
    return str(found.secret_access_key)


def _account_of(access_key: str) -> str:
    try:
        owner = iam_evaluator.find_iam_access_key_account(access_key)
    except iam_evaluator.AmbiguousAccessKeyError:
        owner = None
    return str(responses._account_from_sts_session(access_key) or owner or ACCOUNT)


def failure(
    code: str,
    message: str,
    method: str,
    path: str,
    headers: Mapping[str, str],
    query: Mapping[str, list[str]],
) -> Response:
    """Return what the service that a request is for answers to a caller whose credentials fail, in the
    service's own form.
    """
    service = service_of(method, path, headers, query)
    refused = iam_evaluator.AuthError(code, message)
    status, answer, body = gateway._credential_failure(service, "", str(uuid.uuid4()), refused, dict(headers))
    return int(status), dict(answer), bytes(body)


def is_public_function(path: str) -> bool:
    """Say whether a path is that of a function URL that everybody may call (AuthType NONE)."""
    if not path.startswith(FUNCTION_URLS):
        return False
    found = lambda_svc.resolve_function_url(path.removeprefix(FUNCTION_URLS).partition("/")[0])
    return found is not None and found[4].get("AuthType") == "NONE"


def is_of_user_pool(method: str, path: str) -> bool:
    """Say whether a request is one that a browser, or a client of OpenID Connect, makes of a user pool: these
    are signed with no key of AWS.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-userpools-server-contract-reference.html
    """
    published = method == "GET" and _PUBLISHED_BY_POOLS.fullmatch(path) is not None
    return published or (method, path) in _OF_USER_POOLS


def chunks_match(body: bytes, authorization: str, headers: Mapping[str, str], secret: str) -> bool:
    """Say whether each chunk of a body that S3 is sent in signed chunks has its own right signature."""
    signature = sigv4.parse_header_signature({**headers, "authorization": authorization})
    if not isinstance(signature, sigv4.HeaderSignature):
        return False
    key = sigv4.derive_signing_key(secret, signature.date_stamp, signature.region, signature.service)
    return bool(sigv4._chunk_signatures_match(body, signature.signature, signature, key))
