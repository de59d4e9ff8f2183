"""Random schedules of imports, undos, calls and faults: one seed, one schedule."""

import contextlib
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from chalicelib import config
from chalicelib.dynamodb.retries import transient_errors_as_busy
from chalicelib.errors import Busy, Ended, NotAwaitingApproval, NotFound, Taken
from chalicelib.imports.records.model import ImportRecord, Source
from chalicelib.imports.records.steps import LEASE_SECONDS, Step
from chalicelib.imports.rows.row_context import Mode
from chalicelib.imports.running.pipeline import ImportPipeline
from chalicelib.members.model import MemberKey
from chalicelib.services import Services
from infra.package import table_definition

from .account_model import CALLER, NEW_NAME, Verb
from .faults import KINDS, Fault, Sent, Worker
from .model import Line
from .people import person, set_fields
from .pipeline import HEADER, KilledError, Pipeline
from .random_rows import file_of, random_members, random_rows
from .written_rows import member_rows, write_rows

RECEIVES = (2, 4, 10)  # deliveries of a message before it is a dead letter
CALM_AFTER = 60  # deliveries; the remaining ones meet no fault
AT_MOST = 600  # deliveries in all: always an end


@dataclass
class Delivery:
    """An event (with a source), a message to split or one to load a step; delivered until it succeeds.

    It is `dead` once it failed too often.
    """

    source: Source | None
    import_id: str
    step: Step | None = None
    times: int = 0
    dead: bool = False


@dataclass
class File:
    """A file with its import, or an undo, whose `lines` are known once it is split."""

    mode: Mode
    lines: dict[int, Line]
    source: Source
    import_id: str
    max_rejected: str | None = None
    dry_run: bool = False
    allowed_codes: set[str] = field(default_factory=set)  # of rows that may remain unloaded
    of: str = ""  # the import that an undo takes back


