"""Builds the objects of a deployment from its settings and AWS clients. Nothing else builds them."""

import time
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

from chalicelib import config
from chalicelib.access.authenticator import Authenticator
from chalicelib.access.groups import GroupRepository
from chalicelib.access.sessions import SessionRepository
from chalicelib.access.throttle import PasswordThrottle
from chalicelib.access.tokens import TokenRepository
from chalicelib.access.users import UserRepository
from chalicelib.config import Settings
from chalicelib.dynamodb.table import Table
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.chunk_loader import ChunkLoader
from chalicelib.imports.finisher import Finisher
from chalicelib.imports.messages import Notifier, StepQueue
from chalicelib.imports.pipeline import ImportPipeline
from chalicelib.imports.queries import ImportQueries
from chalicelib.imports.repository import ImportRepository
from chalicelib.imports.storage import ImportStorage
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch


class Services:
    """The objects of one deployment, each built when it is first needed.

    `client` returns the AWS client of a service such as "dynamodb". `clock` returns the time for
    authentication, in seconds since the epoch.
    """

    def __init__(
        self, settings: Settings, client: Callable[[Any], Any], clock: Callable[[], float] = time.time
    ) -> None:
        self.settings = settings
        self._client = client
        self._clock = clock

    @cached_property
    def table(self) -> Table:
        """The one table."""
        return Table(self._client("dynamodb"), self.settings.table_name)

    @cached_property
    def phone_rule(self) -> PhoneRule:
        """How this deployment reads phone numbers."""
        return PhoneRule(self.settings.phone_region, self.settings.phone_check)

    @cached_property
    def members(self) -> MemberRepository:
        """The operations on single members."""
        return MemberRepository(self.table)

    @cached_property
    def member_search(self) -> MemberSearch:
        """The searches for members."""
        return MemberSearch(self.table)

    @cached_property
    def users(self) -> UserRepository:
        """Returns the repository of users."""
        return UserRepository(self.table)

    @cached_property
    def groups(self) -> GroupRepository:
        """Returns the repository of groups."""
        return GroupRepository(self.table)

    @cached_property
    def tokens(self) -> TokenRepository:
        """Returns the repository of tokens."""
        return TokenRepository(self.table)

    @cached_property
    def sessions(self) -> SessionRepository:
        """Returns the repository of sessions."""
        return SessionRepository(self.table, self._clock)

    @cached_property
    def authenticator(self) -> Authenticator:
        """Returns the authenticator of requests."""
        throttle = PasswordThrottle(self.table, self._clock)
        return Authenticator(self.table, self.sessions, throttle, self._clock)

    @cached_property
    def imports(self) -> ImportPipeline:
        """The steps of imports."""
        repository, storage = self.import_repository, self.import_storage
        in_flight = self.settings.writes_in_flight
        queue = StepQueue(self._client("sqs"), self.settings.load_queue_url)
        loader = ChunkLoader(self.table, repository, storage, self.phone_rule, in_flight)
        notifier = Notifier(self._client("sns"), self.settings.notice_topic_arn)
        return ImportPipeline(repository, storage, queue, loader, Finisher(repository, storage, notifier))

    @cached_property
    def import_queries(self) -> ImportQueries:
        """The imports and their results, to read."""
        return ImportQueries(self.import_repository, self.import_storage)

    @cached_property
    def import_repository(self) -> ImportRepository:
        """The stored imports."""
        return ImportRepository(self.table, self._clock)

    @cached_property
    def import_storage(self) -> ImportStorage:
        """The objects of imports in the bucket."""
        return ImportStorage(self._client("s3"), self.settings.bucket_name, self.settings.chunk_size)


@cache
def services() -> Services:
    """Returns the services of this process, from its environment. Raises SettingsError."""
    return Services(config.settings(), config.client)
