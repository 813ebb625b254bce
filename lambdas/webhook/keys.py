"""The valid secrets: the current one and the previous one, so that a sender has time to change to a new one.

Secrets Manager moves the stage AWSPREVIOUS to the version that was AWSCURRENT whenever another one becomes
AWSCURRENT: https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html#term_version
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from sluice.errors import SettingError
from sluice.triggers.signatures import signing_key

KEPT_SECONDS = 60
"""How long a secret that was removed may still be valid."""
MAX_READS = 5
"""How many reads invalid signatures may cause in a row, so that a sender with a new secret is not refused."""
SECONDS_A_READ = 10
"""The time until one more read is allowed: a caller without a secret cannot cause calls at will."""
STAGES = ("AWSCURRENT", "AWSPREVIOUS")


class SecretReader(Protocol):
    """The call of Secrets Manager that reads a secret."""

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> Mapping[str, Any]:  # noqa: N803 - AWS's names
        """Return the version of a secret with a stage."""
        ...


@dataclass(slots=True, kw_only=True)
class Keys:
    """The keys of one secret, read when they are needed and kept for a minute."""

    client: SecretReader
    secret: str
    form: str
    clock: Callable[[], float] = time.time
    _keys: tuple[bytes, ...] = ()
    _read_at: float = float("-inf")
    _reads: float = MAX_READS
    _reads_at: float = float("-inf")

    def valid(self) -> tuple[bytes, ...]:
        """Return the valid keys; raises SettingError when the secret holds none."""
        if self.clock() - self._read_at > KEPT_SECONDS:
            self._read()
        return self._keys

    def changed(self) -> bool:
        """Read the keys again after an invalid signature, and return whether they have changed."""
        before, now = self._keys, self.clock()
        self._reads = min(MAX_READS, self._reads + (now - self._reads_at) / SECONDS_A_READ)
        self._reads_at = now
        if self._reads >= 1:
            self._reads -= 1
            self._read()
        return self._keys != before

    def _read(self) -> None:
        keys = tuple(dict.fromkeys(key for stage in STAGES for key in self._key(stage)))
        if not keys:
            raise SettingError(f"Expected {self.secret} to hold a secret, found none.")
        self._keys, self._read_at = keys, self.clock()

    def _key(self, stage: str) -> Iterator[bytes]:
        """Yield the key of a stage; nothing for a previous secret that does not exist or is invalid."""
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
