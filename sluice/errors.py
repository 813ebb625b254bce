"""All errors of Sluice. A message says what was expected, what was found and what to do next."""

from __future__ import annotations

from dataclasses import dataclass

from sluice.counted import counted


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
        head = f"{source} has {counted(len(mistakes), 'mistake')}:"
        super().__init__("\n".join([head, *(f"  - {mistake}" for mistake in mistakes)]))


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


class NoAnswerError(UnsettledError):
    """SubmitJob has no answer, or an error of AWS Batch itself: there may be a job."""

    def __init__(self, message: str, *, is_answered: bool = False, is_refusal: bool = False) -> None:
        """Take whether there was an error, and whether that means that nothing was done."""
        self.is_answered, self.is_refusal = is_answered, is_refusal
        super().__init__(message)


class NotPermittedError(UnsettledError):
    """IAM refused SubmitJob: nothing was done, and a permission may be on its way."""


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
    """EventBridge did not take an event about a run; it is sent again until EventBridge does."""
