"""The secrets that are valid now: the current one and the one before, so that a sender has time to take up a
new one.

Secrets Manager moves the stage AWSPREVIOUS to the version that was AWSCURRENT whenever another one becomes
AWSCURRENT: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from sluice.errors import SettingError
from sluice.triggers.signatures import signing_key

KEPT_SECONDS = 60
"""How long a secret that was taken away may still be valid."""
LOOKS = 5
"""That bad signatures may cause in a row, so that a sender with a new secret is not refused."""
SECONDS_A_LOOK = 10
"""After which one more is allowed: nobody without a secret can make us call Secrets Manager at will."""
STAGES = ("AWSCURRENT", "AWSPREVIOUS")


@dataclass(slots=True, kw_only=True)
class Keys:
    """The keys of one secret, read when they are needed and kept for a minute. ``client`` is one of Secrets
    Manager.
    """

    client: Any
    secret: str
    form: str
    clock: Callable[[], float] = time.time
    _keys: tuple[bytes, ...] = ()
    _read_at: float = float("-inf")
    _looks: float = LOOKS
    _looks_at: float = float("-inf")

    def valid(self) -> tuple[bytes, ...]:
        """Return the valid keys; raises SettingError when the secret holds none."""
        if self.clock() - self._read_at > KEPT_SECONDS:
            self._read()
        return self._keys

    def changed(self) -> bool:
        """Look again, for a signature did not verify, and return whether there are other keys now."""
        before, now = self._keys, self.clock()
        self._looks = min(LOOKS, self._looks + (now - self._looks_at) / SECONDS_A_LOOK)
        self._looks_at = now
        if self._looks >= 1:
            self._looks -= 1
            self._read()
        return self._keys != before

    def _read(self) -> None:
        keys = tuple(dict.fromkeys(key for stage in STAGES for key in self._key(stage)))
        if not keys:
            raise SettingError(f"Expected {self.secret} to hold a secret, found none.")
        self._keys, self._read_at = keys, self.clock()

    def _key(self, stage: str) -> Iterator[bytes]:
        """Yield the key of a stage. A secret that never changed has none before it, and one that was no
        secret counts as none.
        """
        try:
            yield signing_key(
                self.form,
                self.client.get_secret_value(SecretId=self.secret, VersionStage=stage)["SecretString"],
            )
        except ClientError as error:
            if stage == "AWSCURRENT" or error.response["Error"]["Code"] != "ResourceNotFoundException":
                raise
        except SettingError:
            if stage == "AWSCURRENT":
                raise
