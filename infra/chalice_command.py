"""What `chalice local`, `chalice package` and `chalice deploy` do here, for people who type them out of habit.

app.py calls `divert` in Chalice's command line. `chalice local` becomes infra.serve over the resources of
`make local`, on a port of its own. The others end before they write anything: they know neither the table nor the
bucket nor the queues.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from chalice.cli.filewatch import stat
from chalice.utils import OSUtils

from infra import endpoints, serve
from infra.emulator import environment
from infra.project import LOCAL

INSTEAD = {
    "deploy": "`chalice deploy` would deploy the functions without their table, bucket and queues.\n"
    "Type instead: make deploy STAGE=prod",
    "package": "`chalice package` does not know the table, the bucket and the queues.\n"
    "Type instead: make deploy STAGE=prod, which packages and deploys everything.",
}
_SHORT = Config(connect_timeout=3, read_timeout=10, retries={"total_max_attempts": 1}, proxies={})


class AppFiles(OSUtils):
    """The files of the app. Chalice's reloader would also restart at each write of `make local` below .local/."""

    def walk(
        self,
        path: str,
        followlinks: bool = False,  # noqa: FBT001, FBT002 - chalice's signature
    ) -> Iterator[tuple[str, list[str], list[str]]]:
        """Yields app.py and the files below chalicelib/, as os.walk does."""
        for root, folders, names in super().walk(path, followlinks):
            top = root == path
            folders[:] = [
                name for name in folders if (name == "chalicelib" if top else name != "__pycache__")
            ]
            yield root, folders, ["app.py"] if top else names


def divert() -> None:
    """Runs infra.serve in place of `chalice local`; ends the commands of INSTEAD with what to type. Others go on.

    Raises SystemExit.
    """
    if Path(sys.argv[0]).name != "chalice":
        return  # infra.serve, which runs Chalice's command line too
    command = next((word for word in sys.argv[1:] if word == "local" or word in INSTEAD), None)
    if command == "local":
        # With autoreload Chalice loads the app in a thread, whose SystemExit nobody would see.
        os.execv(sys.executable, [sys.executable, "-m", "infra.chalice_command", *sys.argv[1:]])  # noqa: S606
    if command:
        raise SystemExit(f"Nothing was written. {INSTEAD[command]}")


def main() -> None:
    """Runs `chalice local` beside `make local`, with the arguments that were typed."""
    endpoint = os.environ.get("AWS_ENDPOINT_URL") or endpoints.emulator_endpoint()
    settings = environment(endpoint)
    os.environ.clear()  # of the caller's AWS settings, too
    os.environ.update(settings)
    try:
        os.environ.update(_deployed_variables())
    except (BotoCoreError, ClientError, ValueError, KeyError) as error:
        raise SystemExit(
            f"`chalice local` needs the emulator, which does not respond with the stack at {endpoint}: {error}\n"
            "Type first, in another terminal: make local"
        ) from None
    if not any(word.startswith("--port") for word in sys.argv):
        sys.argv += ["--port", str(endpoints.local_port("PORT") + 1)]  # `make local` has the other
    vars(stat)["OSUtils"] = AppFiles
    serve.main()


def _deployed_variables() -> dict[str, str]:
    """Returns the variables of the deployed function of the API."""
    [stack] = boto3.client("cloudformation", config=_SHORT).describe_stacks(StackName=f"rollcall-{LOCAL}")[
        "Stacks"
    ]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    functions = boto3.client("lambda", config=_SHORT)
    found = functions.get_function_configuration(FunctionName=outputs["APIHandlerName"])
    return dict(found["Environment"]["Variables"])


if __name__ == "__main__":
    main()
