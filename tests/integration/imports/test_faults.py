"""The import under seeded schedules of faults: each row as if handled once, and always an end.

Each seed is a schedule of its own: files with rows of every fate, S3 events and messages that come several times
and in any order, workers that are cut off between any two calls, throttled, left without an answer or overtaken by
another, a cancellation now and then. Afterwards table, claims, counts and reports are those of `tests/model.py`.

SCHEDULES=5000 runs more of them, SCHEDULE_SEED=123 one alone.
"""

import contextlib
import csv
import io
import json
import os
import random
import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from chalicelib import config
from chalicelib.dynamodb.table import Table
from chalicelib.errors import Busy, Ended, NotFound
from chalicelib.imports.bulk_writer import BulkWriter
from chalicelib.imports.model import ImportRecord, Mode, Source, is_over
from chalicelib.imports.outcomes import MemberRow
from chalicelib.imports.pipeline import ImportPipeline
from chalicelib.imports.repository import LEASE_SECONDS
from infra.package import table_definition
from tests.support.faults import KINDS, Fault, Worker
from tests.support.model import NOT_LOADED, Line, Stored, check
from tests.support.people import person, phone
from tests.support.pipeline import KilledError, Pipeline, dies
from tests.support.tables import members_of

HEADER = "first_name,last_name,phone_number,client_member_id,account_id\n"
SCHEDULES = int(os.environ.get("SCHEDULES", "200"))
SEEDS = [int(os.environ["SCHEDULE_SEED"])] if "SCHEDULE_SEED" in os.environ else range(SCHEDULES)
RECEIVES = (2, 4, 10)  # deliveries of a message before it is a dead letter
CALM_AFTER = 60  # deliveries; whatever is left goes undisturbed
AT_MOST = 400  # deliveries in all: always an end


@dataclass
class Delivery:
    """Something that is to be delivered until it succeeds: an event or a message, `dead` once it failed too often."""

    source: Source | None
    import_id: str
    step: int = 0
    times: int = 0
    dead: bool = False


@dataclass
class File:
    """A file on its way, and what its import may come to."""

    mode: Mode
    lines: dict[int, Line]
    source: Source
    import_id: str
    max_rejected: str | None = None
    may_leave: set[str] = field(default_factory=set)  # codes of rows that may have gone unloaded


