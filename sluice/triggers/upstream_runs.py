"""What starts a run of a chain: the runs before it, each with the version of its results."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from sluice.errors import OtherTriggerError


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRun:
    """A run that succeeded, and where its receipt is. ``version`` counts how often it was resumed until then:
    a run that is resumed and succeeds once more has other results.

    ``bucket`` is empty for the results bucket of this Sluice.
    """

    pipeline: str
    run: str
    version: int
    bucket: str
    prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UpstreamRuns:
    """The runs that a run of a chain comes after; ``partition`` is the key that they have in common."""

    kind: ClassVar[str] = "after-run"
    runs: Sequence[UpstreamRun]
    partition: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        """Take runs in the form that the ledger keeps, too."""
        runs = tuple(one if isinstance(one, UpstreamRun) else UpstreamRun(**one) for one in self.runs)
        object.__setattr__(self, "runs", runs)

    @property
    def uri(self) -> str:
        """Return the text that alerts and lists show."""
        return "after " + " and ".join(one.run for one in self.runs)

    @property
    def input(self) -> dict[str, Any]:
        """Return what is known of the runs."""
        return {"runs": [asdict(one) for one in self.runs], "key": dict(self.partition)}

    @property
    def upload(self) -> Any:
        """Raise OtherTriggerError: steps read the files through ``sluice.steps.UpstreamResults``."""
        raise OtherTriggerError("Expected a run that an upload started, found one after other runs.")

    @property
    def uploads(self) -> Any:
        """Raise OtherTriggerError."""
        return self.upload

    def identity(self) -> dict[str, str]:
        """Return what makes this run unique: which results it works on, in however many events they come."""
        return {one.pipeline: f"{one.run}/{one.version}" for one in self.runs}

    def to_dict(self) -> dict[str, Any]:
        """Return the form that the ledger keeps."""
        runs = [asdict(one) for one in self.runs]
        return {"kind": self.kind, "runs": runs, "partition": dict(self.partition)}
