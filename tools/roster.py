"""Generates a random roster, and the counts that an import of it must have.

    python -m tools.roster --rows 10000 --bad 0.05 --seed 7 > roster.csv

Writes the roster to standard output. Writes JSON to standard error: the counts of an import in mode create into
accounts without members, and the number of rejected rows by code.
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
FIRST_NAMES = (
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
LAST_NAMES = (
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
MAX_GOOD = 1000  # good rows that bad rows copy values from
PHONE_FORMATS = ("{0}{1}{2}", "({0}) {1}-{2}", "{0}-{1}-{2}", "{0}.{1}.{2}", "+1 {0} {1} {2}", "1{0}{1}{2}")


@dataclass
class Roster:
    """A roster of `rows` rows for `accounts` accounts; the share `bad` of the rows has a fault."""

    rows: int
    bad: float = 0.0
    seed: int = 0
    accounts: int = 1
    rejected: dict[int, str] = field(default_factory=dict)  # the code by line of the file, after iteration

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._good: list[list[str]] = []  # at most MAX_GOOD

    def __iter__(self) -> Iterator[list[str]]:
        """Yields the rows as cells, the header first; adds to `rejected`."""
        yield list(COLUMNS)
        codes = list(FAULTS)
        for number in range(self.rows):
            row = self._row(number)
            if self._good and self._random.random() < self.bad:
                code = self._random.choice(codes)
                self.rejected[number + 2] = code
                yield FAULTS[code](row, self._random.choice(self._good))
                continue
            if len(self._good) < MAX_GOOD:
                self._good.append(row)
            yield row

    def _row(self, number: int) -> list[str]:
        phone = f"{2010000000 + number}"
        phone_format = self._random.choice(PHONE_FORMATS)
        return [
            str(number + 1),
            self._random.choice(FIRST_NAMES),
            self._random.choice(LAST_NAMES),
            phone_format.format(phone[:3], phone[3:6], phone[6:]),
            f"{number:07}",
            f"{self.seed}-{number % self.accounts}",
        ]

    @property
    def expected(self) -> dict[str, object]:
        """The counts and codes that an import of the roster must have; complete after iteration."""
        rejected = len(self.rejected)
        counts = {
            "rows": self.rows,
            "created": self.rows - rejected,
            "updated": 0,
            "unchanged": 0,
            "deleted": 0,
            "rejected": rejected,
            "removed": 0,
        }
        return {"counts": counts, "codes": dict(sorted(Counter(self.rejected.values()).items()))}

    def write(self, file: IO[str]) -> None:
        """Writes it as CSV."""
        csv.writer(file, lineterminator="\n").writerows(self)


def _set(column: str, value: str) -> Callable[[list[str], list[str]], list[str]]:
    index = COLUMNS.index(column)
    return lambda row, _: [*row[:index], value, *row[index + 1 :]]


def _copy(column: str) -> Callable[[list[str], list[str]], list[str]]:
    """Returns a function that copies the column, and the account, of another row into a row."""
    index = COLUMNS.index(column)
    return lambda row, other: [*row[:index], other[index], *row[index + 1 : -1], other[-1]]


# By the code that the import rejects it with: a function of (a row, an earlier good row) to the row with the fault.
FAULTS: dict[str, Callable[[list[str], list[str]], list[str]]] = {
    "blank": _set("last_name", "  "),
    "too_long": _set("first_name", "x" * 65),
    "control_character": _set("first_name", "An\x07n"),
    "phone_not_a_number": _set("phone_number", "unknown"),
    "phone_not_possible": _set("phone_number", "555-1234"),
    "phone_extension": _set("phone_number", "201-555-0123 ext. 9"),
    "phone_number_taken": _copy("phone_number"),
    "client_member_id_taken": _copy("client_member_id"),
    "too_few_cells": lambda row, _: row[:4],
    "too_many_cells": lambda row, _: [*row, "one more"],
}


@click.command()
@click.option(
    "--rows",
    default=1000,
    show_default=True,
    type=click.IntRange(min=1),
    help="Number of rows, without the header.",
)
@click.option(
    "--bad",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Probability that a row is bad.",
)
@click.option(
    "--seed",
    default=1,
    show_default=True,
    help="Equal options give equal rosters.",
)
@click.option(
    "--accounts", default=1, show_default=True, type=click.IntRange(min=1), help="Number of accounts."
)
def main(rows: int, bad: float, seed: int, accounts: int) -> None:
    """Generate a random roster on standard output.

    Prints to standard error, as JSON, the counts that its import in mode create must have.
    """
    roster = Roster(rows, bad, seed, accounts)
    roster.write(sys.stdout)
    click.echo(json.dumps(roster.expected, indent=2), err=True)


if __name__ == "__main__":
    main()