class Schedule:
    """One account, one or two files, and all that befalls them."""

    def __init__(self, seed: int, workers: tuple[Worker, Worker], sent: "Sent") -> None:
        self.dice = random.Random(seed)
        self.workers = workers
        self.account = f"acc-{seed}"
        self.table = f"rollcall-test-{uuid.uuid4().hex[:8]}"
        config.dynamodb().create_table(**{**table_definition(), "TableName": self.table})
        self.pipeline = Pipeline(
            table_name=self.table,
            chunk_size=self.dice.choice([256, 512, 1024, 8192]),
            writes_in_flight=self.dice.choice([1, 1, 2]),
            notice_topic_arn="arn:aws:sns:us-east-1:000000000000:notices",
        )
        self.receives = self.dice.choice(RECEIVES)
        self.time = 0.0
        self.deliveries = 0
        self.waiting: list[Delivery] = []
        self.notices: list[dict[str, Any]] = []
        self.cancelled: set[str] = set()
        self.disturbed = False
        sent.to = self.sent

    def sent(self, kind: str, body: dict[str, Any]) -> None:
        """Takes in a message, sometimes twice, or a notice."""
        if kind == "notice":
            self.notices.append(body)
            return
        for _ in range(self.dice.choice([1, 1, 1, 1, 2])):
            self.waiting.append(Delivery(None, body["import"], body["step"]))

    # ---- Files

    def lines(self, mode: Mode) -> dict[int, Line]:
        """The rows of a file by their line: clashes of every kind among them, and some that are no member's."""
        dice = self.dice
        size = dice.choice([10, 20, 20, 30, 40, 80])
        people = max(3, int(size * dice.choice([0.3, 0.8, 1.5])))
        alike = dice.choice([0.05, 0.3, 0.6])
        odd = dice.random() < 0.2

        def line() -> Line:
            who = dice.randrange(people)
            number = phone(dice.randrange(people + 3) if dice.random() < alike else who)
            name = dice.choice(["Ann", "Ann", "Ben"])
            if odd and dice.random() < 0.1:
                name = "Zo\u00eb"  # no valid UTF-8 in windows-1252: the file is split twice
            if dice.random() < 0.06:
                return Line(name, "Lee", "12", str(who), "phone_not_possible")
            if dice.random() < 0.04:
                return Line(name, "L\x01", number, str(who), "control_character")
            if dice.random() < 0.1:
                name = ""
            if dice.random() < 0.05 and mode == "upsert":
                number = ""
            return Line(name, "Lee", number, str(who), "" if name or mode == "upsert" else "blank")

        return {number: line() for number in range(2, size + 2)}

    def members(self) -> dict[str, Stored]:
        """Members that the account has had before, some under numbers that the files give to others."""
        numbers = self.dice.sample(range(30), 15)
        some = {
            str(who): Stored(
                "Ann", "Lee", phone(who if self.dice.random() < 0.5 and who in numbers else number)
            )
            for who, number in zip(self.dice.sample(range(30), 15), numbers, strict=True)
        }
        taken: set[str] = set()
        found: dict[str, Stored] = {}
        for who, member in some.items():
            if member.phone_number not in taken:
                found[who] = member
            taken.add(member.phone_number)
        people = [
            person(self.account, client_member_id=who, first_name=m[0], last_name=m[1], phone_number=m[2])
            for who, m in found.items()
        ]
        bulk = BulkWriter(Table(config.dynamodb(), self.table), "before", "create", 1)
        bulk.write([MemberRow(2 + i, one) for i, one in enumerate(people)])
        return found

    def file(self) -> File:
        """A file dropped, with its event and some copies of that."""
        mode: Mode = self.dice.choice(["create", "upsert", "upsert", "validate"])
        lines = self.lines(mode)
        text = HEADER + "".join(f"{','.join(line[:4])},{self.account}\n" for line in lines.values())
        if self.dice.random() < 0.05:
            text = HEADER  # a file that cannot be read
        body = text.encode("windows-1252" if "Zo\u00eb" in text else "utf-8")
        if self.dice.random() < 0.3:
            file = self._announced(mode, lines, body)
        else:
            source, import_id = self.pipeline.drop(f"drops/{mode}/{uuid.uuid4().hex}.csv", body)
            file = File(mode, lines, source, import_id)
        copies = self.dice.choice([1, 1, 2, 3])
        self.waiting += [Delivery(file.source, file.import_id) for _ in range(copies)]
        return file

    def _announced(self, mode: Mode, lines: dict[int, Line], body: bytes) -> File:
        limit = self.dice.choice([None, "3", "10", "20%"])
        record = self.pipeline.announce(mode=mode, max_rejected=limit)
        source, _ = self.pipeline.drop(record.source.key, body)
        return File(mode, lines, source, record.id, limit, {"not_loaded"} if limit else set())

    # ---- What befalls them

    def run(self, files: list[File]) -> None:
        """Delivers whatever waits, in any order, until nothing does."""
        while self.waiting:
            assert self.deliveries < AT_MOST, "there is no end"
            if self.dice.random() < 0.03 and self.deliveries < CALM_AFTER:
                self.cancel(self.dice.choice(files), self.workers[0], self.fault())
            # A message is asked for again long after its worker has died; a copy of it may come sooner.
            self.time += self.dice.choice([0, LEASE_SECONDS / 3, LEASE_SECONDS + 1])
            self.deliver(self.dice.choice(self.waiting), self.workers[0], self.fault(), files)

    def fault(self) -> Fault | None:
        """What the next worker meets."""
        if self.deliveries > CALM_AFTER or self.dice.random() < 0.35:
            return None
        return Fault(1 + int(self.dice.random() ** 1.5 * 24), self.dice.choice(KINDS))

    def deliver(self, delivery: Delivery, worker: Worker, fault: Fault | None, files: list[File]) -> None:
        """Delivers once; what was not finished stays."""
        self.deliveries += 1
        delivery.times += 1
        if not delivery.dead and delivery.times > (self.receives if delivery.source is None else 3):
            delivery.dead = True
        file = next(file for file in files if file.import_id == delivery.import_id)
        if delivery.dead:
            file.may_leave.add("not_processed")

        def work(imports: ImportPipeline) -> None:
            if delivery.source:
                act = imports.give_up_split if delivery.dead else imports.split
                act(delivery.source, delivery.import_id)
            elif delivery.dead:
                imports.give_up(delivery.import_id, delivery.step)
            else:
                imports.step(delivery.import_id, delivery.step, repeated=delivery.times > 1)

        def meanwhile() -> None:
            if self.dice.random() < 0.3:
                self.cancel(self.dice.choice(files), self.workers[1], None)
            else:
                self.deliver(self.dice.choice(self.waiting), self.workers[1], None, files)

        if fault:
            fault = fault._replace(meanwhile=meanwhile, after=self.fault())
        if self.attempt(work, worker, fault) and delivery in self.waiting:
            self.waiting.remove(delivery)

    def cancel(self, file: File, worker: Worker, fault: Fault | None) -> None:
        """A caller stops an import."""
        file.may_leave.add("cancelled")
        with contextlib.suppress(Ended, NotFound):  # it had ended, or its event has not come
            if self.attempt(lambda imports: imports.cancel(file.import_id), worker, fault):
                self.cancelled.add(file.import_id)

    def attempt(self, work: Callable[[ImportPipeline], object], worker: Worker, fault: Fault | None) -> bool:
        """Lets a worker work; whether it came to its end."""
        self.disturbed |= fault is not None
        with worker.meeting(fault, self.pipeline.settings, lambda: self.time) as imports:
            try:
                work(imports)
            except (Busy, KilledError):
                return False
            except Exception as error:
                if fault is None or isinstance(error, Ended | NotFound):
                    raise
                return False
        return True

    # ---- What it comes to

    def outcome(self, file: File) -> tuple[dict[str, int], dict[int, str]]:
        """(counts, codes of the rejected by line) of an import, whose results agree with each other."""
        record = self.pipeline.repository.get(file.import_id)
        assert record.finished_at, f"it is still {record.status}"
        without_report = record.error is not None and record.error.code == "report_failed"
        assert record.status == "cancelled" or without_report or file.import_id not in self.cancelled
        report = self.pipeline.report(file.import_id)
        counts = record.counts.model_dump()
        assert (report["status"], report["counts"]) == (record.status, counts)
        assert report["finished_at"] == record.finished_at
        assert report["error"] == (record.error.model_dump() if record.error else None)
        notices = [notice for notice in self.notices if notice["id"] == file.import_id]
        assert {notice["status"] for notice in notices} == {record.status}
        assert len(notices) == 1 or self.disturbed
        if not record.chunks:
            assert record.status in ("cancelled", "failed")
            return counts, {}
        assert not without_report or "not_processed" in file.may_leave
        rows = self._parts(record) if without_report else self.pipeline.rejected(file.import_id)
        rejected = {int(row["line"]): row["code"] for row in rows}
        assert list(rejected) == sorted(rejected)
        assert len(rejected) == len(rows)
        assert without_report or report["codes"] == Counter(rejected.values())
        assert {code for code in rejected.values() if code in NOT_LOADED} <= file.may_leave
        for row in rows:
            line = file.lines[int(row["line"])]
            assert (row["client_member_id"], row["first_name"]) == (line.client_member_id, line.first_name)
        self._stopped_in_time(file, record, rejected)
        return counts, rejected

    def _parts(self, record: ImportRecord) -> list[dict[str, str]]:
        """The rejected rows of an import whose chunks could be settled, and not put together."""
        text = "".join(self.pipeline.storage.rejected(record.folder, n) for n in range(record.chunks))
        return list(csv.DictReader(io.StringIO(HEADER.strip() + ",line,code,reason\n" + text)))

    def _stopped_in_time(self, file: File, record: ImportRecord, rejected: Mapping[int, str]) -> None:
        """An import with a limit of rejected rows stops with the chunk that passes it, not sooner or later."""
        if file.max_rejected is None or "cancelled" in (record.status, *rejected.values()):
            return
        starts = [self.pipeline.storage.chunk(record.folder, n).line for n in range(record.chunks)]
        over = [
            start
            for start in [*starts[1:], max(file.lines) + 1]
            if is_over(
                file.max_rejected,
                record.counts.model_copy(
                    update={
                        "rows": sum(line < start for line in file.lines),
                        "rejected": sum(line < start for line in rejected),
                    }
                ),
            )
        ]
        if not record.error or record.error.code != "report_failed":
            assert (record.status == "failed") == bool(over)
        left = [line for line, code in rejected.items() if code == "not_loaded"]
        end = over[0] if over else max(file.lines) + 1
        readable = [n for n, line in file.lines.items() if n >= end and not line.problem]
        given_up = [line for line, code in rejected.items() if code == "not_processed" and line >= end]
        assert sorted(left + given_up) == readable


