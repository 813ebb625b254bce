"""SQS and EventBridge: queues that deliver at least once, late and in no order; rules that fill them."""

from __future__ import annotations

import fnmatch
import itertools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.matrix.clock import Clock
from tests.matrix.deployment import Deployment, Queue

DeliveryFaults = Callable[["Sent"], list[float]]
"""Says after how many seconds each copy of a message arrives; none: it is lost for good."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A message on its way: the how-manieth of all, into which queue, and whether a schedule or a sender of
    ours sent it.

    ``delay`` is for how many seconds its sender keeps it back, whatever the delivery faults.
    """

    number: int
    queue: str
    body: str
    scheduled: bool = False
    delay: float = 0.0


def is_of_a_chain(sent: Sent) -> bool:
    """Return whether a message is AWS Batch's event about a cleanup behind which others start. The sweep
    makes up for it.
    """
    return re.search(r'"trigger": ?"after:', sent.body) is not None and '"jobId"' in sent.body


@dataclass(slots=True)
class Message:
    """A copy of a message, when it came into the first of its queues, and how often it was received."""

    id: str
    body: str
    came: float
    receives: int = 0


@dataclass(slots=True)
class Held:
    """What is in a queue."""

    queue: Queue
    waiting: list[Message] = field(default_factory=list)
    invisible: int = 0


class Messages:
    """All queues; ``arrived`` is called with a queue that has something to read."""

    def __init__(self, deployment: Deployment, clock: Clock, delivery_faults: DeliveryFaults) -> None:
        """Hold nothing."""
        self.held = {name: Held(queue) for name, queue in deployment.queues.items()}
        self.sent: list[Sent] = []
        self.mail: list[tuple[str, str]] = []
        self.expired: list[tuple[str, Message]] = []
        self.arrived: Callable[[str], None] = lambda queue: None
        self._lent: dict[str, tuple[str, Message]] = {}
        self._deployment, self._clock, self._weather = deployment, clock, delivery_faults
        self._numbers = itertools.count()

    def send(self, queue: str, body: str, *, scheduled: bool = False, delay: float = 0.0) -> None:
        """Send a message; the delivery faults say when it arrives, and how often."""
        sent = Sent(len(self.sent), queue, body, scheduled, delay)
        self.sent.append(sent)
        for seconds in self._weather(sent):
            self._clock.later(delay + seconds, partial(self._comes, queue, body))

    def _comes(self, queue: str, body: str) -> None:
        self._arrive(queue, Message(f"message-{next(self._numbers)}", body, self._clock.seconds))

    def publish(self, topic: str, body: str) -> None:
        """Hand what is published to every subscriber."""
        for protocol, endpoint in self._deployment.subscriptions.get(topic, []):
            if protocol == "sqs":
                self.send(endpoint, body)
            else:
                self.mail.append((endpoint, body))

    def put_event(self, event: Mapping[str, Any]) -> None:
        """Let every rule that matches an event fill its queue."""
        for rule in self._deployment.rules:
            if rule.pattern is not None and matches(rule.pattern, event):
                template = rule.template
                self.send(
                    rule.queue,
                    json.dumps(event)
                    if template is None
                    else template.replace("<detail>", json.dumps(event["detail"])).replace(
                        "<time>", self._clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")
                    ),
                )

    def receive(self, queue: str, most: int) -> list[Message]:
        """Take messages out of sight; those that are too old are gone. Their age counts from the first queue
        that they were in:
        https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html
        """
        held = self.held[queue]
        since = self._clock.seconds - held.queue.retention
        self.expired += [(queue, message) for message in held.waiting if message.came < since]
        held.waiting = [message for message in held.waiting if message.came >= since]
        taken, held.waiting = held.waiting[:most], held.waiting[most:]
        for message in taken:
            message.receives += 1
            held.invisible += 1
        return taken

    def lend(self, queue: str, most: int) -> list[tuple[str, Message]]:
        """Take messages out of sight for those who receive them themselves, each with a handle that deletes
        it.
        """
        found = [(f"handle-{next(self._numbers)}", message) for message in self.receive(queue, most)]
        for handle, message in found:
            self._lent[handle] = queue, message
            self._clock.later(self.held[queue].queue.visibility, partial(self._show, handle), idle=True)
        return found

    def delete_lent(self, handle: str) -> None:
        """Forget a message that was lent; nothing happens when it was shown again."""
        if handle in self._lent:
            self.delete(self._lent.pop(handle)[0])

    def _show(self, handle: str) -> None:
        if handle in self._lent:
            queue, message = self._lent.pop(handle)
            self.come_again(queue, message, 0.0)

    @property
    def retried(self) -> bool:
        """Return whether a message waits to be sent again by a sweep."""
        return any(self.held[name].waiting or self.held[name].invisible for name in self._deployment.retries)

    def delete(self, queue: str) -> None:
        """Forget a message that was handled."""
        self.held[queue].invisible -= 1

    def come_again(self, queue: str, message: Message, seconds: float) -> None:
        """Show a message again once it has been out of sight for long enough, or set it aside when it was
        received too often.
        """

        def again() -> None:
            held = self.held[queue]
            held.invisible -= 1
            aside = held.queue.dead_letters if message.receives >= held.queue.tries else queue
            self._arrive(aside, message)

        self._clock.later(seconds, again)

    def _arrive(self, queue: str, message: Message) -> None:
        self.held[queue].waiting.append(message)
        self.arrived(queue)


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Return whether an event matches a rule's pattern, as far as our rules use what there is.

    Source: https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    return all(
        matches(wanted, event.get(name) or {})
        if isinstance(wanted, dict)
        else any(_fits(one, event.get(name)) for one in wanted)
        for name, wanted in pattern.items()
    )


def _fits(wanted: Any, found: Any) -> bool:
    if not isinstance(wanted, dict):
        return bool(wanted == found)
    ((kind, value),) = wanted.items()
    if kind == "exists":
        return (found is not None) is value
    if found is None:
        return False
    if kind == "anything-but":
        return found not in (value if isinstance(value, list) else [value])
    if kind == "wildcard":
        return fnmatch.fnmatchcase(str(found), value)
    tests = {"prefix": str.startswith, "suffix": str.endswith}
    return tests[kind](str(found), value)
