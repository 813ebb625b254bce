"""Lacking: somewhere to read the e-mails and SMS that SNS would deliver."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from threading import Lock


@dataclass(frozen=True)
class Message:
    """One e-mail or SMS. An SMS has no subject; `at` is an ISO time in UTC."""

    protocol: str
    endpoint: str
    subject: str
    text: str
    at: str

    @classmethod
    def now(cls, protocol: str, endpoint: str, subject: str, text: str) -> "Message":
        """Return a message that is sent at this moment."""
        return cls(
            protocol, endpoint, subject or "", text, datetime.now(UTC).isoformat(timespec="milliseconds")
        )


class Mailbox:
    """What was delivered so far, oldest first."""

    def __init__(self) -> None:
        self._messages: list[Message] = []
        self._lock = Lock()

    def deliver(self, message: Message) -> None:
        """Keep a message."""
        with self._lock:
            self._messages.append(message)

    def listing(self) -> list[dict[str, str]]:
        """Return the messages as JSON objects."""
        with self._lock:
            return [asdict(message) for message in self._messages]