class Sent:
    """Where the workers' messages go: to the schedule under way."""

    to: Callable[[str, dict[str, Any]], None]

    def __call__(self, kind: str, body: dict[str, Any]) -> None:
        """Hands one over."""
        self.to(kind, body)


@pytest.fixture(scope="module")
def sent() -> Sent:
    return Sent()


@pytest.fixture(scope="module")
def workers(settings: object, sent: Sent) -> Iterator[tuple[Worker, Worker]]:
    """One worker, and another that it may meet."""
    with closing(Worker(sent)) as one, closing(Worker(sent)) as other:
        yield one, other


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_befalls_an_import_it_ends_as_if_each_row_was_handled_once(
    workers: tuple[Worker, Worker], sent: Sent, seed: int
) -> None:
    schedule = Schedule(seed, workers, sent)
    members = schedule.members()
    files = [schedule.file() for _ in range(2 if schedule.dice.random() < 0.15 else 1)]

    schedule.run(files)

    after = members_of(schedule.account, schedule.table)  # and every one with its claim
    for file in files:
        counts, rejected = schedule.outcome(file)
        if len(files) > 1:  # then it is that of some order of their rows
            assert counts["rows"] == sum(counts[name] for name in counts if name != "rows")
            assert counts["rows"] in (0, len(file.lines))
            assert counts["rejected"] == len(rejected)
            continue
        stored = dict(members)
        if counts["rows"]:
            check(
                dict(members) if file.mode == "validate" else stored, file.lines, file.mode, counts, rejected
            )
        found = {
            who: Stored(m.first_name, m.last_name, m.phone_number, m.version) for who, m in after.items()
        }
        assert found == stored
    config.dynamodb().delete_table(TableName=schedule.table)


