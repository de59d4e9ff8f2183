"""SQS queues in memory, the workers that take messages from them, and topics that note what is published.

Titles in quotation marks are pages of the Amazon SQS Developer Guide or of the AWS Lambda Developer Guide.
"""

import heapq
import itertools
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .responses import Answer, request_body, success

IDLE_SECONDS = 0.1  # between two looks at an empty queue
Handle = Callable[
    [dict[str, Any], int], None
]  # takes a message's body and the number of this delivery, from 1


@dataclass(order=True)
class Message:
    """A message, and when it can be received."""

    visible_at: float
    order: int
    body: dict[str, Any] = field(compare=False)
    deliveries: int = field(default=0, compare=False)


class MemoryQueue:
    """One queue. Workers take one message at a time, as Lambda does with a batch size of 1.

    A message whose worker raises is delivered again after 2, 4, 8 … 300 s (see chalicelib/workers.py), and moves to
    `dead` after `receives` deliveries ("Using dead-letter queues in Amazon SQS").
    """

    def __init__(
        self, clock: Callable[[], float], sleep: Callable[[float], object], receives: int = 10
    ) -> None:
        self.dead: list[Message] = []
        self.errors: list[str] = []
        self.sent = 0
        self._clock, self._sleep, self._receives = clock, sleep, receives
        self._waiting: list[Message] = []
        self._in_work = 0
        self._order = itertools.count()

    def attach(self, client: Any) -> None:
        """Takes in all messages that a client sends."""
        client.meta.events.register_last("before-call.sqs.SendMessage", self._receive)

    def send(self, body: dict[str, Any], delay: float = 0) -> None:
        """Adds a message that can be received after `delay` seconds."""
        self.sent += 1
        heapq.heappush(self._waiting, Message(self._clock() + delay, next(self._order), body))

    def _receive(self, params: dict[str, Any], context: dict[str, Any], **_: Any) -> Answer:
        sent = request_body(params, context)
        self.send(json.loads(sent["MessageBody"]), sent.get("DelaySeconds", 0))
        return success(MessageId="model")

    def work(self, workers: list[Handle]) -> None:
        """Lets each worker take messages until there are none, waiting or in work."""
        threads = [threading.Thread(target=self._work, args=(handle,)) for handle in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _work(self, handle: Handle) -> None:
        while self._waiting or self._in_work:
            if not self._waiting or self._waiting[0].visible_at > self._clock():
                self._sleep(IDLE_SECONDS)
                continue
            message = heapq.heappop(self._waiting)
            message.deliveries += 1
            self._in_work += 1
            try:
                handle(message.body, message.deliveries)
            except Exception as error:
                self.errors.append(type(error).__name__)
                self._return(message)
            finally:
                self._in_work -= 1

    def _return(self, message: Message) -> None:
        if message.deliveries >= self._receives:
            self.dead.append(message)
            return
        message.visible_at = self._clock() + min(2**message.deliveries, 300)
        heapq.heappush(self._waiting, message)
