"""The keys of a webhook: read rarely, the previous one valid too."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from lambdas.webhook.keys import KEPT_SECONDS, MAX_READS, SECONDS_A_READ, Keys
from sluice.errors import SettingError


class Store:
    """Secrets Manager, counted."""

    def __init__(self) -> None:
        """Begin with one secret."""
        self.values, self.calls = {"AWSCURRENT": "a" * 20}, 0

    def get_secret_value(self, SecretId: str, VersionStage: str) -> dict[str, str]:  # noqa: N803 - botocore's names
        """Return a stage's value."""
        self.calls += 1
        if VersionStage not in self.values:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "GetSecretValue")
        return {"SecretString": self.values[VersionStage]}


def test_secrets_are_read_rarely_and_not_at_will() -> None:
    """Kept for a minute; a bad signature has them read again, but no more than a few times in a row."""
    store, clock = Store(), [1000.0]
    keys = Keys(client=store, secret="s", form="github", clock=lambda: clock[0])
    assert keys.valid() == keys.valid() == (b"a" * 20,)
    assert store.calls == 2
    clock[0] += KEPT_SECONDS + 1
    keys.valid()
    assert store.calls == 4
    assert [keys.changed() for _ in range(100)] == [False] * 100
    assert store.calls == 4 + 2 * MAX_READS
    store.values = {"AWSPREVIOUS": "a" * 20, "AWSCURRENT": "b" * 20}
    assert not keys.changed()
    clock[0] += SECONDS_A_READ
    assert keys.changed()
    assert keys.valid() == (b"b" * 20, b"a" * 20)


def test_an_invalid_previous_secret_is_ignored() -> None:
    """Stripe's takes the place of a generated one; an empty current one is an error."""
    store = Store()
    store.values["AWSPREVIOUS"] = "short"
    assert Keys(client=store, secret="s", form="github").valid() == (b"a" * 20,)
    store.values["AWSCURRENT"] = ""
    with pytest.raises(SettingError):
        Keys(client=store, secret="s", form="github").valid()
