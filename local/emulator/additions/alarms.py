"""Lacking: CloudWatch alarms on the number of messages in a queue. ministack has no metrics of queues.

On AWS such an alarm takes a minute or more: a metric a minute, and the alarm's own periods. Here it takes a
second.
"""

import operator
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from threading import Event, Thread

SECONDS = 1.0
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


@dataclass(frozen=True)
class QueueAlarm:
    """An alarm on a queue's ApproximateNumberOfMessagesVisible, its state, and how many messages are visible
    now.
    """

    name: str
    queue: str
    comparison: str
    threshold: float
    state: str
    visible: int

    @property
    def due_state(self) -> str:
        """The state that the alarm should be in."""
        return "ALARM" if COMPARISONS[self.comparison](self.visible, self.threshold) else "OK"


class QueueAlarms:
    """Evaluates the alarms every second in a thread, and sets the state of those that changed."""

    def __init__(
        self, read: Callable[[], Iterable[QueueAlarm]], set_state: Callable[[str, str, str], None]
    ) -> None:
        self._read = read
        self._set_state = set_state
        self._ended = Event()
        self._thread = Thread(target=self._loop, name="queue-alarms", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join()

    def evaluate(self) -> None:
        """Set the state of each alarm that is not in the one that it should be in."""
        for alarm in self._read():
            if alarm.state != alarm.due_state:
                reason = (
                    f"{alarm.queue} has {alarm.visible} visible messages; the threshold is"
                    f" {alarm.threshold:g}."
                )
                self._set_state(alarm.name, alarm.due_state, reason)

    def _loop(self) -> None:
        while not self._ended.wait(SECONDS):
            self.evaluate()
