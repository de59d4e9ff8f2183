"""A DynamoDB table in memory, which understands the requests that Rollcall sends."""

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from chalicelib.dynamodb.items import Item, key_pair
from chalicelib.members.items import INDEX

from .expressions import holds, updated
from .responses import Answer, cancelled, failure, request_body, success

Body = Mapping[str, Any]
FAILED = "ConditionalCheckFailed"


class MemoryTable:
    """One table with the index by_account, for clients that it is attached to. The index is never behind."""

    def __init__(self) -> None:
        self.items: dict[tuple[str, str], Item] = {}
        self._groups: dict[tuple[str, str], set[tuple[str, str]]] = defaultdict(set)  # keys by partition
        self._lock = threading.Lock()

    def attach(self, client: Any) -> None:
        """Answers all requests of a client."""
        client.meta.events.register_last("before-call.dynamodb", self._respond)

    def put(self, item: Item) -> None:
        """Stores an item without a request."""
        self._store(key_pair(item), item)

    def find(self, key: tuple[str, str]) -> Item | None:
        """Returns the item under (partition key, sort key)."""
        return self.items.get(key)

    def _respond(self, model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> Answer:
        answers: dict[str, Callable[[Body], Answer]] = {
            "GetItem": self._get,
            "BatchGetItem": self._batch_get,
            "PutItem": self._put,
            "UpdateItem": self._update,
            "DeleteItem": self._delete,
            "TransactWriteItems": self._transact,
            "Query": self._query,
            "Scan": self._query,
        }
        with self._lock:
            return answers[model.name](request_body(params, context))

    def _get(self, body: Body) -> Answer:
        item = self.items.get(key_pair(body["Key"]))
        return success(Item=item) if item else success()

    def _batch_get(self, body: Body) -> Answer:
        found = {
            name: [self.items[pair] for key in request["Keys"] if (pair := key_pair(key)) in self.items]
            for name, request in body["RequestItems"].items()
        }
        return success(Responses=found, UnprocessedKeys={})

    def _put(self, body: Body) -> Answer:
        return self._write(body, body["Item"])

    def _delete(self, body: Body) -> Answer:
        return self._write(body, None)

    def _update(self, body: Body) -> Answer:
        item = self.items.get(key_pair(body["Key"]))
        return self._write(body, updated(body, item) if holds(body, item) else None)

    def _write(self, body: Body, new: Item | None) -> Answer:
        """Stores or removes one item if the condition holds."""
        key = key_pair(body.get("Item") or body["Key"])
        old = self.items.get(key)
        if not holds(body, old):
            shown: dict[str, Any] = _shown(body, old)
            return failure("ConditionalCheckFailedException", **shown)
        self._store(key, new)
        found = {"ALL_OLD": old, "ALL_NEW": new}.get(body.get("ReturnValues", ""))
        return success(Attributes=found) if found else success()

    def _transact(self, body: Body) -> Answer:
        """Applies all writes of a transaction, or none."""
        writes = [next(iter(action.items())) for action in body["TransactItems"]]
        stored = [(verb, write, key_pair(write.get("Item") or write["Key"])) for verb, write in writes]
        reasons: list[dict[str, Any]] = []
        failed = False
        for _, write, key in stored:
            old = self.items.get(key)
            if holds(write, old):
                reasons.append({"Code": "None"})
                continue
            failed = True
            reasons.append({"Code": FAILED, **_shown(write, old)})
        if failed:
            return cancelled(reasons)
        for verb, write, key in stored:
            new = {"Put": write.get("Item"), "Delete": None}.get(verb, self.items.get(key))
            self._store(key, updated(write, new) if verb == "Update" else new)
        return success()

    def _store(self, key: tuple[str, str], new: Item | None) -> None:
        old = self.items.pop(key, None)
        if old:
            for group in _groups(old):
                self._groups[group].discard(key)
        if new:
            self.items[key] = new
            for group in _groups(new):
                self._groups[group].add(key)

    def _query(self, body: Body) -> Answer:
        """Returns a page: of a partition, of an index partition, or of all items of the table or the index."""
        sort = "name_order" if "IndexName" in body else "sk"
        values = body.get("ExpressionAttributeValues", {})
        if "KeyConditionExpression" in body:
            key = next(iter(values.values()))["S"]  # the expressions name the partition first
            keys = self._groups[body.get("IndexName", ""), key]
            found = [self.items[pair] for pair in keys]
            found = [item for item in found if holds(body, item, "KeyConditionExpression")]
        else:
            found = [item for item in self.items.values() if sort in item]
        found.sort(
            key=lambda item: (item[sort]["S"], key_pair(item)), reverse=not body.get("ScanIndexForward", True)
        )
        return _page(body, found, sort)


def _shown(body: Body, item: Item | None) -> dict[str, Any]:
    """Returns the stored item as part of a failure, if the request asks for it."""
    return {"Item": item} if item and "ReturnValuesOnConditionCheckFailure" in body else {}


def _groups(item: Item) -> list[tuple[str, str]]:
    """Returns the partitions that list an item: (index or "", partition key)."""
    groups = [("", item["pk"]["S"])]
    return [*groups, (INDEX, item["account_shard"]["S"])] if "account_shard" in item else groups


def _page(body: Body, found: list[Item], sort: str) -> Answer:
    """Returns up to Limit items after ExclusiveStartKey."""
    if start := body.get("ExclusiveStartKey"):
        after = next((n for n, item in enumerate(found, 1) if key_pair(item) == key_pair(start)), 0)
        found = found[after:]
    limit = body.get("Limit", len(found))
    page = found[:limit]
    fields: dict[str, Any] = {"Items": page, "Count": len(page), "ScannedCount": len(page)}
    if page and len(found) > limit:
        names = {"pk", "sk", sort, "account_shard"} if "IndexName" in body else {"pk", "sk"}
        fields["LastEvaluatedKey"] = {name: page[-1][name] for name in names}
    return success(**fields)
