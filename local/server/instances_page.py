"""A machine of one's own joins an unmanaged environment of a running cloud: POST /_sluice/instances.

On AWS its launch template's script does that: docs/unmanaged.md.
"""

import json

from local.batch.api.errors import BatchApiError
from local.batch.engine import Engine


class InstancesPage:
    """`{"environment": name or ARN, "type": "m7i.large"}` is answered with `{"instance": id}`."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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
            return {"instance": self._engine.register_instance(environment, kind)}
        except BatchApiError as error:
            raise ValueError(error.message) from error
