"""A flood of guessed passwords, or of made-up tokens, and what callers with a token notice of it, in model time.

An account of ten concurrent executions, as a new one has; the authorizer and its requests are the real ones, on a
model of the table. A password takes 0.2 s to check. No web ACL helps. `SECONDS` shortens the flood.
"""

# ruff: noqa: E402 - model time starts before anything is imported that makes threads or sleeps
from bench.model.model_time import start

MODEL = start()

import base64
import os
import random
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

import boto3

from bench.model.capacity import Rules
from bench.model.functions import Account, Function, Refused
from bench.model.limits import Limits
from bench.model.memory_table import MemoryTable
from bench.stub import ENVIRONMENT
from chalicelib.access.authenticator import Authenticator
from chalicelib.access.credentials import bearer_text
from chalicelib.access.items import SESSIONS
from chalicelib.access.model import NewToken
from chalicelib.access.permissions import Caller
from chalicelib.access.throttle import PasswordThrottle
from chalicelib.config import Settings
from chalicelib.errors import NotFound, TooManyAttempts, Unauthorized
from chalicelib.members.model import MemberKey
from chalicelib.services import Services

SECONDS = int(os.environ.get("SECONDS", "60"))
GUESSES_A_SECOND = 2_000
HASH_SECONDS = 0.2
EXECUTIONS = 10
CALLERS = 20  # with a token, each with a request a second, none of which the gateway has cached
RETRY_SECONDS, TRIES = 1.0, 6  # as Retry-After says, and up to half as long again
STARTING_SECONDS = 5  # from the start of the flood: cold functions, which take up executions
UNBOUNDED = 1_000_000
CHANCE = random.Random(1)  # noqa: S311 - the same in each run


@dataclass
class Found:
    """What a flood was answered, and what callers with a token noticed."""

    answers: dict[str, int] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)  # of each request of a caller, with its repetitions
    repeated: int = 0  # of these requests, once all functions had started
    failed: int = 0

    def text(self) -> str:
        """Returns it as a line."""
        answers = ", ".join(f"{count:,} {name}" for name, count in sorted(self.answers.items()))
        slowest = statistics.quantiles(self.seconds, n=100)[-1]
        return (
            f"{answers}; of {len(self.seconds):,} requests with a token {self.failed} failed, {self.repeated} were "
            f"sent again after the first {STARTING_SECONDS} s; 99 of 100 took at most {slowest * 1000:,.0f} ms"
        )


class Deployment:
    """The two functions that a request meets, over one table."""

    def __init__(self, logins_per_second: int) -> None:
        self.table = MemoryTable()
        self._limits = Limits(Rules(), clock=MODEL.clock, sleep=MODEL.sleep, find=self.table.find)
        given = {name.lower(): value for name, value in ENVIRONMENT.items()}
        self._settings = Settings.model_validate({**given, "logins_per_second": logins_per_second})
        account = Account(EXECUTIONS)
        self.authorizer = Function(MODEL, account, self._authenticator, warm=2)
        self.api = Function(MODEL, account, self.process, warm=2)
        self.account = account

    def process(self) -> Services:
        """Returns the services of one more process."""
        client = boto3.client("dynamodb")
        self._limits.attach(client)
        self.table.attach(client)
        return Services(self._settings, lambda _: client, time.time)

    def _authenticator(self) -> Authenticator:
        services = self.process()
        throttle = PasswordThrottle(services.table, self._settings.logins_per_second)
        return Authenticator(services.table, services.sessions, throttle, time.time, _verify)

    def send(self, header: str, address: str) -> str:
        """Returns the answer to a request for a member. Raises Refused."""
        caller: Caller | None = None
        with self.authorizer.call() as authenticator:
            try:
                caller = authenticator.authenticate(header, address)
            except Unauthorized:
                return "401"
            except TooManyAttempts as error:
                if error.flood:
                    return "401 in the flood"
        with self.api.call() as services:
            if caller is None:
                return "429"
            services.group_cache.grants_of(caller.groups)
            with suppress(NotFound):
                services.members.get(MemberKey("1", "1"))
            return "200"


