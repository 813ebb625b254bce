"""Senders of webhooks, written from the vendors' pages and not from our own code."""

from __future__ import annotations

import base64
import hashlib
import hmac


def standard(secret: str, body: bytes, at: int, delivery: str = "msg_1") -> dict[str, str]:
    """Return the headers of Standard Webhooks:
    https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
    """
    key = base64.b64decode(secret.removeprefix("whsec_"))
    mac = hmac.new(key, delivery.encode() + b"." + str(at).encode() + b"." + body, hashlib.sha256).digest()
    return {
        "webhook-id": delivery,
        "webhook-timestamp": str(at),
        "webhook-signature": f"v1,{base64.b64encode(mac).decode()}",
    }


def github(
    secret: str, body: bytes, at: int = 0, delivery: str = "72d3162e-cc78-11e3-81ab-4c9367dc0958"
) -> dict[str, str]:
    """Return GitHub's headers:
    https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries.
    """
    mac = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {"x-hub-signature-256": f"sha256={mac}", "x-github-event": "push", "x-github-delivery": delivery}


def stripe(secret: str, body: bytes, at: int, delivery: str = "") -> dict[str, str]:
    """Return Stripe's header, with the v0 that test events carry too:
    https://docs.stripe.com/webhooks#verify-manually.
    """
    mac = hmac.new(secret.encode(), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return {"stripe-signature": f"t={at},v1={mac},v0={'6' * 64}"}


SIGNERS = {"standard": standard, "github": github, "stripe": stripe}
