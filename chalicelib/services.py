"""Builds the objects of a deployment from its settings and AWS clients. Nothing else builds them."""

from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

from chalicelib import config
from chalicelib.access.authenticator import Authenticator
from chalicelib.access.store import Directory
from chalicelib.config import Settings
from chalicelib.dynamodb.table import Table
from chalicelib.fields.phone import PhoneRule
from chalicelib.imports.pipeline import ImportPipeline
from chalicelib.imports.repository import ImportRepository
from chalicelib.imports.storage import ImportStorage
from chalicelib.members.repository import MemberRepository
from chalicelib.members.search import MemberSearch


class Services:
    """The objects of one deployment, each built when it is first needed.

    `client` returns the AWS client of a service such as "dynamodb".
    """

    def __init__(self, settings: Settings, client: Callable[[Any], Any]) -> None:
        self.settings = settings
        self._client = client

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
    def directory(self) -> Directory:
        """The users, groups and tokens."""
        return Directory(self.table)

    @cached_property
    def authenticator(self) -> Authenticator:
        """The check of credentials."""
        return Authenticator(self.table)

    @cached_property
    def imports(self) -> ImportPipeline:
        """The import pipeline."""
        storage = ImportStorage(self.settings, self._client("s3"), self._client("sqs"), self._client("sns"))
        return ImportPipeline(self.table, ImportRepository(self.table), storage, self.phone_rule)


@cache
def services() -> Services:
    """Returns the services of this process, from its environment. Raises SettingsError."""
    return Services(config.settings(), config.client)
