"""Builds the objects of a deployment from its settings and AWS clients.

Nothing else builds them, except that imports/running/assembly.py puts the import pipeline together.
"""

import math
import time
from collections.abc import Callable
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from chalicelib import config
from chalicelib.access.group_cache import GroupCache
from chalicelib.access.groups import GroupRepository
from chalicelib.access.sessions import SessionRepository
from chalicelib.access.tokens import TokenRepository
from chalicelib.access.users import UserRepository
from chalicelib.config import Settings
from chalicelib.dynamodb.limiter import Limiter, TimeLeft
from chalicelib.dynamodb.table import Table
from chalicelib.fields.phone import PhoneRule
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch

if TYPE_CHECKING:
    from chalicelib.access.authenticator import Authenticator
    from chalicelib.access.issuer import Issuer
    from chalicelib.dynamodb.write_budget import WriteBudget
    from chalicelib.exports.exporter import Exporter
    from chalicelib.exports.queries import ExportQueries
    from chalicelib.exports.repository import ExportRepository
    from chalicelib.exports.storage import ExportStorage
    from chalicelib.imports.records.repository import ImportRepository
    from chalicelib.imports.records.storage import ImportStorage
    from chalicelib.imports.reports.queries import ImportQueries
    from chalicelib.imports.running.assembly import Assembly
    from chalicelib.imports.running.pipeline import ImportPipeline
    from chalicelib.imports.writing.member_batch import MemberBatch
    from chalicelib.members.check import MemberCheck
    from chalicelib.members.history_repository import MemberHistory
    from chalicelib.members.member_hashes import MemberHashes
    from chalicelib.replies import Replies


