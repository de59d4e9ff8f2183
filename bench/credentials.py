"""What it costs to know who calls: a password, a token, a session, each in CPU time and in requests to the table."""

import base64
import os
import time
import uuid
from typing import Any

from chalicelib import config
from chalicelib.access.authenticator import Authenticator, token_text
from chalicelib.access.items import TOKENS
from chalicelib.access.model import NewToken, NewUser
from chalicelib.access.store import Directory
from chalicelib.dynamodb.table import Table
from infra.emulator import started
from infra.package import table_definition

ROUNDS = 20
PASSWORD = "correct horse battery"  # noqa: S105 - of a user that lives for a second


def main() -> None:
    """Measures and prints."""
    with started() as emulator:
        os.environ.update({name: v for name, v in emulator.environment.items() if name.startswith("AWS_")})
        name = f"rollcall-bench-{uuid.uuid4().hex[:8]}"
        client = config.dynamodb()
        client.create_table(**{**table_definition(), "TableName": name})
        table = Table(client, name)
        directory, login = Directory(table), Authenticator(table)
        directory.add_user(NewUser(name="ann", password=PASSWORD, groups=["editors"]))
        _, secret = directory.add_token(NewToken(name="sync", groups=["editors"]))
        basic = "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
        session = login.begin(login.caller(basic)).text
        asked: list[Any] = []
        client.meta.events.register("before-send.dynamodb", lambda **sent: asked.append(sent))
        for kind, header in (
            ("a password", basic),
            ("a token", f"Bearer {token_text(TOKENS, 'sync', secret)}"),
            ("a session", f"Bearer {session}"),
        ):
            login.caller(header)  # which writes its use down, as the first one in a while does
            asked.clear()
            begun = time.process_time()
            for _ in range(ROUNDS):
                login.caller(header)
            cpu = (time.process_time() - begun) * 1000 / ROUNDS
            print(f"credentials: {kind}: {cpu:.1f} ms of CPU, {len(asked) / ROUNDS:g} requests to the table")


if __name__ == "__main__":
    main()
