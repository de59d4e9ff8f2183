"""Loads a file as a small Django site does: validates each row, and creates it with the ORM in its own transaction.

Two unique constraints give what Rollcall promises. It does not run in parallel, resume after a crash, recognise its
rows in a repeated load, name the holder of a taken value, or report the rejected rows.
"""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import django
from django.conf import settings
from django.db import IntegrityError, connection, models
from pydantic import ValidationError

from bench.peers.member import NewMember


def work(path: str, port: str) -> Callable[[], int]:
    """Returns work that loads a file into PostgreSQL, and returns how many rows it created."""
    member = _model(port)

    def load() -> int:
        created = 0
        with Path(path).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                del row["id"]
                try:
                    member.objects.create(**NewMember(**row).model_dump())
                    created += 1
                except (ValidationError, IntegrityError):
                    continue
        return created

    return load


def _model(port: str) -> Any:
    """Returns the model of a member, whose table is created unless it exists."""
    server = {"HOST": "127.0.0.1", "PORT": port, "NAME": "postgres", "USER": "postgres"}
    settings.configure(DATABASES={"default": {"ENGINE": "django.db.backends.postgresql", **server}})
    django.setup()

    class Member(models.Model):
        account_id = models.CharField(max_length=64)
        client_member_id = models.CharField(max_length=64)
        first_name = models.CharField(max_length=64)
        last_name = models.CharField(max_length=64)
        phone_number = models.CharField(max_length=64)
        created_at = models.DateTimeField(auto_now_add=True)
        last_modified = models.DateTimeField(auto_now=True)
        version = models.IntegerField(default=1)

        class Meta:
            app_label = "bench"
            constraints = (
                models.UniqueConstraint(fields=["account_id", "client_member_id"], name="one_client_id"),
                models.UniqueConstraint(fields=["account_id", "phone_number"], name="one_phone_number"),
            )
            indexes = (models.Index(fields=["account_id", "last_name", "first_name"], name="by_name"),)

        def __str__(self) -> str:
            return f"{self.account_id}/{self.client_member_id}"

    if Member._meta.db_table not in connection.introspection.table_names():  # noqa: SLF001 - documented by Django
        with connection.schema_editor() as editor:
            editor.create_model(Member)
    return Member
