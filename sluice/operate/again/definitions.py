"""Reads the compiled pipelines that are deployed now."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property

from sluice.operate.clients import ObjectReader
from sluice.operate.errors import OperationError
from sluice.run.compiled import CompiledPipeline


@dataclass(frozen=True)
class DeployedDefinitions:
    """The compiled pipelines of a deploy; ``bucket`` and ``key`` say where their list is."""

    s3: ObjectReader
    bucket: str
    key: str

    def location_of(self, pipeline: str) -> dict[str, str]:
        """Return where a compiled pipeline is, as messages have it; raises OperationError for a pipeline that
        is not deployed.
        """
        if pipeline not in self._keys:
            nearest = get_close_matches(pipeline, self._keys, n=1)
            raise OperationError(
                f"Expected a pipeline that is deployed ({', '.join(self._keys)}), found {pipeline!r}."
                + (f" Did you mean {nearest[0]!r}?" if nearest else "")
            )
        return {"bucket": self.bucket, "key": self._keys[pipeline]}

    def load(self, pipeline: str) -> CompiledPipeline:
        """Return a compiled pipeline as its runs keep it; raises OperationError for one that is not
        deployed.
        """
        return CompiledPipeline.from_json(self._read(self.location_of(pipeline)["key"])).of_run()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the pipelines that are deployed."""
        return tuple(self._keys)

    @cached_property
    def _keys(self) -> Mapping[str, str]:
        found: dict[str, str] = json.loads(self._read(self.key))["pipelines"]
        return found

    def _read(self, key: str) -> str:
        body: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        return body.decode()
