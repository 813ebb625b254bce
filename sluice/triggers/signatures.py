"""Checks the signatures of requests, in the three forms of a Webhook. Pure: secrets and time are arguments.

- ``standard``: Standard Webhooks,
  https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
- ``github``: https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
- ``stripe``: https://docs.stripe.com/webhooks#verify-manually

All three are HMAC-SHA256. GitHub signs the body alone, so neither the time nor the id of one of its
deliveries can be trusted.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sluice.errors import SettingError, SignatureError, StaleSignatureError

TOLERANCE_SECONDS = 300
"""How far a time stamp may be from now, in the past and in the future: what Stripe's libraries allow."""
MIN_KEY_BYTES = 16
MAX_SIGNATURES = 8
"""A sender that is changing its secret sends two; each costs us a comparison with each valid secret."""
_TIME = re.compile(r"[0-9]{1,12}")
# Without the full stop, which parts the id from the time stamp in what is signed.
_ID = re.compile(r"[!-\-/-~]{1,128}")
_HEX = re.compile(r"[0-9a-f]{64}")

EXPECTED: Mapping[str, str] = {
    "standard": (
        "webhook-id (1 to 128 printable characters without a full stop), webhook-timestamp and"
        " webhook-signature (v1,<base64>)"
    ),
    "github": "X-Hub-Signature-256 (sha256=<hexadecimal>)",
    "stripe": "Stripe-Signature (t=<seconds>,v1=<hexadecimal>)",
}
"""The headers of each form, as error messages describe them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a valid signature covers besides the body.

    ``at`` are seconds since 1970, None where the form signs no time; ``id`` is empty where it signs none.
    """

    at: int | None
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claim:
    """The signature of a request, not verified yet: the text that was signed, and the signatures in the
    form's own encoding.
    """

    content: bytes
    signatures: tuple[str, ...]
    signed: Signed


def signing_key(form: str, secret: str) -> bytes:
    """Return the key of a stored secret; raises SettingError for an invalid secret, and for a short one,
    which can be guessed.
    """
    text = secret.strip()
    try:
        key = (
            base64.b64decode(text.removeprefix("whsec_"), validate=True)
            if form == "standard"
            else text.encode()
        )
    except (binascii.Error, ValueError) as error:
        raise SettingError(
            "Expected a secret in base64, with or without whsec_ before it, found another text. Store a new"
            " one."
        ) from error
    if len(key) < MIN_KEY_BYTES:
        raise SettingError(
            f"Expected a secret of at least {MIN_KEY_BYTES} bytes, found {len(key)}. Store a longer one."
        )
    return key


def verify(form: str, keys: Iterable[bytes], headers: Mapping[str, str], body: bytes, now: float) -> Signed:
    """Return what the request's signature covers; any of the keys may have made it.

    ``headers`` have names in lower case. Raises SignatureError, in the same words whatever is wrong, and
    StaleSignatureError for a valid signature whose time stamp is too far from ``now``, in seconds since 1970.
    """
    claim = _CLAIMS[form](headers, body)
    if claim is None or not _matches(form, claim, keys):
        raise SignatureError(
            f"Expected a signature by a valid secret, of the form {form!r}: {EXPECTED[form]}."
        )
    if claim.signed.at is not None and abs(now - claim.signed.at) > TOLERANCE_SECONDS:
        raise StaleSignatureError(
            f"Expected a time stamp within {TOLERANCE_SECONDS} seconds of now, found one"
            f" {abs(now - claim.signed.at):.0f} seconds away. Sign the request again when it is sent, by a"
            " correct clock."
        )
    return claim.signed


def signature(form: str, key: bytes, content: bytes) -> str:
    """Return the signature of a text, as the form writes it."""
    digest = hmac.digest(key, content, "sha256")
    return base64.b64encode(digest).decode() if form == "standard" else digest.hex()


def _matches(form: str, claim: _Claim, keys: Iterable[bytes]) -> bool:
    """Compare every signature with that of every key: the time does not reveal a near match."""
    found = False
    for key in keys:
        expected = signature(form, key, claim.content).encode()
        for given in claim.signatures:
            found |= hmac.compare_digest(expected, given.encode("utf-8", "replace"))
    return found


def _standard(headers: Mapping[str, str], body: bytes) -> _Claim | None:
    delivery, at = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    versions = [
        entry.partition(",")
        for entry in headers.get("webhook-signature", "").split(" ")[: 2 * MAX_SIGNATURES]
    ]
    signatures = [text for version, _, text in versions if version == "v1"]
    if not (_ID.fullmatch(delivery) and _TIME.fullmatch(at)):
        return None
    return _claim(f"{delivery}.{at}.".encode() + body, signatures, Signed(at=int(at), id=delivery))


def _github(headers: Mapping[str, str], body: bytes) -> _Claim | None:
    name, _, text = headers.get("x-hub-signature-256", "").partition("=")
    return _claim(body, [text] if name == "sha256" and _HEX.fullmatch(text) else [], Signed(at=None, id=""))


def _stripe(headers: Mapping[str, str], body: bytes) -> _Claim | None:
    entries = [entry.partition("=") for entry in headers.get("stripe-signature", "").split(",")]
    times = [text for name, _, text in entries if name == "t"]
    signatures = [text for name, _, text in entries if name == "v1" and _HEX.fullmatch(text)]
    if len(times) != 1 or not _TIME.fullmatch(times[0]):
        return None
    return _claim(f"{times[0]}.".encode() + body, signatures, Signed(at=int(times[0]), id=""))


def _claim(content: bytes, signatures: list[str], signed: Signed) -> _Claim | None:
    if not 1 <= len(signatures) <= MAX_SIGNATURES:
        return None
    return _Claim(content=content, signatures=tuple(signatures), signed=signed)


_CLAIMS: Mapping[str, Callable[[Mapping[str, str], bytes], _Claim | None]] = {
    "standard": _standard,
    "github": _github,
    "stripe": _stripe,
}
