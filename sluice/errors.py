"""All errors of Sluice. A message says what was expected, what was found and what to do next."""

from __future__ import annotations

from dataclasses import dataclass


class SluiceError(Exception):
    """Any error that Sluice raises on purpose."""


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing that is wrong in a pipeline file."""

    where: str
    expected: str
    found: str
    fix: str

    def __str__(self) -> str:
        return f"{self.where}: expected {self.expected}, found {self.found}. {self.fix}"


class PipelineError(SluiceError):
    """A pipeline file has mistakes; all of them are listed."""

    def __init__(self, source: str, mistakes: tuple[Mistake, ...]) -> None:
        self.source = source
        self.mistakes = mistakes
        count = f"{len(mistakes)} mistake" + ("s" if len(mistakes) != 1 else "")
        super().__init__("\n".join([f"{source} has {count}:", *(f"  - {mistake}" for mistake in mistakes)]))


class MalformedMessageError(SluiceError):
    """A message in a queue is not what its sender promises to send; reading it again cannot help."""


class SettingError(SluiceError):
    """An environment variable that a Lambda or a job needs is missing or wrong."""


class RefusedError(SluiceError):
    """AWS refused a call for good: nothing happened, and the same call would be refused again."""


class UnsettledError(SluiceError):
    """It is not known yet whether a job was submitted; a later look-up will decide, so the message must
    come again.
    """


class SupersededJobError(SluiceError):
    """The ledger names another job for this step, so this one must not work."""


class ItemError(SluiceError):
    """A plan emitted something that cannot be an item."""


class InputMissingError(SluiceError):
    """The object that started the run is gone."""


class OtherTriggerError(SluiceError):
    """A step asked for the upload of a run that none started."""


class SignatureError(SluiceError):
    """A request to a webhook is not signed with a secret that is valid now."""


class StaleSignatureError(SluiceError):
    """A request to a webhook was signed too long ago, or by a clock that is wrong."""


class LimitError(SluiceError):
    """A request is over a limit of AWS and was not sent."""


class EventRefusedError(SluiceError):
    """EventBridge did not take an event about a run; the message comes again, and ends in the dead-letter
    queue when it keeps failing.
    """