def _verify(_password: str, _stored: str | None) -> bool:
    MODEL.sleep(HASH_SECONDS)
    return False


def password_guess(number: int) -> str:
    """Returns a header with a name of its own."""
    return "Basic " + base64.b64encode(f"user{number}:guess".encode()).decode()


def made_up_token(number: int) -> str:
    """Returns a header with the token of a session that does not exist."""
    return "Bearer " + bearer_text(SESSIONS, f"user{number}/1", "guess")


def run(logins_per_second: int, addresses: int, header: Callable[[int], str] = password_guess) -> Found:
    """Sends a flood from so many addresses, each guess with a header of its own, while callers use the API."""
    deployment = Deployment(logins_per_second)
    tokens = deployment.process().tokens
    headers = [
        f"Bearer {tokens.create(NewToken(name=f't{n}', groups=['viewers'])).text}" for n in range(CALLERS)
    ]
    found, began = Found(), MODEL.now
    end = began + SECONDS
    threads = [threading.Thread(target=_call, args=(deployment, header, began, found)) for header in headers]
    threads.append(threading.Thread(target=_flood, args=(deployment, addresses, end, found, header)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def _flood(
    deployment: Deployment, addresses: int, end: float, found: Found, header: Callable[[int], str]
) -> None:
    guesses = []
    number = 0
    while MODEL.now < end:
        number += 1
        address = f"10.{number % addresses >> 8 & 255}.{number % addresses & 255}.1"
        guess = threading.Thread(target=_guess, args=(deployment, header(number), address, found))
        guess.start()
        guesses.append(guess)
        MODEL.sleep(1 / GUESSES_A_SECOND)
    for guess in guesses:
        guess.join()


def _guess(deployment: Deployment, header: str, address: str, found: Found) -> None:
    try:
        answer = deployment.send(header, address)
    except Refused:
        answer = "503"
    found.answers[answer] = found.answers.get(answer, 0) + 1


def _call(deployment: Deployment, header: str, start_of_flood: float, found: Found) -> None:
    """Sends requests with a token, each again as the answer says."""
    MODEL.sleep(CHANCE.random())
    while MODEL.now < start_of_flood + SECONDS:
        began = MODEL.now
        served = any(_is_served(deployment, header) for _ in range(TRIES))
        found.failed += not served
        found.repeated += MODEL.now - began >= RETRY_SECONDS and began > start_of_flood + STARTING_SECONDS
        found.seconds.append(MODEL.now - began)
        MODEL.sleep(CHANCE.uniform(0.5, 1.5))


def _is_served(deployment: Deployment, header: str) -> bool:
    """Returns whether a request is answered; waits if it is not."""
    with suppress(Refused):
        return deployment.send(header, "192.0.2.1") == "200"
    MODEL.sleep(RETRY_SECONDS * CHANCE.uniform(1, 1.5))
    return False


def main() -> None:
    """Run the floods and print what they found. Fails unless every caller with a token is served."""
    os.environ.update(ENVIRONMENT)
    bound = Settings.model_fields["logins_per_second"].default
    for addresses in (1, 50_000):
        found = MODEL.run(lambda addresses=addresses: run(bound, addresses))  # type: ignore[misc]
        print(f"flood: {addresses:,} addresses, LoginsPerSecond={bound}: {found.text()}", flush=True)
        assert not found.failed
    found = MODEL.run(lambda: run(bound, 50_000, made_up_token))
    print(f"flood: 50,000 addresses with made-up tokens: {found.text()}", flush=True)
    assert not found.failed
    found = MODEL.run(lambda: run(UNBOUNDED, 50_000))
    print(f"flood: 50,000 addresses without that bound: {found.text()}", flush=True)
    assert found.failed, "the flood does not show"


if __name__ == "__main__":
    main()
