"""A machine of one's own joins an unmanaged environment of a running cloud: POST /_sluice/instances.

On AWS its launch template's script does that: docs/unmanaged.md.
"""

import json
from collections.abc import Callable

from local.batch.api.errors import BatchApiError
from local.batch.engine import Engine
from local.paths import ACCOUNT, REGION


class InstancesPage:
    """`{"environment": name or ARN, "type": "m7i.large"}` is answered with `{"instance": id}`."""

    def __init__(self, engine_of: Callable[[str, str], Engine]) -> None:
        """`engine_of` returns the engine of an account and Region."""
        self._engine_of = engine_of

    def post(self, body: bytes) -> object:
        """Let an instance join, and return its id; ValueError for what is no such request."""
        try:
            asked = json.loads(body)
            environment, kind = asked["environment"], asked["type"]
            if not (isinstance(environment, str) and isinstance(kind, str)):
                raise TypeError(asked)
        except (ValueError, KeyError, TypeError) as error:
            message = (
                f'Expected {{"environment": "a name or an ARN", "type": "m7i.large"}}, found {body[:100]!r}.'
            )
            raise ValueError(message) from error
        try:
            return {"instance": self._engine_of(*_place(environment)).register_instance(environment, kind)}
        except BatchApiError as error:
            raise ValueError(error.message) from error


def _place(environment: str) -> tuple[str, str]:
    """Return the account and Region of an environment's ARN; this machine's for a name."""
    fields = environment.split(":")
    is_arn = len(fields) == 6 and fields[0] == "arn"
    return (fields[4], fields[3]) if is_arn else (ACCOUNT, REGION)
