"""Kept replies: who may run, for how long a reply is kept, and what becomes of requests that die."""

import uuid

import pytest

from chalicelib.errors import KeyReused, StillRunning
from chalicelib.replies import KEPT_SECONDS, RUN_SECONDS, Attempt, Replies, Reply
from chalicelib.services import Services
from tests.support.clock import Clock

REPLY = Reply(201, {"ETag": '"1"'}, "{}", ("4eadb2c1575e98f6b5cefd04",))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def replies(services: Services, clock: Clock) -> Replies:
    return Replies(services.table, clock)


@pytest.fixture
def key() -> str:
    """Returns a key that no other test uses."""
    return str(uuid.uuid4())


def begin(replies: Replies, key: str, fingerprint: str = "one") -> Attempt:
    """Returns the attempt of a request that may run."""
    started = replies.begin("user:ann", key, fingerprint)
    assert isinstance(started, Attempt), started
    return started


def test_reply_is_kept_for_a_day(replies: Replies, clock: Clock, key: str) -> None:
    replies.keep(begin(replies, key), REPLY)
    clock.now += KEPT_SECONDS - 1
    assert replies.begin("user:ann", key, "one") == REPLY
    with pytest.raises(KeyReused):
        replies.begin("user:ann", key, "two")
    clock.now += 1
    another = begin(replies, key, "two")
    assert (another.repeated, another.first_at) == (False, clock.now)


def test_dead_request_is_taken_over_after_its_time(replies: Replies, clock: Clock, key: str) -> None:
    dead = begin(replies, key)
    clock.now += RUN_SECONDS - 1
    with pytest.raises(StillRunning):
        replies.begin("user:ann", key, "one")
    with pytest.raises(KeyReused):
        replies.begin("user:ann", key, "two")
    clock.now += 1
    second = begin(replies, key)
    assert second.repeated
    assert second.new_id() == dead.new_id()
    replies.keep(dead, REPLY._replace(status=500))  # it was not dead
    replies.forget(dead)
    replies.keep(second, REPLY)
    assert replies.begin("user:ann", key, "one") == REPLY


def test_released_request_is_taken_over_at_once(replies: Replies, key: str) -> None:
    replies.release(begin(replies, key))
    with pytest.raises(KeyReused):
        replies.begin("user:ann", key, "two")
    assert begin(replies, key).repeated


def test_forgotten_key_is_free(replies: Replies, key: str) -> None:
    replies.forget(begin(replies, key))
    assert not begin(replies, key, "two").repeated


def test_two_requests_cannot_take_over_together(replies: Replies, clock: Clock, key: str) -> None:
    begin(replies, key)
    clock.now += RUN_SECONDS
    begin(replies, key)
    with pytest.raises(StillRunning):
        replies.begin("user:ann", key, "one")
