"""The CPU time and the table requests of authentication by password, token and session."""

import base64
import os
import time
import uuid
from typing import Any

from chalicelib import config
from chalicelib.access.model import NewToken, NewUser
from chalicelib.config import Settings
from chalicelib.services import Services
from infra.emulator import started
from infra.package import table_definition

ROUNDS = 20
PASSWORD = "correct horse battery"  # noqa: S105 - of a temporary user


def main() -> None:
    """Measure and print."""
    with started() as emulator:
        os.environ.update({name: v for name, v in emulator.environment.items() if name.startswith("AWS_")})
        name = f"rollcall-bench-{uuid.uuid4().hex[:8]}"
        client = config.dynamodb()
        client.create_table(**{**table_definition(), "TableName": name})
        services = Services(
            Settings(
                table_name=name, bucket_name="", split_queue_url="", load_queue_url="", export_queue_url=""
            ),
            config.client,
        )
        authenticator = services.authenticator
        services.users.create(NewUser(name="ann", password=PASSWORD, groups=["editors"]))
        token = services.tokens.create(NewToken(name="sync", groups=["editors"])).text
        basic = "Basic " + base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
        session = services.sessions.start(authenticator.authenticate(basic)).text
        requests: list[Any] = []
        client.meta.events.register("before-send.dynamodb", lambda **sent: requests.append(sent))
        for kind, header in (
            ("a password", basic),
            ("a token", f"Bearer {token}"),
            ("a session", f"Bearer {session}"),
        ):
            authenticator.authenticate(header)  # records the use, which the measured calls then do not
            requests.clear()
            started_at = time.process_time()
            for _ in range(ROUNDS):
                authenticator.authenticate(header)
            cpu = (time.process_time() - started_at) * 1000 / ROUNDS
            print(
                f"credentials: {kind}: {cpu:.1f} ms of CPU, {len(requests) / ROUNDS:g} requests to the table"
            )


if __name__ == "__main__":
    main()
