"""What the registry's tests share: members to write, a check of the whole table, and a look at each request."""

import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from chalicelib import config
from chalicelib.dynamodb.items import Item
from chalicelib.members.items import (
    INDEX,
    SHARDS,
    account_shard,
    claim_key,
    from_item,
    member_key,
    member_key_of,
    name_order,
    shard_of,
)
from chalicelib.members.model import Member, NewMember

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def phone(number: int) -> str:
    """A phone number of its own for each number below ten million."""
    return f"+1323{number:07d}"


def person(account_id: str, number: int = 1, /, **fields: str) -> NewMember:
    """A member of this account, each number another one."""
    usual = {
        "account_id": account_id,
        "client_member_id": f"m{number}",
        "first_name": "Ralph",
        "last_name": "Mouse",
        "phone_number": phone(number),
    }
    return NewMember.model_construct(None, **usual | fields)


def edited(**fields: str) -> Callable[[Member], NewMember]:
    """An edit that sets these fields."""
    return lambda member: NewMember.model_construct(None, **member.writable() | fields)


def members_of(account_id: str, table_name: str = "") -> dict[str, Member]:
    """The account's members by client member id, after a look at every item of the account.

    Asserts what must hold at any moment when nobody writes: a member has its claim, a claim its member, and the
    index what the table has.
    """
    client, table_name = config.dynamodb(), table_name or config.settings().table_name
    items = [
        item
        for page in client.get_paginator("scan").paginate(
            TableName=table_name,
            ConsistentRead=True,
            FilterExpression="sk = :sk AND attribute_not_exists(expires_at)",  # what validate keeps is no member
            ExpressionAttributeValues={":sk": member_key(account_id, "")["sk"]},
        )
        for item in page["Items"]
    ]
    found = [(item, from_item(item)) for item in items if "phone_number" in item]
    members = {member.client_member_id: member for _, member in found}
    claims = {item["pk"]["S"]: member_key_of(item) for item in items if "phone_number" not in item}
    expected = {
        claim_key(account_id, m.phone_number)["pk"]["S"]: (account_id, m.client_member_id)
        for m in members.values()
    }
    assert len(expected) == len(members), "two members have one phone number"
    assert claims == expected, "a member without its claim, or a claim without its member"
    for item, member in found:
        shard = shard_of(member.client_member_id)
        assert item["account_shard"] == {"S": account_shard(account_id, shard)}
        assert item["name_order"] == {"S": name_order(member)}
    indexed = [
        from_item(item)
        for shard in range(SHARDS)
        for page in client.get_paginator("query").paginate(
            TableName=table_name,
            IndexName=INDEX,
            KeyConditionExpression="account_shard = :shard",
            ExpressionAttributeValues={":shard": {"S": account_shard(account_id, shard)}},
        )
        for item in page["Items"]
    ]
    assert {m.client_member_id: m for m in indexed} == members, "the index differs from the table"
    return members


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Calls all at the same moment, each in a thread; what each returned or raised."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        gate.wait()
        try:
            return call()
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def impatient_client() -> "DynamoDBClient":
    """A client that never tries again by itself, so that a fault reaches the registry at once."""
    return boto3.client("dynamodb", config=Config(retries={"total_max_attempts": 1}))


