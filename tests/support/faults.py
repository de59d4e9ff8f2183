"""Workers that meet faults: killed at any call to AWS, throttled, without a response, or overtaken by another."""

import json
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, NamedTuple

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

from chalicelib.config import Settings
from chalicelib.dynamodb.retries import MAX_ATTEMPTS
from chalicelib.imports.running.pipeline import ImportPipeline
from chalicelib.services import Services
from tests.support.pipeline import KilledError
from tests.support.request_faults import error_response, lose_request, lose_response

KINDS = (
    *("killed", "killed after", "killed", "killed after"),  # before a call took effect, and after that
    *("lost", "lost and retried", "lost each time", "unsent", "conflict", "throttled", "starved", "starved"),
    *("meets", "meets"),
)


class Fault(NamedTuple):
    """What happens at a worker's `call`-th call (from 1); for `meets`, what happens meanwhile, and the next fault.

    A `starved` worker meets throttles from that call on, until it has no time left. A call that is `lost each time`
    takes effect, and so often gets no response that the worker gives it up.
    """

    call: int
    kind: str
    meanwhile: Callable[[], object] = lambda: None
    after: "Fault | None" = None


class Sent:
    """Passes the workers' messages to the current schedule."""

    to: Callable[[str, dict[str, Any]], None]

    def __call__(self, kind: str, body: dict[str, Any]) -> None:
        """Passes one message on."""
        self.to(kind, body)


class Worker:
    """Runs imports with its own AWS clients, which meet one fault each time. Messages and notices go to `sent`."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent
        self._lock = threading.Lock()
        self._fault: Fault | None = None
        self._calls = 0
        self._killed = self._starved = False
        self._lost: list[Any] = []  # the bodies of requests that get no response
        once = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
        self._clients: dict[str, Any] = {
            name: boto3.client(name, config=once) for name in ("dynamodb", "s3", "sqs", "sns")
        }
        for name in ("dynamodb", "s3"):
            events = self._clients[name].meta.events
            events.register_first(f"before-send.{name}", self._meet)
            events.register_first(f"needs-retry.{name}", self._retry_at_once)
        self._clients["sqs"].meta.events.register("before-call.sqs.SendMessage", self._message)
        self._clients["sns"].meta.events.register("before-call.sns.Publish", self._notice)

    def close(self) -> None:
        """Closes its connections."""
        for client in self._clients.values():
            client.close()

    @contextmanager
    def meeting(
        self, fault: Fault | None, settings: Settings, clock: Callable[[], float]
    ) -> Iterator[ImportPipeline]:
        """Yields the pipeline as this worker runs it."""
        yield self.services(fault, settings, clock).imports_within(self.time_left)

    def services(self, fault: Fault | None, settings: Settings, clock: Callable[[], float]) -> Services:
        """Returns the services of a new run of this worker, which meets the fault."""
        self._fault, self._calls = fault, 0
        self._killed = self._starved = False
        self._lost = []
        return Services(settings, self._clients.__getitem__, clock)

    def time_left(self) -> float:
        """Returns the seconds that this run has left: none once the worker is starved."""
        return 0.0 if self._starved else math.inf

    def _next(self) -> Fault | None:
        """Returns the fault of the current call. A killed worker makes no call."""
        with self._lock:
            self._calls += 1
            if self._killed:
                raise KilledError
            due = self._fault if self._fault and self._calls == self._fault.call else None
            if due and due.kind == "killed":
                self._killed = True
                raise KilledError
        if due and due.kind == "meets":
            due.meanwhile()
            self._fault = due.after and due.after._replace(call=due.call + due.after.call)
        return due

    def _kill(self) -> None:
        self._killed = True
        raise KilledError

    def _meet(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        due = self._next()
        if due and due.kind == "lost each time":
            self._lost = [request.body] * MAX_ATTEMPTS
        if self._lost and request.body == self._lost[-1]:
            self._lost.pop()
            return lose_response(request)
        self._starved |= due is not None and due.kind == "starved"
        if self._starved:
            return self._throttle(request, "ThrottlingError")
        if due is None:
            return None
        if due.kind == "killed after":
            try:
                lose_response(request)
            except ReadTimeoutError:
                self._kill()
        if due.kind.startswith("lost"):
            return lose_response(request)
        if due.kind == "unsent":
            return lose_request(request)
        reasons = {"throttled": "ThrottlingError", "conflict": "TransactionConflict"}
        return self._throttle(request, reasons[due.kind]) if due.kind in reasons else None

    def _throttle(self, request: AWSPreparedRequest, reason: str) -> AWSResponse | None:
        target = str(request.headers.get("X-Amz-Target", ""))
        if "TransactWriteItems" in target:
            return error_response("TransactionCanceledException", reasons=["None", reason])(request)
        return error_response("ThrottlingException" if target else "", 400 if target else 503)(request)

    def _retry_at_once(self, attempts: int, caught_exception: Exception | None, **_: Any) -> int | None:
        """Makes the SDK's own second attempt immediate."""
        again = self._fault and self._fault.kind == "lost and retried"
        return 0 if again and attempts == 1 and isinstance(caught_exception, ReadTimeoutError) else None

    def _message(self, params: dict[str, Any], **_: Any) -> Any:
        body = json.loads(params["body"])
        kind = "message" if not body.get("DelaySeconds") else "reminder"
        return self._send(kind, json.loads(body["MessageBody"]))

    def _notice(self, params: dict[str, Any], **_: Any) -> Any:
        return self._send("notice", json.loads(params["body"]["Message"]))

    def _send(self, kind: str, body: dict[str, Any]) -> Any:
        due = self._next()
        if due and due.kind in ("unsent", "conflict", "throttled", "starved"):
            raise ReadTimeoutError(endpoint_url="")
        self._sent(kind, body)
        if due and due.kind == "killed after":
            self._kill()
        if due and due.kind.startswith("lost"):
            raise ReadTimeoutError(endpoint_url="")
        return SimpleNamespace(status_code=200), {}
