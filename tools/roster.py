"""Makes up a roster of any size, the same for the same seed, and says what importing it must come to.

    python -m tools.roster --rows 10000 --bad 0.05 --seed 7 > roster.csv

The roster goes to standard output, what it holds as JSON to standard error: the counts of an import in mode
create into accounts that had no members, and the rejected rows by code.
"""

import csv
import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import IO

import click

COLUMNS = ("id", "first_name", "last_name", "phone_number", "client_member_id", "account_id")
FIRST = (
    "Ada",
    "Ben",
    "Chloé",
    "Dmitri",
    "Élodie",
    "Fatima",
    "Günther",
    "Hana",
    "Jürgen",
    "Łucja",
    "Mary Ann",
    "李",
)
LAST = (
    "Adler",
    "Brown",
    "Çelik",
    "De la Cruz",
    "Eriksson",
    "García",
    "Mouse",
    "Nguyễn",
    "O'Neil",
    "Smith, Jr.",
    "Zöller",
)
KEPT = 1000  # good rows that later ones may clash with
SPELLINGS = ("{0}{1}{2}", "({0}) {1}-{2}", "{0}-{1}-{2}", "{0}.{1}.{2}", "+1 {0} {1} {2}", "1{0}{1}{2}")


@dataclass
class Roster:
    """A roster of `rows` rows for `accounts` accounts, a share `bad` of them wrong in one way or another."""

    rows: int
    bad: float = 0.0
    seed: int = 0
    accounts: int = 1
    rejected: dict[int, str] = field(default_factory=dict)  # code by line of the file, once written

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._good: list[list[str]] = []  # a few rows that a later one may clash with

    def __iter__(self) -> Iterator[list[str]]:
        """The rows as cells, the header first; `rejected` fills as they pass."""
        yield list(COLUMNS)
        ways = list(WRONG)
        for number in range(self.rows):
            row = self._row(number)
            if self._good and self._random.random() < self.bad:
                code = self._random.choice(ways)
                self.rejected[number + 2] = code
                yield WRONG[code](row, self._random.choice(self._good))
                continue
            if len(self._good) < KEPT:
                self._good.append(row)
            yield row

    def _row(self, number: int) -> list[str]:
        phone = f"{2010000000 + number}"
        spelling = self._random.choice(SPELLINGS)
        return [
            str(number + 1),
            self._random.choice(FIRST),
            self._random.choice(LAST),
            spelling.format(phone[:3], phone[3:6], phone[6:]),
            f"{number:07}",
            f"{self.seed}-{number % self.accounts}",
        ]

    @property
    def expected(self) -> dict[str, object]:
        """What an import of the roster must come to, once it was written."""
        wrong = len(self.rejected)
        counts = {
            "rows": self.rows,
            "created": self.rows - wrong,
            "updated": 0,
            "unchanged": 0,
            "rejected": wrong,
        }
        return {"counts": counts, "codes": dict(sorted(Counter(self.rejected.values()).items()))}

    def write(self, file: IO[str]) -> None:
        """Writes it as CSV."""
        csv.writer(file, lineterminator="\n").writerows(self)


def _with(column: str, value: str) -> Callable[[list[str], list[str]], list[str]]:
    index = COLUMNS.index(column)
    return lambda row, _: [*row[:index], value, *row[index + 1 :]]


def _taken(column: str) -> Callable[[list[str], list[str]], list[str]]:
    """The row with what `other` has; in its account, for elsewhere it would be free."""
    index = COLUMNS.index(column)
    return lambda row, other: [*row[:index], other[index], *row[index + 1 : -1], other[-1]]


# The ways to be wrong, by the code each is rejected with: (the row, a good one before it) -> the wrong row.
WRONG: dict[str, Callable[[list[str], list[str]], list[str]]] = {
    "blank": _with("last_name", "  "),
    "too_long": _with("first_name", "x" * 65),
    "control_character": _with("first_name", "An\x07n"),
    "phone_not_a_number": _with("phone_number", "unknown"),
    "phone_not_possible": _with("phone_number", "555-1234"),
    "phone_extension": _with("phone_number", "201-555-0123 ext. 9"),
    "phone_number_taken": _taken("phone_number"),
    "client_member_id_taken": _taken("client_member_id"),
    "too_few_cells": lambda row, _: row[:4],
    "too_many_cells": lambda row, _: [*row, "one more"],
}


@click.command(help=__doc__.split("\n", 1)[0])
@click.option(
    "--rows", default=1000, show_default=True, type=click.IntRange(min=1), help="Rows after the header."
)
@click.option(
    "--bad", default=0.0, show_default=True, type=click.FloatRange(0, 1), help="Share of wrong rows."
)
@click.option("--seed", default=1, show_default=True, help="The same seed makes the same roster.")
@click.option(
    "--accounts", default=1, show_default=True, type=click.IntRange(min=1), help="Accounts it is for."
)
def main(rows: int, bad: float, seed: int, accounts: int) -> None:
    """The command."""
    roster = Roster(rows, bad, seed, accounts)
    roster.write(sys.stdout)
    click.echo(json.dumps(roster.expected, indent=2), err=True)


if __name__ == "__main__":
    main()