class Meter:
    """What the requests within `metered` cost, and how many items they read."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.units = 0.0
        self.items_read = 0

    def ask(self, params: dict[str, Any], **_: Any) -> None:
        """Has DynamoDB say what a request costs."""
        params["ReturnConsumedCapacity"] = "TOTAL"

    def note(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        """Adds up what it said."""
        self.calls[model.name] += 1
        said = parsed.get("ConsumedCapacity", [])
        self.units += sum(one["CapacityUnits"] for one in (said if isinstance(said, list) else [said]))
        self.items_read += parsed.get("ScannedCount", 0)


def counts_units_as_aws() -> bool:
    """Whether the engine does. DynamoDB Local counts two items a transaction, however many, and the index twice."""
    answered = config.dynamodb().list_tables(Limit=1)["ResponseMetadata"]
    return "Jetty" not in answered["HTTPHeaders"].get("server", "")


@contextmanager
def metered(client: "DynamoDBClient") -> Iterator[Meter]:
    """Counts the client's requests through the SDK's own hooks."""
    meter = Meter()
    hooks = {"before-parameter-build.dynamodb": meter.ask, "after-call.dynamodb": meter.note}
    events: Any = client.meta.events
    for event, hook in hooks.items():
        events.register(event, hook)
    try:
        yield meter
    finally:
        for event, hook in hooks.items():
            events.unregister(event, hook)


Fault = Callable[[AWSPreparedRequest], AWSResponse | None]


@contextmanager
def faulty(client: "DynamoDBClient", operation: str, *faults: Fault | None) -> Iterator[list[str]]:
    """Meets the first requests of an operation with these faults, one each; None lets one pass.

    The list grows by the operation's name with each request.
    """
    seen: list[str] = []
    lock = threading.Lock()

    def meet(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
        with lock:
            seen.append(operation)
            fault = faults[len(seen) - 1] if len(seen) <= len(faults) else None
        return fault(request) if fault else None

    event = f"before-send.dynamodb.{operation}"
    events: Any = client.meta.events
    events.register(event, meet)
    try:
        yield seen
    finally:
        events.unregister(event, meet)


@contextmanager
def partial_answers(client: "DynamoDBClient", sizes: Iterable[int | None]) -> Iterator[list[int]]:
    """Has each BatchGetItem bring at most this many items, and the keys of the others as UnprocessedKeys.

    None, and whatever comes after the last size, brings all. The list grows by the number of keys left over.
    """
    wanted, left = iter(sizes), list[int]()
    lock = threading.Lock()

    def cut(parsed: dict[str, Any], **_: Any) -> None:
        with lock:
            size = next(wanted, None)
            rest = {name: items[size:] for name, items in parsed["Responses"].items() if size is not None}
            left.append(sum(map(len, rest.values())))
        for name, items in rest.items():
            del parsed["Responses"][name][size:]
            keys = [{"pk": item["pk"], "sk": item["sk"]} for item in items]
            parsed["UnprocessedKeys"] |= {name: {"Keys": keys, "ConsistentRead": True}} if keys else {}

    event = "after-call.dynamodb.BatchGetItem"
    events: Any = client.meta.events
    events.register(event, cut)
    try:
        yield left
    finally:
        events.unregister(event, cut)


def lost(request: AWSPreparedRequest) -> AWSResponse | None:
    """The request arrives and takes effect, its answer never comes."""
    session = URLLib3Session()
    session.send(request).raw.close()
    session.close()
    raise ReadTimeoutError(endpoint_url=request.url)


def unsent(request: AWSPreparedRequest) -> AWSResponse | None:
    """The request never arrives."""
    raise ReadTimeoutError(endpoint_url=request.url)


def unconnected(request: AWSPreparedRequest) -> AWSResponse | None:
    """Nobody answers at the address."""
    raise EndpointConnectionError(endpoint_url=request.url)


def answer(code: str, status: int = 400, reasons: Sequence[str] = (), item: Item | None = None) -> Fault:
    """An error of DynamoDB's in place of the request; without a code, one of whatever stands before DynamoDB.

    `reasons` are those of a cancelled transaction by leg, `item` what stood where a condition failed.
    """
    body: dict[str, Any] = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "Message": "so it goes"}
    if reasons:
        failed = {"Item": item} if item else {}
        body["CancellationReasons"] = [{"Code": r, **(failed if "Failed" in r else {})} for r in reasons]

    def fault(request: AWSPreparedRequest) -> AWSResponse:
        raw = _Raw(json.dumps(body).encode() if code else b"")
        return AWSResponse(request.url, status, HTTPHeaders(), raw)

    return fault


class _Raw:
    """An answer's body as urllib3 would hand it over."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        """The body."""
        yield self._body


ODD_NAMES = (
    *("Mouse", "mouse", "MOUSE", "Mouse-Smith", "Mouse Smith", "mous", "Möuse", "Ångström", "Zoë", "Éclair"),
    *(
        "straße",
        "STRASSE",
        "Strasse",
        "O'Neil",
        "d\u2019Arc",
        "李",
        "محمد",
        "שָׁלוֹם",
        "🦊",
        "🦊🦊",
        "👩‍👩‍👧",
        "𐐀",
        "\uffff",
        "\ue000",
    ),
    *(
        "ΐ" * 64,
        "ß" * 64,
        "🦊" * 64,
        "\U0010ffff" * 64,
        "\U0010ffff",
        "ﬃ" * 64,
        "İstanbul",
        "ISTANBUL",
        "!",
        "~",
    ),
)


def odd_people(account_id: str, count: int, seed: int = 7) -> list[NewMember]:
    """Members whose names test the order: case, accents, equal names, other scripts, letters that fold to more."""
    pick = random.Random(seed).choice
    return [
        person(account_id, n, last_name=pick(ODD_NAMES), first_name=pick(ODD_NAMES), client_member_id=f"{n}é")
        for n in range(count)
    ]
