"""DynamoDB's condition and update expressions, as far as Rollcall uses them."""

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import lru_cache
from typing import Any

from chalicelib.dynamodb.items import Item

Values = Mapping[str, Any]
Operand = Callable[[Item, Values], Any]  # an attribute such as {"S": "x"}, or None
Condition = Callable[[Item, Values], bool]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_TOKEN = re.compile(r"\s*([#:]?\w+|<>|<=|>=|[=<>(),+-])")


def holds(body: Mapping[str, Any], item: Item | None, name: str = "ConditionExpression") -> bool:
    """Returns whether the condition of a request holds for the stored item."""
    text = body.get(name)
    if text is None:
        return True
    names = tuple(body.get("ExpressionAttributeNames", {}).items())
    return _condition(text, names)(item or {}, body.get("ExpressionAttributeValues", {}))


def updated(body: Mapping[str, Any], item: Item | None) -> Item:
    """Returns the item as the update expression of a request leaves it."""
    parser = _Parser(body["UpdateExpression"], body.get("ExpressionAttributeNames", {}))
    old, values = dict(item or body["Key"]), body.get("ExpressionAttributeValues", {})
    new = dict(old)
    while clause := parser.take():
        while True:
            parser.update(clause, old, new, values)
            if parser.peek() != ",":
                break
            parser.take()
    return new


@lru_cache(maxsize=1_000)
def _condition(text: str, names: tuple[tuple[str, str], ...]) -> Condition:
    return _Parser(text, dict(names)).either()


class _Parser:
    """A recursive descent parser of one expression."""

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self._tokens = _TOKEN.findall(text)
        assert "".join(self._tokens) == re.sub(r"\s", "", text), f"cannot be read: {text}"
        self._names = names

    def peek(self) -> str:
        """Returns the next token, "" at the end."""
        return self._tokens[0] if self._tokens else ""

    def take(self) -> str:
        """Returns the next token and moves on."""
        return self._tokens.pop(0) if self._tokens else ""

    def either(self) -> Condition:
        """Parses conditions joined by OR."""
        parts = [self._both()]
        while self.peek() == "OR":
            self.take()
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else lambda item, values: any(p(item, values) for p in parts)

    def _both(self) -> Condition:
        parts = [self._single()]
        while self.peek() == "AND":
            self.take()
            parts.append(self._single())
        return parts[0] if len(parts) == 1 else lambda item, values: all(p(item, values) for p in parts)

    def _single(self) -> Condition:
        if self.peek() == "NOT":
            self.take()
            inner = self._single()
            return lambda item, values: not inner(item, values)
        if self.peek() == "(":
            self.take()
            inner = self.either()
            self.take()
            return inner
        if self.peek() in {"attribute_exists", "attribute_not_exists", "begins_with"}:
            return self._function(self.take())
        return self._comparison(self._operand())

    def _function(self, name: str) -> Condition:
        left, *rest = self._arguments()
        if name == "begins_with":
            return lambda item, values: _begins(left(item, values), rest[0](item, values))
        return lambda item, values: (left(item, values) is not None) == (name == "attribute_exists")

    def _comparison(self, left: Operand) -> Condition:
        sign = self.take()
        if sign == "IN":
            options = self._arguments()
            return lambda item, values: left(item, values) in [one(item, values) for one in options]
        right = self._operand()
        if sign == "BETWEEN":
            self.take()  # AND
            high = self._operand()
            return lambda item, values: (
                _compare(">=", left(item, values), right(item, values))
                and _compare("<=", left(item, values), high(item, values))
            )
        if sign == "<>":
            return lambda item, values: left(item, values) != right(item, values)
        return lambda item, values: _compare(sign, left(item, values), right(item, values))

    def _arguments(self) -> list[Operand]:
        found: list[Operand] = []
        while self.take() in {"(", ","}:  # ends with )
            found.append(self._operand())
        return found

    def _operand(self) -> Operand:
        token = self.take()
        if token == "if_not_exists":  # noqa: S105 - a token of an expression
            stored, default = self._arguments()
            return lambda item, values: stored(item, values) or default(item, values)
        if token.startswith(":"):
            return lambda _, values: values[token]
        name = self._names.get(token, token)
        return lambda item, _: item.get(name)

    def update(self, clause: str, old: Item, new: Item, values: Values) -> None:
        """Applies one action of an update's clause."""
        name = self.take()
        name = self._names.get(name, name)
        if clause == "REMOVE":
            new.pop(name, None)
        elif clause == "ADD":
            new[name] = _sum(old.get(name, {"N": "0"}), self._operand()(old, values), 1)
        else:
            self.take()  # =
            value = self._operand()(old, values)
            if self.peek() in {"+", "-"}:
                sign = 1 if self.take() == "+" else -1
                value = _sum(value, self._operand()(old, values), sign)
            new[name] = value


def _compare(sign: str, left: Any, right: Any) -> bool:
    """Compares two attributes of one type; a missing one compares with nothing."""
    if left is None or right is None:
        return False
    [(kind, one)], [(other_kind, other)] = left.items(), right.items()
    if kind != other_kind:
        return False
    return COMPARE[sign](float(one), float(other)) if kind == "N" else COMPARE[sign](one, other)


def _begins(left: Any, right: Any) -> bool:
    return left is not None and str(left["S"]).startswith(right["S"])


def _sum(left: Any, right: Any, sign: int) -> Any:
    return {"N": str(Decimal(left["N"]) + sign * Decimal(right["N"]))}