class Schedule:
    """One account, one or two files, what follows them, and their deliveries and faults."""

    def __init__(self, seed: int, workers: tuple[Worker, Worker], sent: Sent) -> None:
        self.dice = random.Random(seed)
        self.workers = workers
        self.account = f"acc-{seed}"
        self.table = f"rollcall-test-{uuid.uuid4().hex[:8]}"
        config.dynamodb().create_table(**{**table_definition(), "TableName": self.table})
        self.pipeline = Pipeline(
            table_name=self.table,
            chunk_size=self.dice.choice([256, 512, 1024, 8192]),
            writes_in_flight=self.dice.choice([1, 1, 2]),
            import_concurrency=self.dice.choice([1, 2, 4]),
            max_removed=self.dice.choice([0, 100]),
            max_removed_percent=0,
            notice_topic_arn="arn:aws:sns:us-east-1:000000000000:notices",
        )
        self.receives = self.dice.choice(RECEIVES)
        self.time = 0.0
        self.deliveries = 0
        self.waiting: list[Delivery] = []
        self.notices: list[dict[str, Any]] = []
        self.cancelled: set[str] = set()
        self.disturbed = False
        sent.to = self.receive

    def receive(self, kind: str, body: dict[str, Any]) -> None:
        """Takes in a message, sometimes twice, or a notice. A message for another day is left out."""
        if kind == "notice":
            self.notices.append(body)
            return
        for _ in range(self.dice.choice([1, 1, 1, 1, 2]) if kind == "message" else 0):
            step = Step(body["stage"], body["number"]) if "stage" in body else None
            self.waiting.append(Delivery(None, body["import"], step))

    # ---- Files

    def add_members(self) -> None:
        """Adds earlier members to the account."""
        people = [
            person(self.account, client_member_id=who, first_name=m[0], last_name=m[1], phone_number=m[2])
            for who, m in random_members(self.dice).items()
        ]
        write_rows(self.pipeline.services.table, member_rows(people), in_flight=1)

    def file(self) -> File:
        """Drops a file; its event, and copies of it, wait for delivery."""
        mode: Mode = self.dice.choice(["create", "upsert", "upsert", "sync", "sync", "delete"])
        dry_run = self.dice.random() < 0.3
        lines = random_rows(self.dice, mode)
        body = file_of(lines, self.account)
        if self.dice.random() < 0.05:
            body = HEADER.encode()  # a file that cannot be read
        if self.dice.random() < 0.3:
            file = self._announced(mode, lines, body, dry_run=dry_run)
        else:
            folder = "dry_run/" if dry_run else ""
            source, import_id = self.pipeline.drop(f"drops/{folder}{mode}/{uuid.uuid4().hex}.csv", body)
            file = File(mode, lines, source, import_id, dry_run=dry_run)
        copies = self.dice.choice([1, 1, 2, 3])
        self.waiting += [Delivery(file.source, file.import_id) for _ in range(copies)]
        return file

    def _announced(self, mode: Mode, lines: dict[int, Line], body: bytes, *, dry_run: bool) -> File:
        limit = self.dice.choice([None, "3", "10", "20%"])
        record = self.pipeline.announce(mode=mode, dry_run=dry_run, max_rejected=limit)
        source, _ = self.pipeline.drop(record.source.key, body)
        return File(mode, lines, source, record.id, limit, dry_run, {"not_loaded"} if limit else set())

    def undo(self, done: ImportRecord, *, dry_run: bool = False) -> File:
        """Takes an import back; returns the undo, which has ended. Raises NotUndoable, NotFound."""
        started: list[ImportRecord] = []
        self.attempt(
            lambda imports: started.append(imports.undo(done, CALLER, dry_run=dry_run)), self.workers[0], None
        )
        [record] = started
        file = File("undo", {}, record.source, record.id, dry_run=dry_run, of=done.id)
        self.deliveries = 0
        self.run([file])
        return file

    # ---- Deliveries and faults

    def run(self, files: list[File]) -> None:
        """Delivers what waits, in any order, until nothing does."""
        while self.waiting:
            assert self.deliveries < AT_MOST, "there is no end"
            if self.dice.random() < 0.03 and self.deliveries < CALM_AFTER:
                self.cancel(self.dice.choice(files), self.workers[0], self.fault())
            # A message is delivered again long after its worker has died; a copy may arrive sooner.
            self.time += self.dice.choice([0, LEASE_SECONDS / 3, LEASE_SECONDS + 1])
            self.deliver(self.dice.choice(self.waiting), self.workers[0], self.fault(), files)

    def decide(self, file: File) -> None:
        """Approves or declines what an import would remove, if it waits for that."""
        act = self.dice.choice(["approve", "approve", "decline"])

        def decide(imports: ImportPipeline) -> None:
            with contextlib.suppress(NotAwaitingApproval):  # another attempt has decided, and it has ended
                getattr(imports.approvals, act)(file.import_id)

        if self.pipeline.repository.get(file.import_id).status == "awaiting_approval":
            while not self.attempt(decide, self.workers[0], self.fault()):
                pass

    def fault(self) -> Fault | None:
        """Returns the fault that the next worker meets."""
        if self.deliveries > CALM_AFTER or self.dice.random() < 0.35:
            return None
        return Fault(1 + int(self.dice.random() ** 1.5 * 24), self.dice.choice(KINDS))

    def deliver(self, delivery: Delivery, worker: Worker, fault: Fault | None, files: list[File]) -> None:
        """Delivers once; what was not finished waits again."""
        self.deliveries += 1
        delivery.times += 1
        if not delivery.dead and delivery.times > (self.receives if delivery.source is None else 3):
            delivery.dead = True
        if delivery.dead:
            file = next(file for file in files if file.import_id == delivery.import_id)
            file.allowed_codes.add("not_processed")

        def meanwhile() -> None:
            if self.dice.random() < 0.3:
                self.cancel(self.dice.choice(files), self.workers[1], None)
            else:
                self.deliver(self.dice.choice(self.waiting), self.workers[1], None, files)

        if fault:
            fault = fault._replace(meanwhile=meanwhile, after=self.fault())
        if self.attempt(partial(_handle, delivery), worker, fault) and delivery in self.waiting:
            self.waiting.remove(delivery)

    def cancel(self, file: File, worker: Worker, fault: Fault | None) -> None:
        """Cancels an import, as a caller does."""
        file.allowed_codes.add("cancelled")
        with contextlib.suppress(Ended, NotFound):  # it had ended, or its event has not come
            if self.attempt(lambda imports: imports.cancel(file.import_id), worker, fault):
                self.cancelled.add(file.import_id)

    def attempt(self, work: Callable[[ImportPipeline], object], worker: Worker, fault: Fault | None) -> bool:
        """Lets a worker work; returns whether it finished."""
        return self._meets(lambda services: work(services.imports_within(worker.time_left)), worker, fault)

    def _meets(self, work: Callable[[Services], object], worker: Worker, fault: Fault | None) -> bool:
        self.disturbed |= fault is not None
        try:
            work(worker.services(fault, self.pipeline.settings, lambda: self.time))
        except (Busy, KilledError):
            return False
        except Exception as error:
            if fault is None or isinstance(error, Ended | NotFound):
                raise
            return False
        return True

    def call(self, verb: Verb, name: str) -> list[str]:
        """Does what a caller asks for with a single member, who repeats it until there is an answer.

        Returns the answers: the code of a refusal, "" without one. Another caller may ask for the same meanwhile.
        """
        key = MemberKey(self.account, name)
        answers: list[str] = []

        def ask(services: Services) -> None:
            try:
                if verb == "change":
                    services.members.change(key, set_fields(first_name=NEW_NAME), by=CALLER)
                else:
                    getattr(services.members, verb)(key, by=CALLER)
            except (NotFound, Taken) as error:
                answers.append(error.code)
            else:
                answers.append("")

        again = True
        while again:
            fault = self.fault()
            if fault:  # the calls of one request are few
                fault = fault._replace(call=self.dice.randint(1, 4), after=self.fault())
                fault = fault._replace(meanwhile=lambda: self._meets(ask, self.workers[1], None))
            again = not self._meets(ask, self.workers[0], fault)
        return answers


def _handle(delivery: Delivery, imports: ImportPipeline) -> None:
    """Does what a worker does with an event or a message."""
    if delivery.source:  # a dead letter starts the import again
        imports.start(delivery.source, delivery.import_id)
    elif delivery.step is None:
        act = imports.give_up_split if delivery.dead else imports.split
        act(delivery.import_id)
    elif delivery.dead:
        imports.give_up(delivery.import_id, delivery.step)
    else:
        try:
            with transient_errors_as_busy():  # as chalicelib/workers.py does
                imports.step(delivery.import_id, delivery.step)
        except Busy:  # it is sent again: a new message
            delivery.times = 0
            raise
