"""The Lambda functions: invoked with what their queues hold, as Lambda's event source mapping does it."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import Any

from tests.matrix.actors import Actors
from tests.matrix.clock import Clock
from tests.matrix.deployment import Deployment, Function
from tests.matrix.installed import handlers
from tests.matrix.messages import Message, Messages


class Reactions:
    """Reads queues, invokes handlers and does with the messages what their answers say.

    Source: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """

    def __init__(self, deployment: Deployment, messages: Messages, actors: Actors, clock: Clock) -> None:
        """Run nothing."""
        self._modules = handlers(deployment)
        self._messages, self._actors, self._clock = messages, actors, clock
        self._functions = {one.queue: one for one in deployment.functions.values()}
        self._running: Counter[str] = Counter()
        self._gathering: set[str] = set()
        self._numbers = itertools.count(1)
        messages.arrived = self._arrived

    def _arrived(self, queue: str) -> None:
        """Read now, or wait for more until the function's batching window is over."""
        function = self._functions.get(queue)
        if function is None or not function.window:
            self._read(queue)
        elif queue not in self._gathering:
            self._gathering.add(queue)
            self._clock.later(function.window, lambda: self._gathered(queue))

    def _gathered(self, queue: str) -> None:
        self._gathering.discard(queue)
        self._read(queue)

    def _read(self, queue: str) -> None:
        function = self._functions.get(queue)
        if (
            function is None
            or self._running[queue] >= function.at_once
            or not self._messages.held[queue].waiting
        ):
            return
        batch = self._messages.receive(queue, function.batch)
        self._running[queue] += 1
        began, visibility = self._clock.seconds, self._messages.held[queue].queue.visibility

        def ended(answer: Any, error: BaseException | None) -> None:
            self._running[queue] -= 1
            failed = (
                {one.id for one in batch}
                if error
                else {one["itemIdentifier"] for one in answer["batchItemFailures"]}
            )
            for message in batch:
                if message.id in failed:
                    self._messages.come_again(queue, message, visibility - (self._clock.seconds - began))
                else:
                    self._messages.delete(queue)
            self._read(queue)

        name = f"{function.stage} {next(self._numbers)}"
        actor = self._actors.start(name, function.stage, lambda: self._invoke(function, batch), ended)
        actor.facts = {"receives": str(max(message.receives for message in batch))}
        self._clock.later(function.timeout, lambda: None if actor.over else actor.kill(), idle=True)
        self._read(queue)

    def _invoke(self, function: Function, batch: list[Message]) -> Any:
        module = self._modules[function.stage]
        for value in vars(module).values():
            if getattr(value, "__module__", "") == module.__name__ and hasattr(value, "cache_clear"):
                value.cache_clear()  # Every start is a cold one: what a warm function has kept may be gone.
        records = [
            {
                "messageId": one.id,
                "body": one.body,
                "attributes": {"ApproximateReceiveCount": str(one.receives)},
                "eventSource": "aws:sqs",
            }
            for one in batch
        ]
        return module.handler({"Records": records}, None)