class Services:
    """The objects of one deployment. What few requests need is imported and built when it is first needed.

    `client` returns the AWS client of a service such as "dynamodb". `clock` returns the time for
    authentication, in seconds since the epoch.
    """

    def __init__(
        self, settings: Settings, client: Callable[[Any], Any], clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self._client = client
        self._clock = clock
        self.table = table = Table(client("dynamodb"), settings.table_name)
        self.phone_rule = PhoneRule(settings.phone_region, settings.phone_check)
        self.members = MemberRepository(table, settings.history_days)
        self.member_search = MemberSearch(table)
        self.users = UserRepository(table)
        self.groups = GroupRepository(table)
        self.group_cache = GroupCache(table)
        self.tokens = TokenRepository(table)
        self.sessions = SessionRepository(table, clock)
        # Of all imports that this process loads.
        self._limiter = Limiter(settings.writes_in_flight, time.monotonic, time.sleep)

    @cached_property
    def authenticator(self) -> "Authenticator":
        """What finds the caller of a request."""
        from chalicelib.access.authenticator import Authenticator
        from chalicelib.access.throttle import PasswordThrottle

        throttle = PasswordThrottle(self.table, self.settings.logins_per_second, self._clock)
        return Authenticator(self.table, self.sessions, throttle, self._clock, issuer=self.issuer)

    @cached_property
    def issuer(self) -> "Issuer | None":
        """The issuer of single sign-on, None without one."""
        from chalicelib.access.issuer import issuer_of

        return issuer_of(self.settings, self._clock)

    @cached_property
    def member_history(self) -> "MemberHistory":
        """The history of members, to read."""
        from chalicelib.members.history_repository import MemberHistory

        return MemberHistory(self.table)

    @cached_property
    def patient_table(self) -> Table:
        """The table, with requests that wait for capacity as long as it takes."""
        return self.table.paced(self._limiter, lambda: math.inf)

    @cached_property
    def member_check(self) -> "MemberCheck":
        """What compares all members with their claims."""
        from chalicelib.members.check import MemberCheck

        return MemberCheck(self.patient_table)

    @cached_property
    def member_hashes(self) -> "MemberHashes":
        """The hashes of members' ids in logs."""
        from chalicelib.members.member_hashes import MemberHashes

        return MemberHashes(self.table)

    @cached_property
    def replies(self) -> "Replies":
        """The replies to requests that may be repeated."""
        from chalicelib.replies import Replies

        return Replies(self.table, self._clock)

    @cached_property
    def member_batch(self) -> "MemberBatch":
        """What writes many members in one request."""
        from chalicelib.imports.writing.member_batch import MemberBatch

        return MemberBatch(self.table, self.settings.writes_in_flight, self.settings.history_days)

    @cached_property
    def imports(self) -> "ImportPipeline":
        """The imports, for callers who wait: requests that the table throttles fail within seconds."""
        return self._assembly.pipeline(self.table, lambda: math.inf)

    def imports_within(self, time_left: TimeLeft) -> "ImportPipeline":
        """Returns the imports for a worker, whose requests wait for capacity while it has time."""
        from chalicelib.imports.running.garbage import freeze_modules

        freeze_modules()
        spend = self._write_budget.spend if self._write_budget else None
        return self._assembly.pipeline(self.table.paced(self._limiter, time_left, spend), time_left)

    @cached_property
    def _write_budget(self) -> "WriteBudget | None":
        """What loads may use of the table, None without a bound."""
        from chalicelib.dynamodb.write_budget import WriteBudget

        units = self.settings.load_write_units
        return WriteBudget(self.table, units) if units else None

    @cached_property
    def _assembly(self) -> "Assembly":
        """What all import pipelines of this process have in common."""
        from chalicelib.imports.running.assembly import Assembly
        from chalicelib.imports.running.read_ahead import ReadAhead

        storage = self.import_storage
        return Assembly(
            self.settings, self._client, self.table, storage, self.phone_rule, ReadAhead(storage), self._clock
        )

    @cached_property
    def import_repository(self) -> "ImportRepository":
        """The records of imports."""
        from chalicelib.imports.records.repository import ImportRepository

        return ImportRepository(self.table, self.settings.result_days)

    @cached_property
    def import_queries(self) -> "ImportQueries":
        """The imports and their results, to read."""
        from chalicelib.imports.reports.queries import ImportQueries

        return ImportQueries(self.import_repository, self.import_storage)

    @cached_property
    def import_storage(self) -> "ImportStorage":
        """The objects of imports in the bucket."""
        from chalicelib.imports.records.storage import ImportStorage

        return ImportStorage(self._client("s3"), self.settings.bucket_name, self.settings.chunk_size)

    @cached_property
    def exports(self) -> "Exporter":
        """The exports, for callers who wait: requests that the table throttles fail within seconds."""
        return self._exporter(self.table, lambda: math.inf)

    def exports_within(self, time_left: TimeLeft) -> "Exporter":
        """Returns the exports for a worker, whose reads wait for capacity while it has time."""
        return self._exporter(self.table.paced(self._limiter, time_left), time_left)

    def _exporter(self, table: Table, time_left: TimeLeft) -> "Exporter":
        from chalicelib.exports.exporter import Exporter, ExportQueue
        from chalicelib.members.name_index import NameIndex

        queue = ExportQueue(self._client("sqs"), self.settings.export_queue_url)
        # Not the worker's table: a worker without time still notes how far it has come.
        return Exporter(self.export_repository, self._export_storage, NameIndex(table), queue, time_left)

    @cached_property
    def export_repository(self) -> "ExportRepository":
        """The records of exports."""
        from chalicelib.exports.repository import ExportRepository

        return ExportRepository(self.table, self.settings.result_days, self._clock)

    @cached_property
    def export_queries(self) -> "ExportQueries":
        """The exports and the links to their files, to read."""
        from chalicelib.exports.queries import ExportQueries

        return ExportQueries(self.export_repository, self._export_storage)

    @cached_property
    def _export_storage(self) -> "ExportStorage":
        """The files of exports in the bucket."""
        from chalicelib.exports.storage import ExportStorage

        return ExportStorage(self._client("s3"), self.settings.bucket_name)


@cache
def services() -> Services:
    """Returns the services of this process, from its environment. Raises SettingsError."""
    return Services(config.settings(), config.client)