@pytest.mark.parametrize("call", range(1, 15))
def test_a_split_and_whatever_overtakes_it_agree(
    workers: tuple[Worker, Worker], sent: Sent, account: str, call: int
) -> None:
    """A copy of its event, where the file is cut twice because it is not UTF-8; and a caller who cancels."""
    sent.to = lambda *_: None
    pipeline = Pipeline(chunk_size=256)
    rows = [f"Ann,Lee,{3235550000 + i},{i},{account}\n" for i in range(20)]
    rows += [f"Zo\u00eb,Lee,3235559999,x,{account}\n"]  # after some chunks are stored
    cut = pipeline.drop("drops/a.csv", (HEADER + "".join(rows)).encode("windows-1252"))
    unreadable = pipeline.drop("drops/b.csv", HEADER.encode())

    overtakers = (lambda: pipeline.imports.split(*cut), lambda: pipeline.imports.cancel(unreadable[1]))
    for dropped, overtakes in zip((cut, unreadable), overtakers, strict=True):
        fault = Fault(call, "meets", overtakes, Fault(1, "killed"))
        with (
            workers[0].meeting(fault, pipeline.settings, lambda: 0.0) as imports,
            contextlib.suppress(KilledError, Ended, NotFound),
        ):
            imports.split(*dropped)
        pipeline.imports.split(*dropped)

    assert pipeline.drain(cut[1]).counts.created == 21
    record = pipeline.repository.get(unreadable[1])
    assert record.finished_at
    assert pipeline.report(record.id)["status"] == record.status


def test_rows_of_a_trial_that_was_given_up_still_clash_with_those_after_them(
    settings: object, account: str
) -> None:
    """Its worker died after it had written its keys: those rows would be created, and say so."""
    pipeline = Pipeline(chunk_size=1024)
    rows = [f"Ann,Lee,{3235550000 + i},{i},{account}\n" for i in range(20)]
    rows += [f"Ben,Lee,{3235550000 + i},other-{i},{account}\n" for i in range(20)]
    source, import_id = pipeline.drop("drops/validate/a.csv", (HEADER + "".join(rows)).encode())
    pipeline.imports.split(source, import_id)
    with dies(config.s3(), "s3.PutObject"), pytest.raises(KilledError):
        pipeline.imports.step(import_id, 0, repeated=False)

    first = pipeline.imports.give_up(import_id, 0)
    record = pipeline.drain(import_id)

    assert first.counts.created > 10
    assert (record.counts.created, record.counts.rejected) == (20, 20)
    assert pipeline.report(import_id)["codes"].keys() == {"not_processed", "phone_number_taken"}


def test_a_worker_has_a_step_to_itself_for_as_long_as_it_can_live() -> None:
    """And a message of one that died is not given up before others may take its step."""
    functions = json.loads(Path(".chalice/config.json").read_text(encoding="utf-8"))["lambda_functions"]
    slack = 30  # its last request may still take effect
    for name in ("load", "settle_dead_letters"):
        assert functions[name]["lambda_timeout"] + slack <= LEASE_SECONDS
    assert sum(min(2**times, 300) for times in range(1, 10)) > LEASE_SECONDS  # see workers.py
