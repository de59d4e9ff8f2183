"""The steps of imports: which there are, leases on them, and how each is counted once.

An import goes through stages one after the other. A stage consists of steps that may run side by side. Each step has
an item: the lease of its worker, how far it has come, and whether it is done. A worker adds what it has settled to
the import's counts in the same transaction in which it notes how far it has come: so each row counts once, however
often messages are delivered, and wherever workers die.
"""

import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from chalicelib.clock import now
from chalicelib.dynamodb.items import Item
from chalicelib.dynamodb.table import Table
from chalicelib.dynamodb.writes import ConditionalWrite, ConditionsFailed, put_new, update_if
from chalicelib.errors import Busy

from .model import Stage
from .repository import NOT_ENDED, detail_key, import_key

LEASE_SECONDS = 360.0  # of one step: longer than a worker can live (.chalice/config.json)
KEPT_SECONDS = 30 * 24 * 3600  # an item of a step, longer than any import runs
LEASED, IMPORT = "lease", "import"  # constraints


class Step(NamedTuple):
    """A step of an import: its stage, and its number within it, from 0."""

    stage: Stage
    number: int = 0


@dataclass(slots=True)
class Lease:
    """A worker's right to a step.

    `settled_to` is the last line that is settled, `saved` says whether results up to it are stored, and `repeated`
    whether an earlier attempt may have settled more rows. `notes` counts the notes of the step that are stored.
    `rejects` says that the rest of the step is rejected: it goes on when the import has stopped.
    """

    import_id: str
    step: Step
    owner: str
    settled_to: int = 0
    saved: bool = False
    repeated: bool = False
    notes: int = 0
    rejects: bool = False


class StepDone(Exception):
    """The step was done before."""


class LeaseHeld(Busy):
    """Another worker has the step."""


class OutOfTime(Busy):
    """The worker ends before the step is done. What it has settled is noted."""


class Stopped(Exception):
    """The import's state has changed: read it again."""


class StepRepository:
    """The steps in one table."""

    def __init__(self, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._table = table
        self._clock = clock

    def acquire(self, import_id: str, step: Step) -> Lease:
        """Reserves a step for this worker. Raises StepDone, or LeaseHeld if another worker has it."""
        moment, owner = self._clock(), secrets.token_hex(8)
        terms = _lease_terms(owner, moment)
        key = step_key(import_id, step)
        before = self._table.update(
            key,
            UpdateExpression="SET " + ", ".join(f"{name} = :{name}" for name in terms),
            # The owner recognises its own lease where an attempt took effect without a response.
            ConditionExpression="attribute_not_exists(done) AND "
            "(attribute_not_exists(lease_until) OR lease_until < :now OR lease_owner = :lease_owner)",
            ExpressionAttributeValues={":now": {"N": str(moment)}}
            | {f":{name}": value for name, value in terms.items()},
            ReturnValues="ALL_OLD",
        )
        if before is None:
            if self.is_done(import_id, step):
                raise StepDone
            raise LeaseHeld
        settled_to, notes = (int(before.get(name, {}).get("N", 0)) for name in ("settled_to", "notes"))
        return Lease(import_id, step, owner, settled_to, "saved" in before, bool(before), notes)

    def release(self, lease: Lease) -> None:
        """Lets another worker take a step that the lease's owner did not finish."""
        self._table.update(
            step_key(lease.import_id, lease.step),
            UpdateExpression="SET lease_until = :past",
            ConditionExpression="lease_owner = :owner",
            ExpressionAttributeValues={":past": {"N": "0"}, ":owner": {"S": lease.owner}},
        )

    def started(self, import_id: str, step: Step) -> bool:
        """Returns whether a worker has had this step: then its message was sent."""
        return self._table.get(step_key(import_id, step)) is not None

    def is_done(self, import_id: str, step: Step) -> bool:
        """Returns whether a step is done."""
        return "done" in (self._table.get(step_key(import_id, step)) or {})

    def note(self, lease: Lease, counts: Mapping[str, int]) -> None:
        """Adds to the import's counts what the step has settled up to `lease.settled_to`. Raises Stopped, Busy."""
        expected = ("stage", lease.step.stage) if lease.rejects else ("status", "loading")
        self._write(lease, "saved", add_counts(lease.import_id, counts, *expected))

    def finish(self, lease: Lease, counts: Mapping[str, int]) -> None:
        """Adds the counts of the rest of a step, and marks it as done. Raises Stopped, Busy."""
        added = {**counts, "steps_done": 1}
        self._write(lease, "done", add_counts(lease.import_id, added, "stage", lease.step.stage))

    def finish_stage(self, lease: Lease, counts: Mapping[str, int], following: Stage) -> None:
        """Does the same to the only step of a stage, and begins the following stage: the lease is for its first step.

        Raises Stopped, Busy.
        """
        first = Step(following)
        terms = _lease_terms(lease.owner, self._clock())
        begun = put_new(LEASED, {**step_key(lease.import_id, first), **terms})
        added = add_counts(lease.import_id, counts, "stage", lease.step.stage, following)
        self._write(lease, "done", added, begun)
        lease.step, lease.notes = first, 0

    def _write(self, lease: Lease, mark: str, *others: ConditionalWrite) -> None:
        # A note whose response was lost may have taken effect. Then the number of notes differs, and the same counts
        # are not added again.
        known: Item = {":notes": {"N": str(lease.notes)}} if lease.notes else {}
        as_known = "notes = :notes" if known else "attribute_not_exists(notes)"
        progress = update_if(
            LEASED,
            step_key(lease.import_id, lease.step),
            UpdateExpression=f"SET settled_to = :to, notes = :next, {mark} = :true",
            ConditionExpression=f"lease_owner = :owner AND attribute_not_exists(done) AND {as_known}",
            ExpressionAttributeValues={
                ":to": {"N": str(lease.settled_to)},
                ":next": {"N": str(lease.notes + 1)},
                ":owner": {"S": lease.owner},
                ":true": {"BOOL": True},
                **known,
            },
        )
        try:
            self._table.write([progress, *others])
        except ConditionsFailed as error:
            raise (Busy if error.breaks(LEASED) else Stopped) from None
        lease.notes += 1


def _lease_terms(owner: str, moment: float) -> Item:
    """Returns the attributes of a step whose lease begins at `moment`."""
    return {
        "lease_owner": {"S": owner},
        "lease_until": {"N": str(moment + LEASE_SECONDS)},
        "expires_at": {"N": str(int(moment) + KEPT_SECONDS)},
    }


def add_counts(
    import_id: str, counts: Mapping[str, int], name: str, value: str, then: str = ""
) -> ConditionalWrite:
    """Returns the write that adds to the counts of an import that has not ended, and whose `name` has this value.

    With `then`, `name` has that value afterwards.
    """
    given = {field: number for field, number in counts.items() if number}
    adds = f"ADD {', '.join(f'#{field} :{field}' for field in given)} " if given else ""
    numbers: Item = {f":{field}": {"N": str(number)} for field, number in given.items()}
    return update_if(
        IMPORT,
        import_key(import_id),
        UpdateExpression=f"{adds}SET advanced_at = :moment, #expected = :then",
        ConditionExpression=f"{NOT_ENDED} AND #expected = :expected",
        ExpressionAttributeNames={f"#{field}": field for field in given} | {"#expected": name},
        ExpressionAttributeValues=numbers
        | {":moment": {"S": now()}, ":expected": {"S": value}, ":then": {"S": then or value}},
    )


def step_key(import_id: str, step: Step) -> Item:
    """Returns the key of a step's item."""
    return detail_key(import_id, f"STEP#{step.stage}#{step.number:06}")
